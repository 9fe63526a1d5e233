"""`heddle map apply`, `to-kettle` and `explain`: what a mapping makes."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import SourceError
from orchestration.cli.clean import JSON, opened
from orchestration.cli.kettle_change import AFTER, INTO, OVERWRITE, REJECTS, SAVE

if TYPE_CHECKING:
    from assets.quality.mapping.model import Mapping_

OUT = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@click.option("--from", "source", help="Another file or table than the mapping's own source.")
@click.option("--into", type=OUT, help="The file of the rows (default for a file: beside it, named NAME).")
@click.option("--rejects", type=OUT, help="Rows that cannot be converted, with the reasons (default: NAME.rejected).")
@click.option("--safe-csv", is_flag=True, help="Mark texts like =1+1 in a CSV file of the rows too.")
@JSON
def apply(
    name: str, source: str | None, into: Path | None, rejects: Path | None, safe_csv: bool, as_json: bool
) -> None:
    """Make the target's rows by the accepted fields; rows that cannot be converted go to a reject file.

    \b
    Examples:
      heddle map apply customers
      heddle map apply customers --from march.csv --into march_new.parquet
    """
    from assets.quality.mapping.apply import write
    from core.scratch import scratch
    from orchestration.cli.mapping import mapping_files, output
    from orchestration.cli.writing import distinct, spared, tabular, written

    found = mapping_files().read(name)
    path, beside = output(source or found.source, name, into)
    beside = rejects or beside
    tabular(beside, "--rejects")
    spared(beside, [source or found.source], "--rejects")
    distinct(path, beside)
    with written(path), scratch(config.load().home, "map-") as folder:
        counts = write(found, opened(source or found.source, folder), path, beside, safe=safe_csv)
    if as_json:
        click.echo(json.dumps(asdict(counts) | {"files": [str(path), str(beside)]}))
        return
    click.echo(f"{counts.source:,} rows: {counts.rows:,} to {path}, {counts.rejects:,} rejected to {beside}")


@click.command("to-kettle")
@click.argument("name")
@INTO
@AFTER
@REJECTS
@OVERWRITE
@SAVE
def to_kettle(name: str, into: Path, after: str | None, rejects: str | None, overwrite: bool, save: bool) -> None:
    """Make the accepted fields steps of a transformation: Select values, Value mapper, Calculator and others.

    Shows the change in the words of the file and as lines; only --write changes the file. Done again, it brings the
    steps up to date.

    \b
    Examples:
      heddle map to-kettle customers --into load.ktr --after "Read customers"
      heddle map to-kettle customers --into new.ktr --write
    """
    from assets.kettle.generate.sinks import ToFile
    from assets.quality.mapping.to_kettle import merged
    from assets.quality.rules.new_kettle import READ
    from orchestration.cli.kettle_change import engine, opened, show
    from orchestration.cli.mapping import mapping_files

    mapping = mapping_files().read(name)
    if not mapping.accepted:
        raise SourceError(f"{name}: no field is accepted", f"`heddle map accept {name} --least 0.9`")
    before = opened(into, after, Path(mapping.source), name)
    found = merged(
        before,
        mapping,
        after or READ,
        rejects=ToFile(rejects.removesuffix(".csv")) if rejects else None,
        overwrite=overwrite,
        settings=engine(config.load()),
    )
    for field, why in found.left_out:
        click.secho(f"{field.target} is no step: {why}", fg="yellow", err=True)
    show(before, found.model, into, "the mapping says", save=save)


@click.command()
@click.argument("name")
@click.argument("targets", nargs=-1)
@click.option("--sql", is_flag=True, help="The mapping as SQL instead: the rows, and the reject table.")
@click.option("--dialect", type=click.Choice(["duckdb", "postgres"]), help="Of the SQL (default: the warehouse's).")
@JSON
def explain(name: str, targets: tuple[str, ...], sql: bool, dialect: str | None, as_json: bool) -> None:
    """Why each target column is filled as it is: evidence, alternatives, parameters; or the whole in SQL.

    \b
    Examples:
      heddle map explain customers gender
      heddle map explain customers --sql --dialect postgres
    """
    from orchestration.cli.mapping import chosen, mapping_files

    mapping = mapping_files().read(name)
    if sql:
        _sql(mapping, dialect)
        return
    fields = chosen(mapping, targets)
    if as_json:
        click.echo(json.dumps([f.model_dump(mode="json") for f in fields], ensure_ascii=False))
        return
    for f in fields:
        click.echo(f"{f.target}: {f.words} ({f.confidence:.0%}, {f.status}{' by ' + f.by if f.by else ''})")
        click.echo(f"  params: {json.dumps(f.params, ensure_ascii=False)}")
        click.echo(f"  evidence: {f.evidence or '-'}")
        for other in f.alternatives:
            click.echo(f"  or: {other.words} ({other.confidence:.0%}): {other.evidence}")


def _sql(mapping: "Mapping_", dialect: str | None) -> None:
    """Both queries; of a file, whose rows are called `source`, for DuckDB unless another dialect is named."""
    from sqlglot import exp

    from assets.quality.mapping.sql import doubtful, select, written
    from assets.quality.rules.reading import is_file
    from core.naming import Key, table_name
    from orchestration.cli.mapping import source_schema
    from resources.open import warehouse

    table, asked = exp.to_table("source"), dialect or "duckdb"
    if not is_file(mapping.source):
        name = table_name(Key.parse(mapping.source))
        table, asked = exp.table_(name.name, db=name.schema, quoted=True), dialect or warehouse(config.load()).dialect
    queries = select(mapping, source_schema(mapping.source), table)
    for target in doubtful(mapping, asked):
        words = f"{target}: of several parts that fit, PostgreSQL takes the longest: compare before you rely on it"
        click.secho(words, fg="yellow", err=True)
    for query in queries:
        click.echo(written(query, asked, pretty=True) + ";\n")
