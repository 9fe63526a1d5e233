"""`heddle metrics define|edit|remove|search|show`: records of metrics, kept as YAML in git."""

import getpass
from typing import TYPE_CHECKING, Any

import click

from core import settings as config
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.catalog.metrics.book import MetricBook

AUTHOR = click.option("--author", default=getpass.getuser, help="Who changes it (default: you).")
FIELDS = (
    click.option("--calibre", help="How it is counted, in words (口径)."),
    click.option("--en", help="Its name in English."),
    click.option("--zh", help="Its name in Chinese."),
    click.option("--measure", help="Measure of the semantic layer, or AGG(EXPR) with --model, such as sum(quantity)."),
    click.option("--model", help="Semantic model of a measure of its own, such as basket_lines."),
    click.option("--filter", "condition", help="SQL condition over dimensions, such as \"brand = 'Private'\"."),
    click.option("--expression", help="SQL over other metrics; makes it a derived metric."),
    click.option("--dimension", "dimensions", multiple=True, help="What it may be cut by (repeatable); none: all."),
    click.option("--owner", help="Who answers for it, such as team:shop."),
    click.option("--status", type=click.Choice(["draft", "active", "retired"])),
    AUTHOR,
)


def book() -> "MetricBook":
    """The records of the settings in force."""
    from assets.catalog.metrics.book import MetricBook
    from assets.catalog.store.versions import Versions

    settings = config.load()
    return MetricBook(settings, Versions(settings.catalog))


def _fields(command: Any) -> Any:
    for option in reversed(FIELDS):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@_fields
def define(name: str, author: str, **given: Any) -> None:
    """Define a metric: a record in metrics/NAME.yaml that the semantic layer turns into SQL.

    \b
    Examples:
      heddle metrics define private_units --model basket_lines --measure "sum(quantity)" \\
          --filter "brand = 'Private'" --calibre "Units sold of the own brand" --zh 自有品牌销量
      heddle metrics define private_share --expression "private_units / nullif(units, 0)" --calibre "Share of units"
      heddle metrics define sales --calibre "实收金额" --owner team:shop     says more of a metric that dbt has
    """
    _write(name, {"name": name}, given, author, 0, "created")


@click.command()
@click.argument("name")
@_fields
@click.option("--expect", type=int, help="Version that you edit; refused when somebody changed it since.")
def edit(name: str, author: str, expect: int | None, **given: Any) -> None:
    """Change fields of a metric; every change is a version.

    \b
    Example:
      heddle metrics edit private_units --status active --expect 1
    """
    kept = book().records.get(name)
    _write(name, kept.record.model_dump(mode="json", exclude_defaults=True), given, author, expect or kept.number, "")


@click.command()
@click.argument("name")
@click.option("--expect", type=int, help="Version that you saw.")
@AUTHOR
def remove(name: str, expect: int | None, author: str) -> None:
    """Take a metric away; refused while others are made of it. Its versions stay.

    \b
    Example:
      heddle metrics remove private_share
    """
    book().remove(name, author, expect)
    click.echo(f"{name}: removed")


@click.command()
@click.argument("words", nargs=-1)
@click.option("--kind", type=click.Choice(["atomic", "derived"]), default=None)
@click.option("--owner", default="")
@click.option("--status", type=click.Choice(["draft", "active", "retired"]), default=None)
@click.option("--dimension", default="", help="Only those that say they are cut by it.")
def search(words: tuple[str, ...], kind: str | None, owner: str, status: str | None, dimension: str) -> None:
    """Find metric records by words, in English or Chinese, and by their fields; all without words.

    \b
    Examples:
      heddle metrics search 自有品牌
      heddle metrics search --owner team:shop --status active
    """
    found = book().search(" ".join(words), kind=kind or "", owner=owner, status=status or "", dimension=dimension)
    for kept, hit in found:
        r = kept.record
        click.echo(f"{click.style(r.name, bold=True)}  {r.kind}, {r.status}, version {kept.number}  {r.calibre}")
        for reason in hit.reasons if hit else ():
            click.echo(f"  {reason}")
    if not found:
        click.echo("nothing found; `heddle metrics define` makes one, `heddle metrics list` has dbt's")


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def show(name: str, as_json: bool) -> None:
    """Everything about a metric record: its fields, SQL, the columns it comes from, its versions.

    \b
    Example:
      heddle metrics show private_units
    """
    import json
    from dataclasses import asdict

    from assets.tables.metrics import Question

    known = book()
    kept = known.records.get(name)
    sources = known.lineage(name) if kept.record.status != "retired" else []
    sql = known.sql(Question((name,))) if kept.record.status != "retired" else ""
    history = known.history(name)
    if as_json:
        versions = [{"number": v.number} | asdict(v.change) for v in history]
        shown = {"version": kept.number, "sql": sql, "lineage": [asdict(s) for s in sources], "versions": versions}
        click.echo(json.dumps(kept.record.model_dump(mode="json") | shown, ensure_ascii=False, indent=1))
        return
    for field, value in kept.record.model_dump(mode="json", exclude_defaults=True).items():
        click.echo(f"{field}: {value}")
    for source in sources:
        click.echo(f"from {source.asset}.{source.column} ({source.how})")
    for v in history:
        click.echo(f"version {v.number}: {v.change.at} {v.change.author}, {v.change.cause}")
    click.echo(sql)


def _write(name: str, record: dict[str, Any], given: dict[str, Any], author: str, expected: int, cause: str) -> None:
    from assets.catalog.metrics.model import MetricRecord
    from assets.documents import shaped

    made: MetricRecord = shaped(record | _changes(record, given), MetricRecord, f"metric {name}")
    done = book().put(made, author, expected, cause or "edited")
    click.echo(f"{name}: written" if done else f"{name}: said so already")


def _changes(record: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    plain = {k: given[k] for k in ("calibre", "expression", "owner", "status") if given[k] is not None}
    changes: dict[str, Any] = plain | ({"filter": given["condition"]} if given["condition"] is not None else {})
    changes |= {"dimensions": list(given["dimensions"])} if given["dimensions"] else {}
    changes |= {"kind": "derived"} if given["expression"] else {}
    label = {k: given[k] for k in ("en", "zh") if given[k] is not None}
    changes |= {"label": record.get("label", {}) | label} if label else {}
    if given["measure"] is not None:
        changes["measure"] = _measure(given["measure"], given["model"])
    elif given["model"]:
        raise HeddleError("--model goes with --measure", 'write --measure "sum(quantity)" beside it')
    return changes


def _measure(text: str, model: str | None) -> Any:
    agg, bracket, rest = text.partition("(")
    if not bracket:
        return text
    if not model or not rest.rstrip().endswith(")"):
        raise HeddleError(f"--measure {text!r}: a measure of its own is AGG(EXPR) with --model", "give both")
    return {"model": model, "agg": agg.strip(), "expr": rest.rstrip()[:-1]}
