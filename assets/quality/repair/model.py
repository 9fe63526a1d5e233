"""Repairs of a table's cells."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assets.quality.detect.coded import Coded
from assets.quality.detect.dependencies import Strong

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Repair:
    """One cell.

    Attributes:
        sort: what found it: a detector of writings, `dependency`, `typo`, `word`, `merged`, `shape` or `learned`.
        after: the right text, "" for a missing value; None where it is wrong and nobody knows what is right.
        key: tells repairs of one reason apart from others of the sort (deciding columns, the other column...).
        voters: of a dependency: the deciding columns of all that speak for it, the strongest first, as `city+street`.
    """

    row: int
    column: str
    before: str
    after: str | None
    confidence: float
    sort: str
    why: str = ""
    key: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()


@dataclass
class Repairs:
    """Repairs by column and row, with the columns they were made on and the dependencies that were found.

    Attributes:
        observed: the columns as they came.
        rules: dependencies between columns, by their places.
    """

    observed: list[Coded]
    rules: list[Strong] = field(default_factory=list)
    cells: dict[tuple[str, int], Repair] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Repair]:
        return iter(self.cells.values())

    def frame(self, least: float = 0.5) -> "pl.DataFrame":
        """Columns row (u32), column, before, after, confidence, rule: those at least so sure, in order."""
        import polars as pl

        kept = sorted((r for r in self if r.confidence >= least), key=lambda r: (r.row, r.column))
        return pl.DataFrame(
            {
                "row": pl.Series([r.row for r in kept], dtype=pl.UInt32),
                "column": pl.Series([r.column for r in kept], dtype=pl.String),
                "before": pl.Series([r.before for r in kept], dtype=pl.String),
                "after": pl.Series([r.after or None for r in kept], dtype=pl.String),
                "confidence": pl.Series([r.confidence for r in kept], dtype=pl.Float64),
                "rule": pl.Series([r.sort for r in kept], dtype=pl.String),
            }
        )
