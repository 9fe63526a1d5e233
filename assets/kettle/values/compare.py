"""Kettle's order and equality of values: null first and equal to '', text by UTF-16 code unit, numbers by value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.ordering import folded, order_key, without_empty

LEAST_ROWS = 10_000
SAMPLE = 1_000
MOST_TEXTS = 500
_NUMERIC_PAIR = {ValueType.INTEGER, ValueType.NUMBER}


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of a sort.

    Attributes:
        name: the field.
        ascending: otherwise descending; null then comes last, as in 9.3.
        case_sensitive: text by its exact characters.
        collated: text by the locale's letters instead of code units (the declared strength has no effect in Kettle).
    """

    name: str
    ascending: bool = True
    case_sensitive: bool = True
    collated: bool = False


def sort_columns(frame: pl.DataFrame, layout: Layout, keys: Sequence[SortKey]) -> pl.DataFrame:
    """The rows in the order of the keys; equal rows keep their order. Raises KeyError for a field that is not there."""
    if not keys:
        return frame
    columns: list[pl.Series] = []
    extra: list[pl.Series] = []
    for number, key in enumerate(keys):
        field = layout[key.name]
        column = frame[field.name]
        ordered = order_key(column, field, key.case_sensitive, collated=key.collated)
        if ordered is not column:
            ordered = ordered.alias(f"\x00{number}")
            extra.append(ordered)
        columns.append(ordered)
    descending = [not k.ascending for k in keys]
    codes = few_texts(columns, descending)
    if codes is not None:
        return frame[np.argsort(codes, kind="stable")]
    # the streaming engine sorts on all cores with half the work of arg_sort and a gather
    sorted_frame = (
        frame.lazy()
        .with_columns(extra)
        .sort(
            [column.name for column in columns],
            descending=descending,
            nulls_last=descending,
            maintain_order=True,
        )
        .select(frame.columns)
    )
    return sorted_frame.collect(engine="streaming")


def few_texts(columns: Sequence[pl.Series], descending: Sequence[bool]) -> NDArray[np.uint16] | None:
    """One small number per row that orders like text keys of few different values; None for other keys.

    Null has the lowest number of an ascending key, the highest of a descending one. Numbers of 16 bits sort by radix.
    """
    if columns[0].len() < LEAST_ROWS or any(column.dtype != pl.String for column in columns):
        return None
    if any(column.gather_every(column.len() // SAMPLE).n_unique() > MOST_TEXTS for column in columns):
        return None
    codes, values = pl.repeat(0, columns[0].len(), dtype=pl.Int64, eager=True), 1
    for column, down in zip(columns, descending, strict=True):
        texts = column.unique().sort(descending=down, nulls_last=down)
        values *= texts.len()
        if values > np.iinfo(np.uint16).max:
            return None
        table = pl.DataFrame({"text": texts, "code": pl.int_range(texts.len(), eager=True)})
        found = pl.DataFrame({"text": column}).join(
            table, on="text", how="left", nulls_equal=True, maintain_order="left"
        )
        codes = codes * texts.len() + found["code"]
    return codes.cast(pl.UInt16).to_numpy()


def compare_expr(
    left: pl.Expr, left_field: Field, right: pl.Expr, right_field: Field, *, case_sensitive: bool = True
) -> pl.Expr:
    """-1, 0 or 1 (Int8, never null) per row. Both sides have the same type, or are Integer and Number."""

    def compare(columns: Sequence[pl.Series]) -> pl.Series:
        return compare_series(columns[0], left_field, columns[1], right_field, case_sensitive=case_sensitive)

    return pl.map_batches([left, right], compare, return_dtype=pl.Int8)


def compare_series(
    left: pl.Series, left_field: Field, right: pl.Series, right_field: Field, *, case_sensitive: bool = True
) -> pl.Series:
    """-1, 0 or 1 (Int8, never null) per row; a column of one value stands for every row."""
    rows = max(left.len(), right.len()) if min(left.len(), right.len()) == 1 else left.len()
    left = left.new_from_index(0, rows) if left.len() != rows else left
    right = right.new_from_index(0, rows) if right.len() != rows else right
    # one key over both sides, so that the two get comparable keys
    both = pl.concat(
        [_numeric(left, left_field, right_field), _numeric(right, left_field, right_field).alias(left.name)]
    )
    key = order_key(both, _common(left_field, right_field), case_sensitive)
    a, b = key.slice(0, rows).alias("a"), key.slice(rows, rows).alias("b")
    null_a, null_b = pl.col("a").is_null(), pl.col("b").is_null()
    expr = (
        pl.when(null_a & null_b).then(0).when(null_a).then(-1).when(null_b).then(1)
        .when(pl.col("a") < pl.col("b")).then(-1).when(pl.col("a") > pl.col("b")).then(1).otherwise(0)
    )  # fmt: skip
    return pl.DataFrame([a, b]).select(expr.cast(pl.Int8).alias(left.name)).to_series()


def _common(left: Field, right: Field) -> Field:
    mixed = left.type != right.type and {left.type, right.type} <= _NUMERIC_PAIR
    return left.but(type=ValueType.NUMBER) if mixed else left


def _numeric(column: pl.Series, left: Field, right: Field) -> pl.Series:
    return column.cast(pl.Float64) if _common(left, right).type != left.type or left.type == _N else column


_N = ValueType.NUMBER


def key_columns(
    frame: pl.DataFrame, fields: Sequence[Field], case_sensitive: bool | Sequence[bool] = True
) -> list[pl.Series]:
    """The columns of `fields` normalised for equality: '' is null, case folded when insensitive, BigNumber by value."""
    flags = [case_sensitive] * len(fields) if isinstance(case_sensitive, bool) else list(case_sensitive)
    return [_equality_key(frame[f.name], f, flag) for f, flag in zip(fields, flags, strict=True)]


def _equality_key(column: pl.Series, field: Field, case_sensitive: bool) -> pl.Series:
    if field.type == ValueType.STRING:
        column = without_empty(column)
        return column if case_sensitive else folded(column)
    if field.type == ValueType.BIGNUMBER:
        has_point = column.str.contains(".", literal=True)
        short = column.str.strip_chars_end("0").str.strip_chars_end(".")
        text = pl.select(pl.when(has_point).then(short).otherwise(column)).to_series()
        return text.replace(["-0", "-", ""], ["0", "0", "0"]).alias(column.name)
    return column


def compare_values(a: Any, b: Any, field_a: Field, field_b: Field, *, case_sensitive: bool = True) -> int:
    """-1, 0 or 1 for two single values, by the rules of `compare_series`."""
    left, right = pl.Series([a], dtype=field_a.dtype), pl.Series([b], dtype=field_b.dtype)
    return int(compare_series(left, field_a, right, field_b, case_sensitive=case_sensitive)[0])
