"""`heddle catalog attributes|schema`: what a company wants to know of its entities, and what an entity may say."""

import json

import click

from core import settings as config
from orchestration.cli.catalog_opened import opened
from orchestration.cli.visible import visible


@click.command()
@click.option("--check", is_flag=True, help="Name what is missing or does not fit; exit status 1 where something is.")
def attributes(check: bool) -> None:
    """The attributes of attributes.yaml: names, kinds of entities, types.

    \b
    Examples:
      heddle catalog attributes
      heddle catalog attributes --check
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from assets.catalog.attributes.model import read
    from assets.catalog.attributes.survey import survey

    settings = config.load()
    known = read(settings.catalog_files)
    if check:
        found = list(survey(settings, opened(), known))
        for key, name, said in found:
            click.echo(visible(f"{key}: {name} {said}"))
        if found:
            raise click.exceptions.Exit(1)
        return
    table = Table("name", "kinds", "type", "required", "called", box=None)
    for a in known.values():
        type_ = f"{a.type}: {', '.join(c.value for c in a.choices)}" if a.choices else a.type
        called = " / ".join(filter(None, (a.label.en, a.label.zh)))
        row = (a.name, ", ".join(a.kinds), type_, "yes" if a.required else "", called)
        table.add_row(*(Text(visible(text)) for text in row))
    Console(markup=False, emoji=False).print(table)


@click.command()
@click.argument("kind", required=False)
def schema(kind: str | None) -> None:
    """What an entity of KIND may say, with the company's attributes, as JSON Schema; of all kinds without KIND.

    \b
    Examples:
      heddle catalog schema metric > metric.schema.json
      heddle catalog schema | jq keys
    """
    from assets.catalog.attributes.model import read
    from assets.catalog.entities import schema as of_kind
    from assets.catalog.entities import schemas

    known = read(config.load().catalog_files)
    click.echo(json.dumps(of_kind(kind, known) if kind else schemas(known), ensure_ascii=False, indent=1))


COMMANDS = (attributes, schema)
