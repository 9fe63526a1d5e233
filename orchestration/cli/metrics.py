"""`heddle metrics`: the semantic layer on the command line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from core import settings as config
from orchestration.cli.metric_records import book, define, edit, remove, search, show
from orchestration.cli.seen import PURPOSE, warehouse_of
from orchestration.cli.visible import visible

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def metrics() -> None:
    """Business metrics: dbt's and records of your own, compiled by one semantic layer.

    \b
    Examples:
      heddle metrics list
      heddle metrics query sales average_basket --by department --grain month
      heddle metrics query coupon_conversion --by campaign_type --format csv
      heddle metrics define private_units --model basket_lines --measure "sum(quantity)" --filter "brand = 'Private'"
    """


@metrics.command("list")
def list_metrics() -> None:
    """Show all metrics and what they can be cut by.

    \b
    Example:
      heddle metrics list
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("metric", "description", "by", box=None)
    for metric in _metrics().list():
        table.add_row(metric.name, metric.description, ", ".join(metric.dimensions))
    Console(markup=False, emoji=False).print(table)


@metrics.command()
@click.argument("names", nargs=-1, required=True, metavar="METRIC...")
@click.option("--by", multiple=True, help="Dimension to cut by (repeatable).")
@click.option("--grain", default="", help="day, week, month, quarter or year.")
@click.option("--start", type=DAY, help="First day.")
@click.option("--end", type=DAY, help="Last day.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json", "sql"]), default="table")
@PURPOSE
def query(
    names: tuple[str, ...],
    by: tuple[str, ...],
    grain: str,
    start: datetime | None,
    end: datetime | None,
    limit: int | None,
    form: str,
    purpose: str,
) -> None:
    """Ask the warehouse for metrics.

    \b
    Examples:
      heddle metrics query sales average_basket --by department --grain month
      heddle metrics query sales --start 2017-03-01 --end 2017-03-31 --format csv
      heddle metrics query coupon_conversion --by campaign_type --format sql
    """
    if start and end and end < start:
        raise click.BadParameter("lies before --start", param_hint="--end")
    from assets.tables.metrics import Question

    days = [None if day is None else day.date() for day in (start, end)]
    question = Question(names, by, grain, days[0], days[1], limit)
    layer = _metrics()
    if form == "sql":
        click.echo(layer.sql(question))
        return
    found = layer.query(warehouse_of("heddle metrics query", purpose), question)
    _remember(names, by, layer.sql(question))
    if form == "csv":
        click.echo(found.write_csv(), nl=False)
    elif form == "json":
        click.echo(found.write_json())
    else:
        _show(found)


def _remember(names: Sequence[str], by: Sequence[str], sql: str) -> None:
    """Keep what was answered in the journal, so that the lineage of its columns leads to it."""
    from assets.knowledge.journal import append

    asked = ", ".join(names) + (f" by {', '.join(by)}" if by else "")
    append(config.load(), {"question": asked, "mode": "metrics", "metrics": list(names), "sql": sql})


def _metrics() -> Any:
    from resources.open import adapter

    return book().layer(adapter("warehouse", config.load().warehouse).dialect)


def _show(found: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*found.columns, box=None)
    for row in found.iter_rows():
        table.add_row(*("" if v is None else f"{v:,.4g}" if isinstance(v, float) else visible(str(v)) for v in row))
    Console(markup=False, emoji=False).print(table)


for _command in (define, edit, remove, search, show):
    metrics.add_command(_command)
