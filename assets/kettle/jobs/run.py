"""The surroundings of a running job: variables, settings, what has run so far."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from assets.kettle.engine.result import Result
from assets.kettle.engine.run import LEVELS, EngineSettings, Observer
from assets.kettle.files.variables import Variables
from assets.kettle.model import Entry, Job

logger = logging.getLogger("heddle.kettle")


@dataclass(frozen=True, slots=True)
class Event:
    """An entry that has ended. `path` names the jobs around it, outermost first; `reason` says why it ran."""

    path: tuple[str, ...]
    entry: str
    reason: str
    ok: bool
    errors: int
    nr: int
    seconds: float


@dataclass(slots=True)
class JobRun:
    """One execution of a job.

    Attributes:
        observe: makes the observer for a transformation that an entry runs, given the entry's name.
        events: what has ended, in order; shared with sub-jobs.
        listener: told of each event as it happens.
    """

    job: Job
    variables: Variables
    settings: EngineSettings
    arguments: list[str] = field(default_factory=list)
    depth: int = 0
    parent: "JobRun | None" = None
    path: tuple[str, ...] = ()
    events: list[Event] = field(default_factory=list)
    observe: Callable[[str], Observer] | None = None
    listener: Callable[[Event], None] | None = None
    stopped: bool = False
    log_lines: list[str] = field(default_factory=list)

    def log(self, subject: str, text: str, level: str = "BASIC") -> None:
        """One line of the job's log."""
        self.log_lines.append(f"{subject} - {text}")
        logger.log(LEVELS.get(level.upper(), 20), "%s - %s - %s", self.job.name, subject, text)

    def tell(self, event: Event) -> None:
        """Notes an event."""
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    @property
    def folder(self) -> Path | None:
        """The folder of the job's file."""
        return self.job.path.parent if self.job.path else None


def copied(result: Result) -> Result:
    """A result of its own: entries change theirs without touching the one before."""
    return replace(result, files=list(result.files), lines=replace(result.lines))


def entry_key(entry: Entry) -> tuple[str, int]:
    """An entry may be drawn several times: name and copy number."""
    return entry.name, entry.nr
