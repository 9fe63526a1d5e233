"""`heddle catalog`: what data there is, what it means, every version of that knowledge."""

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from core import settings as config
from orchestration.cli import catalog_attributes, catalog_remote
from orchestration.cli.catalog_edit import AUTHOR, edit
from orchestration.cli.catalog_meaning import meaning
from orchestration.cli.catalog_opened import entry_of, opened
from orchestration.cli.catalog_relations import join, relate, relations
from orchestration.cli.catalog_tags import tags
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.observe import Observed


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
      heddle catalog schema table                       what an entry of a kind may say, as JSON Schema
    """


def follow(shown: "Progress", name: str) -> Callable[[int, int, str], None]:
    """Shows how far the scan of a source is."""
    task = shown.add_task(name, total=None)
    return lambda done, total, path: shown.update(task, completed=done, total=total, description=f"{name} {path}")


def tell(console: "Console", done: "Observed", lineage: "LineageStore") -> bool:
    """Says what a scan found and whom it hits; whether something could not be read."""
    from assets.catalog.hits import hits, told

    found, recorded = done
    tables, read = len(found.tables) + len(found.unchanged), {t.table.path for t in found.tables if t.profiles}
    said = f"{tables} tables, {len(found.unchanged)} unchanged, {len(recorded.versions)} new versions"
    console.print(f"{found.source}: {said} in {found.seconds:.1f} s", markup=False, highlight=False)
    hit = hits(lineage, found.source, recorded.differences)
    for change, text in zip(recorded.differences, told(recorded.differences, hit), strict=True):
        console.print(f"  {visible(text)}", markup=False, highlight=False, style="yellow" if change.breaks else None)
    for table, reason in found.errors:
        how = "could not all be read" if table in read else "could not be read"
        console.print(visible(f"  {table or found.source} {how}: {reason}"), markup=False, style="red")
    return bool(found.errors)


@catalog.command()
@click.argument("names", nargs=-1)
@click.option("--whole", is_flag=True, help="Also what did not change since the last scan.")
@AUTHOR
def scan(names: tuple[str, ...], whole: bool, author: str) -> None:
    """Look at the sources of sources.yaml (or the NAMES given) and keep what changed.

    A source that is down is reported and the others go on; exit status 1 when something could not be read.

    \b
    Examples:
      heddle catalog scan
      heddle catalog scan retail --whole
    """
    from rich.console import Console
    from rich.progress import Progress

    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.observe import observe
    from assets.catalog.scan.sources import chosen, load_sources

    settings = config.load()
    sources = chosen(load_sources(settings), names, settings.catalog_files)
    versions, console, failed = opened(), Console(markup=False, emoji=False), False
    for source in sources:
        with Progress(console=console, transient=True) as shown:
            done = observe(settings, versions, source, author=author, whole=whole, progress=follow(shown, source.name))
        failed |= tell(console, done, LineageStore(settings.catalog))
    if failed:
        raise SystemExit(1)


@catalog.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--kind", "kinds", multiple=True, help="table, raw, metric, dimension, standard, codes, … (repeatable).")
@click.option("--as", "who", default=getpass.getuser, help="Whose eyes: private entries of others are not found.")
def search(words: tuple[str, ...], limit: int, kinds: tuple[str, ...], who: str) -> None:
    """Find tables, models, metrics, dimensions, standards and more, in English or Chinese, each with the reasons.

    \b
    Examples:
      heddle catalog search active users last 30 days
      heddle catalog search 近30天活跃用户数据
      heddle catalog search --kind metric --kind standard 手机号
    """
    from assets.catalog.find import find

    settings = config.load()
    hits = find(settings, opened(), " ".join(words), who, limit, kinds)
    for hit in hits:
        click.secho(visible(hit.key), bold=True)
        for reason in hit.reasons:
            click.echo(f"  {visible(reason)}")
    if not hits:
        click.echo("nothing found; `heddle catalog scan` looks at the sources")


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
    from assets.security.access.previews import of_card
    from orchestration.cli.catalog_shown import as_text, plain
    from orchestration.cli.seen import access_of

    versions = opened()
    found = of_card(card(versions, key), access_of("heddle catalog show", versions))
    use(versions, KIND, {found.asset: 1}, "look")
    if as_json:
        click.echo(plain(found))
        return
    Console(markup=False, emoji=False).print(as_text(found, zh))


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

    kind, name, versions = entry_of(key)
    table = Table("version", "at", "author", "cause", "run", box=None)
    for v in versions.history(kind, name):
        cause = v.change.cause if v.document is not None else f"removed: {v.change.cause}"
        table.add_row(*(Text(visible(str(t))) for t in (v.number, v.change.at, v.change.author, cause, v.change.run)))
    Console(markup=False, emoji=False).print(table)


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
    from assets.catalog.hits import hits, told
    from assets.catalog.lineage.store import LineageStore

    kind, name, versions = entry_of(key)
    found = difference(versions, kind, name, one, other)
    source = name.split("/", 1)[0]
    hit = hits(LineageStore(config.load().catalog), source, found) if kind == "table" else {}
    for text in told(found, hit):
        click.echo(visible(text))
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

    kind, name, versions = entry_of(key)
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
        entry_of(key)
        click.echo(f"{key}: no breaking change waits")
        return
    for change in waiting:
        click.echo(visible(f"accepted: {change}"))
    take(versions, key, author)


for _command in (relate, relations, join, meaning, tags, edit, *catalog_attributes.COMMANDS, *catalog_remote.COMMANDS):
    catalog.add_command(_command)
