"""Approved standards as asset checks: one per standard and table, with the compliance percentage and the demands."""

from collections.abc import Iterable

import dagster as dg

from assets.catalog.standards.model import CODES, FOLDER, CodeTable, Standard
from assets.documents import read_all
from assets.kit import specs_of
from core.naming import Key, table_name
from core.settings import Settings
from resources.ports import Warehouse


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """Checks of the approved standards on tables that exist as assets of the warehouse.

    Args:
        others: all other definitions; a standard on an asset that they have not is reported by the CLI.
    """
    standards = [s for s in read_all(settings.catalog_files / FOLDER, Standard).values() if s.status == "approved"]
    codes = read_all(settings.catalog_files / CODES, CodeTable)
    if not standards:
        return dg.Definitions()
    keys = {"/".join(spec.key.path) for found in others for spec in specs_of(found)}
    tables: dict[str, list[Standard]] = {}
    for standard in standards:
        for asset in dict.fromkeys(p.asset for p in standard.columns):
            if asset in keys:
                tables.setdefault(asset, []).append(standard)
    return dg.Definitions(asset_checks=[_check(settings, asset, mine, codes) for asset, mine in tables.items()])


def _check(
    settings: Settings, asset: str, standards: list[Standard], codes: dict[str, CodeTable]
) -> dg.AssetChecksDefinition:
    key = dg.AssetKey(asset.split("/"))

    @dg.multi_asset_check(
        name=f"standards_of_{'_'.join(key.path)}",
        specs=[
            dg.AssetCheckSpec(f"standard_{s.name}", asset=key, description=f"Values keep the standard {s.name}.")
            for s in standards
        ],
        can_subset=True,
    )
    def check(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterable[dg.AssetCheckResult]:
        from assets.catalog.standards.kept import keep
        from assets.catalog.standards.measure import measure
        from assets.catalog.store.versions import Versions

        chosen = {c.name for c in context.selected_asset_check_keys}
        wanted = [s for s in standards if f"standard_{s.name}" in chosen]
        found = measure(warehouse, table_name(Key.parse(asset)), asset, wanted, codes)
        keep(Versions(settings.catalog), asset, found, context.run.run_id)
        for standard in wanted:
            mine = [c for c in found if c.standard == standard.name]
            yield dg.AssetCheckResult(
                check_name=f"standard_{standard.name}",
                asset_key=key,
                passed=all(not c.broken_rows for c in mine),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    f"{c.column}": dg.MetadataValue.json(
                        {"compliance": round(100 * c.share, 3), "rows": c.rows, "violations": c.violations}
                    )
                    for c in mine
                },
            )

    return check
