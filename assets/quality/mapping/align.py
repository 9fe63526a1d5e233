"""Rows of two tables that are about the same thing: joined on a key that both have."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.quality.mapping.transform import Column

if TYPE_CHECKING:
    import polars as pl

ROWS = 400  # aligned rows that transforms are measured on
LEAST = 12
_UNIQUE = 0.98
_SHARED = 0.3


@dataclass(frozen=True, slots=True)
class Aligned:
    """Rows that belong together: row n of `source` and of `target`.

    Attributes:
        key: names of the key columns.
        all: how many rows met, of which these are a part.
    """

    key: tuple[str, str]
    source: "pl.DataFrame"
    target: "pl.DataFrame"
    all: int


def align(source: "pl.DataFrame", target: "pl.DataFrame", key: tuple[str, str] | None = None) -> Aligned | None:
    """Rows by the key, or by the columns that are most likely one; None where fewer than 12 rows meet."""
    import polars as pl

    found = key or find_key(source, target)
    if found is None:
        return None
    ours = _keys(source, found[0]).with_row_index("i").drop_nulls().unique("key", keep="none")
    theirs = _keys(target, found[1]).with_row_index("j").drop_nulls().unique("key", keep="none")
    met = ours.join(theirs, on="key", how="inner").sort("i")
    if len(met) < LEAST:
        return None
    part = met.sample(ROWS, seed=7).sort("i") if len(met) > ROWS else met
    return Aligned(found, source[part["i"].cast(pl.Int64)], target[part["j"].cast(pl.Int64)], len(met))


def find_key(source: "pl.DataFrame", target: "pl.DataFrame") -> tuple[str, str] | None:
    """The pair of nearly unique columns that share most values; running numbers count only under like names."""
    from assets.quality.mapping.names import alike, names

    ours = {name: keys for name in source.columns if (keys := _unique(source, name)) is not None}
    theirs = {name: keys for name in target.columns if (keys := _unique(target, name)) is not None}
    told = {
        (a.text, b.text): alike(a, b) for a in names(source.columns) for b in names(target.columns) if a.text in ours
    }
    best: tuple[float, tuple[str, str]] | None = None
    for a, some in ours.items():
        for b, others in theirs.items():
            shared = len(some & others) / max(1, min(len(some), len(others)))
            name = told.get((a, b), 0.0)
            if shared < _SHARED or (name < 0.6 and (_running(some) or _running(others))):
                continue
            if best is None or shared + name > best[0]:
                best = shared + name, (a, b)
    return best[1] if best else None


def _keys(frame: "pl.DataFrame", name: str) -> "pl.DataFrame":
    text = Column(name, frame.schema[name]).text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    return frame.select(text.alias("key"))


def _unique(frame: "pl.DataFrame", name: str) -> set[str] | None:
    """The values of a column that could be a key."""
    if frame.schema[name].is_float():
        return None
    known = _keys(frame, name).to_series().drop_nulls()
    distinct = set(known.unique().to_list())
    good = len(known) >= LEAST and len(distinct) >= _UNIQUE * len(known) and len(known) >= 0.9 * len(frame)
    return distinct if good else None


def _running(values: set[str]) -> bool:
    """Whether these are numbers that run nearly without gaps, as any two tables share them."""
    numbers = [int(v) for v in values if v.isascii() and v.isdigit() and len(v) < 12]
    return len(numbers) > 0.9 * len(values) and max(numbers) - min(numbers) < 3 * len(numbers)
