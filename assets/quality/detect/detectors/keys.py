"""Keys with repeats, and columns that are filled but for a few rows."""

from collections.abc import Iterator

import numpy as np

from assets.catalog.relations.names import identifies
from assets.quality.detect.coded import MISSING
from assets.quality.detect.context import Context
from assets.quality.detect.detectors.outliers import digits
from assets.quality.detect.model import Cell, Proposal

NEARLY = 0.98  # share of the filled rows whose value is the only one of its kind
LEAST = 50  # rows
HOLES = 0.01  # share of the rows that may be empty by mistake
DENSE = 4  # times the rows that the range of numbers given one after the other may have
SHORT = 64  # characters of a key


def find(context: Context) -> Iterator[Proposal]:
    """Repeats in columns that otherwise tell rows apart, and few holes."""
    rows = len(context.frame)
    if rows < LEAST:
        return
    for column in context.repairs.observed:
        holes = int(column.counts[MISSING])
        if 0 < holes <= HOLES * rows:
            cells = [
                Cell(int(context.places[r]), column.name, None, None, 0.7)
                for r in np.flatnonzero(column.codes == MISSING).tolist()
                if (column.name, r) not in context.repairs.cells
            ]
            why = f"{column.filled} of {rows} rows have a value"
            if not cells:
                continue
            yield Proposal("not_null", (column.name,), {}, "report", 0.7, why, cells)
        single = int((column.counts[1:] == 1).sum())
        if column.filled < LEAST or single == column.filled or single < NEARLY * column.filled:
            continue
        if _measured(context, column.name) or max(map(len, column.values)) > SHORT or _named(column.values):
            continue
        repeated = np.flatnonzero((column.counts[column.codes] > 1) & (column.codes != MISSING)).tolist()
        sure = 0.5 + 0.45 * (single / column.filled - NEARLY) / (1 - NEARLY)
        cells = [
            Cell(int(context.places[r]), column.name, column.values[column.codes[r]], None, sure) for r in repeated
        ]
        why = f"{single} of {column.filled} values occur once"
        yield Proposal("unique", (column.name,), {"keep": "first"}, "report", sure, why, cells)


def _named(values: list[str]) -> bool:
    """Texts of several words are names, of which two things may have the same."""
    return sum(" " in v for v in values) > 0.1 * len(values)


def _measured(context: Context, name: str) -> bool:
    """Decimals, and whole numbers far apart and of many lengths, are measurements: that few repeat is chance."""
    values = context.numbers.get(name)
    if values is None:
        return False
    values = values[np.isfinite(values)]
    if (values % 1 != 0).any():
        return True
    lengths = digits(values)
    dense = float(np.ptp(values)) < DENSE * len(values)
    return not (dense or identifies(name) or lengths.max() > 0.95 * len(values))
