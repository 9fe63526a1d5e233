"""Accepted rules as Dagster definitions: for each table the clean rows, the rejected rows and the changed cells."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.kit import VERSION, asset_key, lineage_metadata, spec_options, specs_of, table_metadata
from assets.quality.checks import checks_of
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core.naming import Key, table_name
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Warehouse

PARTS = {
    "clean": "Rows of {table} that keep its accepted rules, repaired where a rule says how.",
    "rejected": "Rows of {table} that accepted rules reject, as they came, with the ids of the rules.",
    "changes": "Cells of {table} that accepted rules changed: row, column, before, after, rule, confidence.",
}
CODE = ("assets.quality.rules.apply", "assets.quality.rules.plan", "assets.quality.rules.joint")


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """Checks and clean tables of the assets that have accepted rules.

    Args:
        others: all other definitions; rules of a table that none of them makes are left to the command line.
    """
    files = RuleFiles(settings.quality)
    keys = {"/".join(spec.key.path) for found in others for spec in specs_of(found)} if files.folder.is_dir() else set()
    tables = {name: files.accepted(name) for name in files.tables() if name in keys} if keys else {}
    cleaned = {t: rules for t, rules in tables.items() if any(r.action != "report" for r in rules)}
    return dg.Definitions(
        assets=[_assets(settings, files, table, rules) for table, rules in cleaned.items()],
        asset_checks=[checks_of(settings, table, rules) for table, rules in tables.items() if rules],
    )


def part_key(table: str, part: str) -> str:
    """`raw/shop/orders` -> `table/shop/orders_clean`."""
    key = Key.parse(table)
    return str(Key("table", key.domain, f"{key.noun}_{part}"))


def _assets(settings: Settings, files: RuleFiles, table: str, rules: list[Rule]) -> dg.AssetsDefinition:
    digest = files.digest(table)
    engine = settings.warehouse.split(":", 1)[0]
    specs = []
    for part, words in PARTS.items():
        options = spec_options(
            part_key(table, part),
            group="quality",
            kinds={"polars", engine},
            description=words.format(table=table),
            code=CODE,
        )
        # other rules make the tables stale, as other code does
        options["code_version"] = f"{options['code_version']}-{digest}"
        specs.append(dg.AssetSpec(**options, deps=[asset_key(table)], metadata={"quality/rules": digest}))

    def clean(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterable[dg.MaterializeResult[None]]:
        wanted = {"/".join(key.path) for key in context.selected_asset_keys}
        yield from _clean(settings, warehouse, table, rules, [p for p in PARTS if part_key(table, p) in wanted])

    name = "clean_" + "_".join(Key.parse(table))
    made: dg.AssetsDefinition = dg.multi_asset(name=name, specs=specs, can_subset=True)(clean)
    return made


def _clean(
    settings: Settings, warehouse: Warehouse, table: str, rules: list[Rule], wanted: list[str]
) -> Iterable[dg.MaterializeResult[None]]:
    from assets.content import rows_version
    from assets.quality.rules.apply import Targets, apply
    from assets.quality.rules.reading import from_warehouse, looked_up, size
    from core.scratch import scratch

    with scratch(settings.home, "clean-") as folder:
        targets = Targets.beside(folder / "clean.parquet")
        source = from_warehouse(warehouse, table, folder)
        report = apply(
            source,
            rules,
            targets,
            memory=size(settings.memory),
            tables=looked_up(folder, lambda: warehouse),
        )
        columns = source.collect_schema().names()
        paths = dict(zip(PARTS, targets.paths(), strict=True))
        for part in wanted:
            key = part_key(table, part)
            name = table_name(Key.parse(key))
            _load(warehouse, key, paths[part])
            version = rows_version(warehouse.batches(f"select * from {name}"))
            metadata = table_metadata(key, warehouse.info(name)) | {VERSION: version}
            metadata |= _lineage(table, part, columns)
            if part == "clean":
                metadata |= {"quality/rows": report.rows, "quality/rejected": report.rejected}
                metadata |= {"quality/changed_cells": report.cells}
                metadata |= {"quality/by_rule": dg.MetadataValue.json(report.failing)}
            data_version = dg.DataVersion(version)
            yield dg.MaterializeResult(asset_key=asset_key(key), metadata=metadata, data_version=data_version)


def _load(warehouse: Warehouse, key: str, path: Path) -> None:
    import polars as pl
    from sqlglot import exp

    names = [exp.column(name, quoted=True) for name in pl.scan_parquet(path).collect_schema().names()]
    select = exp.select(*names).from_("source").sql(dialect="duckdb")
    warehouse.load_parquet(table_name(Key.parse(key)), [path], select)


def _lineage(table: str, part: str, columns: list[str]) -> Mapping[str, Any]:
    if part == "changes":
        sources = {name: tuple(ColumnSource(table, column) for column in columns) for name in ("before", "after")}
    else:
        sources = {column: (ColumnSource(table, column),) for column in columns}
    return lineage_metadata(ColumnLineage(sources))
