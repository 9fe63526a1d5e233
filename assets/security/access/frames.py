"""A decision over a polars frame: the same rows, columns and values as its SQL gives."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from assets.security.access.conditions import spelled
from assets.security.access.decide import Branch, Decision
from assets.security.access.model import AccessError
from assets.security.access.polars_masks import condition, masked

if TYPE_CHECKING:
    from sqlglot import exp


def shown(frame: pl.DataFrame, decision: Decision, key: bytes | None, keep: Sequence[str] = ()) -> pl.DataFrame:
    """What a person may see of a frame whose columns are some of the table's, under their names.

    Args:
        key: of hashes.
        keep: columns of the frame that are none of the table, and stay.

    Raises:
        AccessError: nothing may be seen, or a condition needs a column that the frame has not.
    """
    from assets.security.access.compile import refusal

    if not decision.covered or decision.whole:
        return frame
    if not decision.allowed:
        raise refusal(decision)
    names = {c.lower(): c for c in decision.columns}
    made = [(name, _value(name, names.get(name.lower(), name), frame.schema, decision, key)) for name in frame.columns]
    rows = _rows(frame, decision)
    kept = {name: value for name, value in made if value is not None}
    # not select: a frame of literals alone would have one row
    return (frame.filter(rows) if rows is not None else frame).with_columns(**kept).select(*keep, *kept)


def _rows(frame: pl.DataFrame, decision: Decision) -> pl.Expr | None:
    if not decision.filtered:
        return None
    parts: list[pl.Expr] = []
    if all(b.rows is not None for b in decision.branches):
        wanted = [_condition(b.rows, frame.schema, decision) for b in decision.branches if b.rows and b.columns]
        found = wanted[0]
        for other in wanted[1:]:
            found = found | other
        parts.append(found.fill_null(False))
    parts += [~_condition(t, frame.schema, decision).fill_null(False) for t in decision.taken]
    made = parts[0]
    for part in parts[1:]:
        made = made & part
    return made


def _value(name: str, column: str, schema: pl.Schema, decision: Decision, key: bytes | None) -> pl.Expr | None:
    tried, last = decision.ways(column)
    if not tried and last is None:
        return None
    kind = schema[name]
    masks = [b.columns[column] for b in (*tried, *([last] if last else []))]
    texts = kind != pl.String and any(m is not None and m.makes_text for m in masks)

    def one(branch: Branch) -> pl.Expr:
        mask = branch.columns[column]
        value = pl.col(name) if mask is None else masked(name, kind, mask, key)
        return value.cast(pl.String) if texts and (mask is None or not mask.makes_text) else value

    made = one(last) if last is not None else pl.lit(None)
    for branch in reversed(tried):
        assert branch.rows is not None
        made = pl.when(_condition(branch.rows, schema, decision)).then(one(branch)).otherwise(made)
    return made


def _condition(node: "exp.Expr", schema: pl.Schema, decision: Decision) -> pl.Expr:
    """A condition over the frame's own spelling of the columns."""
    made = spelled(
        node,
        {c.lower(): c for c in schema.names()},
        lambda name: AccessError(
            f"rows of {decision.key} are decided by {name}, which is not here", "read the whole table"
        ),
    )
    return condition(made, schema)
