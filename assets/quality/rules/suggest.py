"""Proposals for a table: what detectors find, with its effect and examples, as rules to decide on."""

from typing import TYPE_CHECKING

import polars as pl

from assets.quality.rules.model import EXAMPLES, Effect, Example, Rule
from assets.quality.rules.reading import collected
from assets.quality.rules.withheld import HIDDEN, withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from assets.quality.repair.known import Labels


def suggest(
    frame: pl.DataFrame,
    table: str,
    sensitive: "Collection[str]" = (),
    every: int = 1,
    others: "Mapping[str, pl.DataFrame] | None" = None,
    labels: "Labels | None" = None,
    last: pl.DataFrame | None = None,
    left_out: "Callable[[Rule], None]" = lambda _rule: None,
) -> list[Rule]:
    """Rules for what is wrong with the rows, most certain first.

    Args:
        sensitive: columns of which no value is shown, or written into a rule.
        every: the frame has each n-th row of the table.
        others: tables by name to which this one may refer, all rows.
        last: a former good version of the table, for what drifted since.
        labels: row of the table -> column -> right text, from people; rows that are not in the frame do not count.
        left_out: is told of each rule that would consist of such values.
    """
    from assets.quality.detect.find import find
    from assets.quality.detect.former import profiles

    seen = {row // every: cells for row, cells in (labels or {}).items() if row % every == 0}
    found = find(
        frame, table, others=others, sensitive=sensitive, labels=seen, last=None if last is None else profiles(last)
    )
    made = []
    for one in found:
        rule = withheld(described(one.rule, one.cells, sensitive, every), sensitive)
        if rule is None:
            left_out(one.rule)
        else:
            made.append(rule)
    return sorted(made, key=lambda r: (-r.confidence, r.id))


def described(rule: Rule, cells: pl.DataFrame, sensitive: "Collection[str]" = (), every: int = 1) -> Rule:
    """The rule with the effect that its cells (row, column, before, after) say, unless it tells one; values masked."""
    effect = rule.effect
    if not effect.examples and len(cells):
        head = cells.head(EXAMPLES).iter_rows(named=True)
        shown = tuple(Example(row=c["row"], column=c["column"], before=c["before"], after=c["after"]) for c in head)
        effect = Effect(rows=cells["row"].n_unique(), cells=len(cells), examples=shown)
    kept = tuple(_shown(example, example.column in sensitive, every) for example in effect.examples)
    return rule.model_copy(update={"effect": effect.model_copy(update={"examples": kept})})


def _shown(example: Example, hidden: bool, every: int) -> Example:
    before, after = (value and HIDDEN if hidden else value for value in (example.before, example.after))
    return Example(row=example.row * every, column=example.column, before=before, after=after)


def sensitive_columns(frame: pl.DataFrame) -> set[str]:
    """Columns whose values are about persons, or secret, by names and values."""
    from assets.catalog.semantics import classify, registry

    types = registry.builtin()
    plain = [n for n, t in frame.schema.items() if not t.is_nested() and t not in (pl.Binary, pl.Object)]
    columns = {name: frame[name].head(2_000).cast(pl.String, strict=False) for name in plain}
    found = classify.table(columns, types=types)
    return {name for name, meaning in found.items() if meaning is not None and types.sensitive(meaning.type)}


def sample(table: pl.LazyFrame, rows: int) -> tuple[pl.DataFrame, int]:
    """The whole table where it is small, else each n-th row; and that n."""
    count = int(table.select(pl.len()).collect(engine="streaming").item())
    every = max(1, -(-count // rows))
    return collected(table if every == 1 else table.gather_every(every)), every
