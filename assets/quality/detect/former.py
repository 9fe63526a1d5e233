"""What a former good version of a table looked like, measured as the catalogue's scans do."""

from typing import TYPE_CHECKING

from assets.catalog.model import Base, ColumnInfo, Profile
from assets.catalog.scan.profile.table import TableProfiler

if TYPE_CHECKING:
    import polars as pl


def profiles(frame: "pl.DataFrame") -> dict[str, Profile]:
    """The profile of each column, for `find(last=…)`."""
    profiler = TableProfiler(
        [ColumnInfo(name=name, type=str(frame[name].dtype), base=_base(frame[name])) for name in frame.columns]
    )
    for batch in frame.to_arrow().to_batches(max_chunksize=100_000):
        profiler.add(batch)
    return profiler.finish(sampled=False).profiles


def _base(column: "pl.Series") -> Base:
    dtype = column.dtype
    if dtype.is_integer():
        return Base.INTEGER
    if dtype.is_numeric():
        return Base.NUMBER
    return Base.TIMESTAMP if dtype.is_temporal() else Base.TEXT
