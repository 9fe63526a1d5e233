"""The accepted fields of a mapping as SQL of DuckDB or PostgreSQL; the same rows as the polars plan gives."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from assets.quality.mapping import postgres
from assets.quality.mapping.apply import REASONS, SURE, fitted, value_name
from assets.quality.mapping.model import Mapping_
from assets.quality.mapping.transform import Column, sql_func, sql_if

if TYPE_CHECKING:
    import polars as pl


DIALECTS = ("duckdb", "postgres")  # of the warehouses


def written(query: exp.Select, dialect: str, *, pretty: bool = False) -> str:
    """A query of `select` in a dialect. Raises SourceError where a regular expression cannot be said in it."""
    made = postgres.rewritten(query) if dialect == "postgres" else query
    return made.sql(dialect=dialect, pretty=pretty)


def doubtful(mapping: Mapping_, dialect: str) -> list[str]:
    """Accepted targets whose values may differ from those of the polars plan in this dialect."""
    found = (f for f in mapping.accepted if dialect == "postgres" and f.transform == "extract")
    return [f.target for f in found if postgres.prefers_otherwise(f.params["pattern"])]


def select(mapping: Mapping_, schema: "Mapping[str, pl.DataType]", table: exp.Expr) -> tuple[exp.Select, exp.Select]:
    """The target's rows, and the reject table without row numbers, as two selects from the table.

    Raises:
        SourceError: a column is not there; a transform does not fit a column's type.
    """
    values: list[exp.Expr] = []
    reasons: list[exp.Expr] = []
    for n, field in enumerate(mapping.accepted):
        made = fitted(field, schema, mapping.name)
        name = exp.to_identifier(value_name(n), quoted=True)
        values.append(exp.alias_(made.how.sql(made.columns, made.p), name))
        if field.transform not in SURE:
            missing = exp.Is(this=exp.column(name.copy()), expression=exp.Null())
            failing = exp.and_(*map(_there, made.columns), missing)
            reasons.append(sql_if(failing, exp.Literal.string(f"{field.target}: {made.how.reason(made.p)}")))
    valued = exp.select("*", *values).from_(table).subquery("valued")
    why = sql_func("concat_ws", exp.Literal.string("; "), *reasons) if reasons else exp.Literal.string("")
    found = exp.select("*", exp.alias_(why, REASONS, quoted=True)).from_(valued).subquery("judged")
    reason = exp.column(REASONS, quoted=True)
    targets = [
        exp.alias_(exp.column(value_name(n), quoted=True), f.target, quoted=True)
        for n, f in enumerate(mapping.accepted)
    ]
    rows = exp.select(*targets).from_(found)
    if mapping.failing == "row":
        rows = rows.where(exp.EQ(this=reason, expression=exp.Literal.string("")))
    kept = [exp.column(name, quoted=True) for name in schema]
    rejects = exp.select(*kept, reason).from_(found.copy())
    return rows, rejects.where(exp.NEQ(this=reason.copy(), expression=exp.Literal.string("")))


def _there(column: Column) -> exp.Expr:
    there = exp.Not(this=exp.Is(this=column.sql, expression=exp.Null()))
    if not column.is_text:
        return there
    return exp.and_(there, exp.NEQ(this=column.sql, expression=exp.Literal.string("")))
