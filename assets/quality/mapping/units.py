"""Constant factors between two columns, and the conversions of units that are known."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

# factor, offset, units; each also holds the other way round
_KNOWN = (
    (1000.0, 0.0, "thousands: kg to g, km to m, l to ml, s to ms"),
    (100.0, 0.0, "hundreds: m to cm, yuan to fen, share to percent"),
    (10000.0, 0.0, "ten thousands: 万 to 1, ha to m²"),
    (1e8, 0.0, "亿 to 1"),
    (1e6, 0.0, "millions: t to g, km² to m²"),
    (10.0, 0.0, "tens: cm to mm"),
    (60.0, 0.0, "min to s, h to min"),
    (3600.0, 0.0, "h to s"),
    (24.0, 0.0, "d to h"),
    (7.0, 0.0, "weeks to days"),
    (12.0, 0.0, "years to months, dozens to pieces"),
    (1024.0, 0.0, "KiB to B"),
    (0.45359237, 0.0, "lb to kg"),
    (28.349523125, 0.0, "oz to g"),
    (2.0, 0.0, "kg to 斤"),
    (20.0, 0.0, "kg to 两"),
    (15.0, 0.0, "ha to 亩"),
    (1.609344, 0.0, "mi to km"),
    (0.3048, 0.0, "ft to m"),
    (2.54, 0.0, "in to cm"),
    (25.4, 0.0, "in to mm"),
    (0.9144, 0.0, "yd to m"),
    (3.785411784, 0.0, "US gal to l"),
    (4.184, 0.0, "kcal to kJ"),
    (3.6, 0.0, "m/s to km/h"),
    (1.8, 32.0, "°C to °F"),
    (1.0, 273.15, "°C to K"),
)


UNKNOWN = "a constant factor, as of currencies"  # what a conversion is of that is none of these


def known_unit(factor: float, offset: float, tolerance: float) -> tuple[float, float, str]:
    """The conversion that the measured one is within the tolerance of, or itself with no units."""
    for known, plus, of in _KNOWN:
        for f, o, words in ((known, plus, of), (1 / known, -plus / known, f"the reverse of {of}")):
            near = abs(factor / f - 1) <= tolerance
            if near and abs(offset - o) <= max(tolerance * max(abs(o), 1e-9), 1e-6 if not o else 0.05 * abs(o)):
                return f, o, words
    return float(f"{factor:.10g}"), float(f"{offset:.10g}"), UNKNOWN


def constant_factor(ours: "pl.Series", theirs: "pl.Series", aligned: bool) -> tuple[float, float] | None:
    """Factor and offset by which the second follows from the first; None where there are none.

    Args:
        aligned: the values stand in rows; else the quantiles of both are compared, which says less.
    """
    if aligned:
        both = ours.is_not_null() & theirs.is_not_null()
        x, y = ours.filter(both).to_numpy(), theirs.filter(both).to_numpy()
    else:
        if min(len(ours.drop_nulls()), len(theirs.drop_nulls())) < 30 or min(ours.n_unique(), theirs.n_unique()) < 15:
            return None
        places = np.linspace(0.05, 0.95, 19)
        x, y = (np.asarray(np.quantile(s.drop_nulls().to_numpy(), places)) for s in (ours, theirs))
    used = np.isfinite(x) & np.isfinite(y)
    x, y = x[used], y[used]
    if len(np.unique(x)) < 3:
        return None
    nonzero = x != 0
    ratio = y[nonzero] / x[nonzero]
    factor = float(np.median(ratio))
    spread = float(np.quantile(np.abs(ratio / factor - 1), 0.8)) if factor else 1.0
    if spread < (1e-3 if aligned else 0.1):
        return factor, 0.0
    slope, offset = (float(v) for v in np.polyfit(x, y, 1))
    left = np.abs(slope * x + offset - y)
    if slope and float(np.quantile(left, 0.8)) < (1e-3 if aligned else 0.03) * max(float(np.ptp(y)), 1e-12):
        return slope, offset
    return None
