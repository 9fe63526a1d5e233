"""Columns that are filled whenever another has a certain value, but for a few rows."""

from collections.abc import Iterator

import numpy as np

from assets.quality.detect.coded import MISSING
from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

KINDS = 12  # values of the deciding column
LEAST = 30  # rows with the value
HOLES = 0.03  # share of them that may be empty by mistake
ELSEWHERE = 0.2  # share of the other rows that must be empty: else the column is simply filled


def find(context: Context) -> Iterator[Proposal]:
    """Holes where a value of another column promises a value."""
    columns = context.repairs.observed if len(context.frame) >= LEAST else []
    for column in columns:
        empty = column.codes == MISSING
        if not HOLES < empty.mean() < 0.95:
            continue
        for other in columns:
            if other is column or not 1 < other.distinct <= KINDS:
                continue
            for code in range(1, len(other.values)):
                here = other.codes == code
                rows = np.flatnonzero(here & empty)
                size = int(here.sum())
                if size < LEAST or not 0 < len(rows) <= HOLES * size or empty[~here].mean() < ELSEWHERE:
                    continue
                sure = 0.5 + 0.4 * (1 - len(rows) / (HOLES * size))
                value = other.values[code]
                cells = [Cell(int(context.places[r]), column.name, None, None, sure) for r in rows.tolist()]
                why = f"{size - len(rows)} of {size} rows with {other.name} = {value!r} have a value"
                tree = {
                    "any": [
                        {"not": {"compare": {"column": other.name, "op": "=", "value": value}}},
                        {"not": {"is_null": {"column": column.name}}},
                    ]
                }
                yield Proposal("condition", (column.name, other.name), {"expression": tree}, "report", sure, why, cells)
