"""What a column means for linkage: names, texts, addresses, codes, dates, numbers; told from its header and values."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 5000
MOST = 0.8  # of the values must be readable as a date or number
_CODE_HEADERS = re.compile(
    r"(?i)(phone|tel|mobile|fax|e-?mail|zip|post_?code|postal|ssn|soc_?sec|isbn|sku|uscc|passport|(^|_)(id|no|num|code)$)"
    r"|电话|手机|邮箱|邮编|编号|号码|身份证|代码"
)
_ADDRESS_HEADERS = re.compile(r"(?i)(addr|street|road|location)|地址|住址|街道")
_COMPANY_HEADERS = re.compile(
    r"(?i)(company|firm|supplier|vendor|manufact|factory|brewery|employer|organi[sz]ation)|公司|企业|单位|厂"
)
_DATE_SHAPE = re.compile(
    r"(?i)\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}|[a-z]{3,9}\.?\s*\d{1,2}\s*,?\s*\d{4}|\d{1,2}[- ][a-z]{3,9}[- ]\d{2,4}"
)
_NUMBER = re.compile(r"^[^\w+-]*[+-]?\d[\d,]*(\.\d+)?\s*(%|[a-zA-Z]{0,3})$")
_CLOCK = re.compile(r"^\d{1,3}:\d{2}(:\d{2})?$")


class Kind(StrEnum):
    """How the values of a column are normalised and compared."""

    NAME = "name"  # short: of people, places, things
    COMPANY = "company"
    ADDRESS = "address"
    TEXT = "text"  # several words
    CODE = "code"  # every character counts: phones, e-mail, post codes, identifiers
    DATE = "date"
    NUMBER = "number"


def kinds_of(frames: "Sequence[pl.DataFrame]", columns: Sequence[str]) -> dict[str, Kind]:
    """The kind of each column, judged on the values of all sources together."""
    import polars as pl

    found = {}
    for name in columns:
        series = [f[name].drop_nulls() for f in frames]
        if all(s.dtype.is_temporal() for s in series):
            found[name] = Kind.DATE
        elif all(s.dtype.is_float() for s in series):
            found[name] = Kind.NUMBER
        else:
            values = pl.concat([s.head(SAMPLE).cast(pl.String, strict=False) for s in series]).to_list()
            found[name] = kind_of(name, [v.strip() for v in values if v and v.strip()])
    return found


def kind_of(name: str, values: Sequence[str]) -> Kind:
    """The kind of one column from its header and some values, none of them empty."""
    if not values:
        return Kind.NAME
    share = _shares(values)
    if share["date"] >= MOST or (share["eight"] >= MOST and _days(values) >= MOST):
        return Kind.DATE
    if _CODE_HEADERS.search(name) or share["mail"] >= MOST:
        return Kind.CODE
    if _ADDRESS_HEADERS.search(name):
        return Kind.ADDRESS
    if share["number"] >= MOST:
        lengths = {len(v) for v in values}
        fixed = len(lengths) == 1 and min(lengths) >= 4 and all(v.isdigit() for v in values)
        return Kind.CODE if fixed else Kind.NUMBER
    if share["digits"] >= MOST:
        return Kind.CODE
    if _COMPANY_HEADERS.search(name):
        return Kind.COMPANY
    words = sum(len(v.split()) for v in values) / len(values)
    return Kind.TEXT if words >= 3 else Kind.NAME


def _shares(values: Sequence[str]) -> dict[str, float]:
    total = len(values)
    digits = [sum(c.isdigit() for c in v) for v in values]
    return {
        "date": sum(_DATE_SHAPE.fullmatch(v) is not None for v in values) / total,
        "eight": sum(len(v) == 8 and v.isdigit() for v in values) / total,
        "number": sum(_NUMBER.match(v) is not None or _CLOCK.match(v) is not None for v in values) / total,
        "mail": sum("@" in v for v in values) / total,
        "digits": sum(n >= 5 and n >= 0.6 * len(v) for n, v in zip(digits, values, strict=True)) / total,
    }


def _days(values: Sequence[str]) -> float:
    """Share of eight-digit values that are days, year first."""
    good = sum("1800" <= v[:4] <= "2100" and "01" <= v[4:6] <= "12" and "01" <= v[6:] <= "31" for v in values)
    return good / len(values)
