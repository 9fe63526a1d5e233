"""`heddle catalog relations`, `relate` and `join`: how tables hang together, and what people say of it."""

import getpass
import os

import click

from core import settings as config
from orchestration.cli.catalog_opened import opened
from orchestration.cli.visible import visible


@click.command()
@click.argument("names", nargs=-1)
def relate(names: tuple[str, ...]) -> None:
    """Look for keys and joinable columns within and between the sources (or the NAMES given).

    \b
    Example:
      heddle catalog relate
    """
    from rich.console import Console
    from rich.progress import Progress

    from assets.catalog.relate import relate as look
    from assets.catalog.scan.sources import chosen, load_sources
    from assets.catalog.store.versions import Change
    from orchestration.cli.catalog import follow

    settings, console = config.load(), Console(markup=False, emoji=False)
    sources = chosen(load_sources(settings), names, settings.catalog_files)
    change = Change(getpass.getuser(), "heddle catalog relate")
    with Progress(console=console, transient=True) as shown:
        told = follow(shown, "relations")
        found = look(settings, opened(), sources, dict(os.environ), change, told)
    console.print(f"{len(found.relations)} relations between columns", highlight=False)
    for place, reason in found.errors:
        console.print(visible(f"  {place} could not be read: {reason}"), markup=False, style="red")
    if found.errors:
        raise SystemExit(1)


@click.command()
@click.argument("table", required=False)
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True)
def relations(table: str | None, limit: int) -> None:
    """Foreign keys and joinable columns that `relate` found, the surest first, with the reasons.

    \b
    Examples:
      heddle catalog relations
      heddle catalog relations warehouse/table_retail.baskets
    """
    from assets.catalog.card import card
    from assets.catalog.relate import of_table, related

    settings, versions = config.load(), opened()
    found = related(versions, settings)
    shown = of_table(found, table) if table else found
    for relation in shown[:limit]:
        said = f"{relation.child} -> {relation.parent}"
        click.secho(
            f"{visible(said)}  {relation.kind.value}, {relation.cardinality.value}, {relation.score:.0%}", bold=True
        )
        click.echo(visible(f"  {relation.state.value}: {'; '.join(relation.reasons)}"))
    if not found:
        click.echo("none are known: run `heddle catalog relate`")
    elif table and not shown:
        click.echo(f"none are known of {card(versions, table).table or table}")


@click.command()
@click.argument("child")
@click.argument("parent")
@click.option("--refuse", is_flag=True, help="It is none: do not propose it again.")
@click.option("--note", default="", help="Why.")
@click.option("--author", default=getpass.getuser, help="Who decides it (default: you).")
def join(child: str, parent: str, refuse: bool, note: str, author: str) -> None:
    """Accept (or refuse) that CHILD refers to PARENT, each as SOURCE/TABLE.COLUMN.

    \b
    Example:
      heddle catalog join shop/orders.customer shop/customers.id --note "asked Ann"
    """
    from assets.catalog.relate import named, related
    from assets.catalog.relations.model import State
    from assets.catalog.relations.store import decide

    settings = config.load()
    relation = named(related(opened(), settings), child, parent)
    state = State.REFUSED if refuse else State.ACCEPTED
    decide(settings.catalog_files, relation, state, author, note)
    click.echo(f"{child} -> {parent}: {state.value}")
