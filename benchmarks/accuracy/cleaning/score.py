"""Detection and repair scored cell by cell as Raha and Baran score them.

A cell is wrong where the dirty text differs from the clean one (entities unescaped, blanks joined and trimmed first,
as theirs). It counts as repaired rightly where the new text is the clean one; precision is right repairs by all
repaired cells, recall right repairs by all wrong cells. Cells that a person labelled count, as they do there.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from assets.quality.repair.model import Repairs

Table = dict[str, list[str]]
LIKELY = 0.5


@dataclass(frozen=True)
class Score:
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """2 P R / (P + R)."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"P {self.precision:.3f} R {self.recall:.3f} F1 {self.f1:.3f}"


def read(path: Path) -> Table:
    """A CSV file's columns as normalised texts."""
    frame = pl.read_csv(path, infer_schema=False).fill_null("")
    return {n: [re.sub(r"\s+", " ", html.unescape(v)).strip() for v in frame[n].to_list()] for n in frame.columns}


def pair(folder: Path) -> tuple[Table, Table]:
    """Dirty and clean tables with the same names of columns."""
    dirty, clean = read(folder / "dirty.csv"), read(folder / "clean.csv")
    return dirty, dict(zip(dirty, clean.values(), strict=True))


def scores(dirty: Table, clean: Table, repairs: Repairs, without: frozenset[int] = frozenset()) -> tuple[Score, Score]:
    """Detection and repair.

    Args:
        without: rows left out of the count.
    """
    wrong = {(n, r) for n in dirty for r, (a, b) in enumerate(zip(dirty[n], clean[n], strict=True)) if a != b}
    wrong = {cell for cell in wrong if cell[1] not in without}
    kept = {k: v for k, v in repairs.cells.items() if v.confidence >= LIKELY and k[1] not in without}
    fixed = {k: v.after for k, v in kept.items() if v.after is not None and v.after != v.before}
    right = sum(clean[name][row] == after for (name, row), after in fixed.items())
    found = len(wrong & set(kept))
    return (
        Score(found / max(1, len(kept)), found / max(1, len(wrong))),
        Score(right / max(1, len(fixed)), right / max(1, len(wrong))),
    )
