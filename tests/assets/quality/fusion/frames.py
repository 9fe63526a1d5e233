"""A join plan over polars frames: what its SQL has to give, by another engine."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assets.quality.fusion.compiled import output, place_of
from assets.quality.fusion.fixes import polars_key
from assets.quality.fusion.model import Plan

if TYPE_CHECKING:
    import polars as pl


def fuse(plan: Plan, frames: "Mapping[str, pl.DataFrame]") -> "pl.DataFrame":
    """The fused rows, in any order. Null keys meet nothing.

    Raises:
        SourceError: a key column is not there.
    """
    import polars as pl

    columns: dict[str, Sequence[str]] = {name: frame.columns for name, frame in frames.items()}
    names = {(table, column): f"{number}" for number, (table, column, _) in enumerate(output(plan, columns))}
    found = _renamed(frames[plan.left], plan.left, names)
    for step, join in enumerate(plan.joins):
        right = _renamed(frames[join.right], join.right, names)
        left_keys: list[pl.Expr] = []
        right_keys: list[pl.Expr] = []
        for key in join.keys:
            place = place_of(plan, step, key, columns)
            left_keys.append(polars_key(names[place], key.fixes_left).alias(f"k{len(left_keys)}"))
            right_keys.append(polars_key(names[join.right, key.right], key.fixes_right).alias(f"k{len(right_keys)}"))
        on = [f"k{n}" for n in range(len(join.keys))]
        found = found.with_columns(left_keys).join(
            right.with_columns(right_keys), on=on, how=join.how, coalesce=join.how != "full"
        )
        found = found.drop(on, *[c for c in found.columns if c.startswith("k")], strict=False)
    return found.select(pl.col(names[t, c]).alias(name) for t, c, name in output(plan, columns))


def _renamed(frame: "pl.DataFrame", table: str, names: Mapping[tuple[str, str], str]) -> "pl.DataFrame":
    return frame.rename({column: names[table, column] for column in frame.columns})
