"""`heddle run`: bring assets up to date in this process."""

from pathlib import Path
from typing import Any

import click
import dagster as dg
import yaml

from core import settings as config
from core.errors import HeddleError


@click.command()
@click.argument("selection", nargs=-1)
@click.option("--force", is_flag=True, help="Run the selection even where it is up to date.")
@click.option("--partition", "partitions", multiple=True, help="With --force: only this week (repeatable).")
@click.option("--dry-run", is_flag=True, help="Show what is out of date and why; run nothing.")
@click.option("--config", "config_file", type=click.Path(exists=True, path_type=Path), help="Run config as YAML.")
def run(
    selection: tuple[str, ...], force: bool, partitions: tuple[str, ...], dry_run: bool, config_file: Path | None
) -> None:
    """Bring assets up to date: only what is missing or changed runs.

    SELECTION is Dagster's asset selection syntax; without it, everything. Runs started here appear in the web UI.

    \b
    Examples:
      heddle run                                  everything that is out of date
      heddle run --dry-run                        only say what and why
      heddle run 'key:"table/retail/*"'           the tables
      heddle run '+key:"model/retail/coupon_propensity"'   the model and all it needs
      heddle run --force --partition 2017-03-06 'key:"raw/retail/transactions"'
    """
    if partitions and not force:
        raise click.UsageError("--partition goes with --force; without it, every week that is out of date runs")
    from rich.console import Console

    from assets.catalog.registration_defs import bring_up_to_date
    from orchestration.cli.progress import Progress
    from orchestration.runner import Outcome, close_orphans, only_runner
    from orchestration.session import open_session

    console = Console()
    settings = config.load()
    with only_runner(settings.home):
        session = open_session(settings, run_config=_read(config_file))
        close_orphans(session.instance)
        keys = session.select(selection) if selection else None
        if dry_run:
            _show(console, session.runner.plan(keys))
            return
        with Progress(console).shown() as progress:
            if force:
                outcome = Outcome()
                session.runner.run(session.forced(keys, partitions), progress, outcome)
            else:
                outcome = session.runner.update(keys, progress)
            if outcome.runs:
                bring_up_to_date(settings, session.runner.graph, session.instance, outcome.runs[-1])
    if not outcome.runs:
        console.print("Everything is up to date.")
    if outcome.failed:
        raise HeddleError(
            f"{len(outcome.failed)} step(s) failed: {', '.join(outcome.failed)}",
            "correct the cause shown above and run the same command again; what succeeded is kept",
        )


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HeddleError(f"{path} is not valid YAML: {error}", "correct the file") from None
    if not isinstance(content, dict):
        raise HeddleError(f"{path} holds no mapping", "write run config such as `ops: {…}`")
    return content


def _show(console: Any, stale: list[Any]) -> None:
    from rich.table import Table

    if not stale:
        console.print("Everything is up to date.")
        return
    table = Table("asset", "partitions", "why", box=None)
    grouped: dict[tuple[dg.AssetKey, str], list[str]] = {}
    for item in stale:
        grouped.setdefault((item.key, item.reason), []).append(item.partition or "")
    for (key, reason), found in grouped.items():
        named = [p for p in found if p]
        weeks = f"{len(named)}" if len(named) > 2 else " ".join(named)
        table.add_row(key.to_user_string(), weeks, reason)
    console.print(table)
    console.print("What depends on these is looked at again after they ran.")
