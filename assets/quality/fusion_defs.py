"""Accepted join plans and golden tables as assets: counts are metadata, what must hold are blocking checks."""

import logging
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kit import VERSION, asset_key, spec_options, specs_of, table_metadata
from assets.quality.fusion.files import FOLDER, PlanFiles, files
from assets.quality.fusion.model import Plan, is_asset
from assets.quality.linkage.labels import labels_path, read_labels
from assets.quality.linkage.model import Golden, cells_of, links_of, read_golden, unsure_of
from core.hashing import digest
from core.naming import Key, TableName, table_name
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Warehouse

if TYPE_CHECKING:
    from assets.quality.linkage.golden import Resolved

FAN_OUT, COUNTS, QUALITY = "no_row_multiplied", "rows_as_predicted", "links_agree_with_people"
_JOIN_CODE = [f"assets.quality.fusion.{n}" for n in ("compiled", "fixes", "keys_sql", "run", "tables")]
_LINK_CODE = [
    f"assets.quality.linkage.{n}"
    for n in (
        "block", "blockkeys", "cluster", "compare", "forest", "golden", "identity", "kinds", "levels", "link",
        "measure", "near", "prepare", "run", "survive", "words",
    )
]  # fmt: skip
log = logging.getLogger(__name__)
LEAST_AGREEMENT = 0.9  # F1 on the pairs that people judged


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """An asset for each accepted plan and golden declaration whose tables are assets."""
    known = {"/".join(spec.key.path) for found in others for spec in specs_of(found)}
    plans = [plan for _, plan in PlanFiles(settings.quality).all() if plan.status == "accepted"]
    fused = known | {p.asset for p in plans}
    made = [_fused(plan) for plan in plans if _known(plan.asset, plan.tables, fused)]
    for path in files(settings.quality / FOLDER, "golden"):
        golden = read_golden(path)
        if _known(golden.asset, [s.table for s in golden.sources], known):
            made.append(_golden(golden, path, settings))
    return dg.Definitions(assets=made)


def _known(asset: str, tables: Sequence[str], known: Collection[str]) -> bool:
    """Whether all tables are assets; where they should be and are not, that is told."""
    missing = [t for t in tables if t not in known]
    if missing and all(map(is_asset, tables)):
        log.warning("%s is no asset: there is no asset %s that it is made of", asset, " and no asset ".join(missing))
    return not missing


def _fused(plan: Plan) -> dg.AssetsDefinition:
    options = spec_options(
        plan.asset,
        group="fusion",
        kinds={"sql"},
        description=plan.description or f"{' joined with '.join(plan.tables)}, as decided by {plan.by}.",
        code=_JOIN_CODE,
    )
    options["code_version"] += f"-{digest([plan.model_dump_json()])[:12]}"
    key = options["key"]
    checks = [
        dg.AssetCheckSpec(FAN_OUT, asset=key, blocking=True, description="No row meets several where it must not."),
        dg.AssetCheckSpec(COUNTS, asset=key, blocking=True, description="As many rows as the keys predicted."),
    ]

    def fused(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from assets.content import rows_version
        from assets.lineage import sql_lineage
        from assets.quality.fusion.run import FanOutError, run, told

        try:
            ran = run(plan, warehouse)
        except FanOutError as error:
            yield dg.AssetCheckResult(asset_key=key, check_name=FAN_OUT, passed=False, description=error.what)
            raise
        lines = told(plan, ran.counted)
        for line in lines:
            context.log.info(line)
        name = table_name(Key.parse(plan.asset))
        lineage = sql_lineage(warehouse, ran.sql, plan.tables)
        version = rows_version(warehouse.batches(f"select * from {name}"))
        metadata: dict[str, Any] = table_metadata(plan.asset, warehouse.info(name), lineage)
        metadata |= {VERSION: version, "joins": dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))}
        yield dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version))
        yield dg.AssetCheckResult(asset_key=key, check_name=FAN_OUT, passed=True)
        said = f"{ran.rows:,} rows, {ran.expected:,} predicted"
        yield dg.AssetCheckResult(asset_key=key, check_name=COUNTS, passed=ran.as_predicted, description=said)

    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(t) for t in plan.tables], check_specs=checks)(
        fused
    )
    return asset


