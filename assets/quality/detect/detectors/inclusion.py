"""Values that are missing from the table they refer to: relations as the catalogue finds them, but not quite kept."""

from collections.abc import Iterator

import numpy as np

from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

KEPT = 0.9  # share of the rows that must refer to something for the rest to be errors
MOST = 10_000  # cells


def find(context: Context) -> Iterator[Proposal]:
    """References from this table to the others with a few values that are not there."""
    if not context.others or context.frame.is_empty():
        return
    import polars as pl

    from assets.catalog.relations import find as relations
    from assets.catalog.relations.model import Kind
    from assets.catalog.relations.sources import sample_frame

    ours = sample_frame("table", context.table, context.frame)
    samples = [
        ours,
        *(sample_frame("table", name, frame) for name, frame in context.others.items() if name != context.table),
    ]
    for relation in relations.find(samples):
        child, parent = relation.child, relation.parent
        if relation.kind is not Kind.FOREIGN_KEY or child.table != context.table or len(child.columns) != 1:
            continue
        name, there = child.columns[0], context.others[parent.table][parent.columns[0]].cast(pl.String)
        texts = context.frame[name].cast(pl.String)
        lost = (texts.is_not_null() & ~texts.is_in(there.drop_nulls().unique().implode())).fill_null(False)
        rows = np.flatnonzero(lost.to_numpy())
        filled = len(texts) - texts.null_count()
        if not 0 < len(rows) <= (1 - KEPT) * filled:
            continue
        sure = relation.score * (1 - len(rows) / filled)
        cells = [Cell(int(context.places[r]), name, texts[int(r)], None, sure) for r in rows[:MOST].tolist()]
        why = f"{filled - len(rows)} of {filled} rows refer to {parent.table}.{parent.columns[0]}"
        params = {"table": parent.table, "references": parent.columns}
        yield Proposal("inclusion", (name,), params, "report", sure, why, cells)
