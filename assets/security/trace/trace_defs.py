"""Runs as causes: what Dagster's event log says of who wrote a traced table, and heads of the chain kept there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.kit import asset_key
from assets.security.trace.anchors import Anchor
from assets.security.trace.capture import Cursor, capture
from assets.security.trace.edits import explained
from assets.security.trace.model import Cause, Entry, Traced
from assets.security.trace.tables import FILE, traced
from core.errors import HeddleError
from core.settings import Settings

ANCHOR = "report/security/trace"  # the asset whose observations are heads of the chain
HEAD, NUMBER = "trace/head", "trace/number"
EVENTS, RUN = "events", "run"  # fields of the cursor: the last event, and the run that was traced while it ran
USER = "heddle/user"  # tag of a run: who started it
_STARTED = {"dagster/schedule_name": "schedule", "dagster/sensor_name": "sensor", "dagster/backfill": "backfill"}
MANY = 1_000  # events of one look; heads that are read


def trace_all(settings: Settings, instance: dg.DagsterInstance, only: Sequence[str] = ()) -> list[Entry]:
    """Takes in what became of every traced table since its last entry, in the name of the runs that wrote it.

    Args:
        only: names of tables; all when empty.
    """
    if not (settings.protection / FILE).exists():
        return []
    found = []
    for name, table in traced(settings).items():
        if only and name not in only:
            continue
        entry = capture(settings, table, _explain(settings, instance, table))
        if entry is not None:
            anchor(instance, entry)
            found.append(entry)
    return found


def told(settings: Settings, instance: dg.DagsterInstance) -> str:
    """As `trace_all`, in words; what is wrong with a table is told and nothing is raised."""
    try:
        made = trace_all(settings, instance)
    except (HeddleError, OSError) as error:
        return f"; trace: {error}"
    return f"; {len(made)} changed tables traced" if made else ""


def trace_outputs(context: dg.OpExecutionContext, settings: Settings, wrote: Mapping[str, str]) -> dict[str, Any]:
    """Traces tables that an op just wrote, exactly in its name; returns metadata with the new head, {} without one.

    Args:
        wrote: asset key -> the step that wrote it.
    """
    if not (settings.protection / FILE).exists():
        return {}
    entry = None
    user = user_of(context.run.tags)
    for name, table in traced(settings).items():
        step = next((wrote[key] for key in table.assets if key in wrote), None)
        if step is not None:
            cause = Cause(run=context.run_id, step=step, user=user)

            def explain(cursor: Cursor, cause: Cause = cause) -> tuple[list[Cause], Cursor]:
                return [cause], dict(cursor) | {RUN: cause.run}

            try:
                entry = capture(settings, table, explain) or entry
            except (HeddleError, OSError) as error:
                context.log.warning(f"trace of {name}: {error}; the look after the run takes the change in")
    if entry is None:
        return {}
    anchor(context.instance, entry)
    return {HEAD: entry.hash, NUMBER: entry.number}


def anchor(instance: dg.DagsterInstance, entry: Entry) -> None:
    """Keeps a head in Dagster's event log."""
    metadata: dict[str, Any] = {HEAD: entry.hash, NUMBER: entry.number}
    instance.report_runless_asset_event(dg.AssetObservation(asset_key(ANCHOR), metadata=metadata))


def anchored(instance: dg.DagsterInstance) -> Iterator[Anchor]:
    """The last heads in Dagster's event log."""
    for record in instance.fetch_observations(asset_key(ANCHOR), limit=MANY).records:
        event = record.asset_observation
        if event is not None and HEAD in event.metadata:
            number, made = event.metadata[NUMBER].value, event.metadata[HEAD].value
            yield Anchor(int(str(number)), str(made), "Dagster's event log")


def user_of(tags: Mapping[str, str]) -> str:
    """Who started a run, as its tags say; "" where nobody is named."""
    if tags.get(USER) or tags.get("user"):
        return tags.get(USER) or tags["user"]
    return next((f"{word} {tags[tag]}" for tag, word in _STARTED.items() if tag in tags), "")


def _explain(settings: Settings, instance: dg.DagsterInstance, table: Traced) -> Any:
    def explain(cursor: Cursor) -> tuple[list[Cause], Cursor]:
        causes, after = _of_runs(instance, table, cursor)
        if table.dimension:
            from assets.catalog.dimensions.book import DimensionBook
            from assets.catalog.store.versions import Versions

            edits, after = explained(DimensionBook(settings, Versions(settings.catalog)), table.dimension, after)
            logged = {c.run for c in edits}
            causes = [c for c in causes if c.run not in logged] + edits
        return causes, after

    return explain


def _of_runs(instance: dg.DagsterInstance, table: Traced, cursor: Cursor) -> tuple[list[Cause], Cursor]:
    since, known = int(cursor.get(EVENTS, 0)), cursor.get(RUN, "")
    records: list[dg.EventLogRecord] = []
    for name in table.assets:
        asked = dg.AssetRecordsFilter(asset_key=dg.AssetKey(name.split("/")), after_storage_id=since or None)
        records += instance.fetch_materializations(asked, limit=MANY).records
    causes: dict[tuple[str, str], Cause] = {}
    for record in sorted(records, key=lambda r: r.storage_id):
        run_id, step = record.run_id, record.event_log_entry.step_key or ""
        if run_id and run_id != known and (run := instance.get_run_by_id(run_id)):
            causes[run_id, step] = Cause(run=run_id, step=step, user=user_of(run.tags))
    newest = max((r.storage_id for r in records), default=since)
    return list(causes.values()), dict(cursor) | {EVENTS: newest}
