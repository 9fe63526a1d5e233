"""Proposals for a table: what detectors find, with its effect and examples, as rules to decide on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from assets.quality.rules.model import EXAMPLES, Effect, Example, Rule

if TYPE_CHECKING:
    from collections.abc import Collection

HIDDEN = "***"


def suggest(frame: pl.DataFrame, table: str, sensitive: "Collection[str]" = ()) -> list[Rule]:
    """Rules for what is wrong with the rows, most certain first.

    Args:
        sensitive: columns of which no value is shown.
    """
    from assets.quality.detect.find import find

    found = [described(f.rule, f.cells, sensitive) for f in find(frame, table)]
    return sorted(found, key=lambda rule: (-rule.confidence, rule.id))


def described(rule: Rule, cells: pl.DataFrame, sensitive: "Collection[str]" = ()) -> Rule:
    """The rule with the effect that its cells (row, column, before, after) say, unless it tells one; values masked."""
    effect = rule.effect
    if not effect.examples and len(cells):
        head = cells.head(EXAMPLES).iter_rows(named=True)
        shown = tuple(Example(row=c["row"], column=c["column"], before=c["before"], after=c["after"]) for c in head)
        effect = Effect(rows=cells["row"].n_unique(), cells=len(cells), examples=shown)
    return rule.model_copy(
        update={"effect": effect.model_copy(update={"examples": masked(effect.examples, sensitive)})}
    )


def masked(examples: Iterable[Example], sensitive: "Collection[str]") -> tuple[Example, ...]:
    """Examples without the values of sensitive columns."""
    return tuple(
        e.model_copy(update={"before": e.before and HIDDEN, "after": e.after and HIDDEN})
        if e.column in sensitive
        else e
        for e in examples
    )


def sample(table: pl.LazyFrame, rows: int) -> pl.DataFrame:
    """The whole table where it is small, else evenly spread rows."""
    count = int(table.select(pl.len()).collect(engine="streaming").item())
    if count <= rows:
        return table.collect(engine="streaming")
    return table.gather_every(-(-count // rows)).collect(engine="streaming")
