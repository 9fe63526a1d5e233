"""Runs steps of a transformation for one op, and tells what came out of it as plain values."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.connections import connection_urls
from assets.kettle.describe import describe
from assets.kettle.described import FileInfo, Output
from assets.kettle.engine.part import Edge, Portion, run_part
from assets.kettle.engine.result import Counters
from assets.kettle.engine.run import EngineSettings, Quiet, Run
from assets.kettle.engine.start import new_run
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.handover import Sent, counters_before, examples_before
from assets.kettle.pieces import with_sources
from core.settings import Settings

LOCK_SECONDS = 60.0
UNITS = {"MB": 1 << 20, "GB": 1 << 30}
MOST_HASHED = 2_000_000  # rows of a table whose content is hashed for its version
EXAMPLES = 3  # error descriptions kept per step


def engine_settings(settings: Settings) -> EngineSettings:
    """The engine's limits and permissions as the settings say."""
    return EngineSettings(
        memory_bytes=memory_bytes(settings.kettle_memory),
        temp_dir=settings.home / "kettle" / "spill",
        allow_shell=settings.kettle_shell,
        connections=connection_urls(settings),
        mail=partial(notify, settings),
    )


def notify(settings: Settings, message: dict[str, Any]) -> None:
    """Hands a message of a Kettle file to where alerts go. Raises NotifyError when nobody takes it."""
    from resources.open import notifiers

    told = {"id": uuid.uuid4().hex, "title": message.get("subject", ""), "run_id": "", "time": time.time()} | message
    for notifier in notifiers(settings):
        notifier.send(told)


def memory_bytes(text: str) -> int:
    """`1GB` in bytes."""
    return int(text[:-2]) * UNITS[text[-2:]]


