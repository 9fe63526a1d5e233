"""`heddle access`: the access policy, what it decides and why, and the same in the databases."""

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from core import settings as config
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.security.access.access import Access
    from assets.security.access.effective import Column

PERSON = click.option("--person", help="Who (default: you, or with --as nobody in particular).")
GROUPS = click.option(
    "--as",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Somebody of role:…, project:… or team:…; repeatable.",
)
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
    from assets.security.access.decide import is_about
    from assets.security.access.effective import tables

    made = _access("", "", None)
    policy = made.policy
    if policy is None:
        click.echo(f"no policy: {config.load().protection / 'access'} has no file, and all tables are open")
        return
    known = [made.resource(keys) for keys in tables(made.versions)]
    idle = [
        rule
        for rule in policy.rules
        if not any(is_about(rule, table) for table in known)
        and not any(pattern.lower().startswith("doc/") for pattern in rule.tables)
    ]
    for rule in idle:
        click.echo(f"{rule.place}: rule {rule.id} fits no table of the catalogue")
    found = f"{len(idle)} of them about nothing" if idle else "no mistakes"
    click.echo(f"{len(policy.rules)} rules, {len(policy.people)} persons, default {policy.default}: {found}")
    if idle:
        raise click.exceptions.Exit(1)


@access.command()
@click.argument("key")
@PERSON
@GROUPS
@PURPOSE
@AT
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(key: str, person: str | None, groups: tuple[str, ...], purpose: str, at: str | None, as_json: bool) -> None:
    """What a person may see of a table or document, and which lines of the policy say so.

    \b
    Examples:
      heddle access explain table/shop/customers --person ann
      heddle access explain table/shop/customers --as role:analyst --purpose audit
      heddle access explain doc/retail/handbook/hr/pay.md --person bob --at 2026-03-01T20:00+08:00
    """
    from assets.security.access.effective import effective, found

    made = _access(person, purpose, at, groups)
    seen = effective(made, found(made.versions, key))
    if as_json:
        click.echo(json.dumps({"person": made.asker.name, **seen.document()}, indent=1, ensure_ascii=False))
        return
    click.echo(f"{made.asker.name} sees {seen.sees} of {key}" + (f", for {purpose}" if purpose else ""))
    for rows in seen.rows if seen.sees != "nothing" else ():
        click.echo(f"  rows where {rows}")
    for rows in seen.taken:
        click.echo(f"  no rows where {rows}")
    for column in seen.hidden if seen.sees != "nothing" else ():
        click.echo(f"  {column.name}: {_how(column)}" + (f"  [{'; '.join(column.by)}]" if column.by else ""))
    for reason in seen.reasons:
        where = f"  [{seen.files[reason.rule]}]" if reason.rule in seen.files else ""
        click.echo(f"  {reason.rule}: {reason.effect}: {reason.text}{where}")
    if not seen.covered:
        click.echo("  no rule and no tag of personal or secret data is about it")


@access.command("list")
@PERSON
@GROUPS
@PURPOSE
@AT
@click.option("--all", "all_", is_flag=True, help="Also tables that no policy is about.")
def list_tables(person: str | None, groups: tuple[str, ...], purpose: str, at: str | None, all_: bool) -> None:
    """What a person sees of each table that the policy is about.

    \b
    Examples:
      heddle access list --person ann
      heddle access list --as role:analyst --as project:refunds --all
    """
    from assets.security.access.effective import every

    made = _access(person, purpose, at, groups)
    policy, known = made.policy, list(every(made))  # a policy that cannot be read is told
    shown = [one for one in known if one.covered or all_]
    for one in shown:
        hidden = ", ".join(f"{c.name} ({_how(c)})" for c in one.hidden) if one.sees != "nothing" else ""
        click.echo(f"{one.key}  {one.sees}" + (f"; hidden: {hidden}" if hidden else ""))
    if not shown:
        rules = f"{len(policy.rules)} rules" if policy is not None else "no policy"
        more = "" if all_ or not known else "; --all shows the others"
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


def _access(person: str | None, purpose: str, at: str | None, groups: tuple[str, ...] = ()) -> "Access":
    from assets.catalog.store.versions import Versions
    from assets.security.access.access import Access
    from assets.security.access.effective import group

    settings, moment = config.load(), datetime.now(UTC)
    if at is not None:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise HeddleError(f"--at {at!r} is no moment", "write one such as 2026-03-01T12:00+08:00") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    who = person if person is not None else "" if groups else getpass.getuser()
    return Access(
        settings, Versions(settings.catalog), who, purpose,
        entry="heddle access", clock=lambda: moment, groups=frozenset(map(group, groups)),
    )  # fmt: skip


def _how(column: "Column") -> str:
    """`deny`, the masks, or that it is seen in some rows alone."""
    return {"hidden": "deny", "some rows": "rows"}.get(column.seen) or ", ".join(column.masks)
