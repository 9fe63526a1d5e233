"""`heddle kettle generate`: a complete transformation from two tables of the catalogue and rules."""

from pathlib import Path

import click

from assets.kettle.errors import KettleError
from core import settings as config


@click.command()
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--left", required=True, metavar="SOURCE/TABLE", help="The table whose rows lead.")
@click.option("--right", required=True, metavar="SOURCE/TABLE", help="The table that is joined.")
@click.option("--into", required=True, metavar="SOURCE/TABLE", help="What is written; made where it is not there yet.")
@click.option("--on", "keys", multiple=True, metavar="LEFT=RIGHT", help="Columns that must be equal; repeatable.")
@click.option("--join", "kind", type=click.Choice(["inner", "left", "right", "full"]), default="inner")
@click.option("--where", default="", metavar="SQL", help="Which joined rows are kept.")
@click.option("--column", "chosen", multiple=True, metavar="TARGET=COLUMN", help="What fills a column; default: all.")
@click.option("--truncate", is_flag=True, help="Empty the table that is written first.")
@click.option("--rejects", metavar="PATH", help="A CSV file for the rows that break a rule.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def generate(
    output: Path,
    left: str,
    right: str,
    into: str,
    keys: tuple[str, ...],
    kind: str,
    where: str,
    chosen: tuple[str, ...],
    truncate: bool,
    rejects: str | None,
    force: bool,
) -> None:
    """Write OUTPUT, a .ktr that reads two tables, joins, filters, names, checks and writes them.

    Without --on, the surest relation between the tables gives the keys (`heddle catalog relate`). Where the catalogue
    has the table that is written, its structure, standards and code tables rule, and `heddle kettle follow` keeps the
    file in line with them. Passwords are variables of the file.

    \b
    Example:
      heddle kettle generate etl/paid.ktr --left shop/orders --right shop/customers --into shop/paid_orders \\
        --on customer_id=id --where "orders.total > 10" --column id=orders.id --column who=customers.name
    """
    from assets.catalog.store.versions import Versions
    from assets.kettle.files.write import write
    from assets.kettle.generate.sinks import ToFile
    from assets.kettle.synced.order import wanted
    from assets.kettle.synced.rules import Rules
    from assets.kettle.synced.whole import whole
    from orchestration.cli.kettle import pairs

    if output.exists() and not force:
        raise KettleError(f"{output} is there already", "choose another name, or --force")
    if output.suffix.lower() != ".ktr":
        raise KettleError(f"{output} is no .ktr", "steps are generated into .ktr files")
    settings = config.load()
    found = wanted(
        settings,
        Versions(settings.catalog),
        output.stem,
        left,
        right,
        into,
        keys=[_pair(text) for text in keys],
        kind=kind,
        where=where,
        chosen=pairs(chosen, "--column"),
        truncate=truncate,
        rejects=ToFile(rejects.removesuffix(".csv")) if rejects else None,
    )
    model = whole(found, Rules.of(settings))
    write(model, output)
    keyed = ", ".join(f"{a} = {b}" for a, b in found.keys)
    click.echo(f"wrote {output}: {len(model.steps)} steps, joined by {keyed}")


def _pair(text: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (equals and left and right):
        raise click.BadParameter(f"{text!r} is not LEFT=RIGHT", param_hint="--on")
    return left.strip(), right.strip()
