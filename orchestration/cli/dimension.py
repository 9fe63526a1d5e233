"""`heddle dimension`: dimension tables that people keep in a source's database."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core import settings as config
from core.errors import HeddleError
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from assets.catalog.dimensions.book import DimensionBook
    from assets.catalog.dimensions.table import Counts

AUTHOR = click.option("--author", default=getpass.getuser, help="Who changes it (default: you).")
EXPECT = click.option("--expect", default=None, help="Version of the row that you saw (`show` has it).")


@click.group()
def dimension() -> None:
    """Dimension tables in MySQL, MariaDB, PostgreSQL, SQLite and DuckDB: defined in git, filled here.

    \b
    Examples:
      heddle dimension create city --source crm --column "code:text(12)" --column "name:text(40)" --key code --run
      heddle dimension import city 城市.csv
      heddle dimension set city code=610100 name=西安
    """


@dimension.command()
@click.argument("name")
@click.option("--source", help="Source of sources.yaml; not needed where dimensions/NAME.yaml is there.")
@click.option("--table", help="Name of the table (default: NAME).")
@click.option("--schema", "schema_name", default="", help="Its schema (default: the database's own).")
@click.option("--column", "columns", multiple=True, metavar="NAME:TYPE[:LABEL]", help="A column (repeatable).")
@click.option("--key", "keys", multiple=True, help="A column of the key (repeatable).")
@click.option("--owner", default="")
@click.option("--run", "run", is_flag=True, help="Run the DDL; without it, it is only shown.")
@AUTHOR
def create(
    name: str,
    source: str | None,
    table: str | None,
    schema_name: str,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    owner: str,
    run: bool,
    author: str,
) -> None:
    """Define a dimension (dimensions/NAME.yaml) and make its table: shows the DDL, and runs it with --run.

    \b
    Example:
      heddle dimension create city --source crm --column "code:text(12):编码" --column "name:text(40)" --key code
    """
    from assets.catalog.dimensions.model import Dimension
    from assets.documents import shaped

    book = _book()
    if source:
        given = [_column(c) for c in columns]
        fields = {"name": name, "source": source, "table": table or name, "columns": given, "key": list(keys)}
        made = shaped(fields | {"schema_name": schema_name, "owner": owner}, Dimension, f"dimension {name}")
        book.define(made, author, 0 if name not in book.records.all() else None)
    found = book.records.get(name).record
    for statement in found.ddl(book.dialect(found)):
        click.echo(f"{statement.sql};")
    if run:
        book.create(name, author)
        _report(book)
    click.echo(f"-- {name}: {'made' if run else 'nothing was run; --run runs it'}", err=True)


@dimension.command("list")
def list_dimensions() -> None:
    """All dimensions, and where they are.

    \b
    Example:
      heddle dimension list
    """
    for name, kept in _book().records.all().items():
        d = kept.record
        click.echo(f"{click.style(name, bold=True)}  {d.source}: {d.table}, key {', '.join(d.key)}  {d.label.zh}")


@dimension.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@click.option("--log", "with_log", is_flag=True, help="Also every change of its rows.")
def show(name: str, limit: int, offset: int, with_log: bool) -> None:
    """Rows of a dimension with their versions.

    \b
    Example:
      heddle dimension show city --limit 50
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    book = _book()
    with book.table(name) as table:
        rows, total = table.rows(limit, offset), table.count()
        shown = Table(*table.dimension.names, "version", box=None)
    for row in rows:
        shown.add_row(*(Text(visible(v or "")) for v in row.values.values()), row.version)
    Console(markup=False, emoji=False).print(shown)
    click.echo(f"{len(rows)} of {total:,} rows")
    for v in book.log(name) if with_log else []:
        counts = ", ".join(f"{k} {n}" for k, n in (v.document or {}).items() if isinstance(n, int) and n)
        click.echo(f"{v.change.at} {v.change.author}: {v.change.cause}  {counts}")


@dimension.command()
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="COLUMN=VALUE...")
@AUTHOR
def add(name: str, values: tuple[str, ...], author: str) -> None:
    """Add a row.

    \b
    Example:
      heddle dimension add city code=610100 name=西安
    """
    book = _book()
    _tell(book, name, book.add(name, _pairs(values), author))


@dimension.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE... COLUMN=VALUE...")
@EXPECT
@AUTHOR
def set_row(name: str, values: tuple[str, ...], expect: str | None, author: str) -> None:
    """Change a row: the key's columns say which one, the others what it shall say; COLUMN= empties one.

    \b
    Example:
      heddle dimension set city code=610100 name=长安 --expect 0c2f5d6a8e1b9f34
    """
    book = _book()
    key, rest = _split(book, name, values)
    _tell(book, name, book.change(name, key, rest, expect, author))


