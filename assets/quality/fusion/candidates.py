"""Columns of two tables that could join them, with the fixes that make their keys meet.

Each column's different values are reduced to their bare core (no case, blanks, punctuation, leading zeros, prefix);
columns whose cores overlap are kept, and of the fixes only those without which fewer rows would meet. Relations
that the catalogue finds among the raw values (assets/catalog/relations) speak for a pair as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from assets.catalog.relations import names
from assets.catalog.relations.find import find
from assets.catalog.relations.model import Relation
from assets.catalog.relations.sources import sample_frame
from assets.quality.fusion.compiled import short
from assets.quality.fusion.fixes import FIXES, polars_key
from assets.quality.fusion.model import KeyPair

if TYPE_CHECKING:
    import polars as pl

ROWS = 200_000  # rows of each table that candidates are looked for in
VALUES = 20_000  # different values of a column
OVERLAP = 0.3  # of the cores of the smaller side must be shared
GAIN = 0.01  # of the rows may be lost by leaving out a fix
LONGEST = 40  # mean characters of a key
COMMON = 3  # different values below which a column is no key
Fixes = tuple[tuple[str, ...], tuple[str, ...]]
DATES = ("date", "date_day_first", "date_month_first")
_CORES = {
    "number": (
        "trim", "width", "case", "country_code", "whole_number", "punctuation", "prefix", "suffix", "leading_zeros",
    ),
    "text": ("trim", "width", "case", "punctuation"),
    "date": ("trim", "width", "date_day_first"),
    "date, month first": ("trim", "width", "date_month_first"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to join.

    Attributes:
        left_rate, right_rate: share of the filled rows that meet a partner, with the fixes, in the rows looked at.
        plain_rate: the left rate without any fix; `unique`: no key occurs twice on the right side.
    """

    pair: KeyPair
    left_rate: float
    right_rate: float
    plain_rate: float
    unique: bool
    score: float
    told: tuple[str, ...]


def candidates(left: "tuple[str, pl.DataFrame]", right: "tuple[str, pl.DataFrame]", most: int = 5) -> list[Candidate]:
    """Key pairs of two tables (name, rows), the best first."""
    tables = [(name, frame.head(ROWS)) for name, frame in (left, right)]
    known = {(r.child.columns, r.parent.columns): r for r in _relations(tables)}
    ours, theirs = (_cores(frame) for _, frame in tables)
    found = []
    for (a, ca), (b, cb) in product(ours.items(), theirs.items()):
        relation = known.get(((a,), (b,))) or known.get(((b,), (a,)))
        share, core = _overlap(ca, cb)
        if relation is not None or share >= OVERLAP:
            candidate = _candidate(tables[0], tables[1], a, b, _CORES[core], relation)
            if candidate is not None:
                found.append(candidate)
    return sorted(found, key=lambda c: (-c.score, c.pair.left, c.pair.right))[:most]


def _relations(tables: "Sequence[tuple[str, pl.DataFrame]]") -> list[Relation]:
    shown = [short(name) for name, _ in tables]
    if shown[0] == shown[1]:
        shown[1] += "_2"
    samples = [sample_frame("fusion", name, frame) for name, (_, frame) in zip(shown, tables, strict=True)]
    return [r for r in find(samples) if r.child.table != r.parent.table]


def _cores(frame: "pl.DataFrame") -> dict[str, dict[str, set[str]]]:
    """Column -> kind of core -> the cores of its different values."""
    import polars as pl

    found = {}
    for name in frame.columns:
        if (
            frame[name].dtype.is_nested()
            or frame[name].dtype in (pl.Binary, pl.Boolean)
            or frame[name].dtype.is_float()
        ):
            continue
        values = frame.select(pl.col(name).cast(pl.String).alias("v")).to_series().drop_nulls().unique().sort()
        length = values.str.len_chars().mean()
        if values.len() < min(COMMON, max(2, frame.height)) or not isinstance(length, float) or length > LONGEST:
            continue
        some = values.sample(min(VALUES, values.len()), seed=1) if values.len() > VALUES else values
        table = some.alias("v").to_frame()
        cores = table.select(polars_key("v", fixes).alias(kind) for kind, fixes in _CORES.items())
        found[name] = {kind: set(cores[kind].drop_nulls()) for kind in _CORES}
    return found


def _overlap(ours: Mapping[str, set[str]], theirs: Mapping[str, set[str]]) -> tuple[float, str]:
    """Share of the cores of the side with fewer ones that both have, and the kind of core with most."""
    shares = {k: len(ours[k] & theirs[k]) / max(1, min(len(ours[k]), len(theirs[k]))) for k in ours}
    best = max(shares, key=lambda kind: shares[kind])
    return shares[best], best


