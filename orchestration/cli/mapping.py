"""`heddle map`: which source columns fill which target columns, and how: proposed, decided, applied."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from core import settings as config
from core.errors import HeddleError, SourceError
from orchestration.cli.clean import AUTHOR, JSON, STATUS, opened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from assets.quality.mapping.files import MappingFiles
    from assets.quality.mapping.match import Embed
    from assets.quality.mapping.model import FieldMap, Mapping_, Status

NAME = click.argument("name")


@click.group("map")
def mapping() -> None:
    """Mappings of a source's columns to a target's, with transforms, kept as YAML in HEDDLE_QUALITY/mappings.

    SOURCE and TARGET are asset keys (raw/shop/orders) or CSV, TSV or Parquet files.

    \b
    Examples:
      heddle map suggest customers old_customers.csv customers.csv --key cust_no=id
      heddle map review customers
      heddle map accept customers --least 0.9
      heddle map edit customers gender --transform codes --params '{"values": {"1": "男", "2": "女"}}'
      heddle map apply customers --into new_customers.parquet
      heddle map to-kettle customers --into load.ktr --write
    """


def mapping_files() -> "MappingFiles":
    """The folder of the settings."""
    from assets.quality.mapping.files import MappingFiles

    return MappingFiles(config.load().quality)


@mapping.command()
@NAME
@click.argument("source")
@click.argument("target")
@click.option("--key", metavar="SOURCE=TARGET", help="Columns that identify a row in both (default: found by values).")
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Rows to look at; of larger tables, spread evenly.",
)
@click.option("--embed", is_flag=True, help="Also compare what English names mean, by the MiniLM model (slower).")
@JSON
def suggest(name: str, source: str, target: str, key: str | None, rows: int, embed: bool, as_json: bool) -> None:
    """Propose the mapping NAME of SOURCE to TARGET and write its file; what people decided stays.

    \b
    Examples:
      heddle map suggest customers old_customers.csv customers.csv
      heddle map suggest orders raw/erp/orders table/shop/orders --key order_no=id
    """
    from assets.catalog.standards.model import CODES, CodeTable
    from assets.documents import read_all
    from assets.quality.mapping.suggest import suggest as find
    from assets.quality.rules.suggest import sample
    from core.scratch import scratch

    settings, files = config.load(), mapping_files()
    files.path(name)  # a wrong name is told before anything is read
    pair = tuple((key or "").split("=", 1))
    if key and len(pair) != 2:
        raise SourceError(f"--key {key!r} names no two columns", "write --key SOURCE_COLUMN=TARGET_COLUMN")
    with scratch(settings.home, "map-") as folder:
        frames = []
        for table in (source, target):
            click.echo(f"reading {table}", err=True)
            frames.append((table, sample(opened(table, folder), rows)[0]))
        codes = list(read_all(settings.catalog_files / CODES, CodeTable).values())
        keys = cast("tuple[str, str] | None", pair if key else None)
        proposed = find(name, frames[0], frames[1], key=keys, codes=codes, embed=_embedder() if embed else None)
    found = files.merge(proposed)
    if as_json:
        click.echo(found.model_dump_json())
        return
    for field in found.fields:
        _line(field)
    by = f"rows of the same {found.key[0]} = {found.key[1]}" if found.key else "names and values; no key was found"
    spare = f"source columns that fill nothing: {', '.join(found.spare)}" if found.spare else "no source column is left"
    click.echo(f"measured by {by}; {spare}")
    click.echo(f"{files.path(name)}: `heddle map review {name}`, then `heddle map accept {name} --least 0.9`")


def _embedder() -> "Embed":
    from resources.embed_minilm import MiniLm

    return MiniLm(config.load().home / "models").embed


@mapping.command()
@NAME
@click.argument("targets", nargs=-1)
@click.option("--status", type=click.Choice(list(STATUS)), help="Only these.")
@JSON
def review(name: str, targets: tuple[str, ...], status: str | None, as_json: bool) -> None:
    """The fields of a mapping with transform, confidence, evidence and alternatives.

    \b
    Examples:
      heddle map review customers --status proposed
      heddle map review customers gender --json
    """
    fields = [f for f in chosen(mapping_files().read(name), targets) if status in (None, f.status)]
    if as_json:
        click.echo(json.dumps([f.model_dump(mode="json") for f in fields], ensure_ascii=False))
        return
    for field in fields:
        _line(field)
        if field.evidence:
            click.echo(f"    {field.evidence}")
        for n, other in enumerate(field.alternatives, 1):
            click.echo(f"    or {n}: {other.confidence:.0%} {other.words}")
        if field.by:
            click.echo(f"    {field.status} by {field.by} at {field.at}{': ' + field.note if field.note else ''}")


def chosen(found: "Mapping_", targets: tuple[str, ...]) -> list["FieldMap"]:
    """The fields of these targets, or all. Raises SourceError for a target that is not there."""
    return [found.field(target) for target in targets] or list(found.fields)


@mapping.command()
@NAME
@click.argument("targets", nargs=-1)
@click.option("--least", type=click.FloatRange(0, 1), help="Instead of targets: all proposals at least this sure.")
@click.option("--note", default="", help="Why.")
@AUTHOR
def accept(name: str, targets: tuple[str, ...], least: float | None, note: str, author: str) -> None:
    """Accept fields: they are part of what the mapping makes from now on; who and when are recorded.

    \b
    Examples:
      heddle map accept customers gender birth_date
      heddle map accept customers --least 0.9 --author ann
    """
    if bool(targets) == (least is not None):
        raise SourceError("which fields?", "name their targets, or give --least")
    if least is not None:
        fields = mapping_files().read(name).fields
        targets = tuple(f.target for f in fields if f.status == "proposed" and f.confidence >= least)
    _decide(name, targets, "accepted", author, note)


@mapping.command()
@NAME
@click.argument("targets", nargs=-1, required=True)
@click.option("--note", default="", help="Why.")
@AUTHOR
def refuse(name: str, targets: tuple[str, ...], note: str, author: str) -> None:
    """Refuse fields; they are not proposed again, and the column is not made.

    \b
    Example:
      heddle map refuse customers amount --note "net in one, gross in the other"
    """
    _decide(name, targets, "refused", author, note)


@mapping.command()
@NAME
@click.argument("target")
@click.option("--sources", help="Source columns, separated by commas; one with a comma in its name in quotes.")
@click.option("--transform", "kind", help="copy, cast, date, unit, codes, normalise, extract, split, merge, …")
@click.option("--params", help="Its parameters as JSON.")
@click.option("--alternative", type=click.IntRange(1), help="Instead: the alternative of this number in `review`.")
@click.option("--note", default="", help="Why.")
@AUTHOR
def edit(
    name: str,
    target: str,
    sources: str | None,
    kind: str | None,
    params: str | None,
    alternative: int | None,
    note: str,
    author: str,
) -> None:
    """Say what fills a target column; accepted at once.

    \b
    Examples:
      heddle map edit customers gender --alternative 1
      heddle map edit customers weight_g --sources weight --transform unit --params '{"factor": 1000}'
    """
    files = mapping_files()
    found = files.read(name)
    others = found.field(target).alternatives
    changes: dict[str, Any] = {"note": note} if note else {}
    if alternative is not None:
        if alternative > len(others):
            raise SourceError(f"{target} has {len(others)} alternatives", f"see `heddle map review {name} {target}`")
        changes |= others[alternative - 1].model_dump(include={"sources", "transform", "params", "evidence"})
    if sources is not None:
        changes["sources"] = tuple(filter(None, next(csv.reader([sources], skipinitialspace=True), [])))
    if kind is not None:
        changes |= {"transform": kind, "params": {}}
    if params is not None:
        changes["params"] = _json(params)
    if not set(changes) - {"note"}:
        raise SourceError("nothing is changed", "give --alternative, --sources, --transform or --params")
    try:
        schema = source_schema(found.source)
    except HeddleError as error:
        schema = None
        click.secho(f"the columns are not checked: {error.what}", fg="yellow", err=True)
    _line(files.edit(name, target, changes, author, schema))


def source_schema(source: str) -> "Mapping[str, pl.DataType]":
    """Columns and types of a mapping's source. Raises HeddleError where it cannot be read."""
    from assets.quality.rules.reading import is_file, scan, schema_from_warehouse
    from orchestration.cli.seen import warehouse_of

    if is_file(source):
        return scan(Path(source)).collect_schema()
    return schema_from_warehouse(warehouse_of("heddle map"), source)


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"--params is no JSON: {error}", "write an object, as '{\"factor\": 1000}'") from None
    if not isinstance(found, dict):
        raise SourceError("--params is no JSON object", "write an object, as '{\"factor\": 1000}'")
    return found


def _decide(name: str, targets: tuple[str, ...], status: "Status", author: str, note: str) -> None:
    for field in mapping_files().decide(name, targets, status, author, note):
        _line(field)


def _line(field: "FieldMap") -> None:
    words = f"{field.confidence:>4.0%} {field.target} <- {field.words}"
    click.echo(click.style(f"{field.status:<9}", fg=STATUS[field.status]) + words)


def output(source: str, name: str, into: Path | None) -> tuple[Path, Path]:
    """The file of the rows and that of the rejects. Raises SourceError where neither is clear."""
    from assets.quality.rules.reading import is_file
    from orchestration.cli.writing import spared, tabular

    if into is None and not is_file(source):
        raise SourceError(f"{source} is no file", "say with --into where the rows go")
    path = into or Path(source).with_name(f"{name}{Path(source).suffix}")
    tabular(path)
    spared(path, [source] if is_file(source) else [])
    return path, path.with_name(f"{path.stem}.rejected{path.suffix}")


def _register() -> None:
    """The commands of the other file."""
    from orchestration.cli.mapping_apply import apply, explain, to_kettle

    for command in (apply, to_kettle, explain):
        mapping.add_command(command)


_register()
