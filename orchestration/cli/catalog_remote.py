"""`heddle catalog import|browse|refresh|count|add-column|drop-column`: offline metadata, actions on remote tables."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import HeddleError
from orchestration.cli.catalog_opened import opened
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from assets.catalog.remote.actions import Done

AUTHOR = click.option("--author", default=getpass.getuser, help="Who does it (default: you).")
RUN = click.option("--run", "run", is_flag=True, help="Run the DDL; without it, it is only shown.")
DIALECT = click.option("--dialect", default="", help="Show the DDL of this dialect, such as hive; it is not run.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Source that the tables are of; it needs no connection.")
@click.option("--whole", is_flag=True, help="The file has all tables of the source: others are gone.")
@click.option("--encoding", default="", help="Of a CSV file (default: judged).")
@AUTHOR
def import_(file: Path, source: str, whole: bool, encoding: str, author: str) -> None:
    """Take table metadata from a CSV or Excel file with one row per column: table, column, type and, where it has
    them, schema, nullable, key, default, comment, table_comment; or 表名, 字段名, 类型, 可空, 主键, 默认值, 注释.

    \b
    Example:
      heddle catalog import tables.csv --source erp
    """
    from assets.catalog.remote.offline import tables, take
    from core.slug import slug

    if slug(source) != source:
        raise HeddleError(f"--source {source!r} is no name", "use a-z, digits and _")
    done = take(opened(), source, tables(file, encoding), author, file.name, whole)
    changed = [v for v in done.versions if v.kind == "table"]
    for version in changed:
        click.echo(f"{version.key}: version {version.number}" + ("" if version.document else ", removed"))
    click.echo(f"{len(changed)} tables changed")


@click.command()
@click.argument("place")
def browse(place: str) -> None:
    """The tables of SOURCE, or the columns of SOURCE/TABLE, as the source has them now; nothing is kept.

    \b
    Examples:
      heddle catalog browse crm
      heddle catalog browse crm/public.orders
    """
    from assets.catalog.remote.actions import browse as look

    source, _, path = place.partition("/")
    found = look(config.load(), source)
    if not path:
        for table in found:
            rows = "" if table.rows is None else f", {'' if table.rows_exact else '~'}{table.rows:,} rows"
            line = f"{table.path}  {table.kind}, {len(table.columns)} columns{rows}  {table.comment}"
            click.echo(visible(line.rstrip()))
        return
    one = next((t for t in found if t.path == path), None)
    if one is None:
        raise HeddleError(f"{source} has no table {path}", f"there are: {', '.join(t.path for t in found[:20])}")
    for c in one.columns:
        key = " key" if c.name in one.primary_key else ""
        click.echo(visible(f"{c.name}  {c.type}{'' if c.nullable else ' not null'}{key}  {c.comment}".rstrip()))


@click.command()
@click.argument("key")
@AUTHOR
def refresh(key: str, author: str) -> None:
    """Read one table of a source again.

    \b
    Example:
      heddle catalog refresh crm/public.orders
    """
    done = _act(key, "refresh", {}, author)
    click.echo(f"{key}: version {done.version.number}" if done.version else f"{key}: gone")


@click.command()
@click.argument("key")
@AUTHOR
def count(key: str, author: str) -> None:
    """Count the rows of one table where it lives.

    \b
    Example:
      heddle catalog count crm/public.orders
    """
    click.echo(f"{key}: {_act(key, 'count', {}, author).rows:,} rows")


@click.command("add-column")
@click.argument("key")
@click.argument("column")
@click.argument("type_", metavar="TYPE")
@click.option("--default", default="", help="SQL of a default.")
@click.option("--comment", default="", help="What it is.")
@RUN
@DIALECT
@AUTHOR
def add_column(
    key: str, column: str, type_: str, default: str, comment: str, run: bool, dialect: str, author: str
) -> None:
    """Add a column to a table where it lives: shows the DDL, and runs it with --run.

    \b
    Examples:
      heddle catalog add-column crm/public.orders note "varchar(200)"
      heddle catalog add-column crm/public.orders note "varchar(200)" --run
      heddle catalog add-column dw/ods.orders note string --dialect hive
    """
    given = {"column": column, "type": type_, "default": default, "comment": comment}
    _tell(key, _act(key, "add_column", {k: v for k, v in given.items() if v}, author, run, dialect))


@click.command("drop-column")
@click.argument("key")
@click.argument("column")
@RUN
@DIALECT
@AUTHOR
def drop_column(key: str, column: str, run: bool, dialect: str, author: str) -> None:
    """Drop a column of a table where it lives: shows the DDL, and runs it with --run.

    \b
    Example:
      heddle catalog drop-column crm/public.orders note --run
    """
    _tell(key, _act(key, "drop_column", {"column": column}, author, run, dialect))


def _act(key: str, name: str, fields: dict[str, str], author: str, run: bool = False, dialect: str = "") -> "Done":
    from assets.catalog.remote.actions import act

    return act(config.load(), opened(), key, name, fields, author, run=run, dialect=dialect)


def _tell(key: str, done: "Done") -> None:
    for statement in done.statements:
        if statement.loses:
            click.echo(f"-- loses {statement.loses}")
        click.echo(f"{statement.sql};")
    if done.ran and done.version is not None:
        click.echo(f"-- done; {key} is at version {done.version.number}", err=True)
    elif not done.ran:
        click.echo("-- nothing was run; --run runs it", err=True)


COMMANDS = (import_, browse, refresh, count, add_column, drop_column)
