"""One part of a text between separators."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field
from sqlglot import exp

from assets.kettle.files.new import Settings
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import field_of, through
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types, sql_func
from assets.quality.mapping.transforms.extract import found_by

if TYPE_CHECKING:
    import polars as pl

SEPARATORS = (", ", ",", "; ", ";", " - ", "-", "|", "/", "_", ":", "·", "、", "，", "T", " ")


class SplitParams(Params):
    """`part`: number from 0, or -1 for the last. `rest`: with it, all from this part on."""

    separator: str = Field(min_length=1, max_length=20)
    part: int = Field(ge=-1, le=50)
    rest: bool = False


class Split(Transform):
    """A part of the text."""

    params = SplitParams
    rank: ClassVar[int] = 4

    def value(self, columns: Sequence[Column], p: SplitParams) -> "pl.Expr":
        """Trimmed; null where there is no such part, or it is empty."""
        import polars as pl

        text = columns[0].text
        if p.rest and p.part >= 0:
            found = text.str.extract(_rest(p), 1)
        else:
            found = text.str.split(p.separator).list.get(p.part, null_on_oob=True)
        found = found.str.strip_chars(" ")
        return pl.when(found != "").then(found)

    def sql(self, columns: Sequence[Column], p: SplitParams) -> exp.Expr:
        """The same."""
        text = columns[0].sql_text
        sign = exp.Literal.string(p.separator)
        if p.rest and p.part >= 0:
            behind = exp.Slice(this=exp.Literal.number(p.part + 1))
            parts = exp.Bracket(this=sql_func("string_split", text, sign), expressions=[behind], offset=1)
            found = sql_func("array_to_string", parts, sign.copy())
        else:
            found = sql_func("split_part", text, sign, exp.Literal.number(p.part + 1 if p.part >= 0 else -1))
        return sql_func("nullif", sql_func("trim", found), exp.Literal.string(""))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: SplitParams) -> list[Made] | None:
        """Field splitter for a part by number, else Regex evaluation."""
        if types[fields[0]] is not ValueType.STRING:
            return None
        if p.rest or p.part < 0:
            sign = re.escape(p.separator)
            pattern = _rest(p) if p.part >= 0 else f"(?s)^(?:.*{sign})?(.*)$"
            return found_by(pattern, fields[0], target)
        text = f"{target} text"
        names = [*(f"{target} before {n}" for n in range(p.part)), target]
        settings: Settings = [
            ("splitfield", text),
            ("delimiter", p.separator),
            ("enclosure", ""),
            ("fields", [("field", field_of(name)) for name in names]),
        ]
        words = f"{target}: part {p.part + 1} of {fields[0]}"
        return through(fields[0], text, target, Made(f"{target} split", words, "FieldSplitter", settings))

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """Separators that most of the source's texts have; the first parts, the last, and the rest."""
        if not source.column.is_text:
            return
        if "separators" not in source.known:
            source.known["separators"] = _separators(source)
        for sign, parts in source.known["separators"].items():
            for part in range(min(parts, 5)):
                yield {"separator": sign, "part": part}
            if parts > 2:
                yield {"separator": sign, "part": -1}
                yield {"separator": sign, "part": 1, "rest": True}

    def words(self, p: SplitParams) -> str:
        """`part 2 at ","`."""
        which = "the last part" if p.part < 0 else f"part {p.part + 1}"
        return f"{which}{' and the rest' if p.rest else ''} at {p.separator!r}"


def _rest(p: SplitParams) -> str:
    """All behind so many separators."""
    sign = re.escape(p.separator)
    return f"(?s)^(?:.*?{sign}){{{p.part}}}(.*)$"


def _separators(source: Shown) -> dict[str, int]:
    """Separators that half of the texts have, with the greatest number of parts."""
    texts = source.values.drop_nulls().head(200)
    found = {}
    for sign in SEPARATORS:
        held = texts.str.count_matches(sign, literal=True)
        if len(held) and float((held > 0).cast(float).to_numpy().mean()) >= 0.5:
            found[sign] = max(held.to_list()) + 1
    return found
