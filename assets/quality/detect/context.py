"""What detectors look at: the table, its columns as codes and numbers, other tables and the last good profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Profile
from assets.quality.detect.coded import Coded
from assets.quality.detect.dependencies import COLUMNS
from assets.quality.repair.model import Repairs

if TYPE_CHECKING:
    import polars as pl

NUMERIC = 0.95  # share of the values that must be numbers


@dataclass
class Context:
    """A table as detectors see it.

    Attributes:
        frame: rows looked at; `places` are their numbers in the table, int64 [n].
        repairs: of its cells, and the dependencies between its columns.
    """

    frame: "pl.DataFrame"
    table: str
    places: npt.NDArray[np.int64]
    repairs: Repairs
    others: Mapping[str, "pl.DataFrame"] = field(default_factory=dict)
    last: Mapping[str, Profile] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> dict[str, npt.NDArray[np.float64]]:
        """Columns of numbers, nan where there is none; texts that mostly read as numbers too, codes not."""
        import polars as pl

        found = {}
        for name, dtype in self.frame.schema.items():
            series = self.frame[name]
            if dtype.is_numeric():
                found[name] = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
            elif dtype == pl.String and not _codes(series):
                cast = series.cast(pl.Float64, strict=False)
                filled = len(series) - series.null_count()
                if filled and len(series) - cast.null_count() >= NUMERIC * filled:
                    found[name] = cast.fill_null(np.nan).to_numpy()
        return {name: np.where(np.isfinite(v), v, np.nan) for name, v in found.items()}

    @property
    def groupings(self) -> list[Coded]:
        """Columns whose values part the rows into groups; of very wide tables the first ones."""
        return self.repairs.observed[:COLUMNS]

    def text(self, row: int, column: str) -> str | None:
        """A cell as text; `row` is of the frame."""
        value = self.frame[column][row]
        return None if value is None else str(value)


def _codes(series: "pl.Series") -> bool:
    """Texts with leading zeros are codes."""
    return bool(series.str.contains(r"^0\d").any())
