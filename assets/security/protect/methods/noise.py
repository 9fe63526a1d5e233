"""noise: a number or a day is moved by a bounded amount that the key and the value decide, so that runs agree.

Equal values move alike, which keeps groups and joins. It is no differential privacy: an amount that is known moves for
everybody the same (docs/protection.md); for figures use `heddle protect dp`.
"""

import hashlib
from typing import Any

import polars as pl
from pydantic import Field, model_validator

from assets.security.protect.base import OneWay, Params, Scope
from assets.security.protect.days import days
from assets.security.protect.errors import ProtectionError
from assets.security.protect.texts import as_text

DAYS = ("birth_date", "date")  # classes
_WIDE = float(2**64)


class Noise(Params):
    """Parameters of noise: one of `amount` (a number, or days) and `share` (of the value)."""

    amount: float | None = Field(default=None, gt=0)
    share: float | None = Field(default=None, gt=0, le=1)
    low: float | None = None
    high: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        return {**given, "share": 0.1} if isinstance(given, dict) and not {"amount", "share"} & set(given) else given

    @model_validator(mode="after")
    def _one(self) -> "Noise":
        if (self.amount is None) == (self.share is None):
            raise ValueError("give one of amount and share")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low has to be less than high")
        return self


class Method(OneWay):
    """The value moved by up to `amount`, evenly distributed."""

    keyed = keeps_form = True
    hides = False
    words = "masked by noise"
    params: type[Params] = Noise

    def protect(self, values: pl.Series, params: Noise, scope: Scope) -> pl.Series:
        """Values of the same type; whole numbers stay whole, bounds hold.

        Texts of numbers become numbers, those of days texts as 1990-03-07.
        """
        kind = values.dtype
        if kind == pl.String:
            read = _read(values, scope.class_)
            made = self.protect(read, params, scope)
            return made.dt.strftime("%Y-%m-%d") if read.dtype == pl.Date else made
        if kind.is_temporal() and params.amount is None:
            raise ProtectionError("noise on days needs `amount` (days)", "add amount: 15 to the rule")
        distinct = values.unique().drop_nulls()
        moved = _moved(distinct, params, scope.key("noise"))
        return values.to_frame("v").join(
            pl.DataFrame({"v": distinct, "moved": moved}), on="v", how="left", maintain_order="left"
        )["moved"].rename(values.name)  # fmt: skip


def _read(values: pl.Series, class_: str) -> pl.Series:
    """Texts as numbers or as days, whichever all of them are."""
    wrong = len(values)
    for reader in (days, _numbers) if class_ in DAYS else (_numbers, days):  # 19900307 is a number too
        found = reader(values)
        wrong = min(wrong, found.null_count() - values.null_count())
        if not wrong:
            return found
    raise ProtectionError(f"{wrong} of {len(values)} values are no numbers, or no days", "choose another method")


def _numbers(values: pl.Series) -> pl.Series:
    return values.str.strip_chars().cast(pl.Float64, strict=False)


def _moved(distinct: pl.Series, params: Noise, key: bytes) -> pl.Series:
    digest = hashlib.blake2b
    bits = [
        int.from_bytes(digest(text.encode(), key=key, digest_size=8).digest(), "big")
        for text in as_text(distinct).to_list()
    ]
    unit = pl.Series("unit", bits, pl.UInt64).cast(pl.Float64) / _WIDE * 2 - 1  # -1 to 1
    kind = distinct.dtype
    if kind.is_temporal():
        days = (unit * (params.amount or 0)).round(0).cast(pl.Int64)
        both = pl.DataFrame({"v": distinct, "days": days})
        return both.select(pl.col("v") + pl.duration(days="days")).to_series()
    number = distinct.cast(pl.Float64)
    moved = number + unit * (params.amount if params.amount is not None else number.abs() * (params.share or 0))
    bounded = moved.clip(params.low, params.high)
    return bounded.round(0).cast(kind) if kind.is_integer() else bounded.cast(kind)
