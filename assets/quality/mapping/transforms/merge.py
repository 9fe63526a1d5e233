"""Several texts into one, with a separator between."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.part import Made, Row
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import converted, copied, field_of, operation, replaced
from assets.quality.mapping.transform import Column, Params, Transform, Types, sql_func

if TYPE_CHECKING:
    import polars as pl

_BETWEEN = "\ue000"  # for private use: no text has it


class MergeParams(Params):
    """`separator` between the texts; of a text that is missing, its separator goes too."""

    separator: str = Field("", max_length=20)


class Merge(Transform):
    """Texts joined."""

    params = MergeParams
    arity: ClassVar[tuple[int, int]] = (2, 10)
    rank: ClassVar[int] = 4

    def value(self, columns: Sequence[Column], p: MergeParams) -> "pl.Expr":
        """Null where all are null."""
        import polars as pl

        texts = [pl.when(column.text != "").then(column.text) for column in columns]
        text = pl.concat_str(texts, separator=p.separator, ignore_nulls=True)
        return pl.when(text != "").then(text)

    def sql(self, columns: Sequence[Column], p: MergeParams) -> exp.Expr:
        """The same."""
        texts = [sql_func("nullif", c.sql_text, exp.Literal.string("")) for c in columns]
        text = sql_func("concat_ws", exp.Literal.string(p.separator), *texts)
        return sql_func("nullif", text, exp.Literal.string(""))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: MergeParams) -> list[Made] | None:
        """Concat fields on trimmed copies; a sign that no text has tells where one is missing."""
        if "${" in p.separator or "%%" in p.separator:  # a variable of Kettle's
            return None
        made: list[Made] = []
        names = [f"{target} text {n}" for n in range(len(fields))]
        for name, field in zip(names, fields, strict=True):
            kind = types[field]
            if kind not in (ValueType.STRING, ValueType.INTEGER):
                return None
            made.append(copied(field, name, kind))
            text = kind is ValueType.STRING
            made.append(operation(name, trim="both") if text else converted(name, ValueType.STRING, "#"))
        extra: Row = [("targetFieldName", target), ("targetFieldLength", "-1"), ("removeSelectedFields", "Y")]
        between = _BETWEEN if p.separator else ""
        settings: Row = [("separator", between), ("enclosure", ""), ("enclosure_forced", "N"), ("header", "N")]
        settings += [("fields", [("field", field_of(name)) for name in names]), ("ConcatFields", extra)]
        made.append(Made(f"{target} join", f"{target}: {' and '.join(fields)}", "ConcatFields", settings))
        plain = re.sub(r"[\\$]", r"\\\g<0>", p.separator)
        ends = (f"^{_BETWEEN}+|{_BETWEEN}+$", "")
        return [*made, replaced(target, "tidy", ends, (f"{_BETWEEN}+", plain))] if between else made

    def words(self, p: MergeParams) -> str:
        """`joined by " "`."""
        return f"joined by {p.separator!r}" if p.separator else "joined"
