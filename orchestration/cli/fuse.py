"""`heddle fuse`: join plans between sources, linkage of records, golden tables, and joins as Kettle files."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from core import settings as config
from core.errors import HeddleError, SourceError
from orchestration.cli.fuse_links import golden, link, review
from orchestration.cli.seen import warehouse_of

if TYPE_CHECKING:
    from assets.quality.fusion.model import Plan
    from assets.quality.fusion.tables import InFiles, InWarehouse

HOW = click.Choice(["inner", "left", "right", "full"])
MEANS = click.Choice(["merge", "lookup", "database"])


@click.group()
def fuse() -> None:
    """Bring tables together: by keys, after a plan that is counted before it runs; or by likeness, record by record.

    \b
    Examples:
      heddle fuse plan table/shop/orders_full raw/shop/orders raw/crm/customers
      heddle fuse accept table/shop/orders_full --by ann
      heddle fuse run table/shop/orders_full
      heddle fuse link people.csv --id id --output people_linked.csv
    """


fuse.add_command(link)
fuse.add_command(review)
fuse.add_command(golden)


@fuse.command()
@click.argument("asset")
@click.argument("tables", nargs=-1, required=True)
@click.option("--join", "how", type=HOW, default="left", help="How the tables are joined (default: left).")
@click.option("--dry-run", is_flag=True, help="Show the plan, write no file.")
@click.option("--force", is_flag=True, help="Replace a plan that people decided on.")
def plan(
    asset: str, tables: tuple[str, ...], how: Literal["inner", "left", "right", "full"], dry_run: bool, force: bool
) -> None:
    """Propose how ASSET is joined from TABLES, asset keys of the warehouse or CSV and Parquet files.

    Keys and the fixes that make them meet are looked for; rows, losses and multiplied rows are counted.

    \b
    Example:
      heddle fuse plan table/shop/orders_full raw/shop/orders raw/crm/customers raw/fx/rates --join left
    """
    from assets.quality.fusion.files import PlanFiles
    from assets.quality.fusion.propose import propose
    from assets.quality.fusion.run import told
    from assets.quality.fusion.tables import refusal

    files = PlanFiles(config.load().quality)
    if not dry_run and not force and files.path(asset).exists() and files.read(asset).status != "proposed":
        raise SourceError(f"{files.path(asset)} is decided already", "--force replaces it, --dry-run only shows")
    found = propose(_tables(tables), tables, asset, how, lambda line: click.echo(line, err=True))
    counted = [j.predicted for j in found.plan.joins if j.predicted is not None]
    for number, line in enumerate(told(found.plan, counted)):
        click.echo(line)
        for key in found.plan.joins[number].keys:
            if key.fixes_left or key.fixes_right:
                click.echo(f"  fixes: {', '.join(key.fixes_left) or '-'} = {', '.join(key.fixes_right) or '-'}")
        for other in found.others[number]:
            click.echo(f"  or {other.pair.left} = {other.pair.right}: {'; '.join(other.told)}")
    if why := refusal(found.plan, counted):
        click.secho(f"as it is, a run is refused: {why}", fg="yellow")
    if not dry_run:
        click.echo(f"wrote {files.write(found.plan)}; next: heddle fuse accept {asset} --by NAME")


@fuse.command()
@click.argument("asset")
@click.option("--by", default=None, help="Who decides (default: you).")
@click.option("--refuse", is_flag=True, help="Refuse it instead.")
@click.option("--note", default="", help="Why.")
def accept(asset: str, by: str | None, refuse: bool, note: str) -> None:
    """Accept (or --refuse) the plan of ASSET; accepted, it is an asset.

    \b
    Example:
      heddle fuse accept table/shop/orders_full --by ann --note "keys checked with CRM"
    """
    from assets.quality.fusion.files import PlanFiles
    from assets.quality.fusion.model import is_asset

    decided = PlanFiles(config.load().quality).decide(
        asset, "refused" if refuse else "accepted", by or getpass.getuser(), note
    )
    click.echo(f"{asset}: {decided.status} by {decided.by} at {decided.at}")
    if not refuse:
        files = not all(is_asset(t) for t in decided.tables)
        click.echo("next: " + (f"heddle fuse run {asset} --output FILE" if files else f"heddle run {asset}"))


@fuse.command()
@click.argument("asset")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="For files: a CSV or Parquet file.")
@click.option("--safe-csv", is_flag=True, help="Mark texts like =1+1 in a CSV file.")
@click.option("--dry-run", is_flag=True, help="Count, write nothing.")
def run(asset: str, output: Path | None, safe_csv: bool, dry_run: bool) -> None:
    """Join what the accepted plan of ASSET says; refuses what would multiply rows, and compares counts.

    `heddle run ASSET` does the same as a run of the asset, with checks and lineage.

    \b
    Examples:
      heddle fuse run table/shop/orders_full --dry-run
      heddle fuse run table/shop/orders_full
    """
    from assets.quality.fusion.files import PlanFiles
    from assets.quality.fusion.run import run as run_plan
    from assets.quality.fusion.run import told
    from assets.quality.fusion.tables import InWarehouse, predict, refusal
    from resources.open import warehouse

    settings = config.load()
    found = PlanFiles(settings.quality).read(asset)
    tables = _tables(found.tables, writes=True)
    if dry_run:
        counted = predict(found, tables)
        click.echo("\n".join(told(found, counted)))
        if why := refusal(found, counted):
            click.secho(f"a run is refused: {why}", fg="yellow")
        return
    if isinstance(tables, InWarehouse):
        ran = run_plan(found, warehouse(settings))
        click.echo("\n".join(told(found, ran.counted)))
        _matches(asset, ran.rows, ran.expected)
    else:
        _files(found, tables, output, safe_csv)


@fuse.command("to-kettle")
@click.argument("asset")
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--by", "means", type=MEANS, default="merge", help="Step that joins (default: merge).")
@click.option("--connection", default="warehouse", help="Name of the file's database connection.")
@click.option("--into", default="", help="Schema and table that are written; default: a CSV file beside OUTPUT.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def to_kettle(asset: str, output: Path, means: str, connection: str, into: str, force: bool) -> None:
    """Write the plan of ASSET as a .ktr with table inputs, sorts, joins and an output.

    \b
    Example:
      heddle fuse to-kettle table/shop/orders_full etl/orders_full.ktr --by merge --into fused.orders_full
    """
    from assets.kettle.files.write import write
    from assets.kettle.generate.sinks import ToFile, ToTable
    from assets.quality.fusion.files import PlanFiles
    from assets.quality.fusion.kettle import kinds_of, transformation, warehouse_connection
    from assets.quality.fusion.tables import InWarehouse

    if output.exists() and not force:
        raise SourceError(f"{output} is there already", "choose another name, or --force")
    if output.suffix.lower() != ".ktr":
        raise SourceError(f"{output} is no .ktr", "name a file that ends with .ktr")
    settings = config.load()
    found = PlanFiles(settings.quality).read(asset)
    tables = _tables(found.tables)
    if not isinstance(tables, InWarehouse):
        raise SourceError(f"the plan of {asset} reads files", "Kettle files are made for tables of the warehouse")
    schema, _, table = into.rpartition(".")
    sink = ToTable(connection, table, schema, truncate=True) if into else ToFile(str(output.with_suffix("")))
    layout, kinds = tables.layout(found.tables), kinds_of(tables.warehouse, found.tables)
    target = warehouse_connection(connection, settings.warehouse)
    model = transformation(found, layout, target, tables.dialect, kinds, sink, means)  # type: ignore[arg-type]
    output.parent.mkdir(parents=True, exist_ok=True)
    write(model, output)
    click.echo(f"wrote {output}: {len(model.steps)} steps")


def _tables(names: tuple[str, ...], *, writes: bool = False) -> "InFiles | InWarehouse":
    """The tables as the person may read them; an accepted plan that is run reads and writes as the platform."""
    from assets.quality.fusion.model import is_asset
    from assets.quality.fusion.tables import InFiles, InWarehouse
    from resources.open import warehouse

    settings = config.load()
    kinds = {is_asset(name) for name in names}
    if len(kinds) > 1:
        raise SourceError("some tables are assets and some are files", "load the files first, or name only files")
    if kinds != {True}:
        return click.get_current_context().with_resource(InFiles.opened(settings.memory, settings.home))
    return InWarehouse(warehouse(settings) if writes else warehouse_of("heddle fuse"))


def _files(found: "Plan", tables: "InFiles", output: Path | None, safe: bool) -> None:
    from assets.quality.fusion.compiled import select
    from assets.quality.fusion.run import allowed, expected, told
    from orchestration.cli.writing import replaced, spared

    if output is None:
        raise SourceError("the plan reads files", "name what is written: --output fused.parquet (or .csv)")
    if output.suffix.lower() not in (".csv", ".parquet"):
        raise SourceError(f"--output {output} is no table", "name a file that ends in .csv or .parquet")
    spared(output, found.tables, "--output")
    counted = allowed(found, tables)
    click.echo("\n".join(told(found, counted)))
    sql = select(found, tables.layout(found.tables)).sql(dialect=tables.dialect)
    with replaced(output) as beside:
        rows = tables.write(sql, beside, csv=output.suffix.lower() == ".csv", safe=safe)
    _matches(str(output), rows, expected(found, counted))


def _matches(what: str, rows: int, wanted: int) -> None:
    if rows != wanted:
        raise HeddleError(
            f"{what} has {rows:,} rows, {wanted:,} were predicted", "the tables changed meanwhile: run again"
        )
    click.echo(f"{what}: {rows:,} rows, as predicted")
