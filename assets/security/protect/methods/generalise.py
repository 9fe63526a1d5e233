"""generalise: a coarser value: month or year of a day, band of a number, region of an address, start of a code."""

from typing import Literal

import polars as pl
from pydantic import Field, model_validator

from assets.security.protect.base import OneWay, Params, Scope
from assets.security.protect.days import days
from assets.security.protect.errors import ProtectionError
from assets.security.protect.regions import Region, region
from assets.security.protect.texts import as_text

PERIODS = {"day": "1d", "month": "1mo", "quarter": "1q", "year": "1y", "decade": "10y"}
_FORMS = {"day": "%Y-%m-%d", "month": "%Y-%m", "quarter": "%Y-%m", "year": "%Y", "decade": "%Y"}
_NETWORK = r"^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$"


class Generalise(Params):
    """Parameters of generalise: one of period, width, region, prefix; without any the class decides."""

    period: Literal["day", "month", "quarter", "year", "decade"] | None = None
    width: float | None = Field(default=None, gt=0, description="of bands of numbers")
    low: float | None = Field(default=None, description="numbers below are one band")
    high: float | None = Field(default=None, description="numbers above are one band")
    region: Region | None = None
    prefix: int | None = Field(default=None, ge=1, le=20, description="signs that stay; a text no longer goes")

    @model_validator(mode="after")
    def _one(self) -> "Generalise":
        if sum(v is not None for v in (self.period, self.width, self.region, self.prefix)) > 1:
            raise ValueError("give one of period, width, region and prefix")
        return self


BY_CLASS = {
    "birth_date": Generalise(period="year"),
    "age": Generalise(width=10, low=10, high=90),
    "address": Generalise(region="city"),
    "date": Generalise(period="month"),
}


class Method(OneWay):
    """A value that many share; what does not fit becomes null."""

    keeps_form = True
    hides = False
    words = "masked by generalisation"
    params: type[Params] = Generalise

    def protect(self, values: pl.Series, params: Generalise, scope: Scope) -> pl.Series:
        """Days as the first day of the period (texts as 1990-03), numbers as their band's lower bound, texts cut."""
        how = BY_CLASS.get(scope.class_, params) if params == Generalise() else params
        if how.period is not None:
            return _period(values, how.period)
        if how.width is not None:
            return _band(values, how.width, how.low, how.high)
        if how.region is not None:
            return region(values, how.region)
        if how.prefix is not None:
            return _prefix(values, how.prefix)
        if scope.class_ == "ip":
            return as_text(values).str.extract(_NETWORK) + ".0/24"
        if scope.class_ == "whereabouts":
            return _band(values, 0.1, None, None)
        raise ProtectionError("generalise needs period, width, region or prefix here", "add one to the rule")


def _period(values: pl.Series, period: str) -> pl.Series:
    if values.dtype.is_temporal():
        return values.dt.truncate(PERIODS[period])
    return days(as_text(values)).dt.truncate(PERIODS[period]).dt.strftime(_FORMS[period])


def _band(values: pl.Series, width: float, low: float | None, high: float | None) -> pl.Series:
    number = values.str.strip_chars().cast(pl.Float64, strict=False) if values.dtype == pl.String else values
    if not number.dtype.is_numeric():
        raise ProtectionError("bands need numbers", "choose period or prefix")
    band = (number.cast(pl.Float64).clip(low, high) / width).floor() * width
    return band.cast(values.dtype) if values.dtype.is_integer() and float(width).is_integer() else band


def _prefix(values: pl.Series, length: int) -> pl.Series:
    texts = as_text(values).to_frame("t")
    long = pl.col("t").str.len_chars() > length
    return texts.select(pl.when(long).then(pl.col("t").str.head(length))).to_series().rename(values.name)
