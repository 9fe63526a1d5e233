"""Masked tables as Dagster definitions: one for each table that a policy lists, with a check that reads it again."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kit import (
    COLUMN_DETAILS,
    VERSION,
    asset_key,
    spec_options,
    specs_of,
    table_metadata,
)
from assets.security.protect import methods
from assets.security.protect.listed import Masked, masked_tables
from core import plugins
from core.naming import Key, table_name
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Warehouse

if TYPE_CHECKING:
    from assets.security.protect.plan import Decision

CHECK = "nothing_sensitive_shows"
_USED = ("apply", "checkdigits", "days", "frames", "keys", "plan", "policy", "regions", "texts", "verify")
CODE = (
    *(f"assets.security.protect.{name}" for name in _USED),
    *(f"{methods.__name__}.{name}" for name in plugins.names(methods)),
)


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """An asset and a check for each masked table; tables that no other definition makes are left to the commands."""
    found = masked_tables(settings.protection)
    known = {"/".join(spec.key.path) for defs in others for spec in specs_of(defs)} if found else set()
    mine = [one for one in found if one.table in known]
    return dg.Definitions(
        assets=[_asset(settings, one) for one in mine], asset_checks=[_check(settings, one) for one in mine]
    )


def _asset(settings: Settings, one: Masked) -> dg.AssetsDefinition:
    options = spec_options(
        one.key,
        group="protection",
        kinds={"polars", settings.warehouse.split(":", 1)[0]},
        description=f"{one.table}, all rows, its columns protected as policy `{one.policy}` says.",
        code=CODE,
    )
    # another policy makes the table stale, as other code does
    options["code_version"] = f"{options['code_version']}-{one.digest}"

    def masked(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        return _masked(settings, warehouse, one)

    made: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(one.table)])(masked)
    return made


def _masked(settings: Settings, warehouse: Warehouse, one: Masked) -> dg.MaterializeResult[None]:
    from sqlglot import exp

    from assets.content import rows_version
    from assets.quality.rules.reading import size
    from assets.security.protect.apply import Tools, apply, planned
    from assets.security.protect.policy import Policies
    from assets.security.protect.sources import of_warehouse, tags_of
    from core.scratch import scratch

    policy = Policies(settings.protection).get(one.policy)
    batches = of_warehouse(warehouse, one.table, size(settings.memory))
    decisions = planned(policy, one.table, batches, tags_of(settings, one.table))
    name = table_name(Key.parse(one.key))
    with scratch(settings.home, "protect-") as folder:  # holds protected rows only
        path = folder / "masked.parquet"
        apply(batches, policy, decisions, Tools.of(settings, decisions), path)
        columns = [exp.column(decision.column, quoted=True) for decision in decisions]
        warehouse.load_parquet(name, [path], exp.select(*columns).from_("source").sql(dialect="duckdb"))
    version = rows_version(warehouse.batches(f"select * from {name}"))
    metadata: dict[str, Any] = table_metadata(one.key, warehouse.info(name), _lineage(one.table, decisions))
    metadata |= {VERSION: version, "protection/policy": policy.name, "protection/purpose": policy.purpose}
    metadata["protection/methods"] = dg.MetadataValue.json({d.column: d.use.method for d in decisions})
    metadata[COLUMN_DETAILS] = dg.MetadataValue.json({d.column: d.use.how.words for d in decisions if d.protected})
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version))


def _lineage(table: str, decisions: "Sequence[Decision]") -> ColumnLineage:
    """A suppressed column comes from nothing."""
    return ColumnLineage({d.column: (ColumnSource(table, d.column),) for d in decisions if d.use.method != "suppress"})


def _check(settings: Settings, one: Masked) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_key(one.key),
        name=CHECK,
        description="The detector finds no column of persons or secrets that the policy does not let pass.",
        blocking=True,
    )
    def nothing_sensitive_shows(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.AssetCheckResult:
        from assets.security.protect.again import look_again

        leaks = look_again(settings, warehouse, one)
        told = {leak.column: leak.what for leak in leaks}
        return dg.AssetCheckResult(passed=not leaks, metadata={"columns": dg.MetadataValue.json(told)})

    return nothing_sensitive_shows
