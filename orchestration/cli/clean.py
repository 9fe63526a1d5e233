"""`heddle clean`: rules about a table or a file: proposed, reviewed, decided, applied."""

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core import settings as config
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

AUTHOR = click.option("--author", default=getpass.getuser, help="Who decides it (default: you).")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object or list instead of words.")
COUNT = click.IntRange(min=1)
TABLE = click.argument("table")
STATUS = {"proposed": "yellow", "accepted": "green", "refused": "red"}


@click.group()
def clean() -> None:
    """Rules about tables and files, kept as YAML in HEDDLE_QUALITY: what is wrong, and what puts it right.

    TABLE is an asset key (raw/shop/orders) or a CSV, TSV or Parquet file.

    \b
    Examples:
      heddle clean suggest orders.csv
      heddle clean review orders.csv
      heddle clean accept orders.csv unique-id-7cee7a66 --action reject
      heddle clean apply orders.csv --into clean.csv
      heddle clean explain orders.csv --row 17 --column city
      heddle clean to-kettle orders.csv --into load.ktr --after "Read orders" --write
    """


def table_name(table: str) -> str:
    """What a table is called in its rule file: the asset key, or the name of the file."""
    from assets.quality.rules.reading import is_file

    return Path(table).name if is_file(table) else table


def rule_files() -> RuleFiles:
    """The folder of the settings."""
    return RuleFiles(config.load().quality)


def opened(table: str, scratch: Path) -> "pl.LazyFrame":
    """The rows of a file, or of a table of the warehouse (kept in `scratch`)."""
    from assets.quality.rules.reading import from_warehouse, is_file, scan
    from orchestration.cli.seen import warehouse_of

    return scan(Path(table)) if is_file(table) else from_warehouse(warehouse_of("heddle clean"), table, scratch)


@clean.command()
@TABLE
@click.option("--rows", default=200_000, show_default=True, type=COUNT, help="Rows to look at, spread evenly.")
@click.option("--other", "others", multiple=True, metavar="TABLE", help="A table that TABLE may refer to; repeatable.")
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="File of `clean ask`.")
@click.option("--last", metavar="TABLE", help="A former good version: what drifted since is told.")
@click.option("--show-values", is_flag=True, help="Also values of columns about persons, which are masked otherwise.")
@JSON
def suggest(
    table: str,
    rows: int,
    others: tuple[str, ...],
    labels: Path | None,
    last: str | None,
    show_values: bool,
    as_json: bool,
) -> None:
    """Find what is wrong with TABLE and write proposals into its rule file; what people decided stays.

    \b
    Examples:
      heddle clean suggest orders.csv
      heddle clean suggest raw/retail/products --rows 50000
      heddle clean suggest orders.csv --other customers.csv
      heddle clean suggest orders.csv --labels labels.yaml
      heddle clean suggest orders.csv --last orders_of_may.csv
    """
    from assets.quality.repair.labels import read as read_labels
    from assets.quality.rules.suggest import sample, sensitive_columns
    from assets.quality.rules.suggest import suggest as find
    from core.scratch import scratch

    files, name = rule_files(), table_name(table)
    with scratch(config.load().home, "clean-") as folder:
        click.echo(f"reading {table}", err=True)
        frame, every = sample(opened(table, folder), rows)
        click.echo(f"looking at {len(frame):,} rows, {frame.width} columns", err=True)
        hidden = set() if show_values else sensitive_columns(frame)
        beside = {other: opened(other, folder).collect(engine="streaming") for other in others}
        told = read_labels(labels, frame.columns, every * len(frame)) if labels else None
        former = sample(opened(last, folder), rows)[0] if last else None
        if former is not None and not set(former.columns) & set(frame.columns):
            raise SourceError(f"{last} has no column of {table}", "name a former version of it")
        secret: list[Rule] = []
        found = find(frame, name, hidden, every, beside, told, former, secret.append)
    if secret:
        columns = ", ".join(sorted({c for rule in secret for c in rule.columns if c in hidden}))
        click.echo(f"{len(secret)} findings would write values of {columns} into the file: --show-values", err=True)
    new = files.merge(name, found)
    if as_json:
        click.echo(json.dumps([rule.model_dump(mode="json") for rule in found], ensure_ascii=False))
        return
    for rule in found:
        _line(rule)
    if not found:
        click.echo(f"{table}: no findings")
        return
    click.echo(f"{files.path(name)}: {len(found)} findings, {len(new)} new; `heddle clean review {table}`")


