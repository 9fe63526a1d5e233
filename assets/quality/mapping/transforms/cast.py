"""Texts, numbers and truth values into one another, with the format that was found."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import field_validator
from sqlglot import exp

from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import converted, copied, only, operation, replaced
from assets.quality.mapping.transform import (
    NUMBER,
    Column,
    Params,
    Shown,
    Transform,
    Types,
    number_of,
    sql_func,
    sql_if,
    sql_matches,
    sql_number_of,
    sql_replaced,
)

if TYPE_CHECKING:
    import polars as pl

INTEGER = r"^[-+]?[0-9]{1,18}$"
_SIGNS = "^[¥￥$€£][ \t]*|[ \t]*(?:%|元|圆|USD|CNY|EUR|RMB)$"
YES = ("true", "t", "yes", "y", "1", "是", "有", "真", "对")
NO = ("false", "f", "no", "n", "0", "否", "无", "假", "错")


class CastParams(Params):
    """`group` and `decimal`: signs in the text of numbers. `signs`: currency and percent signs are dropped.

    A percentage stays the number before its sign. `yes`, `no`: words of truth values, in lower case.
    """

    to: Literal["integer", "number", "boolean", "text"]
    group: Literal["", ",", ".", " ", "'"] = ""
    decimal: Literal[".", ","] = "."
    signs: bool = False
    yes: tuple[str, ...] = YES
    no: tuple[str, ...] = NO

    @field_validator("decimal")
    @classmethod
    def _differ(cls, value: str, info: Any) -> str:
        if value == info.data.get("group"):
            raise ValueError("is the grouping sign too")
        return value


class Cast(Transform):
    """Another type."""

    params = CastParams
    rank: ClassVar[int] = 1

    def value(self, columns: Sequence[Column], p: CastParams) -> "pl.Expr":
        """Null where the text has not that form."""
        import polars as pl

        column = columns[0]
        if p.to == "text":
            return column.text
        if p.to == "boolean":
            word = column.text.str.to_lowercase()
            yes = pl.when(word.is_in(list(p.yes))).then(pl.lit(True))
            return yes.when(word.is_in(list(p.no))).then(pl.lit(False))
        if not column.is_text:
            number = column.number
            if p.to == "number":
                return number
            return pl.when(number == number.round()).then(number).cast(pl.Int64, strict=False)
        text = column.text
        for pattern, by in _cleaning(p):
            text = text.str.replace_all(pattern, by)
        if p.to == "number":
            return number_of(text)
        return pl.when(text.str.contains(INTEGER)).then(text.str.strip_prefix("+")).cast(pl.Int64, strict=False)

    def sql(self, columns: Sequence[Column], p: CastParams) -> exp.Expr:
        """The same."""
        column = columns[0]
        if p.to == "text":
            return column.sql_text
        if p.to == "boolean":
            word = sql_func("lower", column.sql_text)
            yes, no = (exp.In(this=word, expressions=[exp.Literal.string(w) for w in ws]) for ws in (p.yes, p.no))
            return exp.Case().when(yes, exp.true()).when(no, exp.false())
        whole = exp.DataType.build("bigint")
        if not column.is_text:
            number = column.sql_number
            if p.to == "number":
                return number
            same = exp.EQ(this=number, expression=sql_func("round", number))
            return sql_if(same, exp.TryCast(this=number.copy(), to=whole))
        text = column.sql_text
        for pattern, by in _cleaning(p):
            text = sql_replaced(text, pattern, by)
        if p.to == "number":
            return sql_number_of(text)
        return sql_if(sql_matches(text, INTEGER), exp.TryCast(this=text.copy(), to=whole))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: CastParams) -> list[Made] | None:
        """Copied, cleaned, what does not fit made null, converted."""
        kind = types[fields[0]]
        first = copied(fields[0], target, kind)
        if p.to == "text":
            if kind is ValueType.STRING:
                return [first, operation(target, trim="both")]
            mask = "#" if kind is ValueType.INTEGER else ""
            return [first, converted(target, ValueType.STRING, mask)] if mask else None
        if p.to == "boolean" or (kind is not ValueType.STRING and p.to == "integer"):
            return _truth(first, kind, target, p) if p.to == "boolean" else None
        if kind is not ValueType.STRING:
            return [first, converted(target, ValueType.NUMBER)]
        cleaned = _cleaning(p)
        made = [first, operation(target, trim="both")]
        made += [replaced(target, "clean", *cleaned)] if cleaned else []
        form = (INTEGER if p.to == "integer" else NUMBER).strip("^$")
        made += [only(target, f"(?:{form})$"), replaced(target, "no plus", (r"^\+", ""), (r"[eE]\+?", "E"))]
        goal = ValueType.INTEGER if p.to == "integer" else ValueType.NUMBER
        return [*made, converted(target, goal, "#" if p.to == "integer" else "")]

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """By the type of the target, with signs that the source's texts show."""
        import polars as pl

        goal = target.values.dtype
        if goal == pl.Boolean or (aligned and source.column.is_text):
            yield {"to": "boolean"}
        if goal.is_numeric() and not source.column.is_text and source.values.dtype != goal:
            yield {"to": "integer" if goal.is_integer() else "number"}
        if not goal.is_numeric() and target.column.is_text and not source.column.is_text:
            yield {"to": "text"}
        if goal.is_numeric() and source.column.is_text:
            for format_ in _formats(source.values):
                yield {"to": "integer" if goal.is_integer() else "number"} | format_

    def words(self, p: CastParams) -> str:
        """`cast to number, "," in groups`."""
        parts = [f"cast to {p.to}"]
        parts += [f'"{p.group}" in groups'] if p.group else []
        parts += ["decimal comma"] if p.decimal == "," else []
        parts += ["currency and percent signs dropped"] if p.signs else []
        return ", ".join(parts)

    def reason(self, p: CastParams) -> str:
        """`is no integer`."""
        return f"is no {'truth value' if p.to == 'boolean' else p.to}"


