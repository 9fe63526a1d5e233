"""Builds models with dbt and describes what came out, free of Dagster."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assets.catalog.lineage.sql.select import column_lineage
from assets.tables.content import Content, columns, contents, row_counts, types, weekly_contents
from assets.tables.dbt_run import OK, Listener, NodeResult
from assets.tables.specs import ModelSpec
from core.errors import StoreError
from core.hashing import digest
from core.naming import Key, TableName, table_key, table_name
from core.schema import Column, ColumnLineage, TableInfo
from resources.ports import Warehouse


@dataclass(frozen=True)
class Built:
    """A table that dbt made, as it stands in the warehouse.

    Attributes:
        info: columns with their documentation, and rows of the whole table.
        version: content version of what was built: the table, or its weeks together.
        weeks: week -> its content; empty when the table was built whole.
        sql: the SELECT that made it.
    """

    info: TableInfo
    version: str
    weeks: dict[str, Content]
    lineage: ColumnLineage
    sql: str


def streamed(call: Callable[[Listener], list[NodeResult]]) -> Iterator[NodeResult]:
    """Results as they come in from a dbt call, which runs in a thread of its own; its error is raised at the end."""
    waiting: queue.SimpleQueue[NodeResult | None] = queue.SimpleQueue()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            call(waiting.put)
        except BaseException as error:  # handed to the caller's thread below
            errors.append(error)
        finally:
            waiting.put(None)

    thread = threading.Thread(target=work, name="dbt")
    thread.start()
    try:
        yield from iter(waiting.get, None)
    finally:
        thread.join()
    if errors:
        raise errors[0]


def failure(results: Sequence[NodeResult]) -> StoreError | None:
    """The error of the models that failed, in dbt's own words; None when all are built."""
    failed = [r for r in results if r.status not in OK and r.status != "skipped"]
    skipped = [r.name for r in results if r.status == "skipped"]
    if not failed:
        return None
    told = "\n".join(f"dbt model {r.name} ({r.file}): {r.message.strip()}" for r in failed)
    left = f"\nnot built because of it: {', '.join(skipped)}" if skipped else ""
    return StoreError(told + left, "correct that file under dbt_project; the former tables are unchanged")


def describe(
    warehouse: Warehouse, models: Sequence[ModelSpec], results: Sequence[NodeResult], weeks: Sequence[str] | None
) -> dict[str, Built]:
    """Model name -> what it holds now, for the models that were built.

    Args:
        weeks: the weeks that weekly models were built for; their contents are given week by week.
    """
    sql = {r.name: r.compiled for r in results if r.status in OK}
    built = [m for m in models if m.name in sql]
    if not built:
        return {}
    tables = {m.name: table_name(Key.parse(m.key)) for m in built}
    schemas = {table_name(Key.parse(key)).schema for m in built for key in (m.key, *m.deps)}
    found = columns(warehouse, sorted(schemas))
    weekly = [tables[m.name] for m in built if m.weekly]
    by_week = weekly_contents(warehouse, weekly, weeks) if weekly and weeks else {}
    counts = row_counts(warehouse, list(by_week)) if by_week else {}
    whole = [t for t in tables.values() if t not in by_week]
    by_table = contents(warehouse, whole) if whole else {}
    assets = {name: str(table_key(TableName(*name.split(".", 1)))) for name in found}
    described = {}
    for model in built:
        table = tables[model.name]
        parts = by_week.get(table, {})
        described[model.name] = Built(
            info=TableInfo(
                _documented(found[str(table)], model), by_table[table].rows if table in by_table else counts[table]
            ),
            version=by_table[table].version if table in by_table else _together(parts),
            weeks=parts,
            lineage=column_lineage(sql[model.name], warehouse.dialect, types(found), assets),
            sql=sql[model.name].strip(),
        )
    return described


def _documented(found: Sequence[Column], model: ModelSpec) -> tuple[Column, ...]:
    known = {c.name: c for c in model.columns}
    return tuple(
        Column(c.name, c.type, known[c.name].description, not known[c.name].required) if c.name in known else c
        for c in found
    )


def _together(weeks: dict[str, Content]) -> str:
    versions = [content.version for content in weeks.values()]
    return versions[0] if len(versions) == 1 else digest(versions)
