"""Which physical type the texts of a column could have without loss: numbers, days, moments, truth values.

Codes stay texts: numbers with leading zeros, longer than fifteen digits, or that a semantic type knows as identifiers.
"""

from typing import TYPE_CHECKING, NamedTuple

from assets.catalog.model import Base, Meaning
from assets.catalog.semantics.sample import Sample, take

if TYPE_CHECKING:
    import polars as pl

LEAST = 0.98  # share of distinct values that must fit
SHAPES: tuple[tuple[Base, str], ...] = (
    (Base.BOOLEAN, r"(?i)true|false|yes|no|是|否"),
    (Base.INTEGER, r"[-+]?(?:0|[1-9][0-9]{0,14})"),
    (Base.NUMBER, r"[-+]?(?:0|[1-9][0-9]{0,14})?(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"),
    (Base.DATE, r"[12][0-9]{3}([-/.])(?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])"),
    (Base.TIMESTAMP, r"[12][0-9]{3}[-/.][0-9]{1,2}[-/.][0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z?"),
    (Base.TIME, r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"),
)
CODES = (
    "cn_",
    "us_",
    "bank_",
    "payment_",
    "phone",
    "passport",
    "barcode",
    "isbn",
    "serial",
    "identifier",
    "postcode",
    "imei",
)


class Suggestion(NamedTuple):
    """A physical type for a column, the share of its values that fit and why."""

    base: Base
    share: float
    evidence: str


def suggest(values: "pl.Series", meaning: Meaning | None = None) -> Suggestion:
    """The narrowest type that the sampled values fit; the column's own where it is not a text.

    A column that means a number people do not count with (phone, card, identifier) stays a text.
    """
    sample = take({"v": values})[0]
    if sample.base is not Base.TEXT or not len(sample.values):
        return Suggestion(sample.base, 1.0, "the column's own type")
    if meaning is not None and meaning.type.startswith(CODES):
        return Suggestion(Base.TEXT, 1.0, f"{meaning.type} is a code, not a quantity")
    return _narrowest(sample)


def _narrowest(sample: Sample) -> Suggestion:
    for base, shape in SHAPES:
        share = float(sample.values.str.contains(f"^(?:{shape})$").to_numpy().mean())
        if share >= LEAST:
            return Suggestion(base, share, f"{share:.0%} of {len(sample.values)} different texts are {base.value}s")
    return Suggestion(Base.TEXT, 1.0, "texts of no narrower type")
