"""How the rows of a table keep its rules: compliance by rule, with masked examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from assets.quality.rules import joint
from assets.quality.rules.apply import MEMORY, batch_rows, in_batches
from assets.quality.rules.expressions import Tables
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import EXAMPLES, Rule
from assets.quality.rules.plan import failing_rows, plan
from assets.quality.rules.reading import rows as count_rows
from assets.quality.rules.registry import kind, params_of
from core.errors import SourceError


@dataclass(slots=True)
class Measured:
    """A rule's state.

    Attributes:
        rows: those that it judges: without those that pass because of a null.
        failing: rows that break it.
        misfits: what is wrong with the table as a whole.
        examples: rows that break it, values masked.
    """

    rule: Rule
    rows: int = 0
    failing: int = 0
    misfits: list[str] = field(default_factory=list)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def compliance(self) -> float:
        """Part of the judged rows that keep it; 1 for none."""
        return 1 - self.failing / self.rows if self.rows else 1.0

    @property
    def passed(self) -> bool:
        """Whether enough rows keep it, and nothing is wrong with the table."""
        return not self.misfits and self.compliance >= params_of(self.rule).mostly


def measure(
    source: pl.LazyFrame, rules: Sequence[Rule], *, memory: int = MEMORY, tables: Tables | None = None
) -> list[Measured]:
    """Judges the table by all rules, in one pass and without repairing anything.

    A rule that does not fit the table (a column is missing) fails with that as its misfit.
    """
    schema = dict(source.collect_schema())
    found = {rule.id: Measured(rule) for rule in rules}
    fitting = []
    for rule in rules:
        try:
            plan([judging(rule)], schema, tables)
            fitting.append(judging(rule))
            found[rule.id].misfits += kind(rule.kind).misfits(rule, schema)
        except SourceError as error:
            found[rule.id].misfits.append(error.what)
    made = plan(fitting, schema, tables)
    total = count_rows(source)
    together = joint.run(made, source.with_row_index(ROW), total, memory // 2)
    for frame in in_batches(source, batch_rows(source, memory)):
        fails = failing_rows(made, frame, together)
        for rule in fitting:
            _add(found[rule.id], frame, fails[rule.id])
    for one in found.values():
        if one.rule.kind == "row_count" and not total and params_of(one.rule).model_dump().get("least"):
            one.misfits.append("the table is empty")
    return list(found.values())


def judging(rule: Rule) -> Rule:
    """The rule as one that only judges."""
    return rule.model_copy(update={"action": "report"})


def _add(one: Measured, frame: pl.DataFrame, fails: pl.Series) -> None:
    how = kind(one.rule.kind)
    columns = [c for c in one.rule.columns if c in frame.columns]
    if how.nulls or not columns:
        one.rows += len(frame)
    else:
        one.rows += int(frame.select(pl.all_horizontal(pl.col(c).is_not_null() for c in columns).sum()).item())
    one.failing += int(fails.sum())
    if len(one.examples) < EXAMPLES and fails.any():
        head = frame.filter(fails).head(EXAMPLES - len(one.examples)).select(ROW, *columns)
        one.examples += [_masked(row) for row in head.iter_rows(named=True)]


def _masked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"row" if name == ROW else name: value if name == ROW else mask(value) for name, value in row.items()}


def mask(value: Any) -> str | None:
    """A value's shape: letters as x, digits as 9, at most 20 signs; null stays null."""
    if value is None:
        return None
    return "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in str(value)[:20])
