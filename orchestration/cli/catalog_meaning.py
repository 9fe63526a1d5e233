"""`heddle catalog meaning`: what columns mean, as people say it; and a classifier trained on what they labelled."""

import getpass
from pathlib import Path

import click

from core import settings as config
from core.settings import Settings
from orchestration.cli.catalog_opened import opened
from orchestration.cli.visible import visible

AUTHOR = click.option("--author", default=getpass.getuser, help="Who says so (default: you).")


@click.group()
def meaning() -> None:
    """Meanings of columns: your word wins over what is computed, and a classifier learns types of your own.

    \b
    Examples:
      heddle catalog meaning types phone
      heddle catalog meaning set crm/public.users mob cn_mobile
      heddle catalog meaning list
      heddle catalog meaning train labelled.csv
    """


@meaning.command("set")
@click.argument("key")
@click.argument("column")
@click.argument("type_", metavar="TYPE")
@click.option("--note", default="", help="Why.")
@AUTHOR
def set_(key: str, column: str, type_: str, note: str, author: str) -> None:
    """Say that COLUMN of SOURCE/TABLE means TYPE (`none`: no known type); kept in meanings.yaml, scans keep to it.

    \b
    Examples:
      heddle catalog meaning set crm/public.users mob cn_mobile --note "from the sign-up form"
      heddle catalog meaning set crm/public.users c9 none
    """
    from assets.catalog.semantics.said import say

    settings = config.load()
    said = "" if type_ == "none" else type_
    say(settings, opened(), key, column, said, author, note)
    _flow(settings, author)
    click.echo(visible(f"{key}.{column} means {said or 'nothing known'}"))


@meaning.command()
@click.argument("key")
@click.argument("column")
@AUTHOR
def unset(key: str, column: str, author: str) -> None:
    """Take back what was said about COLUMN of SOURCE/TABLE; the next scan judges it by its values again.

    \b
    Example:
      heddle catalog meaning unset crm/public.users mob
    """
    from assets.catalog.semantics.said import unsay

    settings = config.load()
    gone = unsay(settings, opened(), key, column, author)
    if gone:
        _flow(settings, author)
    click.echo(visible(f"{key}.{column}: {'taken back' if gone else 'nothing was said about it'}"))


def _flow(settings: Settings, author: str) -> None:
    """Tags follow meanings."""
    from assets.catalog.store.versions import Change
    from assets.catalog.tags.decide import publish
    from assets.catalog.tags.refresh import refresh

    versions = opened()
    refresh(settings, versions, Change(author, "a meaning was corrected"))
    publish(settings, versions)


@meaning.command("list")
def list_() -> None:
    """What people said columns mean: who, when, why.

    \b
    Example:
      heddle catalog meaning list
    """
    from assets.catalog.semantics import corrections, registry

    settings = config.load()
    said = corrections.read(settings.catalog_files, registry.load(settings.catalog_files)).entries
    for entry in said:
        why = f": {entry.note}" if entry.note else ""
        means = entry.type or "none"
        click.echo(visible(f"{entry.source}/{entry.table} {entry.column} {means} ({entry.who} {entry.when[:10]}{why})"))
    if not said:
        click.echo("nothing was said; `heddle catalog meaning set SOURCE/TABLE COLUMN TYPE` says what a column means")


@meaning.command()
@click.argument("words", nargs=-1)
def types(words: tuple[str, ...]) -> None:
    """The semantic types, or those in whose name or label all WORDS are; English or Chinese.

    \b
    Examples:
      heddle catalog meaning types
      heddle catalog meaning types 手机
    """
    from assets.catalog.semantics import registry

    settings = config.load()
    found = registry.load(settings.catalog_files).types.values()
    wanted = [w.lower() for w in words]
    fitting = [t for t in found if all(w in f"{t.name} {t.label.en} {t.label.zh}".lower() for w in wanted)]
    for type_ in sorted(fitting, key=lambda t: t.name):
        level = "" if type_.sensitivity.value == "none" else f", {type_.sensitivity.value}"
        click.echo(f"{type_.name}: {type_.label.en} {type_.label.zh}{level}")
    if not fitting:
        click.echo("no such type; your own go to semantics/*.yaml (docs/catalog.md)")


@meaning.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def train(file: Path) -> None:
    """Train the classifier on labelled columns: CSV with `table,column,value,type`, one row for each value.

    One fifth of each type's columns is kept aside and says how accurate it is; then all are learned from. Scans ask it
    about columns that no type explains. Versions are kept under HEDDLE_HOME/meaning_models; delete the last to go back.

    \b
    Example:
      heddle catalog meaning train labelled.csv
    """
    from assets.catalog.semantics import registry, training

    settings = config.load()
    types_ = registry.load(settings.catalog_files)
    done = training.train(training.read(file), settings.home / training.FOLDER, types_)
    click.echo(f"version {done.version}: learned from {done.trained} columns")
    if done.accuracy is None:
        click.echo("accuracy: not known, no type has more than two columns")
        return
    right = sum(r for r, _ in done.of_types.values())
    click.echo(f"accuracy on columns kept aside: {done.accuracy:.1%} ({right} of {done.held_out})")
    for name, (good, n) in done.of_types.items():
        click.echo(f"  {name}: {good} of {n}")
    if done.few:
        click.echo(f"  not measured, fewer than three columns: {', '.join(done.few)}")
