"""Small tables and rules for tests, run by the plan, by the warehouse and by Kettle's engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from assets.quality.rules.apply import Report, Targets, apply
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import Action, Rule
from assets.quality.rules.plan import RULES

TABLE = "raw/shop/orders"


def rule(kind: str, columns: Sequence[str], action: Action = "report", **params: Any) -> Rule:
    """A rule of the table."""
    return Rule.make(kind, TABLE, columns, params, action=action)


def applied(folder: Path, frame: pl.DataFrame, rules: Sequence[Rule], **options: Any) -> "Applied":
    """The plan from a Parquet file to Parquet files."""
    source = folder / "in.parquet"
    frame.write_parquet(source)
    targets = Targets.beside(folder / "out.parquet")
    return Applied(apply(pl.scan_parquet(source), rules, targets, **options), targets)


class Applied:
    """What a run wrote."""

    def __init__(self, report: Report, targets: Targets) -> None:
        self.report = report
        self.clean, self.rejected, self.changes = map(pl.read_parquet, targets.paths())

    def cells(self) -> set[tuple[int, str, str | None, str | None]]:
        """Changed cells without their rules."""
        return {tuple(row) for row in self.changes.select("row", "column", "before", "after").rows()}  # type: ignore[misc]

    def why(self) -> dict[int, set[str]]:
        """Rejected row -> kinds of the rules it breaks."""
        return {
            row: {name.partition("-")[0] for name in text.split(",")}
            for row, text in self.rejected.select(ROW, RULES).rows()
        }
