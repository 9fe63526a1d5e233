"""Java's hash codes of key columns: Unique rows (hash set) without stored values compares nothing else."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.kettle.values.fields import Field, ValueType

ROWS_AT_ONCE = 1 << 16
SURROGATES = "[\U00010000-\U0010ffff]"


def row_hashes(columns: list[pl.Series], fields: list[Field]) -> pl.Series:
    """Arrays.hashCode over the columns: 31 * (31 * 1 + first) + second ..., in 32 bits; null and '' hash to 0."""
    total = np.ones(columns[0].len(), dtype=np.uint32)
    with np.errstate(over="ignore"):
        for column, field in zip(columns, fields, strict=True):
            total = total * np.uint32(31) + _hashes(column, field)
    return pl.Series(total)


def _hashes(column: pl.Series, field: Field) -> NDArray[np.uint32]:
    empty = column.is_null().to_numpy()
    if field.type is ValueType.BOOLEAN:
        found = np.where(column.fill_null(False).to_numpy(), np.uint32(1231), np.uint32(1237))
    elif field.type is ValueType.NUMBER:
        found = _folded(column.fill_null(0.0).to_numpy().view(np.uint64))
    elif field.type in (ValueType.INTEGER, ValueType.DATE):
        found = _folded(column.cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64))
    elif field.type is ValueType.STRING:
        texts = column.fill_null("")
        parts = [_text_hashes(texts.slice(n, ROWS_AT_ONCE)) for n in range(0, texts.len(), ROWS_AT_ONCE)]
        found = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint32)
    else:
        # other types have no hash of a few bytes in Java; a wide one of our own takes them as different when they are
        found = column.hash(seed=1).to_numpy().astype(np.uint32)
    result: NDArray[np.uint32] = np.where(empty, np.uint32(0), found)
    return result


def _folded(bits: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return (bits ^ (bits >> np.uint64(32))).astype(np.uint32)


def _text_hashes(texts: pl.Series) -> NDArray[np.uint32]:
    """String.hashCode: 31 * hash + code unit, from the left."""
    if texts.str.contains(SURROGATES).any():
        return np.array([_slow_hash(text) for text in texts.to_list()], dtype=np.uint32)
    array = texts.to_numpy().astype(np.str_)
    width = array.dtype.itemsize // 4
    found = np.zeros(array.size, dtype=np.uint32)
    if width == 0:
        return found
    points = array.view(np.uint32).reshape(array.size, width)
    lengths = texts.str.len_chars().to_numpy()
    with np.errstate(over="ignore"):
        for place in range(width):
            found = np.where(place < lengths, found * np.uint32(31) + points[:, place], found)
    return found


def _slow_hash(text: str) -> int:
    units = text.encode("utf-16-be", "surrogatepass")
    total = 0
    for place in range(0, len(units), 2):
        total = (31 * total + int.from_bytes(units[place : place + 2])) & 0xFFFFFFFF
    return total
