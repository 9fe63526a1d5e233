"""`heddle protect`: policies, what they do with a table, and masked files."""

import json
from pathlib import Path

import click

from core import settings as config
from orchestration.cli.seen import warehouse_of
from orchestration.cli.visible import visible

POLICY = click.option("--policy", "name", help="Name of a policy (default: the only one).")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object or list instead of words.")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def protect() -> None:
    """Protection of sensitive data by policies in HEDDLE_PROTECTION: masks, hashes, tokens, encryption, privacy.

    TABLE is an asset key (raw/crm/customers) or a CSV, TSV or Parquet file. Values are never printed, but by
    `detokenise`, which asks who may and keeps a log.

    \b
    Examples:
      heddle protect key --into k1.key               a new key, and what to set
      heddle protect plan customers.csv              what the policy would do, column by column
      heddle protect apply customers.csv             customers.masked.csv, when nothing shows through
      heddle protect check                           policies, keys and masked tables
      heddle protect anonymity customers.csv --quasi zip,born,sex
      heddle protect dp mean raw/crm/customers --column age --bounds 18,90 --epsilon 0.5
    """


@protect.command()
@click.argument("table")
@POLICY
@JSON
def plan(table: str, name: str | None, as_json: bool) -> None:
    """What a policy does with each column of TABLE, and why; nothing is written, no key is needed.

    \b
    Examples:
      heddle protect plan customers.csv
      heddle protect plan raw/crm/customers --policy analytics --json
    """
    from assets.security.protect.apply import planned
    from assets.security.protect.policy import Policies
    from assets.security.protect.sources import opened, tags_of

    settings = config.load()
    policy = Policies(settings.protection).get(name)
    decisions = planned(
        policy, table, opened(settings, table, warehouse_of("heddle protect")), tags_of(settings, table)
    )
    if as_json:
        shown = [
            {"column": d.column, "class": d.class_, "method": d.use.method, "parameters": d.use.given}
            | {"domain": d.domain, "why": d.why}
            for d in decisions
        ]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        return
    for d in decisions:
        given = ", ".join(f"{k}={v}" for k, v in d.use.given.items())
        how = f"{d.use.method}{f' ({given})' if given else ''}"
        click.echo(f"{visible(d.column):24} {d.class_ or '-':16} {click.style(f'{how:36}', bold=d.protected)} {d.why}")


@protect.command()
@JSON
def show(as_json: bool) -> None:
    """Policies, the tables that they mask, keys (by name and check value) and how much the vault holds.

    \b
    Example:
      heddle protect show
    """
    from assets.security.protect.keys import keyring
    from assets.security.protect.listed import names_file
    from assets.security.protect.policy import Policies
    from assets.security.protect.vault import Vault

    settings = config.load()
    policies = Policies(settings.protection).all
    ring = keyring(settings) if settings.protection_keys else None
    keys = {key: ring.check_value(key) for key in ring.names()} if ring else {}
    held = {".".join(place): count for place, count in Vault(settings.vault).counts().items()}
    if as_json:
        shown = {n: p.model_dump(mode="json") for n, p in policies.items()}
        click.echo(json.dumps({"policies": shown, "keys": keys, "vault": held}, ensure_ascii=False, indent=1))
        return
    for policy in policies.values():
        click.secho(f"{policy.name}: purpose {policy.purpose}, from level {policy.level}", bold=True)
        click.echo(f"  {', '.join(f'{c}: {u.method}' for c, u in policy.classes.items()) or 'classes by default'}")
        click.echo(f"  opened by: {', '.join(policy.detokenise) or 'nobody'}")
        for table in policy.tables:
            click.echo(f"  {table}" if names_file(table) else f"  {table} -> {policy.masked(table)}")
    for n, (key, value) in enumerate(keys.items()):
        click.echo(f"key {key}: check value {value}{', in use' if n == 0 else ''}")
    for place, count in held.items():
        click.echo(f"vault: {count:,} tokens of {place}")


@protect.command()
@click.argument("table")
@POLICY
@click.option("--into", type=FILE, help="A CSV or Parquet file (default for a file: beside it, as NAME.masked.csv).")
@JSON
def apply(table: str, name: str | None, into: Path | None, as_json: bool) -> None:
    """Write TABLE protected to a file; refused when a raw value or a sensitive column would show in it.

    Tables of the project that a policy lists have an asset for this: `heddle run table/crm/customers_masked`.
    Texts that a spreadsheet would take for a formula get a `'` in CSV.

    \b
    Examples:
      heddle protect apply customers.csv
      heddle protect apply raw/crm/customers --policy analytics --into customers.parquet
    """
    from assets.quality.rules.reading import is_file
    from assets.security.protect.apply import Tools, planned
    from assets.security.protect.apply import apply as run
    from assets.security.protect.errors import ProtectionError
    from assets.security.protect.policy import Policies
    from assets.security.protect.sources import opened, tags_of
    from orchestration.cli.writing import spared

    settings = config.load()
    if into is None and not is_file(table):
        raise ProtectionError(f"{table} is no file", "say with --into where the protected rows go")
    goal = into or Path(table).with_name(f"{Path(table).stem}.masked{Path(table).suffix}")
    spared(goal, [table])
    policy = Policies(settings.protection).get(name)
    batches = opened(settings, table, warehouse_of("heddle protect"))
    decisions = planned(policy, table, batches, tags_of(settings, table))
    report = run(batches, policy, decisions, Tools.of(settings, decisions), goal)
    if as_json:
        click.echo(json.dumps({"rows": report.rows, "methods": report.methods, "file": str(goal)}, ensure_ascii=False))
        return
    for d in decisions:
        if d.protected:
            click.echo(f"  {visible(d.column)}: {d.use.method}")
    click.echo(f"wrote {goal} ({report.rows:,} rows)")


@protect.command()
def check() -> None:
    """Look at all policies, keys and masked tables; exit status 1 when a masked table shows what it should hide.

    \b
    Example:
      heddle protect check
    """
    from assets.security.protect.again import look_again
    from assets.security.protect.keys import keyring
    from assets.security.protect.listed import masked_tables
    from assets.security.protect.policy import Policies
    from assets.security.protect.vault import Vault
    from core.naming import Key, table_name
    from resources.open import warehouse

    settings = config.load()
    policies = Policies(settings.protection)
    click.echo(f"{len(policies.all)} policies are right")
    if settings.protection_keys:
        ring = keyring(settings)
        Vault(settings.vault).compare(ring)
        click.echo(f"{len(ring.names())} keys can be read")
    store, bad = warehouse(settings), False
    for one in masked_tables(settings.protection):
        if not store.exists(table_name(Key.parse(one.key))):
            click.echo(f"{one.key}: not built yet")
            continue
        leaks = look_again(settings, store, one)
        bad = bad or bool(leaks)
        for leak in leaks:
            click.secho(visible(f"{one.key}.{leak.column}: {leak.what}"), fg="red")
        if not leaks:
            click.echo(f"{one.key}: nothing shows")
    if bad:
        raise SystemExit(1)


def _add() -> None:
    from orchestration.cli import protect_kettle, protect_keys, protect_privacy

    for command in (
        protect_keys.key, protect_keys.rotate, protect_keys.detokenise, protect_keys.log,
        protect_kettle.to_kettle, protect_kettle.kettle_key, protect_privacy.anonymity, protect_privacy.dp,
    ):  # fmt: skip
        protect.add_command(command)


_add()
