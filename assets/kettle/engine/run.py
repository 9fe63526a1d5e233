"""The surroundings of a running transformation: variables, databases, files, log, result rows, settings."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from assets.kettle.engine.buffers import Memory
from assets.kettle.engine.outputs import Outputs
from assets.kettle.engine.result import Counters, Result

if TYPE_CHECKING:
    from assets.kettle.database.connect import Databases
    from assets.kettle.files.variables import Variables
    from assets.kettle.model import Job, Transformation

logger = logging.getLogger("heddle.kettle")

LEVELS = {"ERROR": 40, "MINIMAL": 30, "BASIC": 20, "DETAILED": 15, "DEBUG": 10, "ROWLEVEL": 5}


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Limits and permissions of the engine.

    Attributes:
        batch_rows: rows per batch between steps.
        memory_bytes: what buffers of blocking steps may hold before they spill to disk.
        temp_dir: where they spill; the system's when None.
        allow_shell: whether SHELL entries and process steps may start programs.
        mail: sends a message (notifier port); None refuses mail entries.
        connections: URL per connection name, replacing what the files say (SQLAlchemy URLs).
        max_depth: how deep jobs and sub-transformations may call each other.
    """

    batch_rows: int = 200_000
    memory_bytes: int = 1 << 30
    temp_dir: Path | None = None
    allow_shell: bool = False
    mail: Callable[[dict[str, Any]], None] | None = None
    connections: dict[str, str] = field(default_factory=dict)
    max_depth: int = 50


class Observer(Protocol):
    """Sees a run from outside: metrics, previews, captures. Every method may be left doing nothing."""

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Rows that left a step: once per emission, `target` None when they go to all its targets."""

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        """Rows that left by the error hop, with the error fields."""

    def finished(self, step: str, counters: Counters) -> None:
        """A step is done."""

    def progress(self, steps: dict[str, Counters]) -> None:
        """Called now and then with the counters of all steps."""


class Quiet:
    """An observer that looks away."""

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        """Nothing."""

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        """Nothing."""

    def finished(self, step: str, counters: Counters) -> None:
        """Nothing."""

    def progress(self, steps: dict[str, Counters]) -> None:
        """Nothing."""


@dataclass(slots=True)
class Run:
    """One execution of a transformation, shared by its steps.

    Attributes:
        variables: of this transformation; its parent holds the caller's.
        result: what the steps leave for the caller (result rows, result files).
        previous: what the caller handed in (rows for "Get rows from result", files).
        databases, outputs, memory: shared with sub-transformations, so that all commit or roll back together.
        feeds: rows handed in from outside, by name of the step that takes them (mapping inputs, injectors).
        collects: called with the rows that reach a step of that name (mapping outputs), if there.
        jvm: state that outlives the run inside one process tree: sequences shared by name and such.
    """

    transformation: "Transformation"
    variables: "Variables"
    settings: EngineSettings
    databases: "Databases"
    outputs: Outputs
    memory: Memory
    observer: Observer = field(default_factory=Quiet)
    result: Result = field(default_factory=Result)
    previous: Result = field(default_factory=Result)
    arguments: list[str] = field(default_factory=list)
    parent: "Run | None" = None
    parent_job: "Job | None" = None
    depth: int = 0
    started: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))
    feeds: dict[str, Any] = field(default_factory=dict)
    collects: dict[str, Callable[[str, pl.DataFrame], None]] = field(default_factory=dict)
    counters: dict[str, Counters] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    log_lines: list[str] = field(default_factory=list)

    def log(self, step: str, text: str, level: str = "BASIC") -> None:
        """One line of the run's log, "step - text"."""
        line = f"{step} - {text}"
        self.log_lines.append(line)
        logger.log(LEVELS.get(level.upper(), 20), "%s - %s", self.transformation.name, line)

    @property
    def folder(self) -> Path | None:
        """The folder of the transformation's file."""
        return self.transformation.path.parent if self.transformation.path else None