def _golden(golden: Golden, path: Path, settings: Settings) -> dg.AssetsDefinition:
    names = {
        golden.asset: golden.description or "One row for each thing that the sources have, with its surviving values.",
        cells_of(golden): "Where each value of the golden table came from, and what spoke against it.",
        links_of(golden): "Which record of which source is which thing.",
        unsure_of(golden): "Pairs of records that the model is least sure of, for people to judge.",
    }
    labels = "".join(label.model_dump_json() for label in read_labels(labels_path(path)))
    asked, deps = f"-{digest([golden.model_dump_json(), labels])[:12]}", [asset_key(s.table) for s in golden.sources]
    specs = []
    for key, said in names.items():
        options = spec_options(key, group="fusion", kinds={"polars"}, description=said, code=_LINK_CODE, place="heavy")
        options["code_version"] += asked  # another declaration, or another word of a person: it runs again
        specs.append(dg.AssetSpec(**options, deps=deps))
    check = dg.AssetCheckSpec(QUALITY, asset=asset_key(golden.asset), description="Links agree with judged pairs.")

    def resolved(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        from assets.content import rows_version
        from assets.quality.linkage.run import run

        found = run(golden, path, warehouse, settings.memory, settings.home, context.log.info)
        told, surviving = _told(found), [c for c in found.golden.columns if c not in ("entity", "records", "conflicts")]
        for key in names:
            name: TableName = table_name(Key.parse(key))
            info = warehouse.info(name)
            version = rows_version(warehouse.batches(f"select * from {name}"))
            lineage = _lineage(golden, key, [c.name for c in info.columns], surviving)
            metadata = table_metadata(key, info, lineage) | {VERSION: version} | (told if key == golden.asset else {})
            yield dg.MaterializeResult(asset_key(key), metadata=metadata, data_version=dg.DataVersion(version))
        score = found.linked.labelled
        f1 = math.nan if score is None else score.f1  # NaN also where people only said what is not the same, rightly
        said = "nothing to measure" if score is None or math.isnan(f1) else f"F1 {f1:.3f} on {score.true} same pairs"
        passed = not f1 < LEAST_AGREEMENT
        warning = dg.AssetCheckSeverity.WARN
        yield dg.AssetCheckResult(
            asset_key=asset_key(golden.asset), check_name=QUALITY, passed=passed, severity=warning, description=said
        )

    parsed = Key.parse(golden.asset)
    name = f"{parsed.domain}__{parsed.noun}"
    asset: dg.AssetsDefinition = dg.multi_asset(specs=specs, check_specs=[check], name=name)(resolved)
    return asset


def _told(found: "Resolved") -> dict[str, Any]:
    from assets.quality.linkage.measure import figures

    linked = found.linked
    return {
        "records": len(linked.records),
        "things": found.golden.height,
        "pairs compared": linked.candidates,
        "model": linked.model,
        "estimate": figures(linked.estimate.precision, linked.estimate.recall),
        "keys": dg.MetadataValue.md("\n".join(f"- {p}" for p in linked.predicates)),
        "keys beyond the budget": dg.MetadataValue.md("\n".join(f"- {p}" for p in linked.refused) or "none"),
    }


def _lineage(golden: Golden, key: str, columns: list[str], surviving: Sequence[str]) -> ColumnLineage:
    """Where the columns of one of the tables come from, so that tags of personal data go on to all of them.

    A surviving value comes from the column of that name in any source, the identifier from all that is compared, the
    `value` and `rivals` of cells from any column.

    Args:
        surviving: the sources' columns in the golden table.
    """

    def of(*names: str) -> tuple[ColumnSource, ...]:
        own = [({new: old for old, new in s.rename.items()}, s.table) for s in golden.sources]
        return tuple(ColumnSource(table, old.get(name, name)) for old, table in own for name in names)

    ids = tuple(ColumnSource(s.table, s.id) for s in golden.sources)
    if key == golden.asset:
        known = {name: of(name) for name in surviving}
    else:
        known = dict.fromkeys(("value", "rivals"), of(*surviving))
        known |= dict.fromkeys(("record", "left_record", "right_record"), ids)
    known["entity"] = of(*golden.compare)
    return ColumnLineage({column: known.get(column, ()) for column in columns})
