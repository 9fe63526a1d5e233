"""A column's profile from its counted values, or from its sketch and a sample of its rows."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from assets.catalog.model import Base, Bin, Profile, Top
from assets.catalog.scan.profile.counts import Counts
from assets.catalog.scan.profile.numbers import extremes, is_text, lengths, numbers, python, shown
from assets.catalog.scan.profile.patterns import patterns

TOP = 10
BINS = 20
LEVELS = np.array((0.05, 0.25, 0.5, 0.75, 0.95))


def profile(counts: Counts, base: Base, sample: pa.Array | None, sampled: bool) -> Profile:
    """The profile of a column.

    Args:
        sample: rows drawn by chance, without nulls; needed where the counts are a sketch.
        sampled: whether the rows seen are a part of the table.
    """
    values, number = counts.values()
    common: dict[str, Any] = {"rows": counts.rows, "nulls": counts.nulls, "sampled": sampled}
    if counts.sketch is None:
        made: dict[str, Any] = common | {"distinct": len(values), "top": _top(values, number, 0)}
        made |= _extremes(values) | _spread(values, number, base)
        return Profile.model_construct(**made)
    assert sample is not None
    sketch = counts.sketch
    filled = counts.rows - counts.nulls
    made = common | {
        "distinct": min(sketch.distinct, filled),
        "distinct_exact": False,
        "top": _top(values, number, counts.dropped),
    }
    drawn, weight = _scaled(sample, filled)
    made |= _spread(drawn, weight, base)
    made |= {"low": shown(sketch.low), "high": shown(sketch.high), "lengths": sketch.lengths}
    if sketch.moments is not None:
        made["mean"], made["deviation"] = sketch.moments
    return Profile.model_construct(**made)


def _scaled(sample: pa.Array, filled: int) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    counted: Any = sample.value_counts()
    weights = counted.field(1).to_numpy() * (filled / max(1, len(sample)))
    return counted.field(0), np.rint(weights).astype(np.int64)


def _top(values: pa.Array, counts: npt.NDArray[np.int64], doubt: int) -> tuple[Top, ...]:
    """The most frequent values; none where every value is the only one of its kind."""
    if len(values) == 0 or _binary(values.type) or (len(values) > TOP and int(counts.max()) == 1):
        return ()
    if len(values) > 1000:  # sorting a million counts for ten of them is slow
        near = np.flatnonzero(counts >= np.partition(counts, -TOP)[-TOP])
        chosen = near[np.argsort(-counts[near], kind="stable")[:TOP]]
    else:
        chosen = np.argsort(-counts, kind="stable")[:TOP]
    texts = python(values.take(pa.array(chosen)))
    return tuple(
        Top.model_construct(value=shown(v), count=int(c))
        for v, c in zip(texts, counts[chosen], strict=True)
        if c > doubt
    )


def _binary(type_: pa.DataType) -> bool:
    return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


def _extremes(values: pa.Array) -> dict[str, Any]:
    if len(values) == 0 or _binary(values.type):
        return {}
    low, high = extremes(values)
    return {"low": shown(low), "high": shown(high)}


def _spread(values: pa.Array, counts: npt.NDArray[np.int64], base: Base) -> dict[str, Any]:
    """Quantities: moments, quantiles, histogram; texts: lengths and shapes."""
    made: dict[str, Any] = {}
    if len(values) == 0:
        return made
    if is_text(values.type):
        made = {"lengths": lengths(values), "patterns": patterns(values, counts, TOP)}
    found = numbers(values, base)
    if found is not None:
        finite = np.isfinite(found)
        if finite.any():
            made |= _quantities(found[finite], counts[finite])
            if is_text(values.type) and (finite.all() or base in (Base.INTEGER, Base.NUMBER)):
                there = np.where(finite, found, np.nan)
                ends = python(values.take(pa.array([int(np.nanargmin(there)), int(np.nanargmax(there))])))
                made |= {"low": shown(ends[0].strip()), "high": shown(ends[1].strip())}
    return made


def _quantities(found: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    order = np.argsort(found)
    found, counts = found[order], counts[order]
    upto = np.cumsum(counts)
    total = int(upto[-1])
    places = np.searchsorted(upto, np.ceil(LEVELS * total).clip(1, total))
    mean = float(np.dot(found, counts)) / total
    with np.errstate(over="ignore"):
        deviation = float(np.sqrt(np.dot((found - mean) ** 2, counts) / total))
    return {
        "mean": mean,
        "deviation": deviation,
        "quantiles": tuple(found[places].tolist()),
        "histogram": _histogram(found, upto, total),
    }


def _histogram(found: npt.NDArray[np.float64], upto: npt.NDArray[np.int64], total: int) -> tuple[Bin, ...]:
    """Bins of equal width over ascending values; `upto` are their cumulated counts."""
    low, high = float(found[0]), float(found[-1])
    if low == high:
        return (Bin.model_construct(low=low, high=high, count=total),)
    if not np.isfinite(high - low):
        return ()
    edges = np.linspace(low, high, min(BINS, max(2, len(found))) + 1)
    below = np.append(0, upto)[np.searchsorted(found, edges[:-1])]
    return tuple(
        Bin.model_construct(low=a, high=b, count=c)
        for a, b, c in zip(
            edges[:-1].tolist(), edges[1:].tolist(), np.diff(np.append(below, total)).tolist(), strict=True
        )
    )
