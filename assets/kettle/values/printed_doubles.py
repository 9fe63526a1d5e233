"""Doubles whose shortest digits are the text that a plain mask gives: printing them needs no look at any text.

For a mask like `0.0#########`, `places` decimals at most. Below `_steady` neighbouring doubles are closer together than
numbers of so many decimals: Java's digits round as the exact value does, and the double nearest to the rounded number
has that number as its shortest digits. Above it the shortest digits never have more decimals, and are printed as such.
"""

import math

import numpy as np
import polars as pl

_NO_EXPONENT = (1e-4, 1e15)  # between these polars prints a double without an exponent
_SPLIT = 2.0**27 + 1  # halves a double's digits (Dekker, "A floating-point technique", 1971)
_EXACT = 2.0**51  # up to here a scaled fraction is off by a quarter at most


def _steady(places: int) -> float:
    """Below this power of two neighbouring doubles are less than 10 ** -places apart."""
    return math.ldexp(1.0, 52 + math.ceil(-places * math.log2(10)))


def printed(column: pl.Series, places: int) -> tuple[pl.Series, pl.Series]:
    """The column rounded to so many decimals, and the rows where the shortest digits of that are what Java prints.

    The others are left for a closer look: very small and very large ones, no numbers.
    """
    values = column.fill_null(0.0).to_numpy() if column.null_count() else column.to_numpy()
    scale, steady = 10.0**places, _steady(places)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(values)
        rounded = np.floor(size)
        number, exact = _rounded(size - rounded, scale)
        rounded *= scale
        rounded += number
        rounded /= scale
        low = size < steady
        sure = (low & exact) | (rounded == size) | (size >= 2.0**54 / scale)
        sure &= ((size >= _NO_EXPONENT[0]) & (size < _NO_EXPONENT[1])) | (size == 0)
        found = pl.Series(column.name, np.copysign(np.where(low, rounded, size), values))
    settled = pl.Series(sure)
    return (found.set(column.is_null(), None) if column.null_count() else found), settled


def _rounded(fraction: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The exact products rounded to whole numbers, ties to even, and where that is certain."""
    scaled = fraction * scale
    number = np.rint(scaled)
    # a product is off by half a unit in its last place, which matters near a tie only
    near = np.flatnonzero(np.abs(scaled - number) > 0.5 - (scale * 2.3e-16 + 1e-9))
    if len(near):
        close = scaled[near]
        whole = np.floor(close)
        above = (close - whole - 0.5) + _lost(fraction[near], scale, close)
        number[near] = whole + ((above > 0) | ((above == 0) & (whole % 2 == 1)))
    return number, scaled < _EXACT


def _lost(left: np.ndarray, right: float, product: np.ndarray) -> np.ndarray:
    """What the rounded product lacks of the exact one (Dekker)."""
    high = left * _SPLIT
    high -= high - left
    low = left - high
    right_high = right * _SPLIT
    right_high -= right_high - right
    right_low = right - right_high
    lost: np.ndarray = ((high * right_high - product) + high * right_low + low * right_high) + low * right_low
    return lost
