"""Values of a column as numbers and as text."""

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assets.catalog.model import Base

Numbers = npt.NDArray[np.float64]
FAR = 4e11  # seconds from 1970, about the year 14,600
SHOWN = 200  # characters of a value that are kept


def is_text(type_: pa.DataType) -> bool:
    """Whether values are texts."""
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def lengths(values: pa.Array) -> tuple[int, int]:
    """Characters of the shortest and longest of some texts."""
    found = pc.min_max(pc.utf8_length(values)).as_py()
    return found["min"], found["max"]


def numbers(values: pa.Array, base: Base | None = None) -> Numbers | None:
    """Float64 [n]; dates and timestamps as seconds since 1970; None for what is no quantity.

    Args:
        values: without nulls.
        base: what texts stand for; what does not parse becomes NaN.
    """
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _array(values)
    if pa.types.is_decimal(kind):
        return _array(values.cast(pa.float64()))
    if pa.types.is_date(kind):
        return _near(_array(values.cast(pa.date32()).cast(pa.int32())) * 86400.0)
    if pa.types.is_timestamp(kind):
        return _seconds(values)
    if is_text(kind) and base in _PARSERS:
        return _PARSERS[base](values)
    return None


def python(values: pa.Array) -> list[Any]:
    """The values as Python's; nanoseconds are cut, which Python has no type for."""
    if pa.types.is_timestamp(values.type) and values.type.unit == "ns":
        values = values.cast(pa.timestamp("us", values.type.tz), safe=False)
    try:
        made: list[Any] = values.to_pylist()
    except (OverflowError, ValueError):  # infinite, or beyond the years that Python knows
        return [_far(value) for value in values]
    return made


def _far(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        seconds = numbers(pa.array([value], value.type))
        if seconds is not None and np.isfinite(seconds[0]):
            return value.cast(pa.string()).as_py()
        return "infinity" if value.value > 0 else "-infinity"


def extremes(values: pa.Array) -> tuple[Any, Any]:
    """Least and greatest of some values; NaN counts only where there is nothing else."""
    found = pc.min_max(values)
    low, high = python(pa.array([found["min"], found["max"]], values.type))
    return low, high


def shown(value: Any) -> str:
    """A value as text, cut to SHOWN characters; moments in ISO 8601, bytes by their number."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _array(values: pa.Array) -> Numbers:
    made: Numbers = values.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return made


def _seconds(values: pa.Array) -> Numbers:
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[values.type.unit]
    return _near(_array(values.cast(pa.int64())) / scale)


def _near(seconds: Numbers) -> Numbers:
    """Engines write an infinite date as the last one they have; that is no quantity."""
    return np.where(np.abs(seconds) > FAR, np.copysign(np.inf, seconds), seconds)


def _numeric(values: pa.Array) -> Numbers:
    import polars as pl

    parsed = pl.Series(values).str.strip_chars().cast(pl.Float64, strict=False)
    return parsed.fill_null(float("nan")).to_numpy()


def _moments(values: pa.Array) -> Numbers:
    import polars as pl

    text = pl.Series(values).str.strip_chars().str.replace_all("/", "-").str.replace(" ", "T")
    frame = text.to_frame("t")
    whole = pl.when(pl.col("t").str.len_chars() <= 10).then(pl.col("t") + "T00:00:00").otherwise(pl.col("t"))
    parsed = frame.select(
        whole.str.replace(r"(Z|[+-]\d\d:?\d\d)$", "").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False)
    ).to_series()
    return (parsed.dt.epoch("us").cast(pl.Float64) / 1e6).fill_null(float("nan")).to_numpy()


_PARSERS = {Base.INTEGER: _numeric, Base.NUMBER: _numeric, Base.DATE: _moments, Base.TIMESTAMP: _moments}
