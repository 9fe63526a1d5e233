"""How far a feature moved between two windows of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.features.registry.model import Drift, Feature, FeatureView, duration
from assets.features.registry.source import SQL_TYPES, check, is_zoned, moment
from core.naming import Key, table_name
from resources.quoting import identifier, qualified

if TYPE_CHECKING:
    import polars as pl

    from resources.ports import WarehouseReader

BINS = 10
FLOOR = 1e-4  # share of an empty bin
NUMBERS = ("bigint", "double")


@dataclass(frozen=True)
class Moved:
    """One feature.

    Attributes:
        psi: population stability index.
        ks: Kolmogorov-Smirnov statistic of the values that are there, 0 to 1; None for what is no number.
        reference, last: rows of the two windows.
    """

    feature: str
    psi: float
    ks: float | None
    reference: int
    last: int
    drifted: bool


def drifts(warehouse: "WarehouseReader", view: FeatureView, limits: Drift) -> list[Moved]:
    """Compares the rows of the last window of a view with those of the reference before it, by event time.

    Holds one feature at a time. A window without rows compares nothing: the result is empty.
    """
    check(warehouse, view)
    chosen = [f for f in view.features if not limits.features or f.name in limits.features]
    return list(_moved(warehouse, view, limits, chosen))


def _moved(warehouse: "WarehouseReader", view: FeatureView, limits: Drift, chosen: list[Feature]) -> Iterator[Moved]:
    import polars as pl

    table, at = qualified(table_name(Key.parse(view.source))), moment(view.timestamp, is_zoned(warehouse, view))
    window, reference = duration(limits.window), duration(limits.reference)
    assert window is not None and reference is not None  # the model refuses empty ones
    newest = warehouse.query(f"select max({at}) as newest from {table}").item()
    if newest is None:
        return
    begin, middle = newest - window - reference, newest - window
    for feature in chosen:
        value = f"cast({identifier(feature.source)} as {SQL_TYPES[feature.type]})"
        frame = warehouse.query(
            f"select {value} as value, {at} > timestamp '{middle}' as last from {table}"
            f" where {at} > timestamp '{begin}'"
        )
        before, after = (frame.filter(pl.col("last") == side)["value"] for side in (False, True))
        if not len(before) or not len(after):
            return
        number = feature.type in NUMBERS
        psi = stability(before, after, "number" if number else "category")
        ks = distance(before, after) if number else None
        yield Moved(feature.name, psi, ks, len(before), len(after), psi >= limits.psi)


def distance(before: "pl.Series", after: "pl.Series") -> float:
    """Two-sample Kolmogorov-Smirnov statistic: the greatest difference of the distribution functions; nulls are left
    out, and against no values it is 0.
    """
    import numpy as np
    import polars as pl

    one, two = (np.sort(s.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()) for s in (before, after))
    if not len(one) or not len(two):
        return 0.0
    points = np.concatenate([one, two])
    shares = [np.searchsorted(side, points, side="right") / len(side) for side in (one, two)]
    return float(np.abs(shares[0] - shares[1]).max())


def stability(before: "pl.Series", after: "pl.Series", kind: str) -> float:
    """Population stability index: sum of (p - q) ln(p / q) over deciles of `before`, or over categories.

    Missing values are a bin of their own.
    """
    import math

    import polars as pl

    if kind == "number":
        whole = before.cast(pl.Float64).fill_nan(None).drop_nulls()
        cuts = [whole.quantile(i / BINS, "lower") for i in range(1, BINS)] if len(whole) else []
        edges = sorted({cut for cut in cuts if cut is not None})
        before, after = (_bins(s.cast(pl.Float64).fill_nan(None), edges) for s in (before, after))
    counts = []
    for series in (before.cast(pl.String), after.cast(pl.String)):
        counted = series.fill_null("(missing)").alias("bin").value_counts()
        counts.append({name: n / max(len(series), 1) for name, n in counted.iter_rows()})
    total = 0.0
    for name in counts[0].keys() | counts[1].keys():
        p, q = (max(c.get(name, 0.0), FLOOR) for c in counts)
        total += (p - q) * math.log(p / q)
    return total


def _bins(series: "pl.Series", edges: list[Any]) -> "pl.Series":
    import polars as pl

    # searchsorted puts a null somewhere, so it is put back
    found = pl.Series(edges, dtype=pl.Float64).search_sorted(series.fill_null(0.0), side="left")
    return pl.select(pl.when(series.is_not_null()).then(pl.lit(found))).to_series()
