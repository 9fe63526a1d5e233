"""`heddle kettle follow` and `proposals`: files that follow the catalogue, and a person who decides."""

import getpass
from pathlib import Path

import click

from assets.kettle.errors import KettleError
from core import settings as config
from orchestration.cli.catalog_opened import opened
from orchestration.cli.kettle_change import OVERWRITE, SAVE

AUTHOR = click.option("--author", default=getpass.getuser, help="Who decides (default: you).")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--table", metavar="SOURCE/TABLE", help="Add the steps for this table of the catalogue.")
@click.option("--after", metavar="STEP", help="With --table: behind which step they stand.")
@click.option("--connection", metavar="NAME", help="With --table: the file's connection to write by.")
@click.option("--truncate", is_flag=True, help="With --table: empty the table first.")
@click.option("--rejects", metavar="PATH", help="With --table: a CSV file for the rows that break a rule.")
@click.option(
    "--field", "fields", multiple=True, metavar="COLUMN=FIELD", help="Which field fills a column; repeatable."
)
@OVERWRITE
@SAVE
def follow(
    file: Path,
    table: str | None,
    after: str | None,
    connection: str | None,
    truncate: bool,
    rejects: str | None,
    fields: tuple[str, ...],
    overwrite: bool,
    save: bool,
) -> None:
    """Bring the steps of FILE that follow the catalogue up to date: fields, types, mappings, checks, Table output.

    Shows what changes in the words of the file and as lines; only --write changes the file.

    \b
    Examples:
      heddle kettle follow etl/load.ktr
      heddle kettle follow etl/load.ktr --table dwh/facts --after "Read orders" --connection dwh --write
    """
    from assets.kettle.files.read import read_transformation
    from assets.kettle.generate.place import After
    from assets.kettle.generate.sinks import ToFile, ToTable
    from assets.kettle.synced.follow import attach, followed
    from assets.kettle.synced.rules import From
    from orchestration.cli.kettle import pairs
    from orchestration.cli.kettle_change import show

    settings = config.load()
    versions, before = opened(), read_transformation(file)
    if table is None:
        found = followed(settings, versions, before, file, overwrite=overwrite)
    else:
        if not after or not connection:
            raise KettleError("--table needs --after STEP and --connection NAME", "name the step and the connection")
        schema, _, name = table.partition("/")[2].rpartition(".")
        target = ToTable(connection, name, schema, truncate)
        filled = {column: From(field) for column, field in pairs(fields, "--field").items()}
        sink = ToFile(rejects.removesuffix(".csv")) if rejects else None
        found = attach(settings, versions, before, table, After(after), target, filled=filled, rejects=sink)
    for note in found.notes:
        click.secho(note, fg="yellow", err=True)
    show(before, found.model, file, "the catalogue says", save=save)


@click.group()
def proposals() -> None:
    """Files as changed sources would have them; they wait under HEDDLE_HOME/proposals until a person decides.

    \b
    Examples:
      heddle kettle proposals list
      heddle kettle proposals show load.ktr
      heddle kettle proposals accept load.ktr
    """


@proposals.command("make")
def make_proposals() -> None:
    """Look now for tables that changed; sensor source__changed does so by itself.

    \b
    Example:
      heddle kettle proposals make
    """
    from assets.kettle.synced.proposals import propose

    settings = config.load()
    made = propose(settings, opened())
    for proposal in made:
        click.echo(f"{proposal.name}: {len(proposal.notes)} changes")
    if not made:
        click.echo("nothing new; `heddle kettle proposals list` shows what waits")


@proposals.command("list")
def list_proposals() -> None:
    """The files for which a proposal waits, with the tables that changed.

    \b
    Example:
      heddle kettle proposals list
    """
    from assets.kettle.synced.proposals import read

    waiting = read(config.load())
    for proposal in waiting:
        mark = click.style("blocked ", fg="red") if proposal.blocked else "        "
        click.echo(f"{mark}{proposal.name}  {proposal.at}  {', '.join(proposal.tables) or 'follows the catalogue'}")
    if not waiting:
        click.echo("no proposal waits")


@proposals.command("show")
@click.argument("name")
def show_proposal(name: str) -> None:
    """What the proposal for file NAME changes: in words, in the words of the file, and as lines.

    \b
    Example:
      heddle kettle proposals show load.ktr
    """
    from assets.kettle.files.read import read_transformation
    from assets.kettle.synced.follow import text_diff
    from assets.kettle.synced.proposals import named, proposed_bytes

    settings = config.load()
    found = named(settings, name)
    for note in found.notes:
        click.secho(note, fg="red" if note.startswith("BREAKS") or ": BREAKS" in note else None)
    click.echo(found.text)
    path = settings.kettle_files / name
    if path.is_file():
        after = read_transformation(proposed_bytes(settings, name))
        click.echo(text_diff(read_transformation(path), after, name), nl=False)


@proposals.command("accept")
@click.argument("name")
@AUTHOR
def accept_proposal(name: str, author: str) -> None:
    """Put the proposed file in the place of file NAME, which then runs again.

    \b
    Example:
      heddle kettle proposals accept load.ktr --author ann
    """
    from assets.kettle.synced.proposals import accept

    settings = config.load()
    found = accept(settings, opened(), name, author)
    click.echo(f"wrote {settings.kettle_files / found.name}")


@proposals.command("refuse")
@click.argument("name")
@AUTHOR
def refuse_proposal(name: str, author: str) -> None:
    """Take the proposal for file NAME away. A breaking change still waits for `heddle catalog accept`.

    \b
    Example:
      heddle kettle proposals refuse load.ktr
    """
    from assets.kettle.synced.proposals import refuse

    settings = config.load()
    refuse(settings, opened(), name, author)
    click.echo(f"{name} stays as it is")
