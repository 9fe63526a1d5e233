"""encrypt: AES-256-GCM (NIST SP 800-38D). The text names its key, so that old keys still decrypt after a change.

`hdl1.<key>.<purpose>.<domain>.<base64url of nonce, cipher text and tag>`. The first four parts are authenticated: a
text that is moved to another domain, or changed anywhere, is refused. Nonces are random; with `equal: true` (`hdl1e.`)
they come from a keyed hash of the value, so that equal values give equal texts, and texts can be joined and counted.
"""

import base64
import hmac
import os
from binascii import Error as NoBase64
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from assets.security.protect.base import Params, Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.texts import as_text, each

MARKS = {"hdl1": False, "hdl1e": True}  # -> whether equal values give equal texts
STARTS = tuple(f"{mark}." for mark in MARKS)
_NONCE = 12


class Encrypt(Params):
    """Parameters of encrypt."""

    equal: bool = False


class Header(NamedTuple):
    """What an encrypted text says of itself."""

    mark: str
    key: str
    purpose: str
    domain: str

    def text(self) -> str:
        """As it stands before the cipher text."""
        return f"{self.mark}.{self.key}.{self.purpose}.{self.domain}."


def header(text: str) -> tuple[Header, bytes]:
    """What a text says of itself, and its nonce, cipher text and tag. Raises ProtectionError."""
    parts = text.split(".")
    if len(parts) != 5 or parts[0] not in MARKS:
        raise ProtectionError("a value is no encrypted text", f"encrypted texts begin with {' or '.join(STARTS)}")
    try:
        body = base64.b64decode(parts[4].encode(), altchars=b"-_", validate=True)
    except (NoBase64, ValueError):
        raise ProtectionError("an encrypted text is damaged", "take it from the source again") from None
    return Header(*parts[:4]), body


class Method:
    """A cipher text that only a key opens."""

    keyed = hides = True
    keeps_form = False
    words = "encrypted"
    params: type[Params] = Encrypt

    def protect(self, values: pl.Series, params: Encrypt, scope: Scope) -> pl.Series:
        """Texts that carry all that is needed but the key."""
        if params.equal:
            return each(values, lambda texts: encrypted(texts, scope, equal=True))
        texts = as_text(values)
        made = iter(encrypted(texts.drop_nulls().to_list(), scope))
        there = texts.is_not_null().to_list()
        return pl.Series(values.name, [next(made) if is_there else None for is_there in there], pl.String)

    def reverse(self, values: pl.Series, params: Encrypt, scope: Scope) -> pl.Series:
        """The texts again; each says itself with which key."""
        return each(values, lambda texts: decrypted(texts, scope))


def encrypted(texts: Sequence[str], scope: Scope, *, equal: bool = False) -> list[str]:
    """Encrypts with the current key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    mark = Header("hdl1e" if equal else "hdl1", scope.ring().current, scope.purpose, scope.domain).text()
    cipher, data = AESGCM(scope.key("encrypt")), mark.encode()
    of_value = scope.key("encrypt nonce")
    encode = base64.urlsafe_b64encode
    random = b"" if equal else os.urandom(_NONCE * len(texts))
    made = []
    for n, text in enumerate(texts):
        plain = text.encode()
        nonce = hmac.digest(of_value, plain, "sha256")[:_NONCE] if equal else random[n * _NONCE : (n + 1) * _NONCE]
        made.append(mark + encode(nonce + cipher.encrypt(nonce, plain, data)).decode())
    return made


def decrypted(texts: Sequence[str], scope: Scope) -> list[str]:
    """Decrypts texts of any key that is there.

    Raises:
        ProtectionError: the key is missing or is another one of that name, or the text was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    ciphers: dict[Header, AESGCM] = {}
    found = []
    for text in texts:
        head, body = header(text)
        if head not in ciphers:
            key = scope.ring().derive("encrypt", head.purpose, head.domain, name=head.key)
            ciphers[head] = AESGCM(key)
        try:
            plain = ciphers[head].decrypt(body[:_NONCE], body[_NONCE:], head.text().encode())
        except (InvalidTag, ValueError):
            what = f"a text under key {head.key!r} does not open: the key is another one, or the text was changed"
            raise ProtectionError(what, f"give the key {head.key!r} with which it was encrypted") from None
        found.append(plain.decode())
    return found