def _named(table: str, referring: str, column: str) -> float:
    """How well the names agree: like ones, or one that names the other's table, whose identifier the other is."""
    words, others = names.core(referring), names.core(column)
    alike = names.similarity(words, others) if words and others else float(referring.lower() == column.lower())
    if names.identifies(column) and words:
        alike = max(alike, 0.9 * names.share(names.subject(short(table)), words))
    return alike


def _candidate(
    left: "tuple[str, pl.DataFrame]",
    right: "tuple[str, pl.DataFrame]",
    a: str,
    b: str,
    core: Sequence[str],
    relation: Relation | None,
) -> Candidate | None:
    fixes, rates = _fixed(left[1], right[1], a, b, core)
    plain = _rates(left[1], right[1], a, b, ((), ()))
    if max(rates[:2]) < OVERLAP:
        return None
    named = max(_named(right[0], a, b), _named(left[0], b, a))
    score = 0.5 * max(rates[0], rates[1]) + 0.2 * min(rates[0], rates[1]) + 0.2 * named + 0.1 * rates[2]
    score -= 0.02 * len({*fixes[0], *fixes[1]})
    told = [f"{rates[0]:.1%} of the left rows and {rates[1]:.1%} of the right rows meet"]
    if fixes[0] or fixes[1]:
        told.append(f"without fixes {plain[0]:.1%}")
    told += [] if relation is None else list(relation.reasons[:2])
    pair = KeyPair(left=a, right=b, fixes_left=fixes[0], fixes_right=fixes[1])
    return Candidate(pair, rates[0], rates[1], plain[0], rates[2] == 1, round(score, 4), tuple(told))


def _fixed(
    left: "pl.DataFrame", right: "pl.DataFrame", a: str, b: str, core: Sequence[str]
) -> tuple[Fixes, tuple[float, float, float]]:
    """The fewest fixes with which as many rows meet as with all of the core: they are taken away one by one."""
    fixes: Fixes = (tuple(core), tuple(core))
    best = _rates(left, right, a, b, fixes)
    for name in reversed(FIXES):
        for side in (0, 1):
            if name in fixes[side]:
                fewer = tuple(tuple(f for f in s if n != side or f != name) for n, s in enumerate(fixes))
                wanted: Fixes = (fewer[0], fewer[1])
                rates = _rates(left, right, a, b, wanted)
                if rates[0] + rates[1] >= best[0] + best[1] - GAIN and rates[2] >= best[2]:
                    fixes, best = wanted, rates
    for side in (0, 1):
        fixes, best = _plainer_date(left, right, a, b, fixes, best, side)
    return fixes, best


def _plainer_date(
    left: "pl.DataFrame",
    right: "pl.DataFrame",
    a: str,
    b: str,
    fixes: Fixes,
    best: tuple[float, float, float],
    side: int,
) -> tuple[Fixes, tuple[float, float, float]]:
    """`date` instead of a fix for days or months first, where no date begins with them."""
    plain = tuple("date" if f in DATES else f for f in fixes[side])
    wanted: Fixes = (plain, fixes[1]) if side == 0 else (fixes[0], plain)
    rates = _rates(left, right, a, b, wanted)
    return (wanted, rates) if rates[0] + rates[1] >= best[0] + best[1] else (fixes, best)


def _rates(left: "pl.DataFrame", right: "pl.DataFrame", a: str, b: str, fixes: Fixes) -> tuple[float, float, float]:
    """Matched share of the left and the right filled rows, and different keys per right row."""
    import polars as pl

    ours = _counted(left, a, fixes[0])
    theirs = _counted(right, b, fixes[1])
    both = ours.join(theirs, on="k", suffix="_r").select(pl.col("n").sum(), pl.col("n_r").sum()).row(0)
    totals = int(ours["n"].sum()) or 1, int(theirs["n"].sum()) or 1
    rates = [float(value or 0) / total for value, total in zip(both, totals, strict=True)]
    return rates[0], rates[1], theirs.height / totals[1]


def _counted(frame: "pl.DataFrame", column: str, fixes: Sequence[str]) -> "pl.DataFrame":
    import polars as pl

    grouped = frame.group_by(pl.col(column).cast(pl.String).alias("v")).agg(pl.len().cast(pl.Int64).alias("n"))
    keyed = grouped.select(polars_key("v", fixes).alias("k"), "n").drop_nulls("k")
    return keyed.group_by("k").agg(pl.col("n").sum())