class Watch(Quiet):
    """Counts what leaves the steps that write: rows, nulls per column; and keeps examples of rejected rows.

    Args:
        writers: steps to watch.
    """

    def __init__(self, writers: Sequence[str]) -> None:
        self.rows = dict.fromkeys(writers, 0)
        self.nulls: dict[str, dict[str, int]] = {name: {} for name in writers}
        self.errors: dict[str, list[str]] = {}
        self.counters: dict[str, Counters] = {}

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Counts the rows of a writer."""
        if step in self.rows:
            self.rows[step] += frame.height
            found = self.nulls[step]
            for name, count in frame.null_count().row(0, named=True).items() if frame.width else ():
                found[name] = found.get(name, 0) + count

    def finished(self, step: str, counters: Counters) -> None:
        """Keeps the figures of a step."""
        self.counters[step] = counters

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        """Keeps the first rows."""
        kept = self.errors.setdefault(step, [])
        for row in frame.head(EXAMPLES - len(kept)).iter_rows(named=True):
            kept.append(", ".join(f"{name}={value!r}"[:80] for name, value in row.items())[:400])


@dataclass(slots=True)
class Done:
    """What some steps did.

    Attributes:
        sent: the rows of the hops to steps that are not among them.
        counters: of all steps so far.
        seconds: on the clock.
    """

    sent: dict[Edge, Portion]
    counters: dict[str, Counters]
    log: list[str]
    watch: Watch
    seconds: float


def run_steps(
    settings: Settings,
    path: Path,
    info: FileInfo,
    steps: Sequence[str],
    given: Mapping[str, Sent],
    parameters: Mapping[str, str],
    spill: Path | None = None,
) -> Done:
    """Runs steps of the file with the rows that other steps sent, and commits what they write.

    Where rows are not there, because their step ran with others and other parameters, the steps before run again too.
    Waits for an embedded database that another process holds.

    Raises:
        KettleError: a step failed; nothing has changed.
    """
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return _run(settings, path, info, steps, given, parameters, spill)
        except KettleError as error:
            if "lock" not in str(error).lower() or "file" not in str(error).lower() or time.monotonic() > until:
                raise
            time.sleep(0.2)


def _run(
    settings: Settings,
    path: Path,
    info: FileInfo,
    steps: Sequence[str],
    given: Mapping[str, Sent],
    parameters: Mapping[str, str],
    spill: Path | None,
) -> Done:
    chosen = set(steps)
    hops = [(s, t) for s, t in info.hops if t in chosen and s not in chosen]
    if any(s not in given or (s, t) not in given[s].stretch.portions for s, t in hops):
        steps, hops = with_sources(steps, info.order, info.hops), []
        chosen = set(steps)
    watch = Watch([output.place.step for output in info.outputs])
    watch.errors |= {name: list(texts) for name, texts in examples_before(given).items() if name not in chosen}
    model = read_transformation(path)
    run: Run = new_run(model, settings=engine_settings(settings), parameters=parameters, observer=watch)
    run.counters.update({name: c for name, c in counters_before(given).items() if name not in chosen})
    feeds = {(s, t): given[s].stretch.portions[s, t] for s, t in hops}
    begun = time.perf_counter()
    done = run_part(run, steps, feeds, spill)
    return Done(done.sent, run.counters, run.log_lines, watch, time.perf_counter() - begun)


def run_outside(
    settings: Settings, path: Path, info: FileInfo, parameters: Mapping[str, str], on_line: Callable[[str], None]
) -> Done:
    """Runs a file on the engine that HEDDLE_KETTLE names; its figures come from that engine's log.

    Raises:
        KettleError: it failed, or the engine cannot be reached.
    """
    from assets.kettle.external.request import Request
    from assets.kettle.external.start import run_external
    from resources.secrets import resolve

    password = resolve(settings.kettle_password, "HEDDLE_KETTLE_PASSWORD") if settings.kettle_password else ""
    begun = time.perf_counter()
    request = Request(path, parameters=parameters, password=password, on_line=on_line)
    result = run_external(settings.kettle, request).checked(path)
    watch = Watch([output.place.step for output in info.outputs])
    return Done({}, result.steps, result.log_text.splitlines(), watch, time.perf_counter() - begun)


@dataclass(slots=True)
class Published:
    """An output after a run, as plain values.

    Attributes:
        rows: in the whole table or file, None when they cannot be counted.
        loaded: rows that this run wrote.
        nulls: share of nulls per field among these.
        version: of the content.
    """

    output: Output
    rows: int | None
    loaded: int
    nulls: dict[str, float]
    version: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def column_nulls(self) -> dict[str, float]:
        """`nulls` by the columns outside, where these are told."""
        fields = {name.lower(): share for name, share in self.nulls.items()}
        columns = self.output.place.columns
        return {c: fields[f.lower()] for c, f in columns.items() if f.lower() in fields} if columns else self.nulls


def describe_for(settings: Settings, path: Path) -> FileInfo:
    """The file as it is now."""
    return describe(path, path.name, settings=engine_settings(settings), warehouse=settings.warehouse)


def published(
    settings: Settings, path: Path, info: FileInfo, done: Done, parameters: Mapping[str, str], run_id: str
) -> dict[tuple[str, str], Published]:
    """What each output of the file holds now, by step and place; layouts and lineage as the databases tell them."""
    now = describe(
        path,
        path.name,
        settings=engine_settings(settings),
        warehouse=settings.warehouse,
        parameters=parameters,
        connect=True,
    )
    found = {}
    for output in now.outputs if not now.error else info.outputs:
        step = output.place.step
        loaded = done.watch.rows.get(step, 0)
        counters = done.counters.get(step)
        if counters is not None:
            loaded = max(loaded, counters.output + counters.updated)
        rows, version = _content(settings, path, output, parameters)
        watched = max(1, done.watch.rows.get(step, 0))
        nulls = {name: count / watched for name, count in done.watch.nulls.get(step, {}).items()}
        found[step, output.place.name] = Published(output, rows, loaded, nulls, version or run_id)
    return found


def _content(settings: Settings, path: Path, output: Output, parameters: Mapping[str, str]) -> tuple[int | None, str]:
    """Rows and version of an output's content; "" where only the run tells a version."""
    place = output.place
    if place.kind == "file":
        from assets.kettle.engine.outputs import local_path
        from core.hashing import file_digest

        local = local_path(place.name)
        return None, file_digest(local) if local is not None and local.is_file() else ""
    return _table(settings, path, place.connection, place.name, parameters)


def _table(
    settings: Settings, path: Path, connection: str, table: str, parameters: Mapping[str, str]
) -> tuple[int | None, str]:
    from assets.content import rows_version

    model = read_transformation(path)
    run = new_run(model, settings=engine_settings(settings), parameters=parameters)
    schema, _, name = table.rpartition(".")
    try:
        database = run.databases.get(connection)
        quoted = database.table(schema, name)
        ((rows,),) = database.rows(f"SELECT COUNT(*) FROM {quoted}")
        if rows > MOST_HASHED:
            return int(rows), ""
        version = rows_version(iter(database.query(f"SELECT * FROM {quoted}")))
        database.settle()
        return int(rows), version
    except KettleError:  # a table named per row or per day has no rows of its own to count
        return None, ""
    finally:
        run.databases.rollback()
        run.databases.close()
        run.memory.close()
