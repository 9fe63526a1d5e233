"""What is looked at of a column: distinct values of rows at even distances, as every meaning's evidence says."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Base
from assets.catalog.semantics.spec import Kind

if TYPE_CHECKING:
    import polars as pl

Flags = npt.NDArray[np.bool_]
ROWS = 4_000  # rows taken of a column
VALUES = 200  # distinct values that patterns see: a share of 0.8 is then known to +-0.06
LONGEST = 4_000  # characters of a value that are looked at
PLACEHOLDERS = (
    "", "-", "--", "—", "/", ".", "?", "n/a", "na", "nan", "null", "none", "nil", "unknown", "undefined", "tbd", "#n/a",
    "\\n", "无", "空", "未知", "暂无", "不详", "缺失", "未填写", "待补充",
)  # fmt: skip
KIND_SHARE = 0.12  # a column has a kind of character when at least this share of its values does


@dataclass
class Sample:
    """Distinct values of one column and what is counted of it.

    Attributes:
        values: distinct texts, trimmed, without nulls and placeholders, at most VALUES of them.
        rows: values that are there (not null, no placeholder) among those taken.
        distinct: different ones among them, at most ROWS.
        total: rows of the column.
        top: share of the most frequent value.
    """

    name: str
    base: Base
    values: "pl.Series"
    rows: int
    distinct: int
    total: int
    kinds: frozenset[Kind] = field(default=frozenset())

    @property
    def unique(self) -> float:
        """Distinct values per row, 0 to 1."""
        return self.distinct / self.rows if self.rows else 0.0

    @cached_property
    def texts(self) -> list[str]:
        """The values, for what is quicker without polars: a few hundred of them."""
        return self.values.to_list()

    @cached_property
    def lower(self) -> list[str]:
        """The values in lower case."""
        return [text.lower() for text in self.texts]

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Characters of the values."""
        return np.fromiter(map(len, self.texts), dtype=np.int64, count=len(self.texts))

    @cached_property
    def wordy(self) -> bool:
        """Whether values are texts of several words, or of ten Chinese characters and more."""
        import polars as pl

        text = "".join(self.texts)
        if sum(map(text.count, " ，。；：！？、")) < 0.4 * len(self.values):
            return False
        column = pl.col("v")
        words = column.str.count_matches(r"[A-Za-z0-9\x{80}-\x{10FFFF}]+")
        chinese = column.str.count_matches(r"\p{Han}")
        stops = column.str.contains(r"[，。；：！？、]|[,;:!?]\s|\.\s|[a-zß-ÿ]{2,} [a-zß-ÿ]{2,} [a-zß-ÿ]{2,}")
        found = self.values.to_frame().select_seq(words=words, chinese=chinese, stops=stops)
        words_, chinese_, stops_ = (found.get_column(c).to_numpy() for c in found.columns)
        long = (words_ >= 5) | (chinese_ >= 10) | (((words_ >= 3) | (chinese_ >= 5)) & stops_)
        return bool(long.mean() >= 0.6 and stops_.mean() >= 0.4)

    @property
    def note(self) -> str:
        """What was looked at, for the evidence."""
        return f"{len(self.values)} of {self.distinct} distinct values in {self.rows} of {self.total} rows looked at"


