"""Values made comparable: full width and case, punctuation, company suffixes, pinyin, dates to days, numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.kinds import Kind

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
LONGEST = 1000  # characters of a text that are compared: the work grows with their square
TEXTS = (Kind.NAME, Kind.COMPANY, Kind.ADDRESS, Kind.TEXT)
_PUNCTUATION = r"[^\p{L}\p{N}]+"
_SUFFIXES = (
    r"(股份有限公司|有限责任公司|集团有限公司|有限公司|股份公司|控股集团|集团公司|集团|总公司|分公司|公司)"
    r"|\b(incorporated|inc|llc|ltd|limited|corporation|corp|company|co|gmbh|ag|plc|pty|sarl|bv|oy|srl|spa)\b"
)
_NUMERALS = {
    "零": "0",
    "〇": "0",
    "一": "1",
    "二": "2",
    "三": "3",
    "四": "4",
    "五": "5",
    "六": "6",
    "七": "7",
    "八": "8",
    "九": "9",
}
_NUMERALED = re.compile(r"[零〇一二三四五六七八九]+(?=[号楼栋幢室层弄单])")
_HAN = r"\p{Han}"
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日", "%d-%b-%y", "%d-%b-%Y", "%B %d %Y", "%b %d %Y",
          "%d %B %Y", "%d %b %Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of all records, prepared.

    Attributes:
        text: normalised text, its first LONGEST characters, null where missing [records].
        code: number of the whole text, the same for equal texts, -1 where missing [records].
        sound: pinyin of Chinese texts, other texts as they are; None where the column has no Chinese.
        number: float64 with NaN where missing; days since 1970 for dates; None for texts.
    """

    name: str
    kind: Kind
    text: "pl.Series"
    code: npt.NDArray[np.int32]
    sound: "pl.Series | None" = None
    number: Floats | None = None

    @property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Which records have a value."""
        return np.asarray(self.code >= 0)


@dataclass(frozen=True, slots=True)
class Records:
    """All records to link, sources one after the other.

    Attributes:
        source: number of the source [records], int32.
        names: names of the sources.
    """

    columns: tuple[Column, ...]
    source: npt.NDArray[np.int32]
    names: tuple[str, ...] = field(default=("records",))

    def __len__(self) -> int:
        return len(self.source)


def prepare(frames: "Mapping[str, pl.DataFrame]", kinds: Mapping[str, Kind]) -> Records:
    """Records of one or several sources that have the columns of `kinds`."""
    import polars as pl

    columns = []
    for name, kind in kinds.items():
        series = pl.concat([_text(f[name]) for f in frames.values()]).alias(name)
        columns.append(_column(name, kind, series))
    source = np.repeat(np.arange(len(frames), dtype=np.int32), [f.height for f in frames.values()])
    return Records(tuple(columns), source, tuple(frames))


def _text(series: "pl.Series") -> "pl.Series":
    import polars as pl

    if series.dtype.is_temporal():
        return series.dt.to_string("%Y-%m-%d")
    return series.cast(pl.String, strict=False)


def _column(name: str, kind: Kind, raw: "pl.Series") -> Column:
    import polars as pl

    plain = pl.col("v").str.normalize("NFKD").str.replace_all(r"\p{Mn}", "").str.normalize("NFKC")
    frame = _unescaped(raw).to_frame("v").with_columns(plain.str.strip_chars().str.to_lowercase())
    number = _days(frame["v"]) if kind is Kind.DATE else _numbers(frame["v"]) if kind is Kind.NUMBER else None
    text = frame.select(_normal(kind)).to_series()
    text = text.to_frame("t").select(pl.when(pl.col("t") != "").then(pl.col("t"))).to_series()
    if kind is Kind.ADDRESS:
        text = _numerals(text)
    if kind is Kind.DATE and number is not None:
        text = _iso(number, text)
    code = text.rank("dense").cast(pl.Int32).fill_null(0).to_numpy() - 1
    text = text.str.head(LONGEST)
    sound = _pinyin(text) if kind in TEXTS else None
    return Column(name, kind, text.alias("t"), np.asarray(code, dtype=np.int32), sound, number)


def _unescaped(text: "pl.Series") -> "pl.Series":
    """Without character references, as `&amp;` in texts that came from web pages."""
    import html

    import polars as pl

    hit = text.str.contains(r"&#?\w+;").fill_null(False)
    if not hit.any():
        return text
    table = {v: html.unescape(v) for v in text.filter(hit).unique()}
    return text.replace_strict(table, default=text, return_dtype=pl.String)


def _normal(kind: Kind) -> "pl.Expr":
    import polars as pl

    value = pl.col("v")
    if kind is Kind.CODE:
        return value.str.replace_all(r"[^\p{L}\p{N}@]+", "")
    if kind is Kind.NUMBER:
        return value.str.replace_all(r"\s+", "")
    if kind is Kind.COMPANY:
        bare = value.str.replace_all(r"[.]", "").str.replace_all(_PUNCTUATION, " ").str.replace_all(_SUFFIXES, " ")
        bare = bare.str.replace_all(r"\s+", " ").str.strip_chars()
        whole = value.str.replace_all(_PUNCTUATION, " ").str.strip_chars()
        return pl.when(bare != "").then(bare).otherwise(whole)
    value = value.str.replace_all("['’`]", "") if kind is not Kind.DATE else value
    return value.str.replace_all(_PUNCTUATION, " ").str.strip_chars()


def _numerals(text: "pl.Series") -> "pl.Series":
    """Chinese numerals before number words as digits: 二十 stays, 三号 becomes 3号."""
    import polars as pl

    if not text.str.contains(_HAN).any():
        return text
    table = str.maketrans(_NUMERALS)
    return text.map_elements(lambda v: _NUMERALED.sub(lambda m: m[0].translate(table), v), return_dtype=pl.String)


def _pinyin(text: "pl.Series") -> "pl.Series | None":
    import polars as pl

    some = text.drop_nulls().unique()
    chinese = some.filter(some.str.contains(_HAN))
    if not chinese.len():
        return None
    from pypinyin import lazy_pinyin

    spoken = [("" if len(v) > 8 else " ").join(lazy_pinyin(v)) for v in chinese]  # long ones are compared as one word
    table = pl.DataFrame({"t": chinese, "s": spoken})
    joined = text.to_frame("t").join(table, on="t", how="left", maintain_order="left")
    return joined.select(pl.coalesce("s", "t")).to_series().alias("t")


def _days(text: "pl.Series") -> Floats:
    import polars as pl

    plain = text.str.replace_all(r"\s*,\s*", " ").str.replace_all(r"\s+", " ")
    tries = [plain.str.to_date(pattern, strict=False, exact=True) for pattern in _DATES]
    found = pl.DataFrame([t.alias(str(n)) for n, t in enumerate(tries)]).select(pl.coalesce(pl.all())).to_series()
    days = found.cast(pl.Int32).cast(pl.Float64)
    return np.asarray(days.fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _iso(days: Floats, text: "pl.Series") -> "pl.Series":
    """Dates as eight digits; what is no date keeps its text."""
    import polars as pl

    dates = pl.Series(days, nan_to_null=True).cast(pl.Int32).cast(pl.Date).dt.to_string("%Y%m%d")
    return pl.DataFrame({"d": dates, "t": text}).select(pl.coalesce("d", "t")).to_series()


def _numbers(text: "pl.Series") -> Floats:
    """Numbers with units and thousands marks; minutes:seconds as seconds."""
    import polars as pl

    parts = text.str.extract(r"^(\d{1,3}):\d{2}", 1).cast(pl.Float64), text.str.extract(r"^\d{1,3}:(\d{2})", 1)
    clock = parts[0] * 60 + parts[1].cast(pl.Float64)
    plain = text.str.replace_all(",", "").str.extract(r"([+-]?\d+(?:\.\d+)?)", 1).cast(pl.Float64, strict=False)
    found = pl.DataFrame({"c": clock, "p": plain}).select(pl.coalesce("c", "p")).to_series()
    return np.asarray(found.fill_null(float("nan")).to_numpy(), dtype=np.float64)
