"""`heddle access`: the access policy, what it decides and why, and the same in the databases."""

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.security.access.access import Access
    from assets.security.access.decide import Decision

PERSON = click.option("--person", default=getpass.getuser, help="Who (default: you).")
PURPOSE = click.option("--purpose", default="", help="What for.")
AT = click.option("--at", help="Moment, such as 2026-03-01T12:00+08:00 (default: now).")


@click.group()
def access() -> None:
    """Who may see which rows and columns, by rules in HEDDLE_PROTECTION/access/*.yaml (docs/access.md).

    \b
    Examples:
      heddle access check
      heddle access explain table/shop/customers --person ann --purpose audit
      heddle access list --person ann
      heddle access grants plan erp
    """


@access.command()
def check() -> None:
    """Whether the policy can be read, and which rules fit no table that the catalogue knows; status 1 for those.

    \b
    Example:
      heddle access check
    """
    made = _access("", "", None)
    policy = made.policy
    if policy is None:
        click.echo(f"no policy: {config.load().protection / 'access'} has no file, and all tables are open")
        return
    known = [made.resource(keys) for keys in _keys(made)]
    idle = [
        r
        for r in policy.rules
        if not any((not r.tables or t.named(r.tables)) and (not r.tags or t.tagged(r.tags)) for t in known)
        and not any(p.lower().startswith("doc/") for p in r.tables)
    ]
    for rule in idle:
        click.echo(f"{rule.file}: rule {rule.id} fits no table of the catalogue")
    found = f"{len(idle)} of them about nothing" if idle else "no mistakes"
    click.echo(f"{len(policy.rules)} rules, {len(policy.people)} persons, default {policy.default}: {found}")
    if idle:
        raise click.exceptions.Exit(1)


@access.command()
@click.argument("key")
@PERSON
@PURPOSE
@AT
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(key: str, person: str, purpose: str, at: str | None, as_json: bool) -> None:
    """What a person may see of a table or document, and which rules say so.

    \b
    Examples:
      heddle access explain table/shop/customers --person ann
      heddle access explain doc/retail/handbook/hr/pay.md --person bob --at 2026-03-01T20:00+08:00
    """
    from assets.catalog.searchable import assets_of_tables

    made = _access(person, purpose, at)
    tables = assets_of_tables(made.versions)
    scanned = next((t for t, a in tables.items() if a == key), "")
    columns = [("text", "text")] if key.startswith("doc/") else None
    found = made.resource((tables.get(key, ""), key, scanned), columns)
    decision = made.decide(found)
    if as_json:
        reasons = [asdict(r) for r in decision.reasons]
        said = {"table": key, "person": person, "sees": _sees(decision), "hidden": decision.hidden, "rules": reasons}
        click.echo(json.dumps(said, indent=1, ensure_ascii=False))
        return
    click.echo(f"{person} sees {_sees(decision)} of {key}" + (f", for {purpose}" if purpose else ""))
    for column, how in decision.hidden.items() if decision.allowed else ():
        click.echo(f"  {column}: {how}")
    for reason in decision.reasons:
        click.echo(f"  {reason.rule}: {reason.effect}: {reason.text}")
    if not decision.covered:
        click.echo("  no rule and no tag of personal or secret data is about it")


@access.command("list")
@PERSON
@PURPOSE
@AT
@click.option("--all", "every", is_flag=True, help="Also tables that no policy is about.")
def list_tables(person: str, purpose: str, at: str | None, every: bool) -> None:
    """What a person sees of each table that the policy is about.

    \b
    Example:
      heddle access list --person ann
    """
    made = _access(person, purpose, at)
    policy, known, shown = made.policy, _keys(made), 0  # a policy that cannot be read is told
    for keys in known:
        decision = made.decide(made.resource(keys))
        if decision.covered or every:
            shown += 1
            hidden = ", ".join(f"{c} ({how})" for c, how in decision.hidden.items()) if decision.allowed else ""
            click.echo(f"{keys[-1]}  {_sees(decision)}" + (f"; hidden: {hidden}" if hidden else ""))
    if not shown:
        rules = f"{len(policy.rules)} rules" if policy is not None else "no policy"
        more = "" if every or not known else "; --all shows the others"
        click.echo(f"{rules}, {len(known)} tables in the catalogue, none of them restricted{more}", err=True)


@access.group()
def grants() -> None:
    """The policy as roles, views and grants in PostgreSQL, MySQL and MariaDB.

    \b
    Examples:
      heddle access grants plan erp
      heddle access grants apply erp
    """


@grants.command()
@click.argument("source")
@click.option("--strict", is_flag=True, help="Grants of roles that are not ours on covered tables go too.")
@AT
def plan(source: str, strict: bool, at: str | None) -> None:
    """Shows the statements that bring a database's grants to what the policy says; runs none.

    \b
    Example:
      heddle access grants plan erp
    """
    _grants(source, strict, at, False)


@grants.command()
@click.argument("source")
@click.option("--strict", is_flag=True, help="Grants of roles that are not ours on covered tables go too.")
@AT
def apply(source: str, strict: bool, at: str | None) -> None:
    """Runs these statements: in one transaction where the engine has it, else those that close first.

    \b
    Example:
      heddle access grants apply erp --strict
    """
    _grants(source, strict, at, True)


def _grants(source: str, strict: bool, at: str | None, run: bool) -> None:
    from assets.security.access.grants.apply import plan as planned

    made = planned(_access(getpass.getuser(), "", at), source, strict=strict, apply=run)
    for statement in made.statements:
        click.echo(f"{statement};")
    for grant in made.foreign:
        where = ".".join(filter(None, grant.place))
        click.echo(f"-- {grant.role} may read {where} by a grant that is not ours; --strict revokes it", err=True)
    for note in made.notes:
        click.echo(f"-- {note}", err=True)
    did = "ran" if run else "nothing was run"
    click.echo(f"-- {source}: {len(made.statements)} statements; {did}", err=True)


def _access(person: str, purpose: str, at: str | None) -> "Access":
    from assets.catalog.store.versions import Versions
    from assets.security.access.access import Access

    settings, moment = config.load(), datetime.now(UTC)
    if at is not None:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise HeddleError(f"--at {at!r} is no moment", "write one such as 2026-03-01T12:00+08:00") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Access(settings, Versions(settings.catalog), person, purpose, entry="heddle access", clock=lambda: moment)


def _keys(made: "Access") -> list[tuple[str, ...]]:
    """The keys of each asset with columns and each scanned table, once, sorted."""
    from assets.catalog.changes.entry import TABLE
    from assets.catalog.facts import KIND
    from assets.catalog.searchable import assets_of_tables

    of_tables = assets_of_tables(made.versions)
    scanned = [(of_tables.get(v.key, ""), v.key) for v in made.versions.latest(TABLE)]
    known = {asset for asset, _ in scanned}
    assets = [(v.key,) for v in made.versions.latest(KIND) if (v.document or {}).get("columns") and v.key not in known]
    return sorted([*assets, *scanned], key=lambda keys: keys[-1])


def _sees(decision: "Decision") -> str:
    if decision.whole:
        return "everything"
    if not decision.allowed:
        return "nothing"
    return "some rows" if decision.filtered else "all rows"
