"""A live list of steps for a terminal: one line a step with rows and seconds; plain lines when not a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from core.errors import told

MARKS = {"running": "…", "done": "✓", "failed": "✗", "skipped": "-"}
STYLES = {"running": "cyan", "done": "green", "failed": "bold red", "skipped": "yellow"}


@dataclass
class Line:
    """One step as shown."""

    name: str
    state: str = "running"
    rows: int = 0
    partitions: int = 0
    assets: int = 0
    checks: list[tuple[str, bool]] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)  # checks that only warn and did not pass
    started: float = 0.0
    seconds: float = 0.0
    error: str = ""

    def result(self) -> str:
        """Rows, partitions and checks in words."""
        parts = []
        if self.assets > 1:
            parts.append(f"{self.assets} tables")
        if self.rows:
            parts.append(f"{self.rows:,} rows")
        if self.partitions:
            parts.append(f"{self.partitions} {'week' if self.partitions == 1 else 'weeks'}")
        if self.checks:
            red = [name for name, passed in self.checks if not passed and name not in self.warned]
            green = len(self.checks) - len(red) - len(self.warned)
            parts += [f"red: {', '.join(red)}"] if red else [f"{green} checks green"] if green else []
            parts += [f"warnings: {_few(self.warned)}"] if self.warned else []
        return ", ".join(parts)


def _few(names: list[str]) -> str:
    """Up to two names, and how many there are."""
    return ", ".join(names) if len(names) <= 2 else f"{len(names)} checks, first {names[0]}"


class Progress:
    """Collects Dagster events into lines and draws them."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.lines: dict[str, Line] = {}
        self.live: Live | None = None
        self.green = 0  # checks passed so far

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Draw live while the block runs, if this is a terminal."""
        if not self.console.is_terminal:
            yield self
            return
        with Live(self._running(), console=self.console, refresh_per_second=8, transient=True) as self.live:
            yield self
        self.live = None

    def __call__(self, event: dg.DagsterEvent, timestamp: float) -> None:
        """Take one event of a run; `timestamp` in seconds since the epoch."""
        if event.step_key is None:
            return
        line = self.lines.get(event.step_key)
        if event.event_type == dg.DagsterEventType.STEP_START or line is None:
            line = self.lines[event.step_key] = Line(_name(event), started=timestamp)
        if event.is_step_materialization:
            _materialized(line, event)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            line.checks.append((evaluation.check_name, evaluation.passed))
            if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.WARN:
                line.warned.append(evaluation.check_name)
            self.green += evaluation.passed
        elif event.is_step_success:
            self._end(line, "done", timestamp)
        elif event.is_step_failure:
            line.error = _root_error(event)
            self._end(line, "failed", timestamp)
        elif event.is_step_skipped:
            self._end(line, "skipped", timestamp)
        if self.live:
            self.live.update(self._running())

    def _end(self, line: Line, state: str, timestamp: float) -> None:
        line.state, line.seconds = state, timestamp - line.started
        if state == "done" and not line.assets + line.partitions and all(passed for _, passed in line.checks):
            return  # a step that only checks, and found nothing: counted, not shown
        mark = Text(f"{MARKS[state]} ", style=STYLES[state])
        body = Text(f"{line.name:<44} {line.seconds:>7.1f} s  {line.result()}")
        self.console.print(mark + body, highlight=False, soft_wrap=True)
        if line.error:
            self.console.print(Text("  " + line.error.replace("\n", "\n  "), style="red"), soft_wrap=True)

    def _running(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for line in self.lines.values():
            if line.state == "running":
                seconds = max(0.0, time.time() - line.started)
                table.add_row(Spinner("dots", style="cyan"), f"{line.name:<44} {seconds:>7.1f} s", line.result())
        return table


def _materialized(line: Line, event: dg.DagsterEvent) -> None:
    metadata = event.step_materialization_data.materialization.metadata
    rows = metadata.get("dagster/partition_row_count") or metadata.get("dagster/row_count")
    if rows is not None and isinstance(rows.value, int):
        line.rows += rows.value
    if event.partition is not None:
        line.partitions += 1
    else:
        line.assets += 1


def _name(event: dg.DagsterEvent) -> str:
    return str(event.step_key).replace("__", "/")


def _root_error(event: dg.DagsterEvent) -> str:
    return told(event.step_failure_data.error).split(": ", 1)[-1]  # without the error's class
