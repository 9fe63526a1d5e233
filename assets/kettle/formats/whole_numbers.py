"""Columns of whole numbers straight from delimited text, where every number stands there as one writes it.

The CSV reader also takes `+7`, ` 7` and `007`. Each such text is longer than the number's own, so the sizes tell: the
bytes that are neither separators nor line ends are then more than the fields need.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

Read = Callable[[dict[str, pl.DataType]], pl.DataFrame]


def with_longs(
    read: Read, data: bytes, separator: str, schema: dict[str, pl.DataType], longs: frozenset[int]
) -> pl.DataFrame | None:
    """The fields of text without enclosures, the wanted ones as Int64; None where one of them is not written plainly.

    Args:
        read: reads the text by a schema.
        longs: positions of the columns that should hold whole numbers.
    """
    try:
        frame = read(schema | {str(i): pl.Int64() for i in longs})
    except pl.exceptions.ComputeError:  # a text that is no whole number
        return None
    codes = np.frombuffer(data, np.uint8)
    marks = np.count_nonzero(codes == ord(separator)) + np.count_nonzero(codes == ord("\n"))
    return frame if sum(_size(column) for column in frame.iter_columns()) == len(data) - marks else None


def _size(column: pl.Series) -> int:
    """The bytes that the texts of a column have, those of numbers in their shortest form."""
    if column.dtype == pl.String:
        return int(column.str.len_bytes().sum())
    if column.null_count() == column.len():
        return 0
    low, high = int(column.min()), int(column.max())  # type: ignore[arg-type]  # numbers
    if low < 0:
        return int(column.cast(pl.String).str.len_bytes().sum())
    values = column.to_numpy() if not column.null_count() else column.drop_nulls().to_numpy()
    longer = (int(np.count_nonzero(values >= 10**digits)) for digits in range(len(str(low)), len(str(high))))
    return len(values) * len(str(low)) + sum(longer)
