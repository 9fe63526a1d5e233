"""Reads lineage from Dagster's definitions and event log into the graph."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dagster as dg

from assets.catalog._compat import AssetGraph
from assets.catalog.lineage.commits import commit_of
from assets.catalog.lineage.from_answers import DOCUMENTS, answer_lineage, document_key
from assets.catalog.lineage.from_kettle import MARK, code_version, kettle_lineage, name_of
from assets.catalog.lineage.from_runs import Made, run_stated
from assets.catalog.lineage.from_sql import dbt_lineage, metric_lineage, select_lineage
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.kit import LINEAGE_SQL
from core.errors import HeddleError
from core.hashing import digest
from core.settings import Settings

FILE, COLUMNS, LINEAGE = "kettle/file", "dagster/column_schema", "dagster/column_lineage"
INPUT = "dagster/input_event_pointer/"
PAGE = 1_000
log = logging.getLogger(__name__)


class Definitions(NamedTuple):
    """What came of a look at the definitions: how many changed, and which metric records are wrong, in words."""

    changed: int
    wrong: list[str]


def refresh_definitions(settings: Settings, graph: AssetGraph, instance: dg.DagsterInstance) -> Definitions:
    """Take in what the definitions say now; what definitions that are gone said is forgotten.

    A Kettle file or a metric record that cannot be read at present keeps what it said.

    Returns:
        How many definitions say something else than before, and what is wrong with metric records.
    """
    store = LineageStore(settings.catalog)
    semantics, wrong = _semantics(settings)
    stated = list(definition_lineage(settings, graph, instance, semantics))
    changed = store.put(stated)
    broken = {str(m[FILE]) for m in (_metadata(graph.get(k)) for k in graph.get_all_asset_keys()) if FILE in m}
    present = {s.name.split(MARK)[0] for s in stated if MARK in s.name}
    waiting = (broken - present) | {f"metric:{name}" for name in wrong}
    changed += store.keep_only("definition", {s.name for s in stated}, lambda name: name.split(MARK)[0] not in waiting)
    return Definitions(changed, [str(error) for error in wrong.values()])


def definition_lineage(
    settings: Settings, graph: AssetGraph, instance: dg.DagsterInstance, semantics: str
) -> Iterator[Stated]:
    """What Kettle files, dbt models, metrics and all other assets of the graph say of themselves.

    Args:
        semantics: the semantic manifest with the metric records.
    """
    from assets.features.registry.files import load_views
    from assets.features.registry.lineage import stated as feature_lineage
    from assets.kettle.catalog import load as load_kettle
    from assets.tables.specs import load as load_models

    found = [*kettle_lineage(settings.kettle_files, load_kettle(settings.kettle_files, settings))]
    found += [*dbt_lineage(load_models()), *metric_lineage(semantics)]
    found += feature_lineage(load_views(settings).values(), settings.catalog_files)
    found += _documents(settings, found)
    yield from found
    told = {s.name.split(MARK)[-1] for s in found}
    columns = _columns(graph, instance)
    dialect = "duckdb" if settings.warehouse.startswith("duckdb") else "postgres"
    for key in sorted(graph.get_all_asset_keys()):
        if key.to_user_string() not in told and graph.get(key).is_materializable:
            yield from _asset(graph, key, columns, dialect)


def _semantics(settings: Settings) -> tuple[str, Mapping[str, HeddleError]]:
    """dbt's metrics with the records of HEDDLE_CATALOG_FILES that are right, and what is wrong with the others."""
    from assets.catalog.metrics.book import MetricBook
    from assets.catalog.store.versions import Versions

    semantics, wrong = MetricBook(settings, Versions(settings.catalog)).semantics()
    for error in wrong.values():
        log.warning("lineage without a metric record: %s", error)
    return semantics, wrong


def record_run(settings: Settings, instance: dg.DagsterInstance, run: str) -> int:
    """Take in what the materializations of a run say; a failed run states what it made, and removes nothing.

    Returns:
        How many assets were made from something else than by the run before.
    """
    store = LineageStore(settings.catalog)
    flows = {s.name: s for s in store.stated("definition") if MARK in s.name}
    return store.put(_stated(made, flows, settings) for made in materializations(instance, run))


def record_answers(settings: Settings) -> int:
    """Take in the answers of the journal that the graph does not have yet."""
    from assets.knowledge.journal import records

    store = LineageStore(settings.catalog)
    given = list(records(settings))
    known = set[str]()
    for start in range(0, len(given), PAGE):
        known |= store.seen_runs([r["id"] for r in given[start : start + PAGE]])
    return store.put(answer_lineage(r for r in given if r["id"] not in known))


def materializations(instance: dg.DagsterInstance, run: str) -> list[Made]:
    """The last materialization of each asset in a run."""
    found: dict[str, Made] = {}
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(
            run, cursor=cursor, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=PAGE
        )
        for record in page.records:
            made = record.asset_materialization
            if made is not None:
                found[made.asset_key.to_user_string()] = _made(made, run, record.timestamp)
        if not page.has_more:
            return list(found.values())
        cursor = page.cursor


def _made(made: dg.AssetMaterialization, run: str, timestamp: float) -> Made:
    tags: Mapping[str, str] = made.tags or {}
    return Made(
        key=made.asset_key.to_user_string(),
        run=run,
        at=datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds"),
        code_version=tags.get("dagster/code_version", ""),
        data_version=tags.get("dagster/data_version", ""),
        upstream=sorted(name.removeprefix(INPUT) for name in tags if name.startswith(INPUT)),
        columns=_lineage(made.metadata),
        metadata={name: _plain(value) for name, value in made.metadata.items() if name not in (LINEAGE, COLUMNS)},
    )


