"""`heddle protect to-kettle` and `kettle-key`: masks as steps of a transformation, and the key of its hashes."""

import re
from pathlib import Path

import click

from core import settings as config
from orchestration.cli.kettle_change import OVERWRITE, SAVE
from orchestration.cli.protect_keys import hide

DOMAIN = re.compile(r"[a-z][a-z0-9_]{0,62}")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
POLICY = click.option("--policy", "name", help="Name of a policy (default: the only one).")


@click.command("to-kettle")
@click.argument("file", type=FILE)
@click.option("--after", required=True, metavar="STEP", help="Behind which step the masks stand.")
@POLICY
@click.option("--table", default="", help="Whose columns of the policy the fields are (asset key).")
@click.option("--rows", type=FILE, help="Rows as they leave STEP (CSV or Parquet); nothing runs then.")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Parameter for that run; repeatable.")
@OVERWRITE
@SAVE
def to_kettle(
    file: Path,
    after: str,
    name: str | None,
    table: str,
    rows: Path | None,
    param: tuple[str, ...],
    overwrite: bool,
    save: bool,
) -> None:
    """Put masks of the sensitive fields behind a step of a .ktr, as the policy says, and show the change.

    The steps before STEP run, and are rolled back, to see what fields hold. Fields that Kettle cannot protect in the
    policy's way are emptied. Digests equal those of `hash` with `algorithm: kettle`; the key comes by a variable, see
    `heddle protect kettle-key`.

    \b
    Examples:
      heddle protect to-kettle load.ktr --after "Read customers"
      heddle protect to-kettle load.ktr --after "Read customers" --rows sample.csv --write
    """
    from assets.kettle.files.read import read_transformation
    from assets.kettle.generate.marks import parts
    from assets.quality.rules.reading import scan
    from assets.quality.rules.to_kettle import fields
    from assets.security.protect.errors import ProtectionError
    from assets.security.protect.kettle_rows import rows_of
    from assets.security.protect.plan import decide
    from assets.security.protect.policy import Policies
    from assets.security.protect.to_kettle import PART, merged
    from orchestration.cli.kettle_change import engine, show

    wrong = next((p for p in param if not p.partition("=")[0] or "=" not in p), None)
    if wrong is not None:
        raise ProtectionError("--param gives no value", "write --param NAME=VALUE")
    settings = config.load()
    policy = Policies(settings.protection).get(name)
    before = read_transformation(file)
    if rows is not None:
        sample = scan(rows).collect()
    else:
        sample = rows_of(before, after, settings=engine(settings), parameters=dict(p.split("=", 1) for p in param))
    decisions = decide(policy, table, sample)
    found = merged(before, decisions, fields(before, after, engine(settings)), after, overwrite=overwrite)
    for field, why in found.emptied.items():
        click.secho(f"{field} is emptied: {why}", fg="yellow", err=True)
    if not found.masked and not found.emptied and not [p for p in parts(before) if p.startswith(PART)]:
        click.echo(f"{file}: nothing sensitive leaves {after!r}")
        return
    for variable, domain in found.variables.items():
        click.echo(f"runs need {variable}: heddle protect kettle-key {domain} --policy {policy.name} --into FILE")
    show(before, found.model, file, "the policy says", save=save)


@click.command("kettle-key")
@click.argument("domain")
@POLICY
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file.")
def kettle_key(domain: str, name: str | None, into: Path) -> None:
    """Write the line of kettle.properties with which a transformation computes the hashes of DOMAIN.

    The key is derived for this policy's purpose and this domain; it opens nothing else. Only you can read the file.

    \b
    Example:
      heddle protect kettle-key id_card --policy analytics --into id_card.properties
    """
    from assets.security.protect import to_kettle as steps
    from assets.security.protect.base import Scope
    from assets.security.protect.errors import ProtectionError
    from assets.security.protect.keys import keyring
    from assets.security.protect.methods.hash import kettle_key as derived
    from assets.security.protect.policy import Policies
    from assets.security.protect.vault import Vault

    settings = config.load()
    policy = Policies(settings.protection).get(name)
    if not DOMAIN.fullmatch(domain):
        raise ProtectionError(f"{domain!r} is no domain", "name a class, or a domain that the policy names")
    ring = keyring(settings)
    Vault(settings.vault).pin(ring)
    hide(into, f"{steps.variable(domain)}={derived(Scope(policy.purpose, domain, keys=ring))}")
    click.echo(f"wrote {into}; add its line to kettle.properties of the runs")
