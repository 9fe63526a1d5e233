"""Columns that are the sum or product of two others, but for a few rows."""

from collections.abc import Iterator

import numpy as np

from assets.quality.detect.context import Context
from assets.quality.detect.detectors.triples import KEPT, NEAR, holds, kept, triples
from assets.quality.detect.model import Cell, Proposal


def find(context: Context) -> Iterator[Proposal]:
    """Results of two columns, with the right result where one is wrong."""
    numbers = context.numbers
    for triple in triples(numbers):
        right, whole = triple.right(numbers), numbers[triple.result]
        there = np.isfinite(right) & np.isfinite(whole)
        wrong = np.flatnonzero(there & ~holds(whole, right))
        rows = int(there.sum())
        share = 1 - len(wrong) / rows
        if not len(wrong) or kept(whole[there], right[there]) < KEPT:
            continue
        name, places = triple.result, _decimals(context, triple.result)
        cells = [
            Cell(int(context.places[r]), name, context.text(r, name), f"{right[r]:.{places}f}", share / 2)
            for r in wrong.tolist()
        ]
        why = f"{rows - len(wrong)} of {rows} rows have {name} = {triple.one} {triple.operator} {triple.two}"
        params = {"operator": triple.operator, "tolerance": NEAR, "decimals": places}
        yield Proposal("arithmetic", (name, triple.one, triple.two), params, "report", share, why, cells)


def _decimals(context: Context, name: str) -> int:
    texts = [context.text(r, name) or "" for r in range(min(200, len(context.frame)))]
    return min(9, max((len(t.partition(".")[2]) for t in texts), default=0))
