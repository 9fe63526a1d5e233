"""Batches of rows to a TableSample: hashing in polars, keeping the least hashes in NumPy. Memory does not grow.

The least k hashes of a set are a uniform sample of it (Bar-Yossef et al. 2002; Beyer et al. 2007): they give its size,
and the same values of two columns have the same hashes, so that containment can be counted on the part of the range
that both sketches cover. A value among the final k was among them since its first row, so its count is exact.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assets.catalog.model import Base
from assets.catalog.relations.model import ColumnSketch, Counts, Hashes, TableSample

if TYPE_CHECKING:
    import polars as pl

KEEP = 1024  # values per column: containment within 3 percentage points
KEEP_KEY = 8192  # values per column that looks like a key, on which a small child must find its values
SAMPLE = 1000  # rows kept for composite keys and dependencies
SEED = 20  # hashes are compared only with hashes of the same seed and polars version
_KEY = 0.999
_DAYS = (-719_162, 2_932_896)  # the years 1 to 9999, counted from 1970
_MICROSECONDS = (_DAYS[0] * 86_400_000_000, (_DAYS[1] + 1) * 86_400_000_000 - 1)


@dataclass
class _Column:
    """The state of one column between batches."""

    hashes: Hashes
    counts: Counts
    missing: int = 0
    low: float | None = None
    high: float | None = None
    characters: int = 0

    def add(self, found: Hashes) -> None:
        present = found[found != 0]
        self.missing += len(found) - len(present)
        if len(self.hashes) >= KEEP_KEY:
            present = present[present <= self.hashes[-1]]
        if not len(present):
            return
        values, counts = np.unique(present, return_counts=True)
        if len(self.hashes):
            both = np.concatenate([self.hashes, values])
            amounts = np.concatenate([self.counts, counts])
            values, places = np.unique(both, return_inverse=True)
            counts = np.bincount(places, weights=amounts).astype(np.int64)
        self.hashes, self.counts = values[:KEEP_KEY], counts[:KEEP_KEY].astype(np.int64)


class Builder:
    """Takes batches of one table and gives its sample.

    Args:
        types: the engine's names of the columns' types where it has better ones than polars.
    """

    def __init__(self, source: str, table: str, types: dict[str, str] | None = None) -> None:
        self._source, self._table, self._types = source, table, types or {}
        self._columns: dict[str, _Column] = {}
        self._bases: dict[str, tuple[str, Base]] = {}
        self._rows = 0
        self._kept: list[Hashes] = []
        self._marks: list[Hashes] = []
        self._chance = np.random.default_rng(SEED)

    def add(self, batch: "pl.DataFrame") -> None:
        """Take the next rows; every batch has the same columns, types may differ."""
        import polars as pl

        if not self._columns:
            self._columns = {c: _Column(np.empty(0, np.uint64), np.empty(0, np.int64)) for c in batch.columns}
        if not batch.height and self._bases:
            return
        texts = {name: _text(batch[name]) for name in batch.columns}
        table = np.empty((batch.height, len(texts)), dtype=np.uint64)
        for place, (name, (base, text)) in enumerate(texts.items()):
            column = self._columns[name]
            former = self._bases.get(name, ("", base))[1]
            self._bases[name] = (
                self._types.get(name) or str(batch.schema[name]),
                base if former == base else Base.TEXT,
            )
            if text is None:
                table[:, place] = 0
                column.missing += batch.height
                continue
            table[:, place] = _hashes(text)
            column.add(table[:, place])
            column.characters += int(text.str.len_chars().sum() or 0)
            if base in (Base.INTEGER, Base.NUMBER):
                _range(column, batch[name].cast(pl.Float64, strict=False))
        self._keep_rows(table)
        self._rows += batch.height

    def finish(self) -> TableSample:
        """The table's sample; an empty table has columns without values."""
        columns = tuple(self._sketch(name) for name in self._columns)
        width = len(columns)
        sample = np.concatenate(self._kept) if self._kept else np.empty((0, width), dtype=np.uint64)
        return TableSample(self._source, self._table, self._rows, columns, sample, len(sample) == self._rows)

    def _sketch(self, name: str) -> ColumnSketch:
        column = self._columns[name]
        type_name, base = self._bases.get(name, (self._types.get(name, ""), Base.OTHER))
        total = int(column.counts.sum())
        unique = len(column.hashes) / total >= _KEY if total else False
        keep = KEEP_KEY if unique else KEEP
        filled = self._rows - column.missing
        complete = len(column.hashes) <= keep and total == filled
        length = column.characters / filled if filled else 0.0
        hashes, counts = column.hashes[:keep].copy(), column.counts[:keep].astype(np.uint32)
        return ColumnSketch(
            name, type_name, base, self._rows, column.missing, hashes, counts, complete, column.low, column.high, length
        )

    def _keep_rows(self, table: Hashes) -> None:
        marks = self._chance.integers(0, 2**63, len(table), dtype=np.uint64)
        self._kept.append(table)
        self._marks.append(marks)
        if sum(map(len, self._kept)) > SAMPLE:
            rows, all_marks = np.concatenate(self._kept), np.concatenate(self._marks)
            least = np.sort(np.argpartition(all_marks, SAMPLE)[:SAMPLE])
            self._kept, self._marks = [rows[least]], [all_marks[least]]


