"""The region of a postal address: province and city of a Chinese one, the state of one in the United States."""

from typing import Literal

import polars as pl

from assets.security.protect.texts import as_text

Region = Literal["province", "city"]
_PROVINCE = r"^\s*((?:\p{Han}{2,6}?(?:省|自治区|特别行政区)|(?:北京|上海|天津|重庆)市?))"
_CITY = r"((?:\p{Han}{1,8}?(?:市|自治州|地区|盟))?)"  # nothing behind it stays
_STATE = r",\s*([A-Z]{2})(?:\s+\d{5}(?:-\d{4})?)?\s*$"


def region(values: pl.Series, what: Region) -> pl.Series:
    """The region alone; null where none is found."""
    texts = as_text(values)
    found = texts.str.extract_groups(_PROVINCE + _CITY).struct.unnest()
    chinese = found.select(pl.col("1") + (pl.col("2").fill_null("") if what == "city" else "")).to_series()
    return pl.select(pl.coalesce(chinese, texts.str.extract(_STATE))).to_series().rename(values.name)
