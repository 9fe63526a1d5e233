"""`heddle clean ask`: rows for people to label."""

from pathlib import Path

import click

from core import settings as config


@click.command()
@click.argument("table")
@click.option("--number", default=20, show_default=True, type=click.IntRange(1, 1000), help="Rows to ask about.")
@click.option("--rows", default=200_000, show_default=True, type=click.IntRange(min=1), help="Rows to look at.")
@click.option(
    "--into",
    default="labels.yaml",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="New file.",
)
def ask(table: str, number: int, rows: int, into: Path) -> None:
    """Write the rows of TABLE whose labels teach most into a file, for people to put right.

    The rows hold the table's values as they are. `heddle clean suggest --labels` learns from what was changed and from
    what was left.

    \b
    Examples:
      heddle clean ask orders.csv
      heddle clean ask raw/shop/orders --number 5 --into more.yaml
    """
    from assets.quality.repair.labels import write
    from assets.quality.repair.review import ask as chosen
    from assets.quality.repair.table import repair
    from assets.quality.rules.suggest import sample
    from core.scratch import scratch
    from orchestration.cli.clean import opened

    with scratch(config.load().home, "clean-") as folder:
        click.echo(f"reading {table}", err=True)
        frame, every = sample(opened(table, folder), rows)
        asked = chosen(repair(frame), number)
        write(into, frame, asked, [row * every for row in asked])
    click.echo(f"{into}: {len(asked)} rows; put them right, then `heddle clean suggest {table} --labels {into}`")
