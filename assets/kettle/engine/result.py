"""What a run leaves behind: counters per step, result rows and files, and whether it went well."""

from dataclasses import dataclass, field
from time import perf_counter

import polars as pl

from assets.kettle.values.fields import Layout


@dataclass(slots=True)
class Counters:
    """Rows as Spoon's step metrics show them, plus seconds spent inside the step."""

    read: int = 0
    written: int = 0
    input: int = 0
    output: int = 0
    updated: int = 0
    rejected: int = 0
    errors: int = 0
    seconds: float = 0.0

    def add(self, **amounts: int) -> None:
        """Adds to the named counters."""
        for name, amount in amounts.items():
            setattr(self, name, getattr(self, name) + amount)


@dataclass(slots=True)
class ResultFile:
    """A file that a step or entry named as its result. `type` is GENERAL, LOG, ERRORLINE, ERROR or WARNING."""

    path: str
    type: str = "GENERAL"
    origin: str = ""
    comment: str = ""
    origin_parent: str = ""


@dataclass(slots=True)
class Rows:
    """A row set in memory: its layout and its rows."""

    layout: Layout
    frame: pl.DataFrame

    @classmethod
    def none(cls) -> "Rows":
        """No fields, no rows."""
        return cls(Layout(), pl.DataFrame())


@dataclass(slots=True)
class Result:
    """Outcome of a transformation, job or entry, as Kettle hands it from entry to entry."""

    ok: bool = True
    errors: int = 0
    exit_status: int = 0
    nr: int = 0
    rows: Rows = field(default_factory=Rows.none)
    files: list[ResultFile] = field(default_factory=list)
    lines: Counters = field(default_factory=Counters)
    steps: dict[str, Counters] = field(default_factory=dict)
    stopped: bool = False
    log_text: str = ""


class Stopwatch:
    """Adds the time inside `with` to a step's seconds."""

    __slots__ = ("_counters", "_since")

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def __enter__(self) -> None:
        self._since = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._counters.seconds += perf_counter() - self._since
