"""Texts as days, in the ways that people write them."""

import polars as pl

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y")
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f")


def days(texts: pl.Series) -> pl.Series:
    """The day of each text, null where it is none."""
    text = pl.col("t").str.strip_chars()
    tried = [text.str.to_date(form, strict=False) for form in _DAYS]
    tried += [text.str.to_datetime(form, strict=False, time_unit="us").dt.date() for form in _MOMENTS]
    return texts.to_frame("t").select(pl.coalesce(tried)).to_series().rename(texts.name)
