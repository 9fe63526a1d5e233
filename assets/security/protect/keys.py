"""Keys: read when they are used, derived anew for each method, purpose and domain, so that none serves two.

Derivation is HKDF (RFC 5869) with SHA-256. Equal values of one domain are protected alike wherever they stand, so that
joins match; of another domain or purpose the keys have nothing in common.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import SettingsError
from core.settings import Settings
from resources.secrets import resolve

SETTING = "HEDDLE_PROTECTION_KEYS"
SHORTEST = 32  # characters; 32 random ones of base64 or hex are 128 bits and more
_VARIETY = 10  # different characters that a random key of that length has, but for one in a million
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SALT = b"heddle protection v1"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys by name, the one in use first. Neither `repr` nor errors show them."""

    masters: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """Name of the key that protects new values."""
        return next(iter(self.masters))

    def names(self) -> tuple[str, ...]:
        """All names, the current one first."""
        return tuple(self.masters)

    def derive(self, *label: str, name: str = "") -> bytes:
        """A key of 32 bytes for one use.

        Args:
            label: method, purpose, domain; ("ab", "c") gives another key than ("a", "bc").
            name: of the key it comes from; the current one where it is "".

        Raises:
            SettingsError: there is no such key.
        """
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        wanted = name or self.current
        if wanted not in self.masters:
            raise SettingsError(
                f"{SETTING} has no key {wanted!r}",
                f"add it: there are {', '.join(self.names())}",
            )
        info = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in label)
        return HKDF(SHA256(), 32, _SALT, info).derive(self.masters[wanted])

    def check_value(self, name: str) -> str:
        """Eight hexadecimal digits that tell keys apart and say nothing of them."""
        return hashlib.sha256(self.derive("check value", name=name)).hexdigest()[:8]


def keyring(settings: Settings) -> Keyring:
    """The keys that the settings name.

    Raises:
        SettingsError: there is none, a name is used twice, or a key is missing or too weak.
    """
    found: dict[str, bytes] = {}
    for part in filter(None, (p.strip() for p in settings.protection_keys.split(";"))):
        name, sign, reference = part.partition("=")
        if not sign or not NAME.fullmatch(name):
            raise SettingsError(f"{SETTING} is no list of keys", "write NAME=env:VARIABLE;OLD=file:/path")
        if name in found:
            raise SettingsError(f"{SETTING} names {name!r} twice", "give each key a name of its own")
        secret = resolve(reference, SETTING)
        if len(secret) < SHORTEST or len(set(secret)) < _VARIETY:
            raise SettingsError(
                f"key {name!r} of {SETTING} is too weak",
                f"make one of {SHORTEST} random characters or more: `heddle protect key --into FILE`",
            )
        found[name] = secret.encode()
    if not found:
        raise SettingsError(
            f"{SETTING} is not set", "`heddle protect key --into FILE` makes a key and says what to set"
        )
    return Keyring(found)
