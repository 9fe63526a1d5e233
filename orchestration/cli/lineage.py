"""`heddle lineage`: what things are made from, what is made from them, and what a change breaks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core import settings as config
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.catalog.lineage.model import Answer
    from assets.catalog.lineage.store import LineageStore

FORMS = ("text", "json", "mermaid", "dot")
IMPORTS = ("auto", "openlineage", "csv", "datahub", "openmetadata")
EXPORTS = ("openlineage", "csv", "datahub", "openmetadata")


@click.group()
def lineage() -> None:
    """Lineage by table and column, from source files to chat answers.

    NODE is an asset key, a table, or the end of a key, with .COLUMN for one column.

    \b
    Examples:
      heddle lineage refresh                                    read the definitions and the last runs
      heddle lineage up table/retail/baskets.sales_value        where a column comes from
      heddle lineage down raw/retail/transactions --depth 2     what is made from a table
      heddle lineage impact raw/retail/products.brand --change drop
      heddle lineage up answer:4f0c1d2e --form mermaid
      heddle lineage import events.jsonl                        OpenLineage, CSV, DataHub, OpenMetadata
    """


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--origin", type=click.Choice(["definition", "run", "import"]), default=None, help="What says so."
        ),
        click.option("--form", type=click.Choice(FORMS), default="text", show_default=True),
        click.option("--json", "form", flag_value="json", help="The same as --form json."),
        click.option("--depth", type=click.IntRange(1), default=100, show_default=True, help="Edges at most."),
        click.argument("node"),
    ):
        command = option(command)
    return command


@lineage.command()
@_options
@click.option("--rows", is_flag=True, help="Also what filters, joins and groups the rows.")
def up(node: str, depth: int, form: str | None, origin: str | None, rows: bool) -> None:
    """What NODE is made from.

    \b
    Examples:
      heddle lineage up feature/retail/household_weekly
      heddle lineage up baskets.sales_value --rows --form dot | dot -Tsvg > baskets.svg
    """
    _ask(node, form, lambda graph, point: graph.up(point, depth, rows=rows, origin=origin or ""))


@lineage.command()
@_options
@click.option("--rows", is_flag=True, help="Also where it filters, joins or groups the rows.")
def down(node: str, depth: int, form: str | None, origin: str | None, rows: bool) -> None:
    """What is made from NODE.

    \b
    Examples:
      heddle lineage down raw/retail/transactions.sales_value
      heddle lineage down coupon_propensity --json
    """
    _ask(node, form, lambda graph, point: graph.down(point, depth, rows=rows, origin=origin or ""))


@lineage.command()
@_options
@click.option("--change", type=click.Choice(["change", "rename", "drop"]), default="change", show_default=True)
def impact(node: str, depth: int, form: str | None, origin: str | None, change: str) -> None:
    """What a change of NODE touches: what names it itself, and all that is made from that, answers included.

    \b
    Examples:
      heddle lineage impact raw/retail/products.brand --change rename
      heddle lineage impact table/retail/coupon_use --depth 3 --form mermaid
    """
    _ask(node, form, lambda graph, point: graph.impact(point, depth, origin=origin or ""), change)


@lineage.command()
def refresh() -> None:
    """Read all definitions, the last run of each asset, and the journal of answers into the graph.

    After each run this happens by itself where the daemon runs.

    \b
    Example:
      heddle lineage refresh
    """
    from assets.catalog.lineage.lineage_defs import refresh as read_again
    from orchestration.session import open_session

    settings = config.load()
    session = open_session(settings)
    click.echo(read_again(settings, session.runner.graph, session.instance))


@lineage.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "form", type=click.Choice(IMPORTS), default="auto", show_default=True)
@click.option("--name", default="", help="What the import is called; the file's name if not given.")
def import_(file: Path, form: str, name: str) -> None:
    """Take lineage from FILE: OpenLineage events, CSV, DataHub or OpenMetadata ingestion files.

    Importing a name again replaces what it brought before. Bad rows are told by line; the good ones are taken.

    \b
    Examples:
      heddle lineage import airflow-events.jsonl
      heddle lineage import edges.csv --name finance-spreadsheets
    """
    from assets.catalog.lineage.exchange.files import read

    taken = read(file, form, name or file.name)
    count = _store().put(taken.stated)
    for problem in taken.problems:
        click.secho(f"{file.name}: {problem}", fg="yellow", err=True)
    edges = sum(len(s.edges) for s in taken.stated)
    click.echo(f"{edges} edges from {len(taken.stated)} sources, {count} of them new; {len(taken.problems)} bad rows")
    if taken.problems and not edges:
        raise HeddleError(f"{file} brought nothing", "correct the lines that are told above")


@lineage.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@click.option("--format", "form", type=click.Choice(EXPORTS), required=True)
@click.option("--origin", type=click.Choice(["definition", "run", "import"]), default=None, help="What says so.")
def export(file: Path, form: str, origin: str | None) -> None:
    """Write the lineage to FILE for another catalogue.

    \b
    Examples:
      heddle lineage export lineage.yml --format datahub
      heddle lineage export events.jsonl --format openlineage --origin run
    """
    from assets.catalog.lineage.exchange.files import write

    count = write(file, form, _store().stated(origin or ""))
    click.echo(f"{count} entries in {file}")


@lineage.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8604, show_default=True)
def listen(port: int) -> None:
    """Take OpenLineage events from other tools at POST /api/v1/lineage, on this machine only; Ctrl-C ends it.

    \b
    Examples:
      heddle lineage listen
      OPENLINEAGE_URL=http://127.0.0.1:8604 airflow scheduler
    """
    import uvicorn

    from assets.catalog.lineage.exchange.receive import PATH, lineage_app

    click.echo(f"OpenLineage events are taken at http://127.0.0.1:{port}{PATH}")
    uvicorn.run(lineage_app(config.load().catalog), host="127.0.0.1", port=port, log_level="warning", lifespan="off")


def _store() -> "LineageStore":
    from assets.catalog.lineage.store import LineageStore

    return LineageStore(config.load().catalog)


def _ask(node: str, form: str | None, ask: "Callable[[Any, Any], Answer]", change: str = "") -> None:
    from assets.catalog.lineage import shown
    from assets.catalog.lineage.find import find
    from assets.catalog.lineage.walk import Lineage

    store = _store()
    answer = ask(Lineage(store), find(store, node))
    if form in ("mermaid", "dot"):
        click.echo(shown.as_mermaid(answer) if form == "mermaid" else shown.as_dot(answer))
        return
    evidence = store.evidence(s for step in answer.steps for s in step.sources)
    if form == "json":
        click.echo(shown.as_json(answer, evidence))
    else:
        click.echo(shown.as_impact(answer, evidence, change) if change else shown.as_text(answer, evidence))
