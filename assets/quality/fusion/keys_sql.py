"""Keys with their fixes as SQL that DuckDB and PostgreSQL understand alike."""

from collections.abc import Sequence

from sqlglot import exp

from assets.quality.fusion.fixes import LOWER, NARROW, TRIM, WIDE, WIDTH, changes


def sql_key(column: exp.Expression, names: Sequence[str]) -> exp.Expression:
    """A column as text with its fixes; NULL where nothing is left. No `?` is in it, which Kettle would fill."""
    value: exp.Expression = exp.cast(column, "text")
    for pattern, replacement in changes(names):
        if pattern == TRIM:
            value = exp.Trim(this=value, expression=exp.Literal.string(" \t\r\n"))
        elif pattern == LOWER:
            value = exp.Lower(this=value)
        elif pattern == WIDTH:
            value = exp.Anonymous(
                this="TRANSLATE",
                expressions=[value, exp.Literal.string(WIDE), exp.Literal.string(NARROW)],
            )
        else:
            value = exp.Anonymous(
                this="REGEXP_REPLACE",
                expressions=[value, *(exp.Literal.string(t) for t in (pattern, replacement, "g"))],
            )
    return exp.Nullif(this=value, expression=exp.Literal.string(""))
