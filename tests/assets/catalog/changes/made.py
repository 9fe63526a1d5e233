"""Scanned tables made from frames, for tests of what changes."""

from collections import Counter

import polars as pl

from assets.catalog.model import Base, ColumnInfo, Profile, ScannedTable, TableInfo, Top

BASES = {pl.Int64: Base.INTEGER, pl.Float64: Base.NUMBER, pl.String: Base.TEXT, pl.Date: Base.DATE}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def scanned(name: str, frame: pl.DataFrame, **fields: object) -> ScannedTable:
    """A table as a scan tells of it, with exact profiles."""
    columns = tuple(
        ColumnInfo(name=c, type=BASES[type(t)].value, base=BASES[type(t)], place=i + 1)
        for i, (c, t) in enumerate(frame.schema.items())
    )
    table = TableInfo(name=name, columns=columns, rows=frame.height, **fields)
    return ScannedTable(table=table, profiles={c: profile(frame[c]) for c in frame.columns})


def profile(values: pl.Series) -> Profile:
    known = values.drop_nulls()
    top = Counter(str(v) for v in known).most_common(10)
    numbers = known.cast(pl.Float64) if known.dtype.is_numeric() and len(known) else None
    return Profile(
        rows=len(values),
        nulls=values.null_count(),
        distinct=known.n_unique(),
        low=str(known.min()) if len(known) else "",
        high=str(known.max()) if len(known) else "",
        quantiles=tuple(numbers.quantile(q) or 0.0 for q in QUANTILES) if numbers is not None else (),
        top=tuple(Top(value=v, count=n) for v, n in top),
    )