def take(columns: "Mapping[str, pl.Series]", rows: int = ROWS, limit: int = VALUES) -> list[Sample]:
    """Samples of columns of any type; nested and binary columns give no values."""
    import polars as pl

    columns = {name: _possible(values) for name, values in columns.items()}
    bases = [base_of(values.dtype) for values in columns.values()]
    distinct, counts = _distinct(list(columns.values()), bases, rows)
    if not distinct:
        return []
    ends = np.cumsum([len(d) for d in distinct])
    long = pl.concat(distinct).alias("v").to_frame()
    column = pl.col("v")
    flags = long.select_seq(
        column.str.to_lowercase().is_in(PLACEHOLDERS).alias("out"),
        column.str.contains(r"\p{Han}").alias("han"),
        column.str.contains(r"[A-Za-z]|\p{L}").alias("letter"),
    )
    out, han, letter = (flags.get_column(c).to_numpy() for c in flags.columns)
    samples = []
    for place, (name, values) in enumerate(columns.items()):
        start, end = int(ends[place]) - len(distinct[place]), int(ends[place])
        held = np.flatnonzero(~out[start:end])
        held_rows = counts[place] - _missing(columns[name], distinct[place], out[start:end], rows)
        shown = held[:: -(-len(held) // limit)] if len(held) > limit else held
        texts = distinct[place] if len(shown) == end - start else distinct[place].gather(shown)
        kinds = _kinds(han[start:end][shown], letter[start:end][shown])
        samples.append(Sample(name, bases[place], texts.alias("v"), held_rows, len(held), len(values), kinds))
    return samples


_WIDEST = 2**63 // 2_932_897  # of a day's units, so that the years fit in 64 bits


def _possible(values: "pl.Series") -> "pl.Series":
    """Days and moments without those outside of the years 1 to 9999, such as infinity, which polars cannot write."""
    import polars as pl

    if isinstance(values.dtype, pl.Date):
        unit = 1
    elif isinstance(values.dtype, pl.Datetime):
        unit = 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[values.dtype.time_unit]
    else:
        return values
    if unit > _WIDEST:  # nanoseconds in 64 bits do not leave these years
        return values
    inside = values.to_physical().is_between(-719_162 * unit, 2_932_897 * unit - 1).fill_null(False)
    return values if inside.all() else values.filter(inside)


def _distinct(columns: "list[pl.Series]", bases: list[Base], rows: int) -> "tuple[list[pl.Series], list[int]]":
    """Distinct texts of each column among the rows taken, and how many rows had one."""
    import polars as pl

    distinct = [pl.Series("v", [], pl.String)] * len(columns)
    counts = [0] * len(columns)
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, base in enumerate(bases):
        if base not in (Base.BINARY, Base.NESTED, Base.OTHER):
            by_length[len(columns[place])].append(place)
    for length, places in by_length.items():  # asked together: an answer costs more than what is done for it
        asked: list[pl.Expr] = []
        for place in places:
            taken = pl.col(str(place))
            taken = (taken.gather_every(-(-length // rows)) if length > rows else taken).drop_nulls()
            texts = taken
            if bases[place] is Base.TEXT:
                texts = taken.cast(pl.String).str.slice(0, LONGEST).str.strip_chars()
            asked.append(texts.unique(maintain_order=True).cast(pl.String).implode())
            asked.append(taken.len().alias(f"{place} rows"))
        held = pl.DataFrame([columns[place].alias(str(place)) for place in places]).select_seq(asked)
        for place in places:
            distinct[place], counts[place] = held.item(0, str(place)), int(held.item(0, f"{place} rows"))
    return distinct, counts


def _missing(values: "pl.Series", distinct: "pl.Series", out: Flags, rows: int) -> int:
    """Rows taken whose value is a placeholder."""
    if not out.any():
        return 0
    taken = values.gather_every(-(-len(values) // rows)) if len(values) > rows else values
    import polars as pl

    return int(taken.cast(pl.String).str.strip_chars().is_in(distinct.filter(pl.Series(out)).implode()).sum() or 0)


def base_of(dtype: object) -> Base:
    """The physical kind of a polars type."""
    import polars as pl

    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)):
        return Base.TEXT
    for base, types in (
        (Base.BOOLEAN, pl.Boolean), (Base.DATE, pl.Date), (Base.TIME, pl.Time), (Base.BINARY, pl.Binary),
        (Base.TIMESTAMP, pl.Datetime),
    ):  # fmt: skip
        if isinstance(dtype, types):
            return base
    if isinstance(dtype, pl.DataType) and dtype.is_integer():
        return Base.INTEGER
    if isinstance(dtype, pl.DataType) and dtype.is_numeric():
        return Base.NUMBER
    return Base.NESTED if isinstance(dtype, pl.DataType) and dtype.is_nested() else Base.OTHER


def _kinds(han: Flags, letter: Flags) -> frozenset[Kind]:
    if not len(han):
        return frozenset()
    chinese, lettered = float(han.mean()), float(letter.mean())
    shares = {Kind.HAN: chinese, Kind.LATIN: lettered - chinese, Kind.DIGITS: 1 - lettered}
    return frozenset(kind for kind, share in shares.items() if share >= KIND_SHARE)
