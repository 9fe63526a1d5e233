"""What the values of a column look like, and how alike those of two columns are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
SAMPLE = 5_000
_BUCKETS = 512
_QUANTILES = np.linspace(0, 1, 21)
_NUMBER = r"^\s*[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][-+]?\d+)?\s*%?$"
_MOMENT = r"^\s*\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?([ T]\d{1,2}:\d{2}.*)?\s*$"


@dataclass(frozen=True, slots=True)
class Profile:
    """Values of one column, as far as they are compared.

    Attributes:
        kind: `number`, `moment`, `flag`, `text` or `empty`.
        distinct: normalised distinct texts of the sample.
        grams: [512] shares of hashed character trigrams, length 1.
        classes: [6] mean shares of digits, Latin letters, other letters, spaces, signs, and the mean log length.
        quantiles: [21] of numbers (moments: seconds), of texts their lengths.
        unique: distinct values over known values. missing: share of nulls. whole: share of numbers without decimals.
    """

    kind: str
    distinct: frozenset[str]
    grams: Floats
    classes: Floats
    quantiles: Floats
    unique: float
    missing: float
    whole: float


def profile(column: "pl.Series") -> Profile:
    """From the first 5,000 values; of CSV columns, texts that are all numbers or dates count as these."""
    sample = column.head(SAMPLE)
    known = sample.drop_nulls()
    missing = 1 - len(known) / max(len(sample), 1)
    if not len(known):
        return Profile("empty", frozenset(), np.zeros(_BUCKETS), np.zeros(6), np.zeros(21), 0.0, missing, 0.0)
    texts = _texts(known)
    kind, numbers = _numbers(known, texts)
    distinct = frozenset(texts.unique().to_list())
    lengths = texts.str.len_chars().cast(float).to_numpy()
    spread = np.asarray(np.quantile(numbers if len(numbers) else lengths, _QUANTILES), dtype=np.float64)
    whole = float((numbers == np.rint(numbers)).mean()) if len(numbers) else 0.0
    unique = len(distinct) / len(known)
    return Profile(kind, distinct, _grams(distinct), _classes(texts, lengths), spread, unique, missing, whole)


def _texts(known: "pl.Series") -> "pl.Series":
    import polars as pl

    if known.dtype.is_float():
        whole = known.is_finite() & (known == known.round())
        short = known.round(6).cast(pl.String)
        known = pl.Series([t.removesuffix(".0") if w else t for t, w in zip(short, whole, strict=True)])
    texts = known.cast(pl.String, strict=False)
    return texts.fill_null("").str.normalize("NFKC").str.to_lowercase().str.strip_chars().str.slice(0, 200)


def _numbers(known: "pl.Series", texts: "pl.Series") -> tuple[str, Floats]:
    import polars as pl

    none = np.zeros(0)
    if known.dtype.is_numeric():
        values = known.cast(pl.Float64).to_numpy()
        return "number", values[np.isfinite(values)]
    if known.dtype.is_temporal():
        return "moment", _seconds(known)
    if known.dtype == pl.Boolean:
        return "flag", none
    if _share(texts, _NUMBER) > 0.95:
        values = texts.str.replace_all("[,% ]", "").cast(pl.Float64, strict=False).drop_nulls().to_numpy()
        if len(values):
            return "number", values
    if _share(texts, _MOMENT) > 0.9:
        return "moment", none
    return "text", none


def _share(texts: "pl.Series", pattern: str) -> float:
    return float(texts.str.contains(pattern).cast(float).to_numpy().mean())


def _seconds(known: "pl.Series") -> Floats:
    import polars as pl

    if known.dtype == pl.Time or known.dtype == pl.Duration:
        return cast(Floats, known.cast(pl.Int64).cast(pl.Float64).to_numpy())
    return cast(Floats, (known.cast(pl.Datetime("us")).dt.timestamp("us") / 1e6).to_numpy())


def _grams(distinct: frozenset[str]) -> Floats:
    """Trigrams of up to 1,000 distinct texts, by a hash that is the same in every process."""
    from zlib import crc32

    counts = np.zeros(_BUCKETS)
    for text in sorted(distinct)[:1_000]:
        padded = f" {text[:60]} "
        for start in range(max(len(padded) - 2, 1)):
            counts[crc32(padded[start : start + 3].encode()) % _BUCKETS] += 1
    counts = np.sqrt(counts)
    return np.asarray(counts / max(float(np.linalg.norm(counts)), 1e-9), dtype=np.float64)


def _classes(texts: "pl.Series", lengths: Floats) -> Floats:
    shares = [
        float((texts.str.count_matches(which).cast(float).to_numpy() / np.maximum(lengths, 1)).mean())
        for which in (r"[0-9]", r"[a-z]", r"[^\x00-\x7f]", r"\s", r"[!-/:-@\[-`{-~]")
    ]
    return np.array([*shares, np.log1p(lengths).mean() / 4])


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two columns' values are, each from 0 to 1.

    Attributes:
        kinds: whether both are numbers, texts and so on.
        shared: distinct values of the one that holds fewer that the other has, weighted down where few or trivial.
        looks: trigrams and classes of characters.
        spread: quantiles of numbers, moments or lengths.
        density: shares of distinct and of missing values, and of whole numbers.
    """

    kinds: float
    shared: float
    looks: float
    spread: float
    density: float


def compare(one: Profile, other: Profile) -> Likeness:
    """The likeness of two columns."""
    if "empty" in (one.kind, other.kind):
        return Likeness(0.5, 0.0, 0.0, 0.0, 0.3)
    kinds = 1.0 if one.kind == other.kind else 0.3 if {one.kind, other.kind} <= {"text", "moment", "flag"} else 0.0
    grams = float(one.grams @ other.grams)
    classes = max(0.0, 1 - float(np.abs(one.classes - other.classes).sum()))
    density = 1 - (abs(one.unique - other.unique) + abs(one.missing - other.missing) + abs(one.whole - other.whole)) / 3
    return Likeness(kinds, _shared(one, other), 0.5 * grams + 0.5 * classes, _spreads(one, other), density)


def _shared(one: Profile, other: Profile) -> float:
    common = one.distinct & other.distinct
    if not common:
        return 0.0
    part = len(common) / min(len(one.distinct), len(other.distinct))
    jaccard = len(common) / len(one.distinct | other.distinct)
    trivial = sum(1 for text in common if len(text) <= 2 or (len(text) <= 3 and text.isdigit())) / len(common)
    few = min(1.0, np.log2(1 + len(common)) / 5)
    return float((0.5 * part + 0.5 * jaccard) * (0.4 + 0.6 * few) * (1 - 0.5 * trivial))


def _spreads(one: Profile, other: Profile) -> float:
    """One minus the mean distance of the quantiles, in units of their common range."""
    if (one.kind == "number") != (other.kind == "number"):
        return 0.0
    low = min(one.quantiles[1], other.quantiles[1])
    high = max(one.quantiles[-2], other.quantiles[-2])
    if high - low <= 0:
        return 1.0
    distance = np.abs(one.quantiles[1:-1] - other.quantiles[1:-1]).mean() / (high - low)
    return float(max(0.0, 1 - 2 * distance))
