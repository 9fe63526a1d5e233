"""Tells a run of Dagster's as OpenLineage events."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.catalog.lineage.exchange.openlineage import event, events
from assets.catalog.lineage.store import LineageStore
from core.errors import StoreError
from core.settings import Settings

STEPS = 100  # failed steps of a run that are told


def run_events(store: LineageStore, instance: dg.DagsterInstance, run: str) -> Iterator[dict[str, Any]]:
    """START and COMPLETE of each asset that the run made, and START and FAIL of each step that failed.

    The run has to be recorded in the graph before.
    """
    stats = instance.get_run_stats(run)
    began = datetime.fromtimestamp(stats.start_time, UTC).isoformat() if stats.start_time else ""
    for told in events(store.stated("run", run)):
        yield told | {"eventTime": began} if told["eventType"] == "START" and began else told
    failures = instance.get_records_for_run(run, of_type=dg.DagsterEventType.STEP_FAILURE, limit=STEPS).records
    for record in failures:
        at = datetime.fromtimestamp(record.timestamp, UTC).isoformat()
        happened = record.event_log_entry.dagster_event
        job = str(happened.step_key) if happened is not None else "run"
        data = happened.step_failure_data if happened is not None else None
        why = data.error.message.strip().splitlines() if data is not None and data.error is not None else []
        yield event("START", began or at, run, job, [], [])
        yield event("FAIL", at, run, job, [], [], error=why[0] if why else "the step failed")


def emit_runs(settings: Settings, instance: dg.DagsterInstance, runs: Sequence[str]) -> str:
    """Send the events of runs where HEDDLE_OPENLINEAGE says; returns what became of it, in words.

    A receiver that is down holds up nothing; what it missed can be exported.
    """
    from resources.openlineage import sink

    receiver = sink(settings)
    if receiver is None or not runs:
        return ""
    store = LineageStore(settings.catalog)
    try:
        count = sum(receiver.send(run_events(store, instance, run)) for run in runs)
    except StoreError as error:
        return f"; OpenLineage: {error.what}; `heddle lineage export` writes what it missed"
    return f"; {count} OpenLineage events sent"