def _cleaning(p: CastParams) -> list[tuple[str, str]]:
    """Patterns and what they are replaced by, before a text is read as a number."""
    found = [(_SIGNS, "")] if p.signs else []
    if p.group:
        found.append(("[ \t\u00a0]" if p.group == " " else f"[{p.group}]", ""))
    return [*found, (",", ".")] if p.decimal == "," else found


def _truth(first: Made, kind: ValueType, target: str, p: CastParams) -> list[Made] | None:
    from assets.kettle.generate.mappings import mapper_settings

    if kind not in (ValueType.STRING, ValueType.INTEGER):
        return None
    text = [converted(target, ValueType.STRING, "#")] if kind is ValueType.INTEGER else []
    words: dict[str | None, str | None] = {**dict.fromkeys(p.yes, "Y"), **dict.fromkeys(p.no, "N")}
    mapped = Made(f"{target} words", f"{target}: words", "ValueMapper", mapper_settings(target, words, default="-"))
    made = [first, *text, operation(target, trim="both", case="lower"), mapped, only(target, "[YN]$")]
    return [*made, converted(target, ValueType.BOOLEAN)]


def _formats(values: "pl.Series") -> list[dict[str, Any]]:
    """Ways to read texts as numbers: the plain one and those that the signs in them suggest."""
    texts = values.drop_nulls().head(500)
    if not len(texts):
        return []
    signs = bool(texts.str.contains(_SIGNS).any())
    found: list[dict[str, Any]] = [{}]
    if texts.str.contains(r"[0-9],[0-9]{3}").any():
        found.append({"group": ","})
    if texts.str.contains(r"[0-9],[0-9]").any():
        found.append({"group": "." if texts.str.contains(r"\.[0-9]{3}").any() else "", "decimal": ","})
    return [f | {"signs": True} for f in found] if signs else found
