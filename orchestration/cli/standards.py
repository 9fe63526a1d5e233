"""`heddle standards`: propose, approve and check standards of fields."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from assets.catalog.standards.model import CODES, FOLDER, CodeTable, Standard, write
from assets.documents import read, read_all
from core import settings as config
from core.errors import HeddleError

AUTHOR = click.option("--author", default=getpass.getuser, help="Who decides it (default: you).")


@click.group()
def standards() -> None:
    """Standards of fields: format, length, range, code tables. Files in git; approved ones are asset checks.

    \b
    Examples:
      heddle standards propose             from what the last scans measured
      heddle standards approve cn_mobile   it becomes an asset check of each table it names
      heddle standards check               compliance of all tables, in percent
      heddle standards names               columns that are not spelt as the others
    """


@standards.command()
@click.option("--again", is_flag=True, help="Also where a proposal was refused or approved before.")
def propose(again: bool) -> None:
    """Write proposals under standards/ from the scanned columns; what was decided before stays.

    \b
    Example:
      heddle standards propose
    """
    from assets.catalog.standards.fields import scanned
    from assets.catalog.standards.propose import standards as make
    from assets.catalog.store.versions import Versions

    settings = config.load()
    folder = settings.catalog_files / FOLDER
    decided = {n for n, s in read_all(folder, Standard).items() if s.status != "proposed"}
    found = make(scanned(Versions(settings.catalog)), _codes(settings))
    for standard in found:
        if standard.name in decided and not again:
            continue
        path = write(folder, standard)
        click.echo(f"{path}: {'; '.join(standard.evidence)}")
    if not found:
        click.echo("nothing to propose: run `heddle catalog scan` first")


@standards.command("list")
def list_standards() -> None:
    """All standards with their state and where they are checked.

    \b
    Example:
      heddle standards list
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("standard", "state", "by", "demands", "columns", box=None)
    for s in read_all(config.load().catalog_files / FOLDER, Standard).values():
        demands = [n for n in ("pattern", "lengths", "range", "codes", "required") if getattr(s, n)]
        table.add_row(s.name, s.status, s.by, ", ".join(demands), str(len(s.columns)))
    Console(markup=False, emoji=False).print(table)


@standards.command()
@click.argument("names", nargs=-1, required=True)
@AUTHOR
def approve(names: tuple[str, ...], author: str) -> None:
    """Approve proposals: they become asset checks of the tables they name.

    \b
    Example:
      heddle standards approve cn_mobile email
    """
    _decide(names, "approved", author)


@standards.command()
@click.argument("names", nargs=-1, required=True)
@AUTHOR
def refuse(names: tuple[str, ...], author: str) -> None:
    """Refuse proposals; they are not proposed again.

    \b
    Example:
      heddle standards refuse order_no
    """
    _decide(names, "refused", author)


@standards.command()
def check() -> None:
    """Compliance of the warehouse's tables with the approved standards, in percent; kept in the catalogue.

    \b
    Example:
      heddle standards check
    """
    from rich.console import Console
    from rich.table import Table

    from assets.catalog.standards.kept import keep
    from assets.catalog.standards.measure import measure
    from assets.catalog.store.versions import Versions
    from core.naming import Key, table_name
    from resources.open import warehouse

    settings = config.load()
    approved = [s for s in read_all(settings.catalog_files / FOLDER, Standard).values() if s.status == "approved"]
    store, codes, versions = warehouse(settings), _codes(settings), Versions(settings.catalog)
    table = Table("table", "column", "standard", "rows", "compliance", "violations", box=None)
    for asset in sorted({p.asset for s in approved for p in s.columns}):
        found = measure(store, table_name(Key.parse(asset)), asset, approved, codes)
        keep(versions, asset, found)
        for c in found:
            broken = ", ".join(f"{k} {v}" for k, v in c.violations.items() if v)
            table.add_row(asset, c.column, c.standard, f"{c.rows:,}", f"{c.share:.3%}", broken)
    Console(markup=False, emoji=False).print(table)


@standards.command()
def names() -> None:
    """The usual spelling of column names and the columns that deviate.

    \b
    Example:
      heddle standards names
    """
    from assets.catalog.standards.fields import scanned
    from assets.catalog.standards.propose import naming
    from assets.catalog.store.versions import Versions

    found = naming([(f.asset, f.column.name) for f in scanned(Versions(config.load().catalog))])
    if found is None:
        click.echo("no columns: run `heddle catalog scan` first")
        return
    click.echo(f"{found.style}: {found.share:.0%} of the columns")
    for asset, column in found.deviations:
        click.echo(f"{asset}.{column}")


def _decide(names: tuple[str, ...], status: str, author: str) -> None:
    folder: Path = config.load().catalog_files / FOLDER
    for name in names:
        path = folder / f"{name}.yaml"
        if not path.exists():
            known = ", ".join(p.stem for p in sorted(folder.glob("*.yaml"))) or "none"
            raise HeddleError(f"no standard {name}", f"there are: {known}")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        write(folder, read(path, Standard).model_copy(update={"status": status, "by": author, "at": at}))
        click.echo(f"{name}: {status}")


def _codes(settings: config.Settings) -> dict[str, CodeTable]:
    return read_all(settings.catalog_files / CODES, CodeTable)
