"""`heddle erase`: everything that is kept about a person: found, given out, erased, and looked for again."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.security.erasure.model import UNSEEN, Found
from core import settings as config
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.security.erasure.run import Erasure

ASKED = "ERASURE_ASKED"  # variable of this process
VALUES = click.option("--value", "values", multiple=True, help="An identifier; `-` reads lines from standard input.")
ROWS = click.option(
    "--row",
    "rows",
    nargs=2,
    multiple=True,
    metavar="TABLE KEY",
    help="The person's row; a key of several columns as a JSON list.",
)


@click.group()
def erase() -> None:
    """A person's data in tables, files, indexes, the catalogue, logs, features and the vault (docs/trace.md).

    \b
    Examples:
      echo 13800000001 | heddle erase find --value -
      heddle erase export --row raw/crm/customer 17 --output person.jsonl
      heddle erase run --row raw/crm/customer 17
      heddle erase report
    """


@erase.command()
@VALUES
@ROWS
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
def find(values: tuple[str, ...], rows: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Where the person is, and how many rows; changes nothing. Exit status 1 when a store could not be looked at.

    \b
    Examples:
      echo 13800000001 | heddle erase find --value -
      heddle erase find --row raw/crm/customer 17
    """
    found = _erasure(values, rows).find()
    for one in found:
        click.echo(json.dumps(one.document(), ensure_ascii=False) if as_json else _line(one))
    if not found and not as_json:
        click.echo("found nowhere")
    if any(one.how == UNSEEN for one in found):
        raise SystemExit(1)


@erase.command()
@VALUES
@ROWS
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="JSON lines, mode 600.")
def export(values: tuple[str, ...], rows: tuple[tuple[str, str], ...], output: Path) -> None:
    """What is kept about the person, with where it is from: their own copy.

    Exit status 1 when a store could not be looked at.

    \b
    Example:
      heddle erase export --row raw/crm/customer 17 --output person.jsonl
    """
    erasure = _erasure(values, rows)
    click.echo(f"{erasure.export(output):,} records in {output}")
    for store, why in erasure.missed.items():
        click.secho(f"not looked at: {store}  {why}", fg="yellow", err=True)
    if erasure.missed:
        raise SystemExit(1)


@erase.command()
@VALUES
@ROWS
@click.option("--by", default=getpass.getuser, help="Who asked for it (default: you).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def run(values: tuple[str, ...], rows: tuple[tuple[str, str], ...], by: str, yes: bool) -> None:
    """Erase the person as a run of Dagster, then search every store again.

    Exit status 1 when something is left, or a store could not be looked at or refused; what leads to the person then
    stays, and the next run goes on.

    \b
    Example:
      heddle erase run --row raw/crm/customer 17
    """
    from assets.security.erasure.erasure_defs import job
    from assets.security.erasure.run import Erasure
    from orchestration.instance import open_instance

    settings, given = config.load(), _read(values)
    erasure = Erasure(settings, given, rows)
    found = erasure.find()
    for one in found:
        click.echo(_line(one))
    click.echo(f"person {erasure.id[:12]}: {len(found)} places")
    if not yes and not click.confirm("Erase the person in all of them? This cannot be undone"):
        raise click.Abort
    asked = {"values": given, "rows": rows}
    os.environ[ASKED] = json.dumps(asked)  # of this process alone: a file would outlive a kill
    try:
        with open_instance(settings) as instance:
            inputs = {"ops": {"erase": {"config": {"subject": f"env:{ASKED}", "by": by}}}}
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            done = job(settings).execute_in_process(inputs | quiet, instance=instance, raise_on_error=False)
    finally:
        del os.environ[ASKED]
    if not erasure.path.exists():
        raise HeddleError("the erasure failed", "look at the run in Dagster, and run it again: it goes on")
    report = json.loads(erasure.path.read_text(encoding="utf-8"))
    for model in report["models"]:
        click.echo(f"train anew: {model}")
    for left in report["left"]:
        click.secho(_left(left), fg="yellow")
    click.echo(f"{report['state']}; report {erasure.path}")
    if not done.success:
        raise HeddleError("the erasure has not ended", "correct what it tells above and run it again: it goes on")
    if report["left"]:
        raise SystemExit(1)


@erase.command()
@click.option("--json", "as_json", is_flag=True, help="The whole reports as JSON lines.")
def report(as_json: bool) -> None:
    """The reports of erasures: places and counts, no values.

    \b
    Example:
      heddle erase report --json
    """
    from assets.security.erasure.run import reports

    for one in reports(config.load()):
        if as_json:
            click.echo(json.dumps(one, ensure_ascii=False))
            continue
        click.echo(f"{one['at']}  {one['id'][:12]}  {one['state']}  by {one['by']}: {len(one['found'])} places")
        for place in one["found"]:
            click.echo(f"    {place['count']:>8,}  {place['store']}: {place['place']}")
        for left in one["left"]:
            click.echo(f"    {_left(left)}")


def _line(found: Found) -> str:
    columns = f" ({', '.join(found.columns)})" if found.columns else ""
    note = f"  {found.note}" if found.note else ""
    return f"{found.count:>8,}  {found.how:<8} {found.store}: {found.place}{columns}{note}"


def _left(place: dict[str, str]) -> str:
    return f"left: {place['store']}: {place['place']}  {place['how']}  {place['note']}"


def _erasure(values: tuple[str, ...], rows: tuple[tuple[str, str], ...]) -> "Erasure":
    from assets.security.erasure.run import Erasure

    return Erasure(config.load(), _read(values), rows)


def _read(values: tuple[str, ...]) -> list[str]:
    """The identifiers; `-` stands for the lines of standard input."""
    lines = [line.strip() for line in sys.stdin if line.strip()] if "-" in values else []
    return [v for v in values if v != "-"] + lines
