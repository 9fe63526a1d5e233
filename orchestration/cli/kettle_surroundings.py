"""What `heddle kettle` takes from the project's settings: connections, limits, a real engine in place of Heddle's."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.settings import Settings, redact

if TYPE_CHECKING:
    from assets.kettle.engine.run import EngineSettings


def engine_settings(project: Settings, connections: Mapping[str, str], **changes: Any) -> "EngineSettings":
    """The engine's settings as an asset of the project would have them, with connections and others replaced."""
    from assets.kettle.publish import engine_settings as settings_of

    settings = settings_of(project)
    return replace(settings, connections=settings.connections | dict(connections), **changes)


class _Opened(logging.Handler):
    """Keeps each line once."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line."""
        self.lines[record.getMessage()] = None


@contextmanager
def told_databases() -> Iterator[None]:
    """Says at the end, on stderr, which databases the body opened, without passwords."""
    logger, opened = logging.getLogger("heddle.kettle.database"), _Opened()
    before = logger.level
    logger.addHandler(opened)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(opened)
        logger.setLevel(before)
        for line in opened.lines:
            click.echo(line, err=True)


def runs_elsewhere(project: Settings) -> bool:
    """Whether HEDDLE_KETTLE names a real engine."""
    from assets.kettle.external.start import is_external

    return is_external(project.kettle)


def _unheard(line: str) -> None:
    """A line of the log that nobody asked for."""


def run_elsewhere(project: Settings, file: Path, parameters: Mapping[str, str], *, show_log: bool) -> None:
    """Runs the file on the engine that HEDDLE_KETTLE names and shows its figures.

    Raises:
        KettleError: it failed there, or the engine cannot be reached.
    """
    from assets.kettle.external.request import Request
    from assets.kettle.external.start import run_external
    from orchestration.cli.kettle import METRICS, metrics_of
    from resources.secrets import resolve

    password = resolve(project.kettle_password, "HEDDLE_KETTLE_PASSWORD") if project.kettle_password else ""
    click.echo(f"{file} runs on {redact(project.kettle)} (HEDDLE_KETTLE)", err=True)
    request = Request(
        file.absolute(), parameters=parameters, password=password, on_line=click.echo if show_log else _unheard
    )
    result = run_external(project.kettle, request).checked(file)
    table = Table("step", *METRICS, box=None)
    for name, counters in result.steps.items():
        table.add_row(Text(name), *(f"{n:,}" if n else "0" for n in metrics_of(counters)))
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
