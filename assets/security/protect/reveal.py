"""The way back: tokens, encrypted and format-preserving values are opened by persons that a policy names, and logged.

The key is what protects; the list of persons keeps those who may use the key to their purpose. On the command line a
person is the account of the operating system.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring, keyring
from assets.security.protect.methods.encrypt import STARTS, decrypted, header
from assets.security.protect.methods.fpe import Fpe
from assets.security.protect.policy import Policies, Policy
from assets.security.protect.registry import method
from assets.security.protect.vault import Vault
from assets.security.sensitive.classes import builtin

if TYPE_CHECKING:
    from core.settings import Settings


def reveal(settings: "Settings", values: Sequence[str], who: str, why: str) -> list[str]:
    """What tokens and encrypted texts stand for.

    Args:
        who: the account that asks.
        why: what for; kept in the vault's log with the number of values, whether it is allowed or not.

    Raises:
        ProtectionError: no policy of their purposes permits the person, a key is another one, or a value was changed.
    """
    vault = Vault(settings.vault)
    cipher = [v for v in values if v.startswith(STARTS)]
    tokens = [v for v in values if not v.startswith(STARTS)]
    purposes = {header(text)[0].purpose for text in cipher} | vault.purposes(tokens)
    if not purposes:
        raise ProtectionError("these are no tokens of the vault, and no encrypted texts", "look at HEDDLE_VAULT")
    _permit(settings, vault, purposes, who, why, len(values))
    ring = _keys(settings, vault)
    found = dict(zip(tokens, vault.values(tokens, ring), strict=True)) if tokens else {}
    found |= dict(zip(cipher, decrypted(cipher, Scope("", "", keys=ring)), strict=True))
    return [found[value] for value in values]


def reveal_fpe(
    settings: "Settings", values: Sequence[str], policy: Policy, class_: str, domain: str, who: str, why: str
) -> list[str | None]:
    """What format-preserving values stand for: the policy, and the class or domain, say with which key.

    Raises:
        ProtectionError: the person is not permitted, the class is not protected by fpe, or a key is another one.
    """
    vault = Vault(settings.vault)
    _permit(settings, vault, {policy.purpose}, who, why, len(values))
    known = builtin().all
    use = policy.of_class(known[class_]) if class_ in known else None
    if (use is None or use.method != "fpe") and not domain:
        what = (
            f"policy {policy.name} protects class {class_!r} {f'by {use.method}' if use else 'by nothing'}, not by fpe"
        )
        raise ProtectionError(what, "name another class; for a column that the policy names give its --domain too")
    params = use.read(f"policy {policy.name}") if use is not None and use.method == "fpe" else Fpe()
    named = domain or (use.domain if use is not None else "") or class_
    scope = Scope(policy.purpose, named, class_, _keys(settings, vault))
    return list(method("fpe").reverse(pl.Series(list(values)), params, scope).to_list())


def _keys(settings: "Settings", vault: Vault) -> Keyring:
    """The keys, of which none is another one than has protected: `fpe` would give wrong values."""
    ring = keyring(settings)
    vault.compare(ring)
    return ring


def _permit(settings: "Settings", vault: Vault, purposes: set[str], who: str, why: str, values: int) -> None:
    from assets.catalog.people import teams

    if not why.strip():
        raise ProtectionError("no reason is given", "say with --why what for; it is kept in the log")
    members = teams(settings.catalog_files)
    mine = {who, *(team for team, names in members.items() if who in names)}
    policies = Policies(settings.protection)
    for purpose in sorted(purposes):
        allowed = any(mine & set(policy.detokenise) for policy in policies.of_purpose(purpose))
        vault.log(who, why, purpose, values, allowed=allowed)
        if not allowed:
            what = f"{who} may not open values of purpose {purpose!r}; this attempt is in the vault's log"
            raise ProtectionError(what, "a policy of that purpose has to name the person or a team under `detokenise`")
