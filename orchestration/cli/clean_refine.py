"""`heddle clean refine` and `cluster`: OpenRefine's recipes and clusters without OpenRefine."""

import json
from pathlib import Path

import click

from core import settings as config
from core.errors import SourceError

COUNT, FAR = click.IntRange(min=1), click.FloatRange(min=0)
OUT = click.Path(dir_okay=False, path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object or list instead of words.")


@click.command()
@click.argument("table")
@click.option("--recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--into", type=OUT, help="The refined file (default for a file: beside it, as NAME.refined.csv).")
@click.option("--check", "only_check", is_flag=True, help="Only read the recipe and tell what it does.")
def refine(table: str, recipe: Path, into: Path | None, only_check: bool) -> None:
    """Run an operation history of OpenRefine (JSON of Undo / Redo, Extract) over TABLE.

    The recipe is checked as a whole first; an operation or function that is not supported is named.

    \b
    Examples:
      heddle clean refine orders.csv --recipe ops.json
      heddle clean refine raw/retail/products --recipe ops.json --into products.parquet
    """
    from assets.quality.refine.recipe import read, run
    from assets.quality.rules.reading import is_file
    from core.scratch import scratch
    from orchestration.cli.clean import opened
    from orchestration.cli.writing import replaced, spared, tabular

    steps = read(recipe)
    if only_check:
        for step in steps:
            click.echo(f"{step.number}. {step.name}: {step.words}")
        return
    if into is None and not is_file(table):
        raise SourceError(f"{table} is no file", "say with --into where the rows go")
    path = into or Path(table).with_name(f"{Path(table).stem}.refined{Path(table).suffix}")
    spared(path, [table, recipe])
    tabular(path)
    with scratch(config.load().home, "refine-") as folder:
        frame = opened(table, folder).collect()
    found = run(frame, steps, str(recipe), lambda d: click.echo(f"{d.step.number}. {d.step.words}: {d.rows:,} rows"))
    with replaced(path) as beside:
        if path.suffix.lower() == ".parquet":
            found.write_parquet(beside)
        else:
            found.write_csv(beside, separator="\t" if path.suffix.lower() == ".tsv" else ",")
    click.echo(f"wrote {path}: {found.height:,} rows, {found.width} columns")


@click.command()
@click.argument("table")
@click.argument("column")
@click.option("--method", default="fingerprint", show_default=True, help="fingerprint, ngram-fingerprint, …, ppm.")
@click.option("--size", default=2, show_default=True, type=COUNT, help="Characters of n-grams.")
@click.option("--radius", default=1.0, show_default=True, type=FAR, help="Greatest distance of levenshtein and ppm.")
@click.option("--block", default=6, show_default=True, type=COUNT, help="Characters in a row that neighbours share.")
@click.option("--recipe", type=OUT, help="Write the clusters as a mass edit that `refine` runs.")
@JSON
def cluster(
    table: str, column: str, method: str, size: int, radius: float, block: int, recipe: Path | None, as_json: bool
) -> None:
    """Groups of different values of COLUMN that are likely the same, as OpenRefine's clustering finds them.

    \b
    Examples:
      heddle clean cluster orders.csv city
      heddle clean cluster orders.csv city --method levenshtein --radius 2 --recipe ops.json
    """
    import polars as pl

    from assets.quality.refine.cluster import cluster as find
    from assets.quality.refine.cluster import edits
    from core.scratch import scratch
    from orchestration.cli.clean import opened
    from orchestration.cli.writing import replaced, spared

    if recipe is not None:
        spared(recipe, [table], "--recipe")
    with scratch(config.load().home, "cluster-") as folder:
        rows = opened(table, folder)
        if column not in rows.collect_schema().names():
            raise SourceError(f"{table}: there is no column {column!r}", ", ".join(rows.collect_schema().names()[:30]))
        values = rows.select(pl.col(column).cast(pl.String)).collect().to_series().to_list()
    found = find(values, method, size=size, radius=radius, block=block)
    if recipe is not None:
        with replaced(recipe) as beside:
            beside.write_text(json.dumps([edits(column, found)], ensure_ascii=False, indent=1), encoding="utf-8")
    if as_json:
        click.echo(json.dumps([{"to": c.to, "values": dict(c.values)} for c in found], ensure_ascii=False))
        return
    for c in found:
        click.echo(f"{c.rows:,} rows -> {c.to!r}: {', '.join(f'{v!r} ({n:,})' for v, n in c.values)}")
    click.echo(f"{len(found)} clusters" + (f", wrote {recipe}" if recipe else ""))
