"""`heddle demo`: the whole graph on a year of real retail data, then what came out of it."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from core import settings as config
from core.errors import HeddleError

NEXT = """
[bold]Next[/bold]
  heddle up                              web UI, daemon, endpoint server and MLflow UI
  heddle ask "When does the store open on Sundays?"
  heddle metrics query sales --by department --grain month
  heddle run --dry-run                   what is out of date, and why
  docs/tutorial.md                       drop a new week of data and watch only it recompute
"""


@click.command()
def demo() -> None:
    """Build everything on real data: 22 million rows in, a live endpoint and an answered question out.

    A second call runs only what changed.

    \b
    Examples:
      heddle demo
      HEDDLE_HOME=/data/heddle heddle demo
    """
    from rich.console import Console

    from assets.catalog.registration_defs import bring_up_to_date
    from assets.endpoints import server
    from orchestration import summary
    from orchestration.cli.progress import Progress
    from orchestration.runner import close_orphans, only_runner
    from orchestration.session import open_session

    console = Console()
    settings = config.load()
    begun = time.monotonic()
    console.print(f"[bold]Heddle demo[/bold]  data: {settings.retail}  state: {settings.home}")
    with only_runner(settings.home), _endpoint_server(settings):
        session = open_session(settings)
        close_orphans(session.instance)
        progress = Progress(console)
        with progress.shown():
            outcome = session.runner.update(None, progress)
            if outcome.runs:
                bring_up_to_date(settings, session.runner.graph, session.instance, outcome.runs[-1])
        if outcome.failed:
            raise HeddleError(
                f"{len(outcome.failed)} step(s) failed: {', '.join(outcome.failed)}",
                "correct the cause shown above and run the same command again; what succeeded is kept",
            )
        seconds = time.monotonic() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        built = f"{len(outcome.ran)} asset partitions built, {progress.green} checks green"
        message = built if outcome.ran else "Everything was up to date"
        console.print(f"\n[bold green]{message} in {seconds:.0f} s[/bold green], peak memory {peak:.1f} GB")
        server.ensure(settings)
        summary.show(console, session)
    console.print(NEXT, highlight=False, soft_wrap=True)


@contextmanager
def _endpoint_server(settings: config.Settings) -> Iterator[None]:
    """Leave the server as it was found: the demo stops the one it started."""
    from assets.endpoints import server

    found = server.answers(settings)
    try:
        yield
    finally:
        if not found:
            server.stop(settings)
