"""`heddle clean apply` and `explain`: run the accepted rules, and tell what they did and why."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assets.quality.rules.model import Rule
from core import settings as config
from core.errors import SourceError

if TYPE_CHECKING:
    from assets.quality.rules.apply import Targets

OUT = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("table")
@click.option("--into", type=OUT, help="The clean file (default for a file: beside it, as NAME.clean.csv).")
@click.option("--rejects", type=OUT, help="Rows that a rule rejects, with its id (default: beside, NAME.rejected).")
@click.option("--changes", type=OUT, help="Changed cells with rule and confidence (default: beside, NAME.changes).")
@click.option("--safe-csv", is_flag=True, help="Mark texts like =1+1 in a clean CSV file too; the others have it.")
@click.option("--memory", help="Memory for batches and windows, as 500MB (default: HEDDLE_MEMORY).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def apply(
    table: str,
    into: Path | None,
    rejects: Path | None,
    changes: Path | None,
    safe_csv: bool,
    memory: str | None,
    as_json: bool,
) -> None:
    """Run the accepted rules of TABLE: a clean file, the rejected rows and the changed cells; all of them or none.

    No row is lost: rows = clean + rejected. A table of the project also has assets for this, NAME_clean and others.

    \b
    Examples:
      heddle clean apply orders.csv
      heddle clean apply raw/retail/products --into products.parquet --memory 500MB
    """
    from assets.quality.rules.apply import Targets
    from assets.quality.rules.apply import apply as run
    from assets.quality.rules.reading import looked_up, size
    from core.scratch import scratch
    from orchestration.cli.clean import opened, rule_files, table_name
    from orchestration.cli.writing import distinct, spared, written
    from resources.open import warehouse

    settings = config.load()
    rules = rule_files().accepted(table_name(table))
    if not rules:
        raise SourceError(f"{table}: no rule is accepted", f"`heddle clean review {table}`, then `heddle clean accept`")
    targets = _targets(table, into)
    targets = Targets(targets.clean, rejects or targets.rejected, changes or targets.changes)
    for path in targets.paths():
        spared(path, [table])
    distinct(*targets.paths())
    with written(targets.clean), scratch(settings.home, "clean-") as folder, _progress() as told:
        tables = looked_up(folder, lambda: warehouse(settings), Path(table).parent)
        report = run(
            opened(table, folder),
            rules,
            targets,
            memory=size(memory or settings.memory),
            tables=tables,
            told=told,
            safe_csv=safe_csv,
        )
    if as_json:
        click.echo(json.dumps(asdict(report) | {"files": [str(path) for path in targets.paths()]}))
        return
    went = f"{report.clean:,} clean, {report.rejected:,} rejected, {report.cells:,} cells changed"
    click.echo(f"{report.rows:,} rows: {went}")
    for rule in rules:
        verb = {"repair": "changed", "reject": "rejected", "report": "reported"}[rule.action]
        click.echo(f"  {rule.id}: {report.failing.get(rule.id, 0):,} {verb}")
    for path in targets.paths():
        click.echo(f"wrote {path}")


@click.command()
@click.argument("table")
@click.argument("rule_id", required=False)
@click.option("--row", type=click.IntRange(min=0), help="Number of a row of TABLE, from 0.")
@click.option("--column", help="With --row: only this column.")
@click.option("--into", type=OUT, help="Where `apply` wrote the clean file, if not to its default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def explain(
    table: str, rule_id: str | None, row: int | None, column: str | None, into: Path | None, as_json: bool
) -> None:
    """Why a row or cell of TABLE was changed or rejected by the last `apply`; or what a rule does, in every form.

    \b
    Examples:
      heddle clean explain orders.csv --row 17 --column city
      heddle clean explain orders.csv unique-id-7cee7a66
    """
    from orchestration.cli.clean import rule_files, table_name

    rules = rule_files().read(table_name(table))
    if (rule_id is None) == (row is None):
        raise SourceError("explain what?", "name a rule, or a cell with --row and --column")
    if rule_id is not None:
        found = _rule(_one(rules, rule_id, table))
    else:
        found = _cell(table, _targets(table, into), row or 0, column, {r.id: r for r in rules})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for name, value in found.items():
        for line in value if isinstance(value, list) else [value]:
            click.echo(f"{name}: {line}")


def _targets(table: str, into: Path | None) -> "Targets":
    from assets.quality.rules.apply import Targets
    from assets.quality.rules.reading import is_file

    if into is None and not is_file(table):
        raise SourceError(f"{table} is no file", "say with --into where the clean rows go")
    path = Path(table)
    return Targets.beside(into or path.with_name(f"{path.stem}.clean{path.suffix}"))


def _one(rules: list[Rule], rule_id: str, table: str) -> Rule:
    from orchestration.cli.clean import chosen_of

    return chosen_of(rules, (rule_id,), table)[0]


def _rule(rule: Rule) -> dict[str, Any]:
    from assets.quality.rules.registry import kind

    how = kind(rule.kind)
    how.read(rule)
    found: dict[str, Any] = {"rule": rule.id, "means": " ".join((type(how).__doc__ or "").split())}
    found |= {"columns": ", ".join(how.reads(rule)), "params": json.dumps(rule.params, ensure_ascii=False, default=str)}
    found |= {"action": rule.action, "confidence": f"{rule.confidence:.0%}", "evidence": rule.evidence or "-"}
    for dialect in ("duckdb", "postgres"):
        condition = how.sql(rule, dialect)
        found[f"fails in {dialect}"] = condition.sql(dialect=dialect) if condition is not None else "no form"
    found["decided"] = f"{rule.status} by {rule.by} at {rule.at}" if rule.by else rule.status
    return found


def _cell(table: str, targets: "Targets", row: int, column: str | None, rules: dict[str, Rule]) -> dict[str, Any]:
    import polars as pl

    from assets.quality.rules.formulas import unmarked
    from assets.quality.rules.handed_over import finish
    from assets.quality.rules.kind import ROW
    from assets.quality.rules.plan import RULES
    from assets.quality.rules.reading import rows, scan

    finish(targets.clean)
    if not targets.changes.exists():
        raise SourceError(f"there is no file {targets.changes}", f"`heddle clean apply {table}` first, or say --into")
    names = scan(targets.rejected).collect_schema().names()
    columns = [unmarked(name) for name in names if name not in (ROW, RULES)]
    if column not in (None, *columns):
        raise SourceError(f"{table}: there is no column {column!r}", f"there are: {', '.join(map(str, columns[:30]))}")
    count = rows(scan(targets.clean)) + rows(scan(targets.rejected))
    if row >= count:
        raise SourceError(f"{table}: there is no row {row:,}", f"there are {count:,}, counted from 0")
    texts = pl.col("column", "before", "after").cast(pl.String)
    found = scan(targets.changes).filter(pl.col("row") == row).with_columns(texts).collect()
    changes = [{n: unmarked(c[n]) for n in ("column", "before", "after", "rule")} for c in found.iter_rows(named=True)]
    rejected = scan(targets.rejected).filter(pl.col(ROW) == row).select(RULES).collect()[RULES].to_list()
    why = [name for text in rejected for name in text.split(",")]
    lines = [
        f"{c['column']}: {c['before']!r} -> {c['after']!r} by {_said(str(c['rule']), rules)}"
        for c in changes
        if column in (None, c["column"])
    ]
    lines += [f"rejected by {_said(name, rules)}" for name in why]
    return {"row": row, "what": lines or ["nothing was changed, and it was not rejected"]}


def _said(name: str, rules: dict[str, Rule]) -> str:
    rule = rules.get(name)
    return f"{name} ({rule.confidence:.0%}; {rule.evidence or 'no evidence'}; {rule.by or '-'})" if rule else name


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """A counter of rows on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _rows: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading")
        yield lambda rows: progress.update(task, description=f"{rows:,} rows")
