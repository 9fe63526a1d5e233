"""`heddle catalog tags`: what columns are about and how personal they are; proposed, decided, carried along lineage."""

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import HeddleError
from orchestration.cli.catalog_opened import opened
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from assets.catalog.tags.kept import Tags

AUTHOR = click.option("--author", default=getpass.getuser, help="Who decides it (default: you).")
WORD = {"proposed": "?", "inherited": "+", "accepted": "+", "refused": "-"}


@click.group()
def tags() -> None:
    """Tags of columns, proposed from content, meaning and lineage; accepted ones are carried to what is made of them.

    \b
    Examples:
      heddle catalog tags propose
      heddle catalog tags show raw/crm/customer
      heddle catalog tags accept raw/crm/customer mobile pii:phone
      heddle catalog tags refuse table/shop/sales customers pii:phone --note "a count"
    """


@tags.command()
@AUTHOR
def propose(author: str) -> None:
    """Work out all tags again; what people decided stays.

    \b
    Example:
      heddle catalog tags propose
    """
    from assets.catalog.store.versions import Change
    from assets.catalog.tags.decide import publish
    from assets.catalog.tags.kept import all_tags
    from assets.catalog.tags.refresh import refresh

    settings, versions = config.load(), opened()
    changed = refresh(settings, versions, Change(author, "tags proposed"))
    publish(settings, versions)
    found = all_tags(versions)
    waiting = sum(tag.state == "proposed" for tags in found.values() for _, _, tag in tags.each())
    click.echo(f"{len(found)} assets have tags, {len(changed)} changed; {waiting} tags wait for a decision")
    if not found:
        click.echo("`heddle catalog scan` looks at the sources first")


@tags.command()
@click.argument("key", required=False)
@click.option("--zh", is_flag=True, help="Names of tags in Chinese.")
def show(key: str | None, zh: bool) -> None:
    """The tags of KEY with confidence, evidence and the way they came; without KEY all assets with their tags.

    `+` is in force, `?` waits for a decision, `-` was refused.

    \b
    Examples:
      heddle catalog tags show
      heddle catalog tags show raw/crm/customer --zh
    """
    from assets.catalog.semantics import registry
    from assets.catalog.tags.decide import asset_key
    from assets.catalog.tags.kept import all_tags, of_asset
    from assets.catalog.tags.vocabulary import load

    settings, versions = config.load(), opened()
    if key is None:
        for name, found in all_tags(versions).items():
            said = sorted({f"{WORD[tag.state]}{t}" for _, t, tag in found.each()})
            click.echo(visible(f"{name}: {', '.join(said)}"))
        return
    words = load(settings.catalog_files, registry.load(settings.catalog_files))
    found = of_asset(versions, asset_key(versions, key)).tags
    _tell(found, lambda tag: words.label(tag, "zh" if zh else "en"))
    if not found.columns:
        click.echo(f"{key} has no tags; `heddle catalog tags propose` looks for some")


def _tell(found: "Tags", label: Callable[[str], str]) -> None:
    for column, name, tag in found.each():
        who = f" by {tag.who} {tag.at[:10]}" if tag.who else ""
        where = column or "(the whole)"
        line = f"{WORD[tag.state]} {where}: {name} ({label(name)}) {tag.confidence:.0%} {tag.state}{who}"
        click.echo(visible(line))
        if tag.implies:
            click.echo(f"    and so {', '.join(tag.implies)}")
        for reason in tag.evidence:
            click.echo(visible(f"    {reason}"))
        if tag.path:
            click.echo(visible(f"    {' -> '.join(tag.path)}"))


@tags.command()
@click.argument("key")
@click.argument("places", nargs=-1, required=True, metavar="[COLUMN] TAG")
@click.option("--note", default="", help="Why.")
@AUTHOR
def accept(key: str, places: tuple[str, ...], note: str, author: str) -> None:
    """Accept TAG of a COLUMN of KEY, or of KEY as a whole; it is in force there and on all that is made from it.

    \b
    Examples:
      heddle catalog tags accept raw/crm/customer mobile pii:phone
      heddle catalog tags accept table/shop/sales money
    """
    _decide(key, places, True, note, author)


@tags.command()
@click.argument("key")
@click.argument("places", nargs=-1, required=True, metavar="[COLUMN] TAG")
@click.option("--note", default="", help="Why.")
@AUTHOR
def refuse(key: str, places: tuple[str, ...], note: str, author: str) -> None:
    """Refuse TAG of a COLUMN of KEY, or of KEY as a whole; it goes no further from there.

    \b
    Example:
      heddle catalog tags refuse table/shop/sales customers pii:phone --note "only counted"
    """
    _decide(key, places, False, note, author)


def _decide(key: str, places: tuple[str, ...], accepted: bool, note: str, author: str) -> None:
    from assets.catalog.tags.decide import decide

    if len(places) > 2:
        raise HeddleError(f"{' '.join(places)!r} is more than a column and a tag", "quote names that have blanks")
    column, tag = places if len(places) == 2 else ("", places[0])
    made = decide(config.load(), opened(), (key, column), tag, accepted, author, note)
    others = {v.key for v in made} - {made[0].key} if made else set()
    click.echo(f"{'accepted' if accepted else 'refused'}; {len(others)} other assets changed" if made else "as before")
