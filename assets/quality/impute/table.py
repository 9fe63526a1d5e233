"""A table as numbers: each column encoded once, in the forms that the candidates need."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from core.errors import HeddleError

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Kind = Literal["number", "integer", "category", "moment", "other"]

MOST_CATEGORIES = 64
MOST_CLASSES = 200
MOST_CODES = 10
_ROWS_A_CODE = 20


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is encoded.

    Attributes:
        kind: `number`, `integer`, `category` (texts and Booleans with few values, and integers with at most ten values
            that are often repeated, for these are codes), `moment` (dates and times, as seconds since 1970) or `other`
            (free text and nested values: neither filled nor used).
        labels: the values of a category, most frequent first; code i stands for labels[i].
    """

    name: str
    kind: Kind
    dtype: str
    labels: tuple[Any, ...] = ()

    @property
    def classes(self) -> bool:
        """Whether a value is one of a few labels."""
        return self.kind == "category"


def describe(frame: "pl.DataFrame") -> tuple[Column, ...]:
    """The encoding of each column of a frame whose missing values are null."""
    return tuple(_described(frame[name]) for name in frame.columns)


def _described(column: "pl.Series") -> Column:
    dtype = column.dtype
    text = str(dtype)
    if dtype.is_integer():
        codes = _labels(column)
        few = 0 < len(codes) <= MOST_CODES and len(column) - column.null_count() >= _ROWS_A_CODE * len(codes)
        return Column(column.name, "category", text, codes) if few else Column(column.name, "integer", text)
    if dtype.is_float() or dtype.is_decimal():
        return Column(column.name, "number", text)
    if dtype.is_temporal() and (text == "Date" or text.startswith("Datetime")):
        return Column(column.name, "moment", text)
    if text in ("String", "Categorical", "Boolean") or text.startswith("Enum"):
        labels = _labels(column)
        known = len(column) - column.null_count()
        if 0 < len(labels) <= MOST_CLASSES and len(labels) <= max(2, known // 3):
            return Column(column.name, "category", text, labels)
    return Column(column.name, "other", text)


def _comparable(values: "pl.Series") -> "pl.Series":
    """The values of a category as they are compared: Booleans and integers as they are, all others as texts."""
    import polars as pl

    return values if str(values.dtype) == "Boolean" or values.dtype.is_integer() else values.cast(pl.String)


def _labels(column: "pl.Series") -> tuple[Any, ...]:
    counts = (
        _comparable(column)
        .drop_nulls()
        .alias("value")
        .value_counts()
        .sort(["count", "value"], descending=[True, False])
    )
    return tuple(counts["value"].to_list())


def encode(frame: "pl.DataFrame", columns: tuple[Column, ...]) -> Floats:
    """The frame as floats [rows, columns]: numbers, seconds or codes; NaN where missing, unseen or of kind `other`.

    Raises:
        HeddleError: a column holds values of another type than it was learned with.
    """
    import polars as pl

    encoded = np.full((frame.height, len(columns)), np.nan)
    for place, column in enumerate(columns):
        if column.kind != "other":
            try:
                encoded[:, place] = _encoded(frame[column.name], column)
            except pl.exceptions.PolarsError:
                said = f"column {column.name!r} is a {frame[column.name].dtype}, and was learned as a {column.dtype}"
                raise HeddleError(said, "bring it into that type") from None
    return encoded


def _encoded(values: "pl.Series", column: Column) -> Floats:
    import polars as pl

    if column.kind == "category":
        codes = _comparable(values).replace_strict(
            list(column.labels), list(range(len(column.labels))), default=None, return_dtype=pl.Float64
        )
        return cast(Floats, codes.to_numpy().astype(np.float64))
    if column.kind == "moment":
        return cast(Floats, (values.cast(pl.Datetime("us")).dt.timestamp("us") / 1e6).to_numpy().astype(np.float64))
    return cast(Floats, values.cast(pl.Float64).fill_nan(None).to_numpy().astype(np.float64))


def decode(values: Floats, column: Column) -> "pl.Series":
    """Encoded values [n] as values of the column's own type; integers are rounded."""
    import polars as pl

    if column.kind == "category":
        labels = [None if np.isnan(v) else column.labels[int(v)] for v in values]
        return pl.Series(column.name, labels)
    if column.kind == "moment":
        return pl.Series(column.name, np.rint(values * 1e6).astype(np.int64)).cast(pl.Datetime("us"))
    if column.kind == "integer":
        return pl.Series(column.name, np.rint(values).astype(np.int64))
    return pl.Series(column.name, values)
