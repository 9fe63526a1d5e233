"""`heddle protect key`, `rotate`, `detokenise` and `log`: keys, their change, and the way back."""

import json
import os
import pwd
import secrets
from pathlib import Path

import click

from core import settings as config
from orchestration.cli.visible import visible

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)


def account() -> str:
    """The account of the operating system; unlike a variable it cannot be chosen."""
    return pwd.getpwuid(os.getuid()).pw_name


def hide(secret: Path, line: str) -> None:
    """Writes a new file that its owner alone can read. Raises ProtectionError where there is one."""
    from assets.security.protect.errors import ProtectionError

    try:
        file = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ProtectionError(f"{secret} cannot be made: {error.strerror}", "name a new file") from None
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(f"{line}\n")


@click.command()
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file.")
@click.option("--name", default="k1", show_default=True, help="What to call the key.")
def key(into: Path, name: str) -> None:
    """Make a random key of 256 bits in a file that only you can read, and say what to set.

    \b
    Examples:
      heddle protect key --into /etc/heddle/k1.key
      heddle protect key --into /etc/heddle/k2.key --name k2
    """
    from assets.security.protect.errors import ProtectionError
    from assets.security.protect.keys import NAME

    former = config.load().protection_keys
    if not NAME.fullmatch(name):
        raise ProtectionError(f"--name {name!r} is no name of a key", "write at most 32 letters, digits, _ and -")
    if name in (part.partition("=")[0].strip() for part in former.split(";")):
        raise ProtectionError(f"HEDDLE_PROTECTION_KEYS has a key {name!r} already", "choose another --name")
    hide(into, secrets.token_urlsafe(32))
    others = f";{former}" if former else ""
    click.echo(f"wrote {into}; keep a copy apart from the data, then set")
    click.echo(f"  HEDDLE_PROTECTION_KEYS='{name}=file:{into.absolute()}{others}'")
    if former:
        click.echo("and run `heddle protect rotate`; hashes and format-preserving values come out anew")


@click.command()
@click.argument("files", nargs=-1, type=FILES)
def rotate(files: tuple[Path, ...]) -> None:
    """Seal the vault, and encrypted columns of FILES, with the key in use, so that old keys can go.

    Tokens stay. Keyed hashes and format-preserving values have no way round: what is made with the new key differs.

    \b
    Examples:
      heddle protect rotate
      heddle protect rotate customers.masked.parquet
    """
    from assets.quality.rules.reading import size
    from assets.security.protect.keys import keyring
    from assets.security.protect.rotate import rotate_file
    from assets.security.protect.vault import Vault

    settings = config.load()
    ring, vault = keyring(settings), Vault(settings.vault)
    vault.pin(ring)
    click.echo(f"vault: {vault.rotate(ring):,} tokens sealed with key {ring.current}")
    for path in files:
        for column, count in rotate_file(path, ring, size(settings.memory)).items():
            click.echo(f"{path}, {column}: {count:,} values encrypted with key {ring.current}")


@click.command()
@click.argument("values", nargs=-1, required=True)
@click.option("--why", required=True, help="What for; it is kept in the log.")
@click.option("--policy", "name", help="With --class: the policy of format-preserving values.")
@click.option("--class", "class_", default="", help="Values are format-preserving, of this class.")
@click.option("--domain", default="", help="With --class: their domain, where the policy names one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def detokenise(values: tuple[str, ...], why: str, name: str | None, class_: str, domain: str, as_json: bool) -> None:
    """Open tokens, encrypted and format-preserving VALUES, where a policy names you under `detokenise`.

    The vault's log gets your account, the reason and the number of values, also when you may not.

    \b
    Examples:
      heddle protect detokenise tok_wzhuzpkm4c2gxyqcixn5hgx2ya --why "complaint 4711"
      heddle protect detokenise 13829775918 --class mobile --policy analytics --why "fraud case 12"
    """
    from assets.security.protect.policy import Policies
    from assets.security.protect.reveal import reveal, reveal_fpe

    settings, who = config.load(), account()
    if class_:
        policy = Policies(settings.protection).get(name)
        found = reveal_fpe(settings, values, policy, class_, domain, who, why)
    else:
        found = list[str | None](reveal(settings, values, who, why))
    if as_json:
        click.echo(json.dumps(dict(zip(values, found, strict=True)), ensure_ascii=False))
        return
    for text in found:
        click.echo(text)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def log(as_json: bool) -> None:
    """Who opened values, when and why, and who was refused.

    \b
    Example:
      heddle protect log
    """
    from assets.security.protect.vault import Vault

    for line in Vault(config.load().vault).opened():
        if as_json:
            click.echo(json.dumps(dict(line), ensure_ascii=False))
            continue
        what = "opened" if line["allowed"] else "was refused"
        click.echo(visible(f"{line['at']}  {line['who']} {what} {line['values']} of {line['purpose']}: {line['why']}"))
