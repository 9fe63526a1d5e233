"""`heddle up`: everything that runs, under one supervisor."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import EndpointError

if TYPE_CHECKING:
    from rich.table import Table

    from orchestration.supervisor import Status, Supervisor

OPTIONAL = ("daemon", "endpoints", "studio", "MLflow UI")
REFRESH_SECONDS = 1.0


@click.command()
@click.option("--without", multiple=True, type=click.Choice(OPTIONAL), help="Leave this service out (repeatable).")
def up(without: tuple[str, ...]) -> None:
    """Run the web UI, the daemon, the endpoint server, the studio and the MLflow UI until Ctrl-C.

    A service that crashes is started again. Logs are in the home folder under logs/.

    \b
    Examples:
      heddle up
      heddle up --without "MLflow UI"
      HEDDLE_UI_PORT=3100 heddle up
    """
    from core.pidfile import hold
    from orchestration.instance import environment, open_instance
    from orchestration.services import services
    from orchestration.supervisor import Supervisor

    settings = config.load()
    taken = f"`heddle up` already runs on {settings.home}"
    pid_file = settings.home / "run" / "up.pid"
    with hold(pid_file, EndpointError, taken, "use that one, or stop it first"), _short_folder() as folder:
        chosen = [s for s in services(settings, folder) if s.name not in without]
        screen = _Screen()
        supervisor = Supervisor(chosen, environment(settings), settings.home / "logs", screen.changed)
        supervisor.check_ports()
        with open_instance(settings) as instance:  # creates its tables: the services would all do so at once
            assert instance.run_storage and instance.event_log_storage and instance.schedule_storage
        asyncio.run(screen.show(supervisor))


class _Screen:
    """A live table on a terminal, a line per change elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console()

    async def show(self, supervisor: "Supervisor") -> None:
        if not self.console.is_terminal:
            await supervisor.run()
            return
        from rich.live import Live

        with Live(console=self.console, auto_refresh=False) as live:
            running = asyncio.create_task(supervisor.run())
            while not running.done():
                live.update(_table(supervisor.statuses), refresh=True)
                await asyncio.wait({running}, timeout=REFRESH_SECONDS)
            live.update(_table(supervisor.statuses), refresh=True)
            await running

    def changed(self, status: "Status") -> None:
        if not self.console.is_terminal:
            words = (time.strftime("%H:%M:%S"), status.service.name, status.state, status.service.shown, status.note)
            click.echo("  ".join(w for w in words if w))


def _table(statuses: "list[Status]") -> "Table":
    from rich.table import Table

    table = Table("service", "state", "address", "pid", "MB", "restarts", "up", "", box=None)
    colours = {"healthy": "green", "crashed": "red", "not well": "red"}
    for status in statuses:
        seconds = int(time.monotonic() - status.since) if status.pid else 0
        colour = colours.get(status.state, "yellow")
        table.add_row(
            status.service.name,
            f"[{colour}]{status.state}[/]",
            status.service.shown,
            str(status.pid or ""),
            str(status.memory() // 2**20 or ""),
            str(status.restarts or ""),
            f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}" if status.pid else "",
            status.note,
        )
    return table


@contextmanager
def _short_folder() -> Iterator[Path]:
    """A private folder with a short path: a socket's path may have 107 characters, and the home folder may be deep."""
    folder = Path(tempfile.mkdtemp(prefix="heddle-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