def _stated(made: Made, flows: Mapping[str, Stated], settings: Settings) -> Stated:
    file = str(made.metadata.get(FILE) or "")
    path = settings.kettle_files / file
    flow = flows.get(name_of(file, made.key)) if file else None
    ran = flow is not None and flow.evidence.get("code_version") == made.code_version
    same = ran and path.is_file() and code_version(path) == made.code_version
    return run_stated(made, flow.edges if flow is not None and ran else (), commit_of(path) if same else "")


def _asset(graph: AssetGraph, key: dg.AssetKey, columns: Mapping[str, list[str]], dialect: str) -> Iterator[Stated]:
    """An asset that neither dbt nor a Kettle file makes."""
    node = graph.get(key)
    name, metadata = key.to_user_string(), _metadata(node)
    upstream = sorted(k.to_user_string() for k in node.parent_keys)
    edges = [Edge(k, "", name, "") for k in upstream]
    sql = str(metadata.get(LINEAGE_SQL) or "")
    if sql:
        edges += select_lineage(name, sql, dialect, upstream, columns)
    edges += [Edge(k, c, name, column) for column, found in _lineage(node.metadata).items() for k, c in found]
    file = str(metadata.get(FILE) or _code_file(node.metadata))
    evidence = {"code_version": node.code_version or "", "sql": digest([sql]) if sql else "", "file": file}
    if edges:
        yield Stated("definition", name, tuple(dict.fromkeys(edges)), evidence | {"definition": name})


def _documents(settings: Settings, found: Iterable[Stated]) -> list[Stated]:
    """Files of the handbook that Kettle files write: from there on they are documents."""
    from assets.kettle.catalog import load
    from assets.kettle.keys import Keys
    from assets.knowledge.documents import folders

    infos = [info for info in load(settings.kettle_files, settings) if not info.error]
    keys = Keys(infos, str(settings.kettle_files))
    stated = []
    for place in (output.place for info in infos for output in info.outputs if output.place.kind == "file"):
        path = (settings.kettle_files / place.name.removeprefix("file://")).resolve()
        for folder in folders(settings):
            if path.is_relative_to(folder.resolve()):
                document = document_key(path.relative_to(folder.resolve()).as_posix())
                edges = (Edge(str(keys.of(place)), "", document, ""), Edge(document, "", DOCUMENTS, ""))
                stated.append(Stated("definition", document, edges, {"file": str(path)}))
    return stated


def _columns(graph: AssetGraph, instance: dg.DagsterInstance) -> dict[str, list[str]]:
    """The columns of assets as their last run found them, or as their definition says."""
    keys = list(graph.get_all_asset_keys())
    found = {k.to_user_string(): _names(graph.get(k).metadata) for k in keys}
    for record in instance.get_asset_records(keys):
        made = record.asset_entry.last_materialization
        if made is not None and made.asset_materialization is not None:
            names = _names(made.asset_materialization.metadata)
            found[record.asset_entry.asset_key.to_user_string()] = (
                names or found[record.asset_entry.asset_key.to_user_string()]
            )
    return {key: names for key, names in found.items() if names}


def _names(metadata: Mapping[str, Any]) -> list[str]:
    schema = _plain(metadata.get(COLUMNS))
    if isinstance(schema, dg.TableSchema):
        return [c.name for c in schema.columns]
    return list(_lineage(metadata))


def _lineage(metadata: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    known = _plain(metadata.get(LINEAGE))
    if not isinstance(known, dg.TableColumnLineage):
        return {}
    return {
        c: [(d.asset_key.to_user_string(), d.column_name) for d in deps] for c, deps in known.deps_by_column.items()
    }


def _metadata(node: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in node.metadata.items()}


def _code_file(metadata: Mapping[str, Any]) -> str:
    references = _plain(metadata.get("dagster/code_references"))
    found = getattr(references, "code_references", ())
    return str(getattr(found[0], "file_path", "")) if found else ""


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def record_last_runs(settings: Settings, graph: AssetGraph, instance: dg.DagsterInstance) -> list[str]:
    """Take in the runs that made each asset last, where the graph does not have them yet; returns their ids."""
    records = instance.get_asset_records([k for k in graph.get_all_asset_keys() if graph.get(k).is_materializable])
    made = [r.asset_entry.last_materialization for r in records]
    runs = sorted({m.run_id for m in made if m is not None})
    known = LineageStore(settings.catalog).seen_runs(runs)
    new = [run for run in runs if run not in known]
    for run in new:
        record_run(settings, instance, run)
    return new


def refresh(settings: Settings, graph: AssetGraph, instance: dg.DagsterInstance, run: str = "") -> str:
    """Bring the graph up to date with the definitions, the last runs and the journal, and tell runs to other tools.

    Args:
        run: the run that ended last, which is told though it may have made nothing.

    Returns:
        What is new, in words, and what could not be told.
    """
    from assets.catalog.lineage.emit_defs import emit_runs

    changed, wrong = refresh_definitions(settings, graph, instance)
    runs = record_last_runs(settings, graph, instance)
    answers = record_answers(settings)
    told = emit_runs(settings, instance, list(dict.fromkeys([*runs, *([run] if run else [])])))
    left_out = f"; without {len(wrong)} metric records: {'; '.join(wrong)}" if wrong else ""
    return f"lineage: {changed} definitions changed, {len(runs)} runs and {answers} answers are new{told}{left_out}"
