"""Tests of a column as a whole: how many different values, how long, how spread. Each gives a factor from 0 to 1.

A factor multiplies what the values alone give; the words are evidence. A type names its test in `column`.
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assets.catalog.semantics.sample import Sample

if TYPE_CHECKING:
    import polars as pl

ADULT = 14  # years: the youngest of the middle half of people in business tables
SPAN = 18  # years between the fifth and the 95th birth of a hundred people


class Finding(NamedTuple):
    """A factor and why."""

    factor: float
    words: str = ""


def few_values(sample: Sample) -> Finding:
    """Values repeat: a set of codes or categories rather than names or numbers."""
    if sample.rows < 5:
        return Finding(0.5, "few rows")
    if sample.distinct <= max(2, min(60, sample.rows // 4)):
        return Finding(1.0, f"{sample.distinct} different values in {sample.rows} rows")
    return Finding(0.55 if sample.distinct <= sample.rows // 2 else 0.2, "values hardly repeat")


def two_values(sample: Sample) -> Finding:
    """At most two different values."""
    return Finding(1.0, "two values") if sample.distinct <= 2 else Finding(0.2, "more than two values")


def mostly_unique(sample: Sample) -> Finding:
    """Nearly every row has its own value, as long as the others to a few characters."""
    lengths = sample.values.str.len_chars()
    spread = int(np.ptp(lengths.to_numpy())) if len(lengths) else 0
    if sample.unique < 0.8:
        return Finding(0.5, "values repeat")
    return Finding(1.0, "nearly every row has its own") if spread <= 6 else Finding(0.6, "lengths differ much")


def unique_codes(sample: Sample) -> Finding:
    """Nearly every row has its own value; values mix digits with letters, have one length, or count up."""
    if sample.unique < 0.9 or sample.rows < 4:
        return Finding(0.4, "values repeat")
    text = "".join(sample.values.to_list())
    if not text.isdigit() and _share(sample.values, r"[0-9]") < 0.8:
        return Finding(0.3, "no digits")
    if text.isascii() and text.isdigit() and int(sample.values.str.len_bytes().to_numpy().max()) <= 18:
        numbers = sample.values.str.to_integer().to_numpy()
        same = len(set(map(len, sample.values))) == 1 and len(sample.values[0]) >= 5
        if not same and np.ptp(numbers) > 3 * sample.distinct:
            return Finding(0.5, "numbers with gaps, of several lengths")
    return Finding(1.0, "nearly every row has its own")


def birth_dates(sample: Sample) -> Finding:
    """Days on which living people were born: none in the future, a wide span, half of them grown up."""
    years = _years(sample.values).drop_nulls()
    if len(years) < 0.8 * len(sample.values) or not len(years):
        return Finding(0.0)
    now = date.today().year
    low, middle, high, last = np.quantile(years.to_numpy(), (0.05, 0.5, 0.95, 1))
    if last > now or low < now - 125:
        return Finding(0.0, "years that no living person has")
    if high - low >= SPAN and middle <= now - ADULT and len(years) >= 8:
        return Finding(1.0, f"years from {low:.0f} to {high:.0f}, as births are spread")
    return Finding(0.3, "years do not look like births")


def narrow_digits(sample: Sample) -> Finding:
    """Numbers of one length within a tenth of their size, as moments of some years are."""
    import polars as pl

    numbers = sample.values.cast(pl.Float64, strict=False).drop_nulls()
    if not len(numbers):
        return Finding(0.0)
    low, high = np.quantile(numbers.to_numpy(), (0, 1))
    if low <= 0 or sample.distinct < 3:
        return Finding(0.5)
    return Finding(1.0, "numbers close together, as moments are") if high / low < 1.45 else Finding(0.1, "far apart")


def amounts(sample: Sample) -> Finding:
    """Most values have exactly two decimals, or a currency."""
    decimals = _share(sample.values, r"[.,][0-9]{2}[^0-9]*$")
    signs = _share(sample.values, r"[$€£¥￥元]|[A-Z]{3}")
    if signs >= 0.8:
        return Finding(1.0, "currency signs")
    if decimals >= 0.95 and _share(sample.values, r"[0-9]{2,}[.,][0-9]{2}[^0-9]*$") >= 0.5:
        return Finding(1.0, "two decimals throughout")
    return Finding(0.5, "plain numbers") if decimals >= 0.5 else Finding(0.3, "plain numbers")


def coordinates(sample: Sample) -> Finding:
    """Many different numbers, not all of them near zero as ratios and errors are."""
    import polars as pl

    numbers = sample.values.str.strip_chars("°").cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    if not len(numbers) or np.abs(numbers).max() < 10:
        return Finding(0.5, "numbers near zero")
    return Finding(1.0) if sample.unique > 0.3 or sample.distinct > 20 else Finding(0.5, "few different numbers")


def sentences(sample: Sample) -> Finding:
    """Texts of several words, or of a dozen Chinese characters and more."""
    return Finding(1.0, "texts of several words") if sample.wordy else Finding(0.0)


def sentences_with_personal_data(sample: Sample) -> Finding:
    """Texts of several words, some with a number or address of a person in them."""
    if not sample.wordy:
        return Finding(0.0)
    held = _share(sample.values, PERSONAL)
    if held < 0.03:
        return Finding(0.0)
    return Finding(1.0, f"{held:.0%} of the texts contain a phone, identity, card number or e-mail address")


def _share(values: "pl.Series", pattern: str) -> float:
    return float(values.str.contains(pattern).to_numpy().mean()) if len(values) else 0.0


def _years(values: "pl.Series") -> "pl.Series":
    import polars as pl

    four = values.str.extract(r"((?:18|19|20|21)[0-9]{2})")
    short = values.str.extract(r"[^0-9]([0-9]{2})$")
    return pl.select(pl.coalesce(four.cast(pl.Int32), pl.lit(1900) + short.cast(pl.Int32))).to_series()


PERSONAL = (
    r"(?:^|[^0-9])1[3-9][0-9]{9}(?:[^0-9]|$)"
    r"|(?:^|[^0-9])[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?:[^0-9]|$)"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
    r"|(?:^|[^0-9])62[0-9]{14,17}(?:[^0-9]|$)"
    r"|(?:^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}(?:[^0-9]|$)"
    r"|\(?[2-9][0-9]{2}\)?[-. ][2-9][0-9]{2}[-.][0-9]{4}"
    r"|(?:^|[^0-9])0[0-9]{2,3}-[2-8][0-9]{6,7}(?:[^0-9]|$)"
)

TESTS: dict[str, Callable[[Sample], Finding]] = {
    test.__name__: test
    for test in (
        few_values, two_values, mostly_unique, unique_codes, birth_dates, narrow_digits, amounts, coordinates,
        sentences, sentences_with_personal_data,
    )
}  # fmt: skip