def _text(values: "pl.Series") -> "tuple[Base, pl.Series | None]":
    """The kind of the values, and their canonical text: 5, 5.0 and " 5" are the same; None where it has none."""
    import polars as pl

    kind = values.dtype
    if kind.is_integer() or (isinstance(kind, pl.Decimal) and not kind.scale):
        return Base.INTEGER, values.cast(pl.String)
    if kind.is_float() or kind.is_decimal():
        numbers = values.cast(pl.Float64)
        whole = numbers.cast(pl.Int64, strict=False)
        if whole.null_count() == numbers.null_count() and (whole.cast(pl.Float64) == numbers).all():
            return Base.INTEGER if kind.is_float() else Base.NUMBER, whole.cast(pl.String)
        exact = pl.DataFrame({"n": numbers, "i": whole}).select(
            pl.when(pl.col("i").cast(pl.Float64) == pl.col("n"))
            .then(pl.col("i").cast(pl.String))
            .otherwise(pl.col("n").cast(pl.String))
        )
        return Base.NUMBER, exact.to_series()
    if kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum):
        return Base.TEXT, values.cast(pl.String).str.strip_chars()
    if kind == pl.Boolean:
        return Base.BOOLEAN, values.cast(pl.String)
    if kind == pl.Date:
        return Base.DATE, _known(values, *_DAYS).cast(pl.String)
    if kind == pl.Time:
        return Base.TIME, values.cast(pl.String)
    if isinstance(kind, pl.Datetime):
        moments = values.to_physical().cast(pl.Datetime(kind.time_unit))  # of UTC, where a zone is given
        return Base.TIMESTAMP, _known(moments.cast(pl.Datetime("us")), *_MICROSECONDS).cast(pl.String)
    if kind.is_nested():
        return Base.NESTED, None
    return (Base.BINARY if kind == pl.Binary else Base.OTHER), None


def _known(values: "pl.Series", low: int, high: int) -> "pl.Series":
    """Dates without those outside the years 1 to 9999, which polars cannot write and which mean "never"."""
    import polars as pl

    inside = values.to_physical().is_between(low, high)
    if inside.all():
        return values
    return values.to_frame("v").select(pl.when(inside).then(pl.col("v"))).to_series()


def _hashes(text: "pl.Series") -> Hashes:
    """uint64 per value, never 0 but for what is missing."""
    found = text.hash(SEED).to_numpy().copy()
    np.maximum(found, 1, out=found)
    missing = text.is_null() | (text == "").fill_null(True)
    if missing.any():
        found[missing.to_numpy()] = 0
    return np.asarray(found, dtype=np.uint64)


def _range(column: _Column, numbers: "pl.Series") -> None:
    low, high = numbers.min(), numbers.max()
    if isinstance(low, float) and isinstance(high, float):
        column.low = low if column.low is None else min(low, column.low)
        column.high = high if column.high is None else max(high, column.high)
