"""How anonymous the rows of a table are: k-anonymity, l-diversity, t-closeness.

Rows that agree in all quasi-identifiers are one class. k (Sweeney 2002) is the size of the smallest one. l
(Machanavajjhala et al. 2007) is, in the worst class, the number of different sensitive values, and the exponential of
their entropy. t (Li, Li and Venkatasubramanian 2007) is the greatest earth mover's distance between the values of a
class and those of the table: ordered for numbers, 0 or 1 for others. Null is a value like others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from assets.security.protect.errors import ProtectionError

GROUP, COUNT = "__group", "__count"
_BINS = 100  # of a sensitive number
_CELLS = 5_000_000  # of the matrix of classes and values, at once
SMALLEST = 5
MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Diversity:
    """One sensitive column: the worst class of each measure."""

    distinct: int
    entropy: float
    closeness: float


@dataclass(frozen=True, slots=True)
class Anonymity:
    """What is known of a table; sizes, never values.

    Attributes:
        k: rows of the smallest class.
        at_risk: rows in classes smaller than what was asked for.
        smallest: (size, how many classes have it), the smallest sizes.
    """

    rows: int
    groups: int
    k: int
    wanted: int
    at_risk: int
    smallest: tuple[tuple[int, int], ...]
    diversity: dict[str, Diversity] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of rows at risk."""
        return self.at_risk / self.rows if self.rows else 0.0


def measure(table: pl.LazyFrame, quasi: Sequence[str], sensitive: Sequence[str] = (), wanted: int = 5) -> Anonymity:
    """Measures a table.

    Args:
        quasi: columns by which somebody could be recognised together with other sources.
        sensitive: columns that nobody is to learn of a person.
        wanted: the k that is asked for.

    Raises:
        ProtectionError: a column is not there or named twice, no quasi-identifier is named, or `wanted` is no size.
    """
    names = table.collect_schema().names()
    missing = [c for c in (*quasi, *sensitive) if c not in names]
    if missing or not quasi or set(quasi) & set(sensitive):
        what = f"there is no column {missing[0]!r}" if missing else "no quasi-identifier, or one is sensitive too"
        raise ProtectionError(what, f"name columns of {', '.join(names)}")
    if len(set(quasi)) < len(quasi) or len(set(sensitive)) < len(sensitive):
        raise ProtectionError("a column is named twice", "name each once in --quasi and --sensitive")
    if not 1 <= wanted <= MOST:
        raise ProtectionError(f"--k {wanted} is no size of a class", f"give one from 1 to {MOST:,}")
    sizes = table.group_by(quasi).len(COUNT).collect(engine="streaming")
    counts = sizes[COUNT]
    found = {c: _diversity(table, quasi, c) for c in sensitive} if len(sizes) else {}
    small = counts.value_counts().sort(COUNT).head(SMALLEST)
    return Anonymity(
        rows=int(counts.sum() or 0),
        groups=len(sizes),
        k=int(counts.min() or 0),  # type: ignore[arg-type]
        wanted=wanted,
        at_risk=int(counts.filter(counts < wanted).sum()),
        smallest=tuple(small.rows()),
        diversity=found,
    )


def _diversity(table: pl.LazyFrame, quasi: Sequence[str], column: str) -> Diversity:
    kind = table.collect_schema()[column]
    value = pl.col(column)
    if kind.is_numeric() and table.select(value.n_unique()).collect().item() > _BINS:
        edges = [table.select(value.quantile(n / _BINS)).collect().item() for n in range(1, _BINS)]
        value = value.cut(sorted(set(edges))).to_physical()
    cells = (
        table.with_columns(value.rank("dense").fill_null(0).alias("__value"))
        .group_by([*quasi, "__value"])
        .len(COUNT)
        .collect(engine="streaming")
        .with_columns(pl.struct(quasi).rank("dense").alias(GROUP))
    )
    share = pl.col(COUNT) / pl.col(COUNT).sum()
    by = cells.group_by(GROUP).agg(
        pl.len().alias("distinct"), (-(share * share.log()).sum()).exp().alias("entropy")
    )  # fmt: skip
    closeness = _closeness(cells, ordered=kind.is_numeric() or kind.is_temporal())
    return Diversity(int(by["distinct"].min() or 0), float(by["entropy"].min() or 0), closeness)  # type: ignore[arg-type]


def _closeness(cells: pl.DataFrame, *, ordered: bool) -> float:
    """The greatest distance of a class from the table; both distributions over all m values, m - 1 steps apart."""
    group = cells[GROUP].to_numpy() - 1
    value = cells["__value"].rank("dense").to_numpy() - 1
    count = cells[COUNT].to_numpy().astype(float)
    m, groups = int(value.max()) + 1, int(group.max()) + 1
    if m == 1:
        return 0.0
    whole = np.bincount(value, count, m) / count.sum()
    worst, step = 0.0, max(1, _CELLS // m)
    order = np.argsort(group, kind="stable")
    group, value, count = group[order], value[order], count[order]
    for first in range(0, groups, step):
        lo, hi = np.searchsorted(group, [first, first + step])
        n = min(step, groups - first)
        own = np.zeros((n, m))
        np.add.at(own, (group[lo:hi] - first, value[lo:hi]), count[lo:hi])
        own /= own.sum(axis=1, keepdims=True)
        gap = own - whole
        far = np.abs(gap.cumsum(axis=1)).sum(axis=1) / (m - 1) if ordered else np.abs(gap).sum(axis=1) / 2
        worst = max(worst, float(far.max()))
    return worst
