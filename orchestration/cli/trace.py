"""`heddle trace`: who changed which row of traced tables, when, in which run; and whether that record is whole."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from core import settings as config
from core.errors import HeddleError


@click.group()
def trace() -> None:
    """Changes of traced tables in a chain that shows tampering (docs/trace.md).

    \b
    Examples:
      heddle trace look                        take in what changed now
      heddle trace show table/shop/customer 17
      heddle trace log --table table/shop/customer
      heddle trace verify
      heddle trace export trace.jsonl
    """


@trace.command()
@click.argument("tables", nargs=-1)
def look(tables: tuple[str, ...]) -> None:
    """Compare traced tables (all, or TABLES) with their last state now, and record what changed.

    Runs and edits do so by themselves; this finds what was changed outside the platform.

    \b
    Examples:
      heddle trace look
      heddle trace look raw/crm/city
    """
    from assets.security.trace.show import why
    from assets.security.trace.tables import FILE, traced
    from assets.security.trace.trace_defs import trace_all
    from orchestration.instance import open_instance

    settings = config.load()
    known = traced(settings)
    unknown = [t for t in tables if t not in known]
    if unknown or not known:
        where = settings.protection / FILE
        raise HeddleError(f"{(unknown or ['no table'])[0]} is not traced", f"name it in {where} (docs/trace.md)")
    with open_instance(settings) as instance:
        made = trace_all(settings, instance, tables)
    for entry in made:
        click.echo(f"{entry.number:>6}  {_counts(entry.document)}  {entry.table}  {why(entry)}")
    if not made:
        click.echo("nothing changed")


@trace.command()
@click.argument("table")
@click.argument("key", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document a change.")
def show(table: str, key: tuple[str, ...], as_json: bool) -> None:
    """All changes of the row with KEY in TABLE: when, who, run, step, rule, columns, hashes before and after.

    \b
    Example:
      heddle trace show raw/crm/city XA
    """
    from assets.security.trace.capture import opened
    from assets.security.trace.keys import secret
    from assets.security.trace.show import changes, why

    settings = config.load()
    found = list(changes(opened(settings), secret(settings), table, key))
    for one in found:
        if as_json:
            click.echo(json.dumps(one.document(), ensure_ascii=False))
            continue
        at = one.entry.document["at"]
        before, after = one.before or "-", one.after or "-"
        click.echo(f"{at}  {one.action:<8} {before} -> {after}  {why(one.entry, explained=one.explained)}")
        for cell in one.cells:
            rule = f"  by rule {cell['rule']}" if cell["rule"] else ""
            click.echo(f"    {cell['name']}: {cell['before'] or '-'} -> {cell['after'] or '-'}{rule}")
    if not found:
        raise HeddleError(f"{table} never had a row {', '.join(key)}", "look at the spelling of the key")


@trace.command()
@click.option("--table", default="", help="Entries of this table alone.")
@click.option("--last", default=50, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="The entries as JSON lines.")
def log(table: str, last: int, as_json: bool) -> None:
    """The last entries of the chain.

    \b
    Examples:
      heddle trace log --last 10
      heddle trace log --table raw/crm/city --json
    """
    from collections import deque

    from assets.security.trace.capture import opened
    from assets.security.trace.show import why

    chain = opened(config.load())
    for entry in deque((e for e in chain.entries() if not table or e.table == table), maxlen=last):
        if as_json:
            click.echo(json.dumps(entry.document | {"hash": entry.hash}, ensure_ascii=False))
            continue
        said = entry.document
        click.echo(f"{entry.number:>6}  {said['at']}  {_counts(said)}  {entry.table or said['kind']}  {why(entry)}")
        if said.get("outside"):
            click.echo(f"        of it outside the platform: {_counts(said['outside'])}")


@trace.command()
def verify() -> None:
    """Check every hash, every file of rows, and the heads known elsewhere; exit status 1 names the first bad entry.

    \b
    Example:
      heddle trace verify
    """
    from assets.security.trace.anchors import known
    from assets.security.trace.capture import opened
    from assets.security.trace.trace_defs import anchored
    from assets.security.trace.verify import verify as check
    from orchestration.instance import open_instance

    settings = config.load()
    with open_instance(settings) as instance:
        verdict = check(opened(settings), [*known(settings), *anchored(instance)])
    looked = f"{verdict.entries:,} entries, {verdict.rows:,} changed rows, {verdict.anchors:,} heads known elsewhere"
    if verdict.wrong:
        click.secho(f"entry {verdict.number}: {verdict.wrong}", fg="red", err=True)
        click.echo(f"good before it: {looked}")
        raise SystemExit(1)
    click.echo(f"whole: {looked}")


@trace.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def export(target: Path) -> None:
    """The chain and the rows of its entries as JSON lines; no values are in it, only keyed hashes.

    \b
    Example:
      heddle trace export trace.jsonl
    """
    from assets.security.trace.capture import opened
    from assets.security.trace.show import export as write

    click.echo(f"{write(opened(config.load()), target):,} lines in {target}")


def _counts(said: Mapping[str, Any]) -> str:
    """All rows of an entry, those from outside the platform too."""
    parts = (said, said.get("outside", {}))
    added, changed, removed = (sum(p.get(n, 0) for p in parts) for n in ("added", "changed", "removed"))
    return f"+{added:,} ~{changed:,} -{removed:,}"
