"""`heddle sql`: a query over the warehouse or a source, read-only and bounded."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from orchestration.cli.seen import PURPOSE
from orchestration.cli.visible import visible
from orchestration.cli.writing import replaced

if TYPE_CHECKING:
    from assets.catalog.lab.model import Answer
    from assets.catalog.lab.trace import Traced

FORMATS = ("table", "csv", "json")
ENDINGS = (".csv", ".parquet")


@click.command()
@click.argument("query", default="")
@click.option("--source", default="warehouse", show_default=True, help="The warehouse, or a database of sources.yaml.")
@click.option("--rows", default=1_000, show_default=True, type=click.IntRange(1, 100_000), help="Rows at most.")
@click.option(
    "--seconds", default=30.0, show_default=True, type=click.FloatRange(0.1, 600), help="Until it is stopped."
)
@click.option("--format", "shape", default="table", show_default=True, type=click.Choice(FORMATS))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A .csv or .parquet file.")
@click.option("--lineage", is_flag=True, help="Where its columns come from; nothing runs.")
@click.option("--history", is_flag=True, help="Your last queries.")
@PURPOSE
def sql(
    query: str,
    source: str,
    rows: int,
    seconds: float,
    shape: str,
    out: Path | None,
    lineage: bool,
    history: bool,
    purpose: str,
) -> None:
    """Run one SELECT that changes nothing, over tables that the catalogue knows and shows you; "-" reads it from stdin.

    \b
    Examples:
      heddle sql "select department, count(*) from raw_retail.products group by 1 order by 2 desc"
      heddle sql --source crm "select * from orders" --rows 50000 --out orders.parquet
      heddle sql --lineage "select basket_id, sum(sales_value) as paid from baskets group by 1"
    """
    from assets.catalog.lab.guard import guard_of
    from assets.catalog.lab.history import History
    from assets.catalog.lab.model import Limits
    from assets.catalog.lab.run import run
    from assets.catalog.lab.trace import trace
    from assets.catalog.store.versions import Versions
    from core.errors import HeddleError

    settings, who = config.load(), getpass.getuser()
    kept = History(settings, who)
    if history:
        for asked in kept.asked(50):
            told = asked.error or f"{asked.rows:,} rows"
            click.echo(visible(f"{asked.at}  {asked.source}  {told}\n  {asked.sql}"))
        return
    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise click.BadParameter("there is no query", param_hint="QUERY")
    if out is not None and out.suffix not in ENDINGS:
        raise click.BadParameter(f"write a name that ends with {' or '.join(ENDINGS)}", param_hint="--out")
    versions = Versions(settings.catalog)
    if lineage:
        _traced(trace(text, source, who, settings=settings, versions=versions))
        return
    try:
        answer = run(
            text, source, who, settings=settings, versions=versions, limits=Limits(rows, seconds),
            guard=guard_of(settings, versions, purpose, "heddle sql"),
        )  # fmt: skip
    except HeddleError as error:
        kept.add(source, text, 0.0, 0, error.what)
        raise
    kept.add(source, text, answer.seconds, len(answer.rows))
    _told(answer, shape, out)


def _told(answer: "Answer", shape: str, out: Path | None) -> None:
    from assets.catalog.lab.export import as_csv, as_json, as_parquet
    from assets.catalog.scan.arrow import text

    if out is not None:
        with replaced(out) as beside:
            beside.write_bytes(as_parquet(answer) if out.suffix == ".parquet" else as_csv(answer))
    elif shape == "csv":
        click.echo(as_csv(answer).decode("utf-8-sig"), nl=False)
    elif shape == "json":
        click.echo(as_json(answer))
    else:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table()
        for name in answer.columns:
            table.add_column(Text(visible(name)))
        for row in answer.rows:
            table.add_row(*("" if v is None else Text(visible(text(v))) for v in row))
        Console(markup=False, emoji=False).print(table)
    more = "; there are more: --rows" if answer.more else ""
    where = f" -> {out}" if out is not None else ""
    click.echo(f"{len(answer.rows):,} rows in {answer.seconds:.2f} s{where}{more}", err=True)


def _traced(found: "Traced") -> None:
    for column in found.columns:
        made = ", ".join(f"{key}.{name}" for key, name in column.values) or "no table"
        click.echo(visible(f"{column.column} <- {made}"))
    for key, name, how in found.rows:
        click.echo(visible(f"rows <- {key}.{name} ({how})"))
