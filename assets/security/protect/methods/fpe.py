"""fpe: format-preserving encryption, FF1 of NIST SP 800-38G with AES-256.

Signs of the alphabet are encrypted, all others (blanks, hyphens, a country's +) stay where they are, and what is kept
at the ends goes into the tweak. A check digit is moved by as much as the body's right one moves: a valid number stays
valid, a wrong one stays wrong by the same, and both come back. Fewer than a million possible texts are refused, as the
standard asks: all of them could be tried.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import polars as pl
from pydantic import Field

from assets.security.protect.base import Params, Scope
from assets.security.protect.checkdigits import CHECKS, Check
from assets.security.protect.errors import ProtectionError
from assets.security.protect.texts import each

SMALLEST = 1_000_000
DIGITS = "0123456789"
ALPHABETS = {
    "digits": DIGITS,
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "alnum": DIGITS + "abcdefghijklmnopqrstuvwxyz",
    "ALNUM": DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


class Usual(NamedTuple):
    """What a class is encrypted with where the policy does not say."""

    first: int = 0
    check: str = "none"


BY_CLASS = {
    "mobile": Usual(first=3),
    "id_card": Usual(check="id_card"),
    "bank_card": Usual(first=6, check="luhn"),
    "credit_card": Usual(first=6, check="luhn"),
}


class Fpe(Params):
    """Parameters of fpe; `first` and `check` come from the class where they are not given."""

    alphabet: Literal["digits", "lower", "upper", "alnum", "ALNUM"] = "digits"
    first: int | None = Field(default=None, ge=0, le=12, description="signs at the start that stay")
    last: int = Field(default=0, ge=0, le=12, description="signs at the end that stay")
    check: Literal["none", "luhn", "id_card"] | None = None
    otherwise: Literal["error", "suppress"] = "error"
    key: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]{0,32}$",
        description="name of a key; the current one by default",
    )


class Method:
    """A text of the same form, from which only a key leads back."""

    keyed = keeps_form = hides = True
    words = "encrypted, format kept"
    params: type[Params] = Fpe

    def protect(self, values: pl.Series, params: Fpe, scope: Scope) -> pl.Series:
        """Texts of the same length and form."""
        return each(values, lambda texts: _all(texts, params, scope, forward=True))

    def reverse(self, values: pl.Series, params: Fpe, scope: Scope) -> pl.Series:
        """The texts again. With another key other texts of the same form come out: nothing tells which are right."""
        return each(values, lambda texts: _all(texts, params, scope, forward=False))


def _all(texts: Sequence[str], params: Fpe, scope: Scope, *, forward: bool) -> list[str | None]:
    from fastfpe import ff1

    usual = BY_CLASS.get(scope.class_, Usual()) if params.alphabet == "digits" else Usual()
    first = usual.first if params.first is None else params.first
    check = CHECKS.get(params.check or usual.check)
    key = scope.key("fpe", name=params.key).hex()
    alphabet = ALPHABETS[params.alphabet]
    step = ff1.encrypt if forward else ff1.decrypt
    signs = re.compile(f"[{alphabet}]")
    others = re.compile(f"[^{alphabet}]+")
    least = next(n for n in range(99) if len(alphabet) ** n >= SMALLEST)
    made: list[str | None] = []
    short = 0
    for text in texts:
        head, tail = (text, "") if check is None else (text[:-1], text[-1:])
        plain = others.sub("", head)
        end = len(plain) - params.last
        part = plain[first:end]
        if len(part) < least or (check is not None and not check.fits(plain, tail)):
            short += 1
            made.append(None)
            continue
        before, after = plain[:first], plain[end:]
        tweak = f"{first}.{before}.{after}".encode().hex()
        body = before + step(key, tweak, alphabet, part) + after
        if len(body) == len(head):
            out = body
        else:
            rest = iter(body)
            out = signs.sub(lambda _, rest=rest: next(rest), head)  # type: ignore[misc]
        made.append(out if check is None else out + _moved(check, plain, body, tail))
    if short and params.otherwise == "error":
        what = f"{short} of {len(texts)} values have fewer than {SMALLEST:,} possible texts, or are of no such form"
        raise ProtectionError(what, "choose hash or token, or say `otherwise: suppress`")
    return made


def _moved(check: Check, plain: str, body: str, digit: str) -> str:
    """The check digit of the new body, wrong by as much as the old one was."""
    at = (check.value(digit) - check.right(plain) + check.right(body)) % check.modulus
    return check.signs[at]