@dimension.command()
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
@EXPECT
@AUTHOR
def remove(name: str, values: tuple[str, ...], expect: str | None, author: str) -> None:
    """Take a row away.

    \b
    Example:
      heddle dimension remove city code=610100
    """
    book = _book()
    _tell(book, name, book.remove(name, _pairs(values), expect, author))


@dimension.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mode", type=click.Choice(["upsert", "insert", "replace"]), default="upsert", show_default=True)
@click.option("--skip-bad", is_flag=True, help="Leave bad rows out and write them to FILE.rejected.csv.")
@click.option("--encoding", default="", help="Of CSV (default: judged).")
@click.option("--sheet", default="", help="Of a workbook (default: the first).")
@AUTHOR
def import_(name: str, file: Path, mode: str, skip_bad: bool, encoding: str, sheet: str, author: str) -> None:
    """Import a CSV or Excel file, as a run of Dagster: one bad row refuses the whole file, unless --skip-bad.

    \b
    Examples:
      heddle dimension import city 城市.csv
      heddle dimension import city cities.xlsx --mode replace --skip-bad
    """
    from assets.catalog.dimensions.dimension_defs import import_run
    from orchestration.instance import open_instance

    settings = config.load()
    asked = {"file": str(file.resolve()), "mode": mode, "skip_bad": skip_bad, "encoding": encoding, "sheet": sheet}
    with open_instance(settings) as instance:
        said = import_run(settings, name, asked | {"author": author}, instance)
    click.echo(f"{name}: {said}")


@dimension.command()
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(["en", "zh"]), help="Labels as header, instead of names.")
@click.option("--encoding", default="utf-8-sig", show_default=True, help="Of CSV; gbk for old Excel.")
def export(name: str, file: Path, language: str | None, encoding: str) -> None:
    """Write all rows to FILE.csv or FILE.xlsx.

    \b
    Example:
      heddle dimension export city 城市.xlsx --language zh
    """
    from assets.catalog.dimensions.load import export as write

    with _book().table(name) as table:
        count = write(table, file, language=language or "", encoding=encoding)
    click.echo(f"{file}: {count:,} rows")


@dimension.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for the name once more.")
@AUTHOR
def clear(name: str, yes: bool, author: str) -> None:
    """Take all rows away, after its name was typed once more.

    \b
    Example:
      heddle dimension clear city
    """
    book = _book()
    with book.table(name) as table:
        rows = table.count()
    typed = name if yes else click.prompt(f"{name} has {rows:,} rows; type its name to remove them", default="")
    _tell(book, name, book.clear(name, typed, author))


def _book() -> "DimensionBook":
    from assets.catalog.dimensions.book import DimensionBook
    from assets.catalog.store.versions import Versions
    from assets.security.access.access import Access

    settings = config.load()
    versions = Versions(settings.catalog)
    access = Access(settings, versions, getpass.getuser(), entry="heddle dimension")
    return DimensionBook(settings, versions, "cli", access)


def _tell(book: "DimensionBook", name: str, counts: "Counts") -> None:
    _report(book)
    said = [f"{n} {what}" for what, n in vars(counts).items() if n and what != "rows"]
    click.echo(f"{name}: {', '.join(said) or 'nothing changed'}; {counts.rows:,} rows")


def _report(book: "DimensionBook") -> None:
    """Tells Dagster what changed, so that each change is a materialization."""
    from assets.catalog.dimensions.dimension_defs import report
    from orchestration.instance import open_instance

    with open_instance(config.load()) as instance:
        report(book, instance)


def _pairs(values: tuple[str, ...]) -> dict[str, str | None]:
    wrong = next((v for v in values if "=" not in v), None)
    if wrong is not None:
        raise HeddleError(f"{wrong!r} is no COLUMN=VALUE", "write the column, = and the value")
    return {column: value for column, _, value in (v.partition("=") for v in values)}


def _split(book: "DimensionBook", name: str, values: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    key, given = book.records.get(name).record.key, _pairs(values)
    return {k: v for k, v in given.items() if k in key}, {k: v for k, v in given.items() if k not in key}


def _column(text: str) -> dict[str, Any]:
    name, _, rest = text.partition(":")
    type_, _, label = rest.partition(":")
    return {"name": name, "type": type_ or "text", "label": {"zh": label} if label else {}}
