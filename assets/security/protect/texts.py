"""Values as the texts that are hashed, encrypted and sealed: equal values of other types give equal texts."""

from collections.abc import Callable, Sequence

import polars as pl


def as_text(values: pl.Series) -> pl.Series:
    """Integers as digits, whole floats without a point, moments as yyyy-MM-ddTHH:mm:ss.SSS: as Kettle's masks do.

    Bytes are the text that they are in UTF-8, else hexadecimal; lists and structs are JSON.
    """
    kind = values.dtype
    if kind == pl.String:
        return values
    if kind.is_float():
        texts = values.cast(pl.String)
        return texts.str.replace(r"\.0$", "")
    if kind == pl.Date:
        return values.dt.strftime("%Y-%m-%dT00:00:00.000")
    if kind == pl.Datetime:
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S.%3f")
    if kind == pl.Duration:
        return values.dt.to_string("iso")
    if kind == pl.Binary:
        return _decoded(values)
    if kind.is_nested():
        return _as_json(values)
    return values.cast(pl.String)


def _decoded(values: pl.Series) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.ComputeError:  # one of them is no text
        return pl.Series(values.name, [None if v is None else _text(v) for v in values.to_list()], pl.String)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _as_json(values: pl.Series) -> pl.Series:
    texts = values.alias("v").to_frame().select(pl.struct("v").struct.json_encode().str.slice(5)).to_series()
    return texts.str.head(-1).zip_with(values.is_not_null(), pl.Series([None], dtype=pl.String)).rename(values.name)


def each(values: pl.Series, of: Callable[[Sequence[str]], Sequence[str | None]]) -> pl.Series:
    """A function of texts over a column: called once with the distinct values, null stays null."""
    texts = as_text(values)
    distinct = texts.unique().drop_nulls()
    if not len(distinct):
        return pl.Series(values.name, [None] * len(values), pl.String)
    made = pl.Series(list(of(distinct.to_list())), dtype=pl.String)
    if len(distinct) == 1:
        out = pl.DataFrame({"t": texts}).select(pl.when(pl.col("t").is_not_null()).then(pl.lit(made[0], pl.String)))
        return out.to_series().rename(values.name)
    table = pl.DataFrame({"t": distinct, "made": made})
    return texts.to_frame("t").join(table, on="t", how="left", maintain_order="left")["made"].rename(values.name)
