"""The same conditions and masks over polars columns."""

import hmac
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlglot import exp

if TYPE_CHECKING:
    from assets.security.access.model import Mask

_COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "__eq__", exp.NEQ: "__ne__", exp.GT: "__gt__", exp.GTE: "__ge__", exp.LT: "__lt__", exp.LTE: "__le__",
}  # fmt: skip
Schema = Mapping[str, pl.DataType]


def condition(node: exp.Expr, schema: Schema) -> pl.Expr:
    """A bound condition, null where SQL has null."""
    if isinstance(node, exp.Paren):
        return condition(node.this, schema)
    if isinstance(node, exp.And | exp.Or):
        left, right = condition(node.this, schema), condition(node.expression, schema)
        return left & right if isinstance(node, exp.And) else left | right
    if isinstance(node, exp.Not):
        return ~condition(node.this, schema)
    if isinstance(node, exp.Boolean):
        return pl.lit(bool(node.this))
    if isinstance(node, exp.Is):
        return _is(node, schema)
    if isinstance(node, exp.In):
        made = [_equal(node.this, e, schema, "__eq__") for e in node.expressions]
        return made[0] if len(made) == 1 else _any(made)
    if isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        return _equal(node.this, low, schema, "__ge__") & _equal(node.this, high, schema, "__le__")
    if isinstance(node, exp.Like):
        return _value(node.this, schema).str.contains(_pattern(node.expression.name))
    return _equal(node.this, node.expression, schema, _COMPARED[type(node)])


def _any(made: list[pl.Expr]) -> pl.Expr:
    """A balanced tree of ORs: lists of attributes may be long."""
    if len(made) == 1:
        return made[0]
    half = len(made) // 2
    return _any(made[:half]) | _any(made[half:])


def _is(node: exp.Is, schema: Schema) -> pl.Expr:
    if isinstance(node.expression, exp.Null):
        return _value(node.this, schema).is_null()
    inner = _value(node.this, schema)
    return inner.fill_null(False) if node.expression.this else (~inner).fill_null(False)


def _equal(left: exp.Expr, right: exp.Expr, schema: Schema, method: str) -> pl.Expr:
    """A comparison; a text beside a date is a date."""
    if isinstance(left, exp.Null) or isinstance(right, exp.Null):
        return pl.lit(None, pl.Boolean)
    sides = [_side(a, b, schema) for a, b in ((left, right), (right, left))]
    made: pl.Expr = getattr(sides[0], method)(sides[1])
    return made


def _side(node: exp.Expr, other: exp.Expr, schema: Schema) -> pl.Expr:
    kind = schema.get(other.name) if isinstance(other, exp.Column) else None
    if isinstance(node, exp.Literal) and node.is_string and kind is not None and kind.is_temporal():
        text = pl.lit(node.name)
        return text.str.to_date() if kind == pl.Date else text.str.to_datetime(strict=True)
    return _value(node, schema)


def _value(node: exp.Expr, schema: Schema) -> pl.Expr:
    if isinstance(node, exp.Column):
        return pl.col(node.name)
    if isinstance(node, exp.Neg):
        return -_value(node.this, schema)
    if isinstance(node, exp.Null):
        return pl.lit(None)
    if isinstance(node, exp.Cast):
        text = pl.lit(node.this.name)
        return text.str.to_date() if node.to.this is exp.DataType.Type.DATE else text.str.to_datetime()
    if isinstance(node, exp.Literal):
        return pl.lit(node.name if node.is_string else int(node.name) if node.is_int else float(node.name))
    return condition(node, schema)


def _pattern(like: str) -> str:
    return "(?s)^" + "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in like) + "$"


def masked(name: str, kind: pl.DataType, mask: "Mask", key: bytes | None) -> pl.Expr:
    """What stands in place of a column; NULL where the method does not fit the type."""
    column = pl.col(name)
    text = column if kind == pl.String else column.cast(pl.String)
    if mask.method == "constant":
        return pl.when(column.is_null()).then(None).otherwise(pl.lit(mask.value))
    if mask.method == "partial":
        return _partial(text, mask)
    if mask.method == "hash" and key is not None:
        return text.map_batches(_Keyed(key), return_dtype=pl.String)
    if mask.method == "year" and kind.is_temporal() and kind not in (pl.Time, pl.Duration):
        return column.dt.truncate("1y")
    if mask.method == "round" and kind.is_numeric():
        made = (column.cast(pl.Float64) / mask.step).floor() * mask.step
        return made.cast(pl.Int64) if kind.is_integer() else made
    return pl.lit(None, kind if not mask.makes_text else pl.String)


def _partial(text: pl.Expr, mask: "Mask") -> pl.Expr:
    length, kept = text.str.len_chars(), mask.first + mask.last
    parts = [text.str.head(mask.first)] if mask.first else []
    parts.append(_stars(pl.max_horizontal(length.cast(pl.Int64) - kept, pl.lit(0))))
    if mask.last:
        parts.append(text.str.tail(mask.last))
    shown = pl.when(length > kept).then(pl.concat_str(parts)).otherwise(_stars(length))
    return pl.when(text.is_null()).then(None).otherwise(shown)


def _stars(count: pl.Expr) -> pl.Expr:
    return pl.lit("*").repeat_by(count.cast(pl.UInt32)).list.join("")


class _Keyed:
    """HMAC-SHA256 of each different text, once."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def __call__(self, values: pl.Series) -> pl.Series:
        """Hexadecimal digests; nulls stay."""
        known: dict[Any, str] = {
            v: hmac.digest(self.key, v.encode(), "sha256").hex() for v in values.unique() if v is not None
        }
        return values.replace_strict(known, default=None, return_dtype=pl.String)
