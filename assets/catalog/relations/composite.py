"""Foreign keys of several columns: a table that has all parts of another's composite key under like names."""

from collections.abc import Iterator, Sequence

import numpy as np

from assets.catalog.relations import keys, names
from assets.catalog.relations.model import Cardinality, ColumnSketch, End, Kind, Relation, TableSample
from assets.catalog.relations.overlap import mixed, overlap

KEY = 0.6  # how good a composite key must be to be referred to
PART = 0.9  # of a part's values are in the key's part
WHOLE = 0.9  # of the combinations are in the key, where both tables are held whole
UNVERIFIED = 0.8  # what the score is multiplied with where they are not


def composite_keys(tables: Sequence[TableSample]) -> list[Relation]:
    """Composite foreign keys among the tables, of one source or several."""
    shared: dict[tuple[str, ...], list[TableSample]] = {}
    for table in tables:
        for column in table.columns:
            shared.setdefault(names.tokens(column.name), []).append(table)
    relations: list[Relation] = []
    for parent in tables:
        best = next(iter(keys.candidates(parent, 1)), None)
        if best is None or len(best.columns) < 2 or best.score < KEY:
            continue
        near = [{t.key: t for t in shared[names.tokens(c)]} for c in best.columns]
        for key in sorted(set.intersection(*map(set, near))):
            child = near[0][key]
            if child.key != parent.key:
                relations += _relation(child, parent, best.columns, best.score)
    known = {(r.child, r.parent) for r in relations}
    return [r for r in relations if (r.parent, r.child) not in known or r.child.table > r.parent.table]


def _relation(child: TableSample, parent: TableSample, columns: tuple[str, ...], score: float) -> Iterator[Relation]:
    ours = [_place(child, name) for name in columns]
    theirs = [_place(parent, name) for name in columns]
    parts = [overlap(child.columns[c], parent.columns[p]).containment for c, p in zip(ours, theirs, strict=True)]
    if min(parts) < PART or not all(_fills(child.columns[place]) for place in ours):
        return
    exact = child.whole and parent.whole
    share = _combinations(child, parent, ours, theirs) if exact else min(parts)
    if share < WHOLE:
        return
    unique = len(np.unique(mixed(child.sample[:, ours]))) == len(child.sample)
    why = (
        f"{100 * share:.0f}% of the combinations are in {parent.table}"
        if exact
        else f"every part's values are in {parent.table}; the combinations were not verified",
        f"{', '.join(columns)} together identify the rows of {parent.table}",
        "the parts have the same names",
    )
    yield Relation(
        End(child.source, child.table, tuple(child.columns[p].name for p in ours)),
        End(parent.source, parent.table, columns),
        Kind.FOREIGN_KEY,
        round(min(1.0, 0.3 + score * share) * (1.0 if exact else UNVERIFIED), 4),
        round(share, 4),
        Cardinality.ONE_TO_ONE if unique else Cardinality.MANY_TO_ONE,
        why,
    )


def _place(table: TableSample, name: str) -> int:
    words = names.tokens(name)
    return next(p for p, column in enumerate(table.columns) if names.tokens(column.name) == words)


def _fills(column: ColumnSketch) -> bool:
    return column.filled > 0


def _combinations(child: TableSample, parent: TableSample, ours: list[int], theirs: list[int]) -> float:
    rows = child.sample[:, ours]
    some = np.unique(mixed(rows[(rows != 0).all(axis=1)]))
    return float(np.isin(some, mixed(parent.sample[:, theirs])).mean()) if len(some) else 0.0
