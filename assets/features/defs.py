"""The features domain as Dagster definitions."""

import dagster as dg

from assets.features.household_weekly import COLUMNS, SQL, UPSTREAM
from assets.kit import VERSION, asset_key, spec_options, table_metadata
from core.naming import Key, table_name
from core.schema import TableInfo
from core.settings import Settings
from resources.ports import Warehouse

KEY = "feature/retail/household_weekly"


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    options = spec_options(
        KEY,
        group="features",
        kinds={"sql", settings.warehouse.split(":", 1)[0]},
        description="What was known of each household when each retail week began: spend, habits, coupons, campaigns.",
        code=["assets.features.household_weekly", "assets.content"],
    )
    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(key) for key in UPSTREAM])(_build)
    return dg.Definitions(assets=[asset], asset_checks=[_unique_key(settings)])


def _build(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
    from assets.content import rows_version
    from assets.lineage import sql_lineage

    table = table_name(Key.parse(KEY))
    rows = warehouse.replace(table, SQL)
    version = rows_version(warehouse.batches(f"select * from {table}"))
    metadata = table_metadata(KEY, TableInfo(COLUMNS, rows), sql_lineage(warehouse, SQL, UPSTREAM))
    return dg.MaterializeResult(metadata=metadata | {VERSION: version}, data_version=dg.DataVersion(version))


def _unique_key(settings: Settings) -> dg.AssetChecksDefinition:
    table = table_name(Key.parse(KEY))

    @dg.asset_check(asset=asset_key(KEY), name="one_row_per_household_and_week", blocking=True)
    def check(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        """Each household has at most one row per week, and the table is not empty."""
        sql = f"select count(*) as found, count(distinct (household_id, week_start)) as keys from {table}"
        found, keys = warehouse.query(sql).row(0)
        return dg.AssetCheckResult(passed=found == keys > 0, metadata={"rows": found, "keys": keys})

    return check
