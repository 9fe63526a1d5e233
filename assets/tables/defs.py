"""The tables domain as Dagster definitions: dbt models as assets, dbt tests as their checks."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.kit import VERSION, asset_key, lineage_metadata, spec_options, table_metadata
from assets.partitions import RETAIL_WEEK
from assets.tables.specs import FOLDER, ModelSpec, TestSpec, load
from core.schema import ColumnLineage, ColumnSource
from core.settings import Settings
from resources.ports import Warehouse

Event = dg.MaterializeResult[None] | dg.AssetCheckResult
STAGES = ("before", "weekly", "after")


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    models = load()
    engine = settings.warehouse.split(":", 1)[0]
    return dg.Definitions(assets=[_stage(s, [m for m in models if m.stage == s], engine) for s in STAGES])


def _stage(stage: str, models: Sequence[ModelSpec], engine: str) -> dg.AssetsDefinition:
    """One step that builds any subset of the models of a stage with one dbt call."""
    weekly = stage == "weekly"

    @dg.multi_asset(
        name=f"table__retail__{stage}",
        specs=[_spec(m, engine) for m in models],
        check_specs=[_check(m, t) for m in models for t in m.tests],
        can_subset=True,
        partitions_def=RETAIL_WEEK if weekly else None,
        backfill_policy=dg.BackfillPolicy.single_run() if weekly else None,
    )
    def build(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[Event]:
        keys = {k.to_user_string() for k in context.selected_asset_keys}
        chosen = [m for m in models if m.key in keys]
        if chosen:
            yield from _run(context, settings, warehouse, chosen, _weeks(context) if weekly else None)
        yield from _test(context, settings, models)

    asset: dg.AssetsDefinition = build
    return asset


def _run(
    context: dg.AssetExecutionContext,
    settings: Settings,
    warehouse: Warehouse,
    models: Sequence[ModelSpec],
    weeks: Sequence[str] | None,
) -> Iterator[Event]:
    from assets.tables.build import describe, failure, streamed
    from assets.tables.dbt_run import Dbt

    # all weeks at once is a full build: the table is made anew and swapped in, whatever it was before
    some = None if weeks is None or set(weeks) == set(_known_weeks(context)) else weeks
    results = []
    for result in streamed(lambda listener: Dbt(settings).run([m.name for m in models], some, listener)):
        context.log.info(f"{result.name}: {result.status} after {result.seconds:.2f} s")
        results.append(result)
    built = describe(warehouse, models, results, weeks)
    for model in models:
        if model.name not in built:
            continue
        made, key = built[model.name], asset_key(model.key)
        for week, content in made.weeks.items():
            context.add_asset_metadata(
                {VERSION: content.version, "dagster/partition_row_count": content.rows}, key, partition_key=week
            )
        metadata: dict[str, Any] = table_metadata(model.key, made.info, made.lineage)
        metadata["sql"] = dg.MetadataValue.md(f"```sql\n{made.sql}\n```")
        if not made.weeks:
            metadata[VERSION] = made.version
        yield dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=dg.DataVersion(made.version))
    error = failure(results)
    if error:
        raise error


def _test(context: dg.AssetExecutionContext, settings: Settings, models: Sequence[ModelSpec]) -> Iterator[Event]:
    wanted = {check.name for check in context.selected_asset_check_keys}
    owners = {test.name: model for model in models for test in model.tests if test.name in wanted}
    if not owners:
        return
    from assets.tables.build import streamed
    from assets.tables.dbt_run import Dbt

    for result in streamed(lambda listener: Dbt(settings).test(sorted(owners), listener)):
        metadata: dict[str, Any] = {"failures": result.failures, "status": result.status}
        if result.message:
            metadata["message"] = result.message
        metadata["sql"] = dg.MetadataValue.md(f"```sql\n{result.compiled.strip()}\n```")
        yield dg.AssetCheckResult(
            passed=result.status == "pass",
            asset_key=asset_key(owners[result.name].key),
            check_name=result.name,
            severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
            metadata=metadata,
            description=result.message or None,
        )


def _weeks(context: dg.AssetExecutionContext) -> list[str]:
    return list(context.partition_keys)


def _known_weeks(context: dg.AssetExecutionContext) -> Sequence[str]:
    return RETAIL_WEEK.get_partition_keys(dynamic_partitions_store=context.instance)


def _spec(model: ModelSpec, engine: str) -> dg.AssetSpec:
    options = spec_options(
        model.key, group=model.area, kinds={"dbt", engine}, description=model.description, code=(), pii=model.pii
    )
    source = dg.LocalFileCodeReference(file_path=str(FOLDER / model.file), line_number=1, label=model.file)
    metadata: dict[str, Any] = {
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[source]),
        "materialized": model.materialized,
        **lineage_metadata(_lineage(model)),
    }
    return dg.AssetSpec(
        **options | {"code_version": model.version},
        deps=[asset_key(key) for key in model.deps],
        metadata=metadata,
        skippable=True,
    )


def _lineage(model: ModelSpec) -> ColumnLineage:
    sources = {c: tuple(ColumnSource(key, name) for key, name in found) for c, found in model.lineage.items()}
    return ColumnLineage(sources)


def _check(model: ModelSpec, test: TestSpec) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=test.name, asset=asset_key(model.key), description=test.description, metadata={"file": test.file}
    )
