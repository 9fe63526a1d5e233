"""One row per thing: which record's value survives in each column, where it came from, what spoke against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from assets.quality.linkage.model import Survivor

ENTITY, RECORDS, CONFLICTS = "entity", "records", "conflicts"
SHOWN = 5  # rival values told per cell
_PRIORITY = [("priority", False), ("newest", True), ("row", False)]  # what decides when a rule does not; True: greatest
RULES: dict[str, list[tuple[str, bool]]] = {
    "most_frequent": [("count", True), *_PRIORITY],
    "longest": [("length", True), ("count", True), *_PRIORITY],
    "newest": [("newest", True), ("priority", False), ("count", True), ("row", False)],
    "source_priority": [("priority", False), ("newest", True), ("count", True), ("row", False)],
    "most_complete": [("filled", True), ("count", True), *_PRIORITY],
}


@dataclass(frozen=True, slots=True)
class Survived:
    """The golden table.

    Attributes:
        golden: entity, the columns with their types, `records` and `conflicts` (columns with rival values).
        cells: entity, column, value, source, record, rule, rivals: other values of the same cell, the most frequent
            first, at most five; `records` that have the value.
    """

    golden: pl.DataFrame
    cells: pl.DataFrame


def survive(
    records: pl.DataFrame, columns: Sequence[str], rules: Mapping[str, Survivor], otherwise: Survivor = "most_frequent"
) -> Survived:
    """Golden rows of linked records.

    Args:
        records: the columns, and `entity`, `source`, `record` (text), `priority` (integer), `newest` (any order, null =
            oldest); one row per record.
    """
    filled = pl.sum_horizontal(pl.col(c).is_not_null().cast(pl.Int32) for c in columns)
    frame = records.with_row_index("row").with_columns(filled.alias("filled"))
    golden = frame.group_by(ENTITY).agg(pl.len().alias(RECORDS)).sort(ENTITY)
    cells = []
    for name in columns:
        rule = rules.get(name, otherwise)
        winners = _winners(frame, name, rule)
        values = winners.select(ENTITY, frame[name].gather(winners["row"]).alias(name))
        golden = golden.join(values, on=ENTITY, how="left", maintain_order="left")
        cells.append(winners.select(_cell(name, rule)))
    told = pl.concat(cells).sort(ENTITY, "column")
    conflicts = told.filter(pl.col("rivals").list.len() > 0).group_by(ENTITY).agg(pl.len().alias(CONFLICTS))
    golden = golden.join(conflicts, on=ENTITY, how="left", maintain_order="left")
    order = [ENTITY, *columns, RECORDS, CONFLICTS]
    return Survived(golden.with_columns(pl.col(CONFLICTS).fill_null(0)).select(order), told)


def _winners(frame: pl.DataFrame, name: str, rule: str) -> pl.DataFrame:
    """The surviving record of each entity that has any value: entity, row, text, source, record, count, rivals."""
    text = pl.col(name).cast(pl.String, strict=False).str.strip_chars().alias("text")
    some = frame.select(ENTITY, "row", "source", "record", "priority", "newest", "filled", text)
    some = some.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
    some = some.with_columns(
        pl.len().over(ENTITY, "text").alias("count"), pl.col("text").str.len_chars().alias("length")
    )
    by, greatest = zip(*RULES[rule], strict=True)
    some = some.sort(ENTITY, *by, descending=[False, *greatest], nulls_last=True, maintain_order=True)
    winners = some.group_by(ENTITY, maintain_order=True).first()
    others = some.join(winners.select(ENTITY, pl.col("text").alias("won")), on=ENTITY)
    others = others.filter(pl.col("text") != pl.col("won")).sort("count", "text", descending=[True, False])
    rivals = others.group_by(ENTITY).agg(pl.col("text").unique(maintain_order=True).head(SHOWN).alias("rivals"))
    return winners.join(rivals, on=ENTITY, how="left", maintain_order="left")


def _cell(name: str, rule: str) -> list[pl.Expr]:
    return [
        pl.col(ENTITY),
        pl.lit(name).alias("column"),
        pl.col("text").alias("value"),
        pl.col("source"),
        pl.col("record"),
        pl.lit(rule).alias("rule"),
        pl.col("count").cast(pl.Int64).alias("records"),
        pl.col("rivals").fill_null([]),
    ]
