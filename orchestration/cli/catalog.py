"""`heddle catalog`: what data there is, what it means, every version of that knowledge."""

import getpass
from typing import TYPE_CHECKING

import click

from core import settings as config

if TYPE_CHECKING:
    from assets.catalog.store.versions import Versions

AUTHOR = click.option("--author", default=getpass.getuser, help="Who changes it (default: you).")


@click.group()
def catalog() -> None:
    """What data there is, what it means, who changed it when.

    \b
    Examples:
      heddle catalog scan                               look at all sources, keep what changed
      heddle catalog search "active users last 30 days" find tables by meaning, in English or Chinese
      heddle catalog show table/retail/baskets          columns, meanings, profile, owner, score
      heddle catalog history table/retail/baskets       who changed it, when, in which run
      heddle catalog diff shop/orders 3 5               what differs between two versions
      heddle catalog restore shop/orders 3              the former description, and the DDL of its structure
    """


def opened() -> "Versions":
    """The catalogue of the settings in force."""
    from assets.catalog.store.versions import Versions

    return Versions(config.load().catalog)


@catalog.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--zh", is_flag=True, help="Generated sentences in Chinese.")
def show(key: str, as_json: bool, zh: bool) -> None:
    """Everything about one entry: an asset key or SOURCE/TABLE.

    \b
    Examples:
      heddle catalog show table/retail/baskets
      heddle catalog show warehouse/table_retail.baskets --json
    """
    from rich.console import Console

    from assets.catalog.card import card
    from assets.catalog.facts import KIND
    from assets.catalog.uses import use
    from orchestration.cli.catalog_shown import as_text, plain

    versions = opened()
    found = card(versions, key)
    use(versions, KIND, {found.asset: 1}, "look")
    if as_json:
        click.echo(plain(found))
        return
    Console().print(as_text(found, zh))


@catalog.command()
@click.argument("key")
def history(key: str) -> None:
    """Every version of an entry: number, moment, author, cause, run.

    \b
    Example:
      heddle catalog history table/retail/baskets
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    kind, name, versions = _entry(key)
    table = Table("version", "at", "author", "cause", "run", box=None)
    for v in versions.history(kind, name):
        cause = v.change.cause if v.document is not None else f"removed: {v.change.cause}"
        table.add_row(*(Text(str(t)) for t in (v.number, v.change.at, v.change.author, cause, v.change.run)))
    Console().print(table)


@catalog.command()
@click.argument("key")
@click.argument("one", type=int)
@click.argument("other", type=int)
def diff(key: str, one: int, other: int) -> None:
    """What differs between versions ONE and OTHER of an entry; breaking changes with the assets they hit.

    \b
    Example:
      heddle catalog diff shop/orders 3 5
    """
    from assets.catalog.edit import difference

    kind, name, versions = _entry(key)
    found = difference(versions, kind, name, one, other)
    for change in found:
        click.echo(str(change))
    if not found:
        click.echo("no difference")


@catalog.command()
@click.argument("key")
@click.argument("number", type=int)
@click.option("--dialect", default="postgres", help="postgres, mysql, duckdb, sqlite or hive: of the printed DDL.")
@click.option("--ddl-only", is_flag=True, help="Print the DDL and change nothing in the catalogue.")
@AUTHOR
def restore(key: str, number: int, dialect: str, ddl_only: bool, author: str) -> None:
    """Make version NUMBER's description, tags, owner and meanings the present ones, and print the DDL of its structure.

    The structure itself is the source's: run the printed statements there, then scan.

    \b
    Examples:
      heddle catalog restore shop/orders 3 --dialect mysql
      heddle catalog restore shop/orders 3 --ddl-only | psql shop
    """
    from assets.catalog.edit import ddl, revert

    kind, name, versions = _entry(key)
    if kind == "table":
        for statement in ddl(versions, name, number, dialect):
            if statement.loses:
                click.echo(f"-- loses {statement.loses}")
            click.echo(f"{statement.sql};")
    if not ddl_only:
        made = revert(versions, kind, name, number, author)
        click.echo(f"-- {name}: version {made.number}" if made else f"-- {name}: nothing to restore", err=True)


@catalog.command()
@click.argument("key")
@click.option("--description", help="What it is, in your words.")
@click.option("--owner", "owners", multiple=True, help="Who answers for it, such as team:shop (repeatable).")
@click.option("--tag", "tags", multiple=True, help="A tag to add (repeatable).")
@click.option("--untag", multiple=True, help="A tag to take away (repeatable).")
@click.option("--column", "columns", multiple=True, metavar="NAME=TEXT", help="A column's description (repeatable).")
@click.option(
    "--meaning", "meanings", multiple=True, metavar="NAME=TYPE", help="A column's semantic type (repeatable)."
)
@AUTHOR
def edit(
    key: str,
    description: str | None,
    owners: tuple[str, ...],
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    columns: tuple[str, ...],
    meanings: tuple[str, ...],
    author: str,
) -> None:
    """Write what you know about an entry; scans and runs never overwrite it.

    \b
    Examples:
      heddle catalog edit table/retail/baskets --owner team:shop --tag core
      heddle catalog edit shop/users --column mob="Mobile, as given at sign-up" --meaning mob=cn_mobile
    """
    from assets.catalog.edit import Edit
    from assets.catalog.edit import edit as change
    from orchestration.cli.kettle import pairs

    kind, name, versions = _entry(key)
    wanted = Edit(description, owners or None, tags, untag, pairs(columns, "--column"), pairs(meanings, "--meaning"))
    made = change(versions, kind, name, wanted, author)
    click.echo(f"{name}: version {made.number}" if made else f"{name}: said so already")


@catalog.command()
@click.argument("key")
@AUTHOR
def accept(key: str, author: str) -> None:
    """Accept the breaking changes of a scanned table: what was blocked by them runs again.

    \b
    Example:
      heddle catalog accept shop/orders
    """
    from assets.catalog.record import accept as take
    from assets.catalog.record import pending

    versions = opened()
    waiting = pending(versions, key)
    if not waiting:
        click.echo(f"{key}: no breaking change waits")
        return
    for change in waiting:
        click.echo(f"accepted: {change}")
    take(versions, key, author)


def _entry(key: str) -> tuple[str, str, "Versions"]:
    """Kind and key of an entry, by either of its keys. Raises HeddleError with the nearest ones when there is none."""
    from assets.catalog.card import card

    versions = opened()
    for kind in ("table", "asset"):
        if versions.history(kind, key):
            return kind, key, versions
    found = card(versions, key)
    return ("table", found.table, versions) if found.table == key else ("asset", found.asset, versions)
