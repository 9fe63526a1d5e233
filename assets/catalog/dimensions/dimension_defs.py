"""Dimension tables as assets: an import is a run, and every other change of rows is told as a materialization."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.model import FOLDER, Dimension
from assets.catalog.dimensions.table import Counts
from assets.catalog.store.versions import Change, Version, Versions
from assets.kit import asset_key, spec_options, specs_of
from core.errors import HeddleError
from core.settings import Settings

SENSOR = "dimension__changed"
SECONDS = 30
TOLD = "dimension_told"  # kind of the entry that says which changes Dagster knows
SHOWN = 20


class ImportFile(dg.Config):
    """What to import; without a file the rows are counted."""

    file: str = ""
    mode: str = "upsert"
    skip_bad: bool = False
    encoding: str = ""
    sheet: str = ""
    author: str = "dagster"


def definitions(settings: Settings, others: Iterable[dg.Definitions] = ()) -> dg.Definitions:
    """One asset per dimension, and a sensor that tells Dagster of changes; nothing where there are no dimensions.

    Args:
        others: all other definitions: a table that one of them makes keeps its asset.
    """
    book = DimensionBook(settings, Versions(settings.catalog)) if _any(settings) else None
    if book is None:
        return dg.Definitions()
    taken = {s.key for found in others for s in specs_of(found)}
    found = [kept.record for kept in book.records.all().values()]
    assets = [_asset(settings, book, d) for d in found if asset_key(str(book.asset(d))) not in taken]
    return dg.Definitions(assets=assets, sensors=[_sensor(settings)])


def _any(settings: Settings) -> bool:
    return any((settings.catalog_files / FOLDER).glob("*.yaml"))


def import_run(settings: Settings, name: str, asked: Mapping[str, Any], instance: dg.DagsterInstance) -> str:
    """Imports a file as a run of the dimension's asset; says in words what came of it.

    Args:
        asked: fields of ImportFile.

    Raises:
        HeddleError: the import was refused; the run failed with the same message.
    """
    book = DimensionBook(settings, Versions(settings.catalog))
    asset = _asset(settings, book, book.records.get(name).record)
    quiet = {"console": {"config": {"log_level": "CRITICAL"}}}  # what fails is told by the caller
    config = dg.RunConfig({asset.op.name: ImportFile(**asked)}, loggers=quiet)
    done = dg.materialize(
        [asset], instance=instance, run_config=config, raise_on_error=False, tags={"heddle/dimension": name}
    )
    if not done.success:
        failed = next((e for e in done.all_events if e.is_step_failure), None)
        error = failed.step_failure_data.error if failed is not None else None
        while error is not None and error.cause is not None:
            error = error.cause
        raise HeddleError(error.message.partition(": ")[2].strip() if error else "the import failed")
    made = done.asset_materializations_for_node(asset.op.name)[0]
    said = {k: v.value for k, v in made.metadata.items() if isinstance(v.value, int) and v.value}
    return ", ".join(f"{k.rpartition('/')[2]} {n:,}" for k, n in said.items()) or "no rows"


def report(book: DimensionBook, instance: dg.DagsterInstance) -> int:
    """Tells Dagster of the changes that it does not know, as materializations without a run; returns how many."""
    found = list(_untold(book))
    for name, change, key in found:
        instance.report_runless_asset_event(_event(key, change))
        _told(book, name, change.number)
    return len(found)


def _sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells Dagster of rows of dimension tables that people changed over HTTP.",
    )
    def watch(_context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        book = DimensionBook(settings, Versions(settings.catalog))
        found = list(_untold(book))
        if not found:
            return dg.SkipReason("no rows of dimensions changed")
        for name, change, _ in found:
            _told(book, name, change.number)
        return dg.SensorResult(asset_events=[_event(key, change) for _, change, key in found])

    return watch


def _asset(settings: Settings, book: DimensionBook, dimension: Dimension) -> dg.AssetsDefinition:
    options = spec_options(
        str(book.asset(dimension)),
        group="dimensions",
        kinds={"catalog", "table"},
        description=f"Dimension {dimension.name} of {dimension.source}. {dimension.description}".strip(),
        code=["assets.catalog.dimensions.load", "assets.catalog.dimensions.table"],
    )

    def keep(context: dg.AssetExecutionContext, config: ImportFile) -> dg.MaterializeResult[Any]:
        book = DimensionBook(settings, Versions(settings.catalog))
        if not config.file:
            with book.table(dimension.name) as table:
                return dg.MaterializeResult(metadata={"dagster/row_count": table.count()})
        mode: Any = config.mode
        done = book.load(
            dimension.name,
            Path(config.file),
            config.author,
            mode=mode,
            skip_bad=config.skip_bad,
            encoding=config.encoding,
            sheet=config.sheet,
            run=context.run_id,
        )
        for problem in done.problems.errors[:SHOWN]:
            context.log.warning("left out: %s", problem)
        said = {"action": f"import ({mode})", "file": Path(config.file).name} | asdict(done.counts)
        return dg.MaterializeResult(metadata=_metadata(said))

    asset: dg.AssetsDefinition = dg.asset(**options)(keep)
    return asset


def _untold(book: DimensionBook) -> Iterator[tuple[str, Version, dg.AssetKey]]:
    for name, kept in book.records.all().items():
        last = book.versions.get(TOLD, name)
        known = (last.document or {}).get("number", 0) if last else 0
        for change in book.log(name):
            # a run told its own import, and what was refused changed nothing
            if change.number > known and not change.change.run and not _of(change)["action"].startswith("refused"):
                yield name, change, asset_key(str(book.asset(kept.record)))


def _told(book: DimensionBook, name: str, number: int) -> None:
    book.versions.put(TOLD, name, {"number": number}, Change("dagster", "told"))


def _event(key: dg.AssetKey, change: Version) -> dg.AssetMaterialization:
    said = _of(change) | {"author": change.change.author, "at": change.change.at}
    return dg.AssetMaterialization(key, metadata=_metadata(said))


def _metadata(said: Mapping[str, Any]) -> dict[str, Any]:
    counts = {name: said[name] for name in Counts.__dataclass_fields__ if name != "rows"}
    words = {name: said[name] for name in ("action", "file", "author", "at") if said.get(name)}
    return {"dagster/row_count": said["rows"]} | {f"dimension/{k}": v for k, v in (counts | words).items()}


def _of(change: Version) -> dict[str, Any]:
    return change.document or {}
