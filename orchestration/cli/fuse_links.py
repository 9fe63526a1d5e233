"""`heddle fuse link`, `review` and `golden`: which records are the same thing, and what survives of them."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import SourceError
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    import polars as pl

    from assets.quality.linkage.golden import Resolved
    from assets.quality.linkage.model import Golden

WIDE = 200  # characters of a value that are shown
DECLARATION = click.argument("declaration", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.command()
@click.argument("tables", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "identifier", required=True, help="Column that identifies a row in each file.")
@click.option("--compare", multiple=True, help="Column that is compared (repeatable; default: all but the id).")
@click.option("--one-to-one", is_flag=True, help="No file has duplicates: at most one row of each in a cluster.")
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.5)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="CSV: file, id, cluster.")
@click.option("--safe-csv", is_flag=True, help="Mark texts like =1+1 in that file.")
def link(
    tables: tuple[Path, ...],
    identifier: str,
    compare: tuple[str, ...],
    one_to_one: bool,
    threshold: float,
    output: Path | None,
    safe_csv: bool,
) -> None:
    """Find the rows of CSV or Parquet files that are the same thing, without labels.

    \b
    Examples:
      heddle fuse link people.csv --id id
      heddle fuse link crm.csv shop.csv --id id --compare name --compare phone --one-to-one --output links.csv
    """
    import polars as pl

    from assets.quality.linkage.block import Limits
    from assets.quality.linkage.link import Options
    from assets.quality.linkage.link import link as find
    from assets.quality.rules.formulas import no_formulas
    from orchestration.cli.writing import distinct, replaced, spared

    if output is not None:
        spared(output, tables, "--output")
    distinct(*tables)
    frames = {str(t): _read_file(t) for t in tables}
    shared = [c for c in next(iter(frames.values())).columns if all(c in f.columns for f in frames.values())]
    columns = list(dict.fromkeys(compare)) or [c for c in shared if c != identifier]
    for column in (identifier, *columns):
        if column not in shared:
            known = f"all have {', '.join(shared)}" if shared else "no column is in all of them: rename columns first"
            raise SourceError(f"not every file has a column {column!r}", known)
    if not columns:
        raise SourceError(f"the files have no column in common but {identifier!r}", "name like columns alike")
    ids = [f[identifier].cast(pl.String) for f in frames.values()]
    for name, keys in zip(frames, ids, strict=True):
        if keys.null_count() or keys.n_unique() < keys.len():
            raise SourceError(
                f"{name}: {identifier} is missing or repeated in some rows", "name a column that identifies every row"
            )
    settings = config.load()
    limits = Limits(memory=settings.memory, folder=settings.home)
    options = Options(limits, one_to_one=one_to_one, threshold=threshold)
    found = find({n: f.select(columns) for n, f in frames.items()}, dict.fromkeys(columns), options, _say)
    table = pl.concat(
        pl.DataFrame({"id": keys}).select(pl.lit(name).alias("file"), "id")
        for name, keys in zip(frames, ids, strict=True)
    ).with_columns(pl.Series("cluster", found.cluster))
    for line in found.why:
        click.echo(f"  {line}")
    several = table.group_by("cluster").len().filter(pl.col("len") > 1)
    click.echo(f"{table.height:,} rows, {several.height:,} things with several rows; {found.model} model")
    if output is not None:
        with replaced(output) as beside:
            (no_formulas(table.lazy()).collect() if safe_csv else table).write_csv(beside)
        click.echo(f"wrote {output}")


@click.command()
@DECLARATION
@click.option("--most", type=click.IntRange(1), default=10, show_default=True, help="Pairs that are shown.")
@click.option("--by", default=None, help="Who judges (default: you).")
@click.option("--list", "only_list", is_flag=True, help="Show the pairs, ask nothing.")
def review(declaration: Path, most: int, by: str | None, only_list: bool) -> None:
    """Judge the pairs of a golden DECLARATION that the model is least sure of; the answers are kept beside it.

    Five pairs of either kind teach the model; every answer holds, whatever the model thinks.

    \b
    Example:
      heddle fuse review examples/quality/fusion/customers.yaml --by ann
    """
    from assets.quality.linkage.labels import judge, labels_path, read_labels
    from assets.quality.linkage.model import read_golden

    golden = read_golden(declaration)
    found = _resolved(golden, declaration)
    path, known, added = labels_path(declaration), read_labels(labels_path(declaration)), 0
    keys = (found.records["source"] + ":" + found.records["record"]).to_list()
    for a, b, share in found.linked.unsure(most):
        click.echo(f"\nprobability {share:.2f}")
        for column in golden.compare:
            left, right = (_short(found.records[column][n]) for n in (a, b))
            click.echo(f"  {column}: {left}  |  {right}")
        if only_list:
            continue
        answer = click.prompt("same? y/n, s skips, q ends", type=click.Choice(["y", "n", "s", "q"]))
        if answer == "q":
            break
        if answer in "yn":
            known = judge(path, keys[a], keys[b], answer == "y", by or getpass.getuser())
            added += 1
    if not only_list:
        click.echo(f"{added} pairs judged, {len(known)} in {path}")


@click.command()
@DECLARATION
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the three tables, as Parquet."
)
def golden(declaration: Path, output: Path | None) -> None:
    """Link the sources of a golden DECLARATION and show what its table would be; `heddle run ASSET` writes it.

    \b
    Example:
      heddle fuse golden examples/quality/fusion/customers.yaml --output out/
    """
    from assets.quality.linkage.measure import figures
    from assets.quality.linkage.model import read_golden
    from orchestration.cli.writing import replaced

    declared = read_golden(declaration)
    found = _resolved(declared, declaration)
    click.echo(f"{found.golden.height:,} things of {found.links.height:,} records; {found.linked.model} model")
    if found.linked.labelled is not None:
        score = found.linked.labelled
        click.echo(f"judged pairs: {figures(score.precision, score.recall)}")
    rivals = int((found.golden["conflicts"] > 0).sum())
    click.echo(f"{rivals:,} things have values that disagree")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for name in ("golden", "cells", "links"):
            frame: pl.DataFrame = getattr(found, name)
            with replaced(output / f"{name}.parquet") as beside:
                frame.write_parquet(beside)
        click.echo(f"wrote golden, cells and links to {output}")


def _short(value: object) -> str:
    text = "-" if value is None else visible(str(value))
    return text if len(text) <= WIDE else text[:WIDE] + "…"


def _resolved(golden: "Golden", declaration: Path) -> "Resolved":
    from assets.quality.fusion.model import is_asset
    from assets.quality.linkage.golden import resolve
    from assets.quality.linkage.labels import labels_path, read_labels
    from assets.quality.linkage.run import before, reader
    from orchestration.cli.seen import warehouse_of

    settings = config.load()
    labels = read_labels(labels_path(declaration))
    if len({is_asset(s.table) for s in golden.sources}) > 1:
        raise SourceError(f"{declaration}: some sources are assets and some are files", "name only one kind")
    if is_asset(golden.sources[0].table):
        store = warehouse_of("heddle fuse")
        read, known = reader(store), before(golden, store)
    else:
        read, known = lambda table: _read_file(declaration.parent / table), {}
    return resolve(golden, read, labels, known, settings.memory, settings.home, _say)


def _read_file(path: Path) -> "pl.DataFrame":
    import polars as pl

    from assets.quality.rules.reading import readable, scan_texts, why

    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        readable(path)
        return scan_texts(path).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{path} cannot be read: {why(error)}", "name a CSV or Parquet file") from None


def _say(line: str) -> None:
    click.echo(line, err=True)
