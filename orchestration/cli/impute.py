"""`heddle impute`: fill gaps by models that beat the constants, and leave the others."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import HeddleError
from orchestration.cli.kettle_change import OVERWRITE, SAVE
from orchestration.cli.writing import distinct, replaced, tabular, written

if TYPE_CHECKING:
    import polars as pl

    from assets.quality.impute.model import Imputation

COLUMN = click.option(
    "--column", "columns", multiple=True, help="Fill this column (repeatable; default: all with gaps)."
)
KEEP = click.option("--keep", multiple=True, help="Neither fill nor use this column, such as a key (repeatable).")
UNORDERED = click.option("--unordered", is_flag=True, help="The order of the rows means nothing.")
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def impute() -> None:
    """Fill missing values where a model is measured to beat the mean, the median or the most frequent value.

    \b
    Examples:
      heddle impute try orders.csv                        what could be filled, and how well
      heddle impute fill orders.csv --output full.csv     fill it; full.cells.csv tells every cell
      heddle impute fit orders.csv --model models/orders  keep the models for files to come
      heddle impute add table/retail/households           assets: the models and the filled table
      heddle impute to-kettle orders.csv --into load.ktr --after "Read orders" --key order_id
    """


@impute.command("try")
@FILE
@COLUMN
@KEEP
@UNORDERED
def attempt(file: Path, columns: tuple[str, ...], keep: tuple[str, ...], unordered: bool) -> None:
    """Hide known cells of FILE (CSV or Parquet), fill them in every way, and tell the errors. Writes nothing.

    \b
    Example:
      heddle impute try orders.csv --keep order_id
    """
    _report(_fitted(_read(file), columns, keep, unordered))


@impute.command()
@FILE
@COLUMN
@KEEP
@UNORDERED
@click.option("--model", type=click.Path(file_okay=False, path_type=Path), required=True, help="A new folder for it.")
def fit(file: Path, columns: tuple[str, ...], keep: tuple[str, ...], unordered: bool, model: Path) -> None:
    """Learn to fill FILE and keep the models, without code in them, in a folder.

    \b
    Example:
      heddle impute fit orders.csv --keep order_id --model models/orders
    """
    from assets.quality.impute import store
    from core.scratch import scratch

    if model.exists():
        raise HeddleError(f"{model} exists already", "name a new folder, or remove it first")
    imputation = _fitted(_read(file), columns, keep, unordered)
    with written(model), scratch(model.parent, ".heddle-model-") as folder:
        made = folder / model.name
        made.mkdir()
        store.writer(imputation)(made)
        made.rename(model)
    _report(imputation)


@impute.command()
@FILE
@COLUMN
@KEEP
@UNORDERED
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of `fit`.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV or Parquet.")
@click.option("--refused", type=click.Choice(["leave", "baseline"]), default="leave", help="Columns no model can fill.")
@click.option("--safe-csv", is_flag=True, help="Mark texts like =1+1 in the CSV file; that of the cells has it.")
def fill(
    file: Path,
    columns: tuple[str, ...],
    keep: tuple[str, ...],
    unordered: bool,
    model: Path | None,
    output: Path,
    refused: str,
    safe_csv: bool,
) -> None:
    """Fill FILE into --output; beside it `<name>.cells.<ending>` lists each filled cell with its expected error.

    \b
    Examples:
      heddle impute fill orders.csv --output full.csv
      heddle impute fill new.csv --model models/orders --output full.parquet
    """
    import polars as pl

    from assets.quality.impute import store
    from assets.quality.impute.fill import fill as fill_frame
    from assets.quality.rules.handed_over import together
    from assets.quality.rules.writing import sinking

    tabular(output, "--output")
    cells = output.with_name(f"{output.stem}.cells{output.suffix}")
    distinct(file, output, cells)
    frame = _read(file)
    imputation = store.read(model) if model else _fitted(frame, columns, keep, unordered)
    done = fill_frame(frame, imputation, refused=refused)
    with written(output), together([output, cells]) as (whole, told):
        sinks = [sinking(done.frame.lazy(), whole, safe=safe_csv), sinking(done.cells.lazy(), told, safe=True)]
        pl.collect_all(sinks, engine="streaming")
    _report(imputation)
    click.echo(f"{done.cells.height:,} cells filled: {output}, each one in {cells}")


@impute.command()
@click.argument("table")
@COLUMN
@KEEP
@click.option("--order", multiple=True, help="Put the rows in order by this column first (repeatable).")
def add(table: str, columns: tuple[str, ...], keep: tuple[str, ...], order: tuple[str, ...]) -> None:
    """Make TABLE's imputation two assets, by a file under imputations/ of HEDDLE_QUALITY.

    \b
    Example:
      heddle impute add table/retail/households --keep household_id
    """
    from assets.documents import shaped
    from assets.quality.impute.spec import Spec, save
    from core.naming import Key

    key = Key.parse(table)
    _known(table, (*columns, *keep, *order))
    fields = {"name": f"{key.domain}_{key.noun}", "table": table, "columns": columns, "keep": keep, "order": order}
    spec = shaped(fields | {"by": getpass.getuser()}, Spec, table)
    path = save(config.load().quality, spec)
    click.echo(f"{path}: commit it; then: heddle run {spec.filled}")


@impute.command("to-kettle")
@FILE
@click.option("--into", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="The .ktr.")
@click.option("--after", required=True, metavar="STEP", help="Behind which step the values are filled in.")
@click.option("--key", "keys", multiple=True, required=True, help="A column that tells the rows apart (repeatable).")
@COLUMN
@KEEP
@UNORDERED
@click.option("--values", type=click.Path(dir_okay=False, path_type=Path), help="Default: FILE's, .imputed.csv.")
@OVERWRITE
@SAVE
def to_kettle(
    file: Path,
    into: Path,
    after: str,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    keep: tuple[str, ...],
    unordered: bool,
    values: Path | None,
    overwrite: bool,
    save: bool,
) -> None:
    """Fill FILE's gaps inside a transformation: the values are looked up by key, put where the field is null, flagged.

    The step that replaces null is called IfNull or Set field value in Kettle; a field `<name>_imputed` says Y or N.
    Done again, it brings steps and values up to date.

    \b
    Example:
      heddle impute to-kettle orders.csv --into load.ktr --after "Read orders" --key order_id --write
    """
    from assets.kettle.files.read import read_transformation
    from assets.quality.impute import to_kettle as steps
    from orchestration.cli.kettle_change import engine, show

    frame = _read(file)
    target = (values or file.with_name(f"{file.stem}.imputed.csv")).absolute()
    found = steps.values(frame, _fitted(frame, columns, (*keys, *keep), unordered), keys)
    before = read_transformation(into)
    settings = engine(config.load())
    after_all = steps.merged(before, after, target, found, keys, overwrite=overwrite, settings=settings)
    if save:
        with replaced(target) as beside:
            found.write_csv(beside)
        click.echo(f"wrote {target} ({found.height:,} rows)")
    show(before, after_all, into, "the steps should be", save=save)


def _read(file: Path) -> "pl.DataFrame":
    from assets.quality.rules.reading import collected, scan

    return collected(scan(file))


def _known(table: str, columns: tuple[str, ...]) -> None:
    """Raises HeddleError for a column that the table lacks; where there is no table yet, says that none is checked."""
    from assets.quality.rules.reading import schema_from_warehouse
    from core.near import near
    from orchestration.cli.seen import warehouse_of

    try:
        schema = schema_from_warehouse(warehouse_of("heddle impute"), table)
    except HeddleError as error:
        click.secho(f"the columns are not checked: {error.what}", fg="yellow", err=True)
        return
    for name in columns:
        if name not in schema:
            raise HeddleError(f"{table} has no column {name!r}", near(name, schema))


def _fitted(frame: "pl.DataFrame", columns: tuple[str, ...], keep: tuple[str, ...], unordered: bool) -> "Imputation":
    from assets.quality.impute.model import fit as learn

    return learn(frame, columns, keep=keep, in_order=not unordered, tell=lambda text: click.echo(text, err=True))


def _report(imputation: "Imputation") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False)
    if not imputation.fillers:
        console.print("no column lacks a value")
        return
    table = Table("column", "missing", "verdict", "gain", "why they are missing", box=None)
    for name, filler in imputation.fillers.items():
        gain = "" if filler.choice.refused else f"{filler.choice.gain:.0%}"
        table.add_row(name, f"{filler.pattern.missing:,}", filler.choice.reason, gain, filler.pattern.why)
    console.print(table)
    for name, values in imputation.stand_ins.items():
        console.print(f"{name}: {', '.join(map(repr, values))} counts as missing")
