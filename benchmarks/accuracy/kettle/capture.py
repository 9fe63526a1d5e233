"""Runs one transformation and keeps what left every step, in the form of the golden files."""

import base64
import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.node import error_fields
from assets.kettle.engine.result import Counters
from assets.kettle.engine.run import EngineSettings, Quiet
from assets.kettle.engine.start import prepare
from assets.kettle.engine.step import Step
from assets.kettle.files.read import read_transformation
from assets.kettle.files.variables import Variables
from assets.kettle.values.fields import Field, Layout, ValueType

KEEP_ROWS = 100_000


class Recorder(Quiet):
    """Keeps the frames that each step emits, up to a number of rows."""

    def __init__(self) -> None:
        self.frames: dict[str, list[tuple[str | None, pl.DataFrame]]] = defaultdict(list)
        self.rejects: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self.heights: dict[str, int] = defaultdict(int)
        self.targets: dict[str, dict[str | None, None]] = defaultdict(dict)

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        self.targets[step][target] = None
        if self.heights[step] < KEEP_ROWS:
            self.frames[step].append((target, frame))
        self.heights[step] += frame.height

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        self.rejects[step].append(frame)


@dataclass(slots=True)
class Emitted:
    """What left one step: counters, layout and rows as JSON-like values."""

    counters: Counters
    layout: list[dict[str, Any]]
    rows: list[list[Any]]
    error_rows: list[list[Any]]
    split: bool
    descriptions: set[str]
    same_origins: list[set[str | None]]


@dataclass(slots=True)
class Outcome:
    """What a run gave: its steps, or the error that stopped it."""

    steps: dict[str, Emitted] = field(default_factory=dict)
    error: str = ""


def plain(value: Any, item: Field) -> Any:
    """A value as the golden files write it."""
    if value is None or (isinstance(value, str) and item.is_date):
        return value
    if item.type is ValueType.DATE:
        return f"{value.year:04d}" + value.strftime("-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if item.type is ValueType.TIMESTAMP:
        text = f"{value.microsecond:06d}".rstrip("0") or "0"
        return f"{value.year:04d}" + value.strftime("-%m-%d %H:%M:%S.") + text
    if item.type is ValueType.BINARY:
        return "base64:" + base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("inf", "Infinity").replace("nan", "NaN")
    return value


def held_date(column: pl.Series) -> pl.Series:
    """Dates as Python objects; those of years that Python does not have as text."""
    year = column.dt.year()  # null where polars itself gives up
    inside = column.is_null() | ((year > 0) & (year < 10_000)).fill_null(False)
    if inside.all():
        return column
    values = [far_date(ms) if ms is not None else None for ms in column.dt.timestamp("ms")]
    return pl.Series(column.name, values, dtype=pl.Object)


def far_date(ms: int) -> str:
    """Milliseconds since 1970 as text, in the proleptic Gregorian calendar, any year (400 years have 146,097 days)."""
    days, rest = divmod(ms, 86_400_000)
    eras, days = divmod(days + 719_162, 146_097)
    day = date.fromordinal(days + 1)
    seconds, millis = divmod(rest, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{millis:03d}"
    return f"{day.year + 400 * eras:04d}-{day.month:02d}-{day.day:02d}T{clock}"


def rows_of(frames: list[pl.DataFrame], layout: Layout) -> list[list[Any]]:
    """The rows of the frames, in order."""
    items = layout.fields
    found: list[list[Any]] = []
    for frame in frames:
        if not frame.width:
            found += [[] for _ in range(frame.height)]
            continue
        dates = [f.name for f in items if f.is_date and f.name in frame.columns]
        for row in frame.with_columns(held_date(frame[name]).alias(name) for name in dates).iter_rows():
            found.append([plain(v, f) for v, f in zip(row, items, strict=False)])
    return found


def run_file(path: Path, variables: dict[str, str], settings: EngineSettings, moment: datetime | None) -> Outcome:
    """Runs the file as if at the moment of the reference's run.

    A failure is part of the outcome, with what had left the steps until then.
    """
    recorder = Recorder()
    outcome = Outcome()
    space = Variables()
    for name, value in variables.items():
        space.set(name, value)
    engine = None
    try:
        with prepare(read_transformation(path), settings=settings, variables=space, observer=recorder) as started:
            engine = started
            engine.run.started = moment or engine.run.started
            engine.execute()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # every way to fail is a finding; polars panics are no Exceptions
        outcome.error = f"{type(error).__name__}: {error}"
    if engine is None:
        return outcome
    handled = [s.error for s in engine.run.transformation.steps.values() if s.error]
    descriptions = {engine.run.variables.resolve(e.description_field) for e in handled if e.description_field}
    planned = [node.step for node in engine.nodes.values() if hasattr(node.step, "inputs")]
    same_origins = [origins for step in planned for origins in origins_of(step)]
    for name, node in engine.nodes.items():
        step = node.step
        if not hasattr(step, "output"):
            continue
        first = next((target for target, _ in recorder.frames[name]), None)
        layout = step.fields_to(first) if first else step.output
        rows: list[list[Any]] = []
        for target, frame in recorder.frames[name]:
            rows += rows_of([frame], step.fields_to(target) if target else step.output)
        errors = step.main(step.inputs)
        if node.error and step.node.error:
            errors = errors.plus(*error_fields(step.node.error, engine.run.variables.resolve))
        outcome.steps[name] = Emitted(
            node.counters,
            [describe(f) for f in layout],
            rows,
            rows_of(recorder.rejects[name], errors),
            len(recorder.targets[name]) > 1,
            descriptions,
            same_origins,
        )
    return outcome


def origins_of(step: Step) -> list[set[str | None]]:
    """Per field the steps that may have made it.

    Where several hops meet, PDI shows the origins of the input whose row happens to come first.
    """
    layouts = [] if step.joins else list(step.inputs.values())
    width = min((len(layout) for layout in layouts), default=0)
    return [{layout.fields[i].origin for layout in layouts} for i in range(width)] if len(layouts) > 1 else []


def describe(item: Field) -> dict[str, Any]:
    """A field as the golden files describe it."""
    return {
        "name": item.name,
        "type": str(item.type),
        "length": item.length,
        "precision": item.precision,
        "mask": item.mask,
        "origin": item.origin,
    }
