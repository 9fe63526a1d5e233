"""`heddle sensitive`: where personal and secret data is, in tables, documents and logs."""

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core import settings as config
from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from assets.security.sensitive.columns import Finding

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def sensitive() -> None:
    """Personal and secret data: classes, columns, texts. Values are shown masked only.

    \b
    Examples:
      heddle sensitive scan                          look at all sources, keep what is found in the catalogue
      heddle sensitive scan customers.csv            one file, nothing is kept
      heddle sensitive show raw/crm/customer         columns with classes, also those that lineage hands on
      heddle sensitive text service.log contract.pdf documents and logs
      heddle sensitive classes                       levels, default protection, names
    """


@sensitive.command()
@JSON
def classes(as_json: bool) -> None:
    """All classes with level (1 public to 4 secret), default protection and names.

    \b
    Example:
      heddle sensitive classes
    """
    from assets.security.sensitive.classes import builtin

    found = list(builtin().all.values())
    if as_json:
        click.echo(json.dumps([c.model_dump(mode="json") for c in found], ensure_ascii=False, indent=1))
        return
    for c in sorted(found, key=lambda c: (-c.level, c.name)):
        click.echo(f"{c.level}  {c.name:18} {c.protection:11} {c.label.en} / {c.label.zh}")


@sensitive.command()
@click.argument("names", nargs=-1)
@click.option("--author", default=getpass.getuser, help="Who scans (default: you).")
@JSON
def scan(names: tuple[str, ...], author: str, as_json: bool) -> None:
    """Look at sources of sources.yaml (all, or the NAMES given), or at CSV, TSV and Parquet files.

    Sources are read wholly anew, and what is found is kept in the catalogue: classes with masked samples, and tags
    `pii:<class>` to accept or refuse (`heddle catalog tags`). Files are only looked at. Exit status 1 when a source
    could not be read.

    \b
    Examples:
      heddle sensitive scan
      heddle sensitive scan retail
      heddle sensitive scan customers.csv --json
    """
    from assets.quality.rules.reading import is_file

    found: dict[str, dict[str, Finding]] = {}
    failed = False
    files = [n for n in names if is_file(n)]
    for name in files:
        found[name] = _file(Path(name), config.load().memory)
    if not names or len(files) < len(names):
        failed = _sources([n for n in names if n not in files], author, found)
    if as_json:
        shown = {k: {c: f.model_dump(mode="json") for c, f in v.items()} for k, v in found.items()}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        _tell(found)
    if failed:
        raise SystemExit(1)


def _file(path: Path, memory: str) -> "dict[str, Finding]":
    from assets.quality.rules.reading import scan, size
    from assets.security.protect.apply import sampled
    from assets.security.protect.sources import of_file
    from assets.security.sensitive.columns import decide

    rows = sampled(of_file(path, size(memory))) if scan(path).limit(1).collect().height else None
    found = decide({c.name: c for c in rows.get_columns()}) if rows is not None else {}
    return {c: f for c, f in found.items() if f is not None}


def _sources(names: list[str], author: str, found: "dict[str, dict[str, Finding]]") -> bool:
    """Scans sources and takes up their findings; whether something could not be read."""
    from assets.catalog.observe import observe
    from assets.catalog.scan.sources import chosen, load_sources
    from assets.catalog.store.versions import Change, Versions
    from assets.catalog.tags.refresh import refresh
    from assets.security.sensitive.observed import of_table

    settings = config.load()
    versions, failed = Versions(settings.catalog), False
    for source in chosen(load_sources(settings), names, settings.catalog_files):
        done = observe(settings, versions, source, author=author, whole=True)
        for name, why in done.scan.errors:
            failed = True
            click.secho(f"{name or source.name} could not be read: {why}", fg="red", err=True)
        for table in done.scan.tables:
            key = f"{source.name}/{table.table.path}"
            found[key] = of_table(versions, key)
    refresh(settings, versions, Change(author, "scan for sensitive data"))
    return failed


def _tell(found: "dict[str, dict[str, Finding]]") -> None:
    for table, columns in found.items():
        flagged = [f for f in columns.values() if f.flagged]
        click.secho(f"{visible(table)}: {len(flagged)} sensitive columns", bold=True)
        for f in flagged:
            within = f" ({', '.join(f.within)})" if f.within else ""
            name, said = visible(f.column), f"level {f.level}  {f.confidence:.2f}  {' '.join(f.samples)}"
            click.echo(f"  {name:24} {f.class_}{within}  {said}")


@sensitive.command()
@click.argument("key")
@JSON
def show(key: str, as_json: bool) -> None:
    """Classes of the columns of an asset or SOURCE/TABLE: what was found, and what lineage hands on to it.

    \b
    Examples:
      heddle sensitive show raw/crm/customer
      heddle sensitive show shop/main.customers --json
    """
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.searchable import assets_of_tables
    from assets.catalog.store.versions import Versions
    from assets.security.sensitive.observed import classes_of, flown, tag

    settings = config.load()
    versions = Versions(settings.catalog)
    key = assets_of_tables(versions).get(key, key)
    flowed = flown(versions, LineageStore(settings.catalog))
    found = classes_of(flowed, key)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for column, held in found.items():
        for name, confidence in held.items():
            way = flowed.path((key, column), tag(name))
            via = f"  from {way[0][0]}.{way[0][1]}" if len(way) > 1 else ""
            click.echo(visible(f"{column:24} {name}  {confidence:.2f}{via}"))
    if not found:
        click.echo("nothing sensitive is known; `heddle sensitive scan` looks at the sources")


@sensitive.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--where", is_flag=True, help="Each place: line (or page), first and last character.")
@JSON
def text(paths: tuple[Path, ...], where: bool, as_json: bool) -> None:
    """Sensitive data in documents and logs (text, .gz, HTML, PDF, Office), or in standard input without PATHS.

    \b
    Examples:
      heddle sensitive text service.log contract.pdf
      heddle sensitive text --where service.log
      cat mail.txt | heddle sensitive text
    """
    from assets.security.sensitive.files import report, scan
    from assets.security.sensitive.text.engine import detector

    if not paths:
        from assets.security.sensitive.classes import builtin
        from assets.security.sensitive.shown import sample

        said = sys.stdin.read()
        for span in detector().one(said):
            shown = sample(said[span.start : span.end], builtin()[span.class_].level)
            click.echo(f"{span.start}-{span.end}  {span.class_}  {span.confidence:.2f}  {shown}")
        return
    if where:
        for path in paths:
            for _, hits in scan(path):
                for hit in hits:
                    s = hit.span
                    click.echo(f"{path}:{hit.line}:{s.start}-{s.end}  {s.class_}  {s.confidence:.2f}  {hit.shown}")
        return
    reports = [report(path) for path in paths]
    if as_json:
        click.echo(json.dumps([r.model_dump(mode="json") for r in reports], ensure_ascii=False, indent=1))
        return
    for made in reports:
        click.secho(f"{made.path}: {sum(made.counts.values())} places in {made.lines} lines or pages", bold=True)
        for name, count in sorted(made.counts.items(), key=lambda item: -item[1]):
            click.echo(f"  {name:18} {count:6}  {made.surest[name]:.2f}  {' '.join(made.samples[name])}")
