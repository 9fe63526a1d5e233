"""hash: a keyed digest. Equal values of a domain stay equal, so that joins still work; without the key nobody can try.

`hmac` is HMAC-SHA256 (RFC 2104), `blake2b` the keyed mode of BLAKE2b (RFC 7693), twice as quick. `kettle` is SHA-256 of
the key's 64 hexadecimal digits followed by the text: what steps of Kettle can do (`heddle protect to-kettle`). Who
knows its digest of a text can compute that of some longer text, which hmac and blake2b do not allow; it tells nothing
of the text or the key.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl
from pydantic import Field

from assets.security.protect.base import OneWay, Params, Scope
from assets.security.protect.texts import each


class Hash(Params):
    """Parameters of hash."""

    algorithm: Literal["hmac", "blake2b", "kettle"] = "hmac"
    length: int = Field(default=64, ge=16, le=64, description="hexadecimal digits; 32 are 128 bits")


def kettle_key(scope: Scope) -> str:
    """What the variable of Kettle's steps has to hold for this purpose and domain."""
    return scope.key("hash kettle").hex()


class Method(OneWay):
    """Hexadecimal digits from a key and the value."""

    keyed = True
    words = "keyed hash"
    params: type[Params] = Hash

    def protect(self, values: pl.Series, params: Hash, scope: Scope) -> pl.Series:
        """Texts of `length` digits."""
        of = _ALGORITHMS[params.algorithm](scope)
        return each(values, lambda texts: [d[: params.length] for d in of(texts)])


_Digests = Callable[[Sequence[str]], Sequence[str]]


def _hmac(scope: Scope) -> _Digests:
    key, digest = scope.key("hash hmac"), hmac.digest
    return lambda texts: [digest(key, t.encode(), "sha256").hex() for t in texts]


def _blake2b(scope: Scope) -> _Digests:
    key, digest = scope.key("hash blake2b"), hashlib.blake2b
    return lambda texts: [digest(t.encode(), key=key, digest_size=32).hexdigest() for t in texts]


def _kettle(scope: Scope) -> _Digests:
    key, digest = kettle_key(scope).encode(), hashlib.sha256
    return lambda texts: [digest(key + t.encode()).hexdigest() for t in texts]


_ALGORITHMS: dict[str, Callable[[Scope], _Digests]] = {"hmac": _hmac, "blake2b": _blake2b, "kettle": _kettle}
