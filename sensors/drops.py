"""Sensor drops__changed: files under the watched folders become weeks of transactions or a fresh knowledge base."""

from collections.abc import Callable, Iterable
from pathlib import Path

import dagster as dg

from assets.partitions import add_weeks
from assets.sources import retail_files
from core.errors import HeddleError
from core.hashing import digest
from core.settings import Settings
from sensors.environments import sensor_status
from sensors.jobs import jobs
from sensors.watch import Changes, Memory, look, scan

NAME = "drops__changed"
SECONDS = 15
WEEKS, DOCUMENTS = "transactions", ("drops", "handbook")


def drops_changed(settings: Settings) -> dg.SensorDefinition:
    """The sensor. Its cursor is what `watch.Memory` remembers."""

    @dg.sensor(
        name=NAME,
        jobs=jobs(("retail__week", "retail__knowledge")),
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, NAME),
        description="New or changed files in the watched folders: a week of transactions is loaded with what follows "
        "from it, documents refresh the handbook's index.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return tick(settings, context.instance, context.cursor, context.log.warning)

    return watch


def roots(settings: Settings) -> dict[str, Path]:
    """The watched folders by the first part of a file's name in the cursor."""
    return {
        WEEKS: settings.drops / "retail" / "transactions",
        DOCUMENTS[0]: settings.drops / "handbook",
        DOCUMENTS[1]: settings.handbook,
    }


def tick(
    settings: Settings, instance: dg.DagsterInstance, cursor: str | None, warn: Callable[[str], None]
) -> dg.SensorResult:
    """One look at the folders: run requests for what changed, or why there are none."""
    before = Memory.parse(cursor)
    present = scan(roots(settings))
    found = look(present, before)
    requests = list(_documents(found, before))
    troubles = [
        f"{path} is no week of transactions: name it like 2018-01-01.parquet or .csv, not in a subfolder"
        for name, path in present.items()
        if name.startswith(f"{WEEKS}/") and (path.suffix not in retail_files.SUFFIXES or name.count("/") > 1)
    ]
    try:
        known = retail_files.weeks(settings)
    except HeddleError as error:
        # loading any week would stop at the same file, so weeks wait until it is put right
        troubles.append(f"{error.what}: {error.fix}")
        _forget_weeks(found, before)
    else:
        requests += _weeks(found, before, known, instance, troubles)
    for trouble in troubles:
        warn(trouble)
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=found.memory.text())
    if found.unsettled and not troubles:
        troubles.append(f"{found.unsettled} new or changed files: taken up once two ticks have seen them alike")
    reason = "; ".join(troubles) or "no file changed"
    return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=found.memory.text())


def _documents(found: Changes, before: Memory) -> Iterable[dg.RunRequest]:
    names = [n for n in (*found.changed, *found.gone) if n.split("/")[0] in DOCUMENTS]
    if names:
        # the modification time makes a file that is put back as it was another state than the first
        state = digest(f"{n} {(found.memory.files.get(n) or ('gone', *before.files[n]))}" for n in sorted(names))
        gone = len([n for n in names if n in found.gone])
        tags = {"heddle/documents": f"{len(names) - gone} new or changed, {gone} removed"}
        yield dg.RunRequest(run_key=f"handbook {state}", job_name="retail__knowledge", tags=tags)


def _weeks(
    found: Changes, before: Memory, known: list[str], instance: dg.DagsterInstance, troubles: list[str]
) -> list[dg.RunRequest]:
    states: dict[str, str] = {}
    for name in found.gone:
        week = _week(name)
        if week and week in known:  # the source, or a file of another format, holds it still
            states[week] = f"without {before.files[name]}"
        elif week:
            troubles.append(f"{name} was removed and no source holds its week: restore it or delete partition {week}")
    states |= {_week(n): str(found.memory.files[n]) for n in found.changed if _week(n) in known}
    add_weeks(instance, states)
    return [
        dg.RunRequest(run_key=f"{week} {digest([state])}", job_name="retail__week", partition_key=week)
        for week, state in sorted(states.items())
    ]


def _week(name: str) -> str:
    """The week a watched file is named after, "" when it is not among the transactions."""
    return Path(name).stem if name.startswith(f"{WEEKS}/") else ""


def _forget_weeks(found: Changes, before: Memory) -> None:
    """Leave the files of weeks as they were remembered, so that the next tick finds the same changes again."""
    for name in [n for n in (*found.changed, *found.gone) if _week(n)]:
        taken = found.memory.files.pop(name, None)
        if taken:
            found.memory.waiting[name] = taken[:2]
        if name in before.files:
            found.memory.files[name] = before.files[name]
