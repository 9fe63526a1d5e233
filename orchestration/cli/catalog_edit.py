"""`heddle catalog edit`: what people know about an entry."""

import getpass
import re

import click

from core import settings as config
from orchestration.cli.catalog_opened import entry_of

AUTHOR = click.option("--author", default=getpass.getuser, help="Who changes it (default: you).")
_OF_COLUMN = re.compile(r"(?s)(.+?):([a-z][a-z0-9_]*)=(.*)")


@click.command()
@click.argument("key")
@click.option("--description", help="What it is, in your words.")
@click.option("--owner", "owners", multiple=True, help="Who answers for it, such as team:shop (repeatable).")
@click.option("--tag", "tags", multiple=True, help="A tag to add (repeatable).")
@click.option("--untag", multiple=True, help="A tag to take away (repeatable).")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of attributes.yaml; NAME= takes it away (repeatable).",
)
@click.option("--column", "columns", multiple=True, metavar="NAME=TEXT", help="A column's description (repeatable).")
@click.option(
    "--meaning", "meanings", multiple=True, metavar="NAME=TYPE", help="A column's semantic type (repeatable)."
)
@click.option(
    "--column-owner", "column_owners", multiple=True, metavar="NAME=WHO", help="Who answers for a column (repeatable)."
)
@click.option(
    "--column-attribute", "column_attributes", multiple=True, metavar="COLUMN:NAME=VALUE", help="(repeatable)"
)
@AUTHOR
def edit(
    key: str,
    description: str | None,
    owners: tuple[str, ...],
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    attributes: tuple[str, ...],
    columns: tuple[str, ...],
    meanings: tuple[str, ...],
    column_owners: tuple[str, ...],
    column_attributes: tuple[str, ...],
    author: str,
) -> None:
    """Write what you know about an entry; scans and runs never overwrite it.

    \b
    Examples:
      heddle catalog edit table/retail/baskets --owner team:shop --tag core
      heddle catalog edit table/retail/baskets --attribute tier=gold --attribute reviewed=2024-05-01
      heddle catalog edit shop/users --column mob="Mobile, as given at sign-up" --meaning mob=cn_mobile
      heddle catalog edit shop/users --column-owner mob=ann --column-attribute mob:tier=gold
    """
    from assets.catalog.attributes.model import read
    from assets.catalog.edit import Edit
    from assets.catalog.edit import edit as change
    from assets.catalog.semantics import registry
    from orchestration.cli.kettle import pairs

    folder = config.load().catalog_files
    said = pairs(meanings, "--meaning")
    if any(said.values()):
        types = registry.load(folder)
        said = {column: types[type_].name if type_ else "" for column, type_ in said.items()}
    kind, name, versions = entry_of(key)
    wanted = Edit(
        description,
        owners or None,
        tags,
        untag,
        pairs(columns, "--column"),
        said,
        pairs(attributes, "--attribute"),
        _by_column(column_attributes),
        pairs(column_owners, "--column-owner"),
    )
    made = change(versions, kind, name, wanted, author, known=read(folder))
    click.echo(f"{name}: version {made.number}" if made else f"{name}: said so already")


def _by_column(values: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """COLUMN:NAME=VALUE arguments by column. Raises click's error for another form."""
    found: dict[str, dict[str, str]] = {}
    for value in values:
        parts = _OF_COLUMN.fullmatch(value)
        if parts is None:
            raise click.BadParameter(f"{value!r} is not COLUMN:NAME=VALUE", param_hint="--column-attribute")
        found.setdefault(parts[1], {})[parts[2]] = parts[3]
    return found