@clean.command()
@TABLE
@click.argument("ids", nargs=-1)
@click.option("--status", type=click.Choice(list(STATUS)), help="Only these.")
@JSON
def review(table: str, ids: tuple[str, ...], status: str | None, as_json: bool) -> None:
    """The rules of TABLE with evidence, confidence, effect and examples before and after.

    \b
    Examples:
      heddle clean review orders.csv --status proposed
      heddle clean review raw/retail/products unique-product_id-1c0bd4d9 --json
    """
    found = [r for r in rule_files().read(table_name(table)) if status in (None, r.status)]
    if ids:
        found = chosen_of(found, ids, table)
    if as_json:
        click.echo(json.dumps([rule.model_dump(mode="json") for rule in found], ensure_ascii=False))
        return
    for rule in found:
        _line(rule)
        if rule.params:
            click.echo(f"    {json.dumps(rule.params, ensure_ascii=False, default=str)[:300]}")
        if rule.evidence:
            click.echo(f"    {rule.evidence}")
        for e in rule.effect.examples:
            after = f" -> {e.after!r}" if e.after is not None or rule.action == "repair" else ""
            click.echo(f"    row {e.row:,}, {e.column}: {e.before!r}{after}")
        if rule.by:
            click.echo(f"    {rule.status} by {rule.by} at {rule.at}{': ' + rule.note if rule.note else ''}")
    if not found:
        click.echo(f"no rules: `heddle clean suggest {table}`")


@clean.command()
@TABLE
@click.argument("ids", nargs=-1)
@click.option("--least", type=click.FloatRange(0, 1), help="Instead of ids: all proposals of at least this confidence.")
@click.option("--action", type=click.Choice(["report", "reject", "repair"]), help="What happens to rows that break it.")
@click.option("--note", default="", help="Why.")
@AUTHOR
def accept(table: str, ids: tuple[str, ...], least: float | None, action: str | None, note: str, author: str) -> None:
    """Accept rules of TABLE: they are asset checks and part of its plan from now on; who and when are recorded.

    \b
    Examples:
      heddle clean accept orders.csv unique-id-7cee7a66 --action reject
      heddle clean accept raw/retail/products --least 0.95 --author ann
    """
    _decide(table, ids, least, "accepted", author, note, action or "")


@clean.command()
@TABLE
@click.argument("ids", nargs=-1, required=True)
@click.option("--note", default="", help="Why.")
@AUTHOR
def refuse(table: str, ids: tuple[str, ...], note: str, author: str) -> None:
    """Refuse rules of TABLE; they are not proposed again.

    \b
    Example:
      heddle clean refuse orders.csv range-amount-907bd320 --note "refunds are negative"
    """
    _decide(table, ids, None, "refused", author, note, "")


def _decide(
    table: str, ids: tuple[str, ...], least: float | None, status: str, author: str, note: str, action: str
) -> None:
    from typing import cast

    from assets.quality.rules.model import Status
    from assets.quality.rules.registry import params_of

    files, name = rule_files(), table_name(table)
    known = files.read(name)
    if bool(ids) == (least is not None):
        raise SourceError("which rules?", "name their ids, or give --least")
    sure = [r for r in known if r.status == "proposed" and r.confidence >= (least or 0)]
    chosen = chosen_of(known, ids, table) if ids else sure
    if not chosen:
        raise SourceError(f"{table}: no proposal has a confidence of {least} or more", f"`heddle clean review {table}`")
    for rule in chosen:
        params_of(rule)
    for rule in files.decide(name, [r.id for r in chosen], cast(Status, status), author, note=note, action=action):
        click.echo(f"{rule.id}: {rule.status} ({rule.action})")


def chosen_of(rules: list[Rule], ids: tuple[str, ...], table: str) -> list[Rule]:
    """The rules of these ids; the beginning of one is enough where no other begins so."""
    found = []
    for name in ids:
        hits = [r for r in rules if r.id == name] or [r for r in rules if r.id.startswith(name)]
        if len(hits) != 1:
            known = ", ".join(r.id for r in hits or rules) or "none"
            raise SourceError(f"{table}: {len(hits) or 'no'} rules {name!r}", f"there are: {known}")
        found += hits
    return found


def _line(rule: Rule) -> None:
    effect = f"{rule.effect.rows:,} rows, {rule.effect.cells:,} cells" if rule.effect.rows else ""
    words = f"{rule.confidence:>4.0%} {rule.action:<7} {rule.id}  {', '.join(rule.columns)}  {effect}"
    click.echo(click.style(f"{rule.status:<9}", fg=STATUS[rule.status]) + words.rstrip())


def _register() -> None:
    """The commands of the other files."""
    from orchestration.cli.clean_apply import apply, explain
    from orchestration.cli.clean_ask import ask
    from orchestration.cli.clean_exchange import export, import_rules, to_kettle
    from orchestration.cli.clean_refine import cluster, refine

    for command in (ask, apply, explain, export, import_rules, to_kettle, refine, cluster):
        clean.add_command(command)


_register()
