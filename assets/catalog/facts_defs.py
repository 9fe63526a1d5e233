"""Collects the facts of assets from Dagster's definitions and event log."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.catalog._compat import AssetGraph, AssetRecord
from assets.catalog.bases import base_of
from assets.catalog.facts import AssetFacts, Check
from assets.catalog.model import ColumnInfo
from assets.catalog.tags.tag_defs import PREFIX

FILE = "kettle/file"
NULLS = "kettle/null_share"


def collect(graph: AssetGraph, instance: dg.DagsterInstance) -> list[AssetFacts]:
    """The facts of every asset of three-part key, definitions and last materializations together."""
    keys = [key for key in graph.get_all_asset_keys() if len(key.path) == 3]
    records = {r.asset_entry.asset_key: r for r in instance.get_asset_records(keys)}
    seconds = _Seconds(instance)
    return [_facts(graph, instance, key, records.get(key), seconds) for key in sorted(keys)]


def _facts(
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    record: AssetRecord | None,
    seconds: "_Seconds",
) -> AssetFacts:
    node = graph.get(key)
    last = record.asset_entry.last_materialization if record else None
    made = last.asset_materialization if last else None
    metadata: Mapping[str, Any] = {**node.metadata, **(made.metadata if made else {})}
    rows = _plain(metadata.get("dagster/row_count"))
    return AssetFacts(
        key=_text(key),
        description=node.description or "",
        group=node.group_name or "",
        kinds=tuple(sorted(node.kinds)),
        tags={k: v for k, v in node.tags.items() if not k.startswith(("dagster/", PREFIX))},
        owners=tuple(node.owners),
        code_version=node.code_version or "",
        upstream=tuple(sorted(_text(k) for k in node.parent_keys)),
        downstream=tuple(sorted(_text(k) for k in node.child_keys)),
        columns=_columns(metadata.get("dagster/column_schema")),
        table=str(_plain(metadata.get("dagster/table_name")) or ""),
        file=str(_plain(metadata.get(FILE)) or ""),
        external=not node.is_materializable,
        made=datetime.fromtimestamp(last.timestamp, UTC).isoformat(timespec="seconds") if last else "",
        run=last.run_id if last else "",
        rows=rows if isinstance(rows, int) else None,
        seconds=seconds.of(last.run_id, last.step_key) if last else None,
        nulls=_plain(metadata.get(NULLS)) or {},
        checks=tuple(_checks(graph, instance, sorted(node.check_keys))),
    )


def _checks(graph: AssetGraph, instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]) -> Iterable[Check]:
    for key in keys:
        last = instance.get_latest_asset_check_evaluation_record(key)
        done = last.evaluation if last else None  # or what a run that died had planned
        yield Check(
            name=key.name,
            passed=done.passed if isinstance(done, dg.AssetCheckEvaluation) else None,
            blocking=graph.get(key).blocking,
        )


class _Seconds:
    """How long steps took; each run is read once."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.runs: dict[str, dict[str, float]] = {}

    def of(self, run: str, step: str | None) -> float | None:
        if run not in self.runs:
            stats = self.instance.get_run_step_stats(run)
            self.runs[run] = {s.step_key: s.end_time - s.start_time for s in stats if s.start_time and s.end_time}
        return self.runs[run].get(step or "")


def _columns(schema: Any) -> tuple[ColumnInfo, ...]:
    table = _plain(schema)
    if not isinstance(table, dg.TableSchema):
        return ()
    return tuple(
        ColumnInfo(
            name=c.name,
            type=c.type,
            base=base_of(c.type),
            place=i + 1,
            nullable=c.constraints.nullable,
            comment=c.description or "",
        )
        for i, c in enumerate(table.columns)
    )


def _plain(value: Any) -> Any:
    return getattr(value, "schema", getattr(value, "value", value))


def _text(key: dg.AssetKey) -> str:
    return "/".join(key.path)
