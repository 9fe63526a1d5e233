"""The features domain as Dagster definitions."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.features import coupon_pace, household_weekly
from assets.features.registry import registry_defs
from assets.kit import LINEAGE_SQL, VERSION, asset_key, spec_options, table_metadata
from core.naming import Key, table_name
from core.schema import Column, TableInfo
from core.settings import Settings
from resources.ports import Warehouse

KEY = "feature/retail/household_weekly"


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    engine = settings.warehouse.split(":", 1)[0]
    weekly = spec_options(
        KEY,
        group="features",
        kinds={"sql", engine},
        description="What was known of each household when each retail week began: spend, habits, coupons, campaigns.",
        code=["assets.features.household_weekly", "assets.content"],
    )
    pace = spec_options(
        coupon_pace.KEY,
        group="features",
        kinds={"sql", engine},
        description="How fast each household redeems coupons, as known on each day; from a table that Kettle makes.",
        code=["assets.features.coupon_pace", "assets.content"],
    )
    source = coupon_pace.upstream(settings)
    assets: list[dg.AssetsDefinition] = [
        _asset(weekly, household_weekly.SQL, household_weekly.UPSTREAM, household_weekly.COLUMNS),
        _asset(pace, coupon_pace.sql(source), source, coupon_pace.COLUMNS),
    ]
    checks = [
        _unique_key(KEY, "week_start", "one_row_per_household_and_week"),
        _unique_key(coupon_pace.KEY, "known_from", "one_row_per_household_and_day"),
    ]
    return dg.Definitions.merge(dg.Definitions(assets=assets, asset_checks=checks), registry_defs.definitions(settings))


def _asset(
    options: dict[str, Any], sql: str, upstream: Sequence[str], columns: tuple[Column, ...]
) -> dg.AssetsDefinition:
    """A feature table that one select makes."""
    key = str(Key(*options["key"].path))

    def build(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        from assets.content import rows_version
        from assets.lineage import sql_lineage

        table = table_name(Key.parse(key))
        rows = warehouse.replace(table, sql)
        version = rows_version(warehouse.batches(f"select * from {table}"))
        metadata = table_metadata(key, TableInfo(columns, rows), sql_lineage(warehouse, sql, upstream))
        return dg.MaterializeResult(metadata=metadata | {VERSION: version}, data_version=dg.DataVersion(version))

    deps = [asset_key(name) for name in upstream]
    made: dg.AssetsDefinition = dg.asset(**options, deps=deps, metadata={LINEAGE_SQL: sql})(build)
    return made


def _unique_key(key: str, time: str, name: str) -> dg.AssetChecksDefinition:
    table = table_name(Key.parse(key))

    @dg.asset_check(asset=asset_key(key), name=name, blocking=True)
    def check(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        """Each household has at most one row for each time, and the table is not empty."""
        sql = f"select count(*) as found, count(distinct (household_id, {time})) as keys from {table}"
        found, keys = warehouse.query(sql).row(0)
        return dg.AssetCheckResult(passed=found == keys > 0, metadata={"rows": found, "keys": keys})

    return check
