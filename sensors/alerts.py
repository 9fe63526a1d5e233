"""Sensors run__failed and check__failed: failed runs and failed checks are told to every notifier, each once.

Each notifier has its own place in the record of runs: one that is down is tried again at the next tick and holds up
no other.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from core.errors import NotifyError, NotifyRefusedError, told
from core.settings import Settings
from resources.open import notifiers
from resources.ports import Notifier
from sensors.environments import sensor_status

SECONDS = 15
RUNS = 20  # looked at per notifier and tick
LONGEST = 1500  # characters of an alert's text
Alert = dict[str, Any]
_NAMES = r"password|passwd|secret|token|api[_-]?key"
_SECRETS = (
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@]+@"), r"\1:***@"),
    (re.compile(rf"(?i)\b([\w-]*(?:{_NAMES})[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
)


def alert_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """The two sensors. A cursor is JSON: notifier -> event type -> id of the last run dealt with."""
    return [_sensor(settings, name, events, tell) for name, (events, tell) in SOURCES.items()]


def deliver(
    instance: dg.DagsterInstance,
    cursor: str | None,
    receivers: list[Notifier],
    events: tuple[dg.DagsterEventType, ...],
    tell: Callable[[dg.DagsterInstance, dg.EventLogRecord], Iterator[Alert]],
) -> tuple[str, list[str]]:
    """Send what happened since the cursor; returns the next cursor and what went wrong or was sent, in words.

    Without a cursor nothing is sent: alerts begin with the first tick.
    """
    before = json.loads(cursor or "{}")
    after: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    for receiver in receivers:
        place = after[receiver.name] = dict(before.get(receiver.name, {}))
        for event in events:
            _deliver_event(instance, place, receiver, event, tell, notes)
    return json.dumps(before | after, sort_keys=True), notes


def scrub(text: str) -> str:
    """The text, shortened, with passwords in URLs, tokens and keys replaced by ***."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def failed_run(instance: dg.DagsterInstance, record: dg.EventLogRecord) -> Iterator[Alert]:
    """The alert of a failed run, with the steps that failed and their first errors."""
    run = instance.get_run_by_id(record.run_id)
    found = instance.get_records_for_run(record.run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=5).records
    steps = []
    for failure in found:
        event = failure.event_log_entry.dagster_event
        error = getattr(event.event_specific_data, "error", None) if event else None
        steps.append(f"{event.step_key if event else '?'}: {told(error) or 'failed'}")
    entry = record.event_log_entry
    text = "\n".join(steps) or (entry.dagster_event.message if entry.dagster_event else "") or "the run failed"
    job = run.job_name if run else "a deleted job"
    yield {
        "id": f"run {record.run_id}",
        "kind": "run",
        "title": f"Run of {job} failed",
        "text": scrub(text),
        "run_id": record.run_id,
        "time": record.timestamp,
    }


def failed_checks(instance: dg.DagsterInstance, record: dg.EventLogRecord) -> Iterator[Alert]:
    """An alert per check of severity ERROR that failed in a finished run."""
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    for found in instance.get_records_for_run(record.run_id, of_type=kind).records:
        event = found.event_log_entry.dagster_event
        check = event.asset_check_evaluation_data if event else None
        if check is None or check.passed or check.severity != dg.AssetCheckSeverity.ERROR:
            continue
        asset = check.asset_key.to_user_string()
        yield {
            "id": f"check {record.run_id} {asset} {check.check_name} {check.partition or ''}".rstrip(),
            "kind": "check",
            "title": f"Check {check.check_name} of {asset} failed",
            "text": scrub(check.description or "no description"),
            "run_id": record.run_id,
            "time": found.timestamp,
        }


SOURCES = {
    "run__failed": ((dg.DagsterEventType.RUN_FAILURE,), failed_run),
    "check__failed": ((dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE), failed_checks),
}


def _deliver_event(
    instance: dg.DagsterInstance,
    place: dict[str, Any],
    receiver: Notifier,
    event: dg.DagsterEventType,
    tell: Callable[[dg.DagsterInstance, dg.EventLogRecord], Iterator[Alert]],
    notes: list[str],
) -> None:
    if event.value not in place:
        newest = instance.fetch_run_status_changes(event, limit=1).records
        place[event.value] = newest[0].storage_id if newest else 0
        return
    chosen = dg.RunStatusChangeRecordsFilter(event, after_storage_id=place[event.value])  # type: ignore[arg-type]
    for record in instance.fetch_run_status_changes(chosen, limit=RUNS, ascending=True).records:
        # alerts of this run that went out before one of them failed
        sent = place.setdefault("sent", [])
        for alert in tell(instance, record):
            if alert["id"] in sent:
                continue
            try:
                receiver.send(alert)
                notes.append(f"{receiver.name}: {alert['title']}")
            except NotifyRefusedError as error:
                notes.append(f"{error.what}; it is left out: {alert['title']}")
            except NotifyError as error:
                notes.append(f"{error.what}; tried again at the next tick")
                return
            sent.append(alert["id"])
        place[event.value] = record.storage_id
        place["sent"] = []


def _sensor(settings: Settings, name: str, events: Any, tell: Any) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, name),
        description=f"{(tell.__doc__ or '').splitlines()[0]} It goes to the log file and, if set, the webhook.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        cursor, notes = deliver(context.instance, context.cursor, notifiers(settings), events, tell)
        if cursor != context.cursor:
            context.update_cursor(cursor)
        return dg.SkipReason("; ".join(notes) or "nothing failed")

    return watch
