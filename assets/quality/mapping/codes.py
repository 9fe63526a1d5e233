"""Pairs of codes: from standard code tables, from rows of the same key, from shares of values."""

import itertools
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from assets.quality.mapping.transform import Column, Shown

if TYPE_CHECKING:
    from assets.catalog.standards.model import CodeTable

MOST = 200  # different values that a column of codes has at most
SHARES = "shares of values"  # where pairs are from that are a guess
_MOST_BY_SHARES = 12
_AGREE = 0.9
_ROWS_EACH = 8  # rows of a code at least, on average, that pairs are learned from
_FOLDER = Path(__file__).parent / "code_tables"
Pairs = tuple[dict[str, str], str]


@cache
def tables() -> "tuple[CodeTable, ...]":
    """The code tables that come with Heddle."""
    from assets.catalog.standards.model import CodeTable
    from assets.documents import read_all

    return tuple(read_all(_FOLDER, CodeTable).values())


def by_tables(source: Shown, target: Shown) -> Pairs | None:
    """The table that both columns follow in different spellings; the target's own spelling is taken."""
    from assets.catalog.standards.codes import against

    ours, theirs = counts(source), counts(target)
    if not ours or not theirs or set(ours) == set(theirs):
        return None
    best: tuple[float, Pairs] | None = None
    for table in (*source.codes, *tables()):
        mine, yours = against(ours, table), against(theirs, table)
        if min(mine.share, yours.share) < 0.95 or len({m.code for m in mine.mapped}) < 2 or _only_digits(yours.mapped):
            continue
        spelled = {m.code: m.value for m in sorted(yours.mapped, key=lambda m: m.rows)}
        spelled |= {c: v for c, v in _in_language(table, spelled).items() if c not in spelled}
        pairs = {m.value: spelled[m.code] for m in sorted(mine.mapped) if m.code in spelled}
        worth = mine.share + yours.share + len(set(pairs.values())) / len(table.codes)
        if len(set(pairs.values())) >= 2 and (best is None or worth > best[0]):
            best = worth, (pairs, f"{table.name} ({table.source})" if table.source else table.name)
    return best[1] if best else None


def _only_digits(mapped: "Iterable[object]") -> bool:
    return all(str(getattr(m, "value", "")).strip().isdigit() for m in mapped)


def _in_language(table: "CodeTable", spelled: dict[str, str]) -> dict[str, str]:
    """How codes that the target's sample lacks are most likely spelled: as the table does, in its language."""
    chinese = any(not v.isascii() for v in spelled.values())
    named = {c.code: c.zh if chinese else c.en for c in table.codes}
    return {c: n for c, n in named.items() if n} if any(named.get(c) == v for c, v in spelled.items()) else {}


def by_rows(source: Shown, target: Shown) -> Pairs | None:
    """What each value stands beside in most rows of the same key."""
    import polars as pl

    rows = pl.DataFrame({"s": source.values, "t": target.values})
    rows = rows.select(Column("s", source.values.dtype).text, Column("t", target.values.dtype).text).drop_nulls()
    if (
        not 2 <= rows["s"].n_unique() <= MOST
        or rows["t"].n_unique() < 2
        or rows["s"].n_unique() > len(rows) / _ROWS_EACH
    ):
        return None
    found = rows.group_by("s", "t").len().sort("s", "len", "t", descending=[False, True, False])
    first = found.group_by("s", maintain_order=True).first()
    if first["len"].sum() < _AGREE * len(rows) or (first["s"] == first["t"]).all():
        return None
    return dict(zip(first["s"], first["t"], strict=True)), f"{len(rows):,} rows of the same key"


def by_shares(source: Shown, target: Shown) -> Pairs | None:
    """Values of the same rank by frequency, where the frequencies tell them apart; a guess."""
    ours, theirs = counts(source), counts(target)
    if not ours or not theirs or not 2 <= len(ours) == len(theirs) <= _MOST_BY_SHARES or set(ours) & set(theirs):
        return None
    mine, yours = (sorted(c.items(), key=lambda item: -item[1]) for c in (ours, theirs))
    one, two = ([n / sum(c.values()) for _, n in pairs] for c, pairs in ((ours, mine), (theirs, yours)))
    off = max(abs(a - b) for a, b in zip(one, two, strict=True))
    gap = min((a - b for shares in (one, two) for a, b in itertools.pairwise(shares)), default=0.0)
    if off > 0.05 or gap < max(0.02, 1.5 * off):
        return None
    return {s: t for (s, _), (t, _) in zip(mine, yours, strict=True)}, SHARES


def counts(shown: Shown) -> dict[str, int]:
    """Value -> rows of a column with few values; else nothing."""
    import polars as pl

    texts = pl.DataFrame({"v": shown.values}).select(Column("v", shown.values.dtype).text).to_series().drop_nulls()
    if not len(texts) or texts.n_unique() > MOST:
        return {}
    found = texts.value_counts().sort("v")
    return dict(zip(found["v"].to_list(), found["count"].to_list(), strict=True))
