"""The same text in another form: case, blanks, full-width letters, separators."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import copied, operation, replaced
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types, sql_func, sql_replaced

if TYPE_CHECKING:
    import polars as pl

Form = Literal["trim", "collapse", "upper", "lower", "width", "no_blanks", "no_separators", "digits"]
_WIDE = "".join(chr(c + 0xFEE0) for c in range(0x21, 0x7F)) + "\u3000"
_NARROW = "".join(chr(c) for c in range(0x21, 0x7F)) + " "
_REPLACED = {
    "collapse": ("[ \\t\\n\\r\\f\\x0B]+", " "),
    "no_blanks": ("[ \\t\\n\\r\\f\\x0B]+", ""),
    "no_separators": ("[ \\t._/()-]+", ""),
    "digits": ("[^0-9]+", ""),
}
_TRIED: tuple[tuple[str, ...], ...] = (
    ("trim",),
    ("upper",),
    ("lower",),
    ("width",),
    ("collapse",),
    ("no_blanks",),
    ("no_separators",),
    ("digits",),
    ("collapse", "upper"),
    ("collapse", "lower"),
    ("width", "upper"),
    ("width", "lower"),
    ("no_separators", "upper"),
    ("no_separators", "lower"),
)


class NormaliseParams(Params):
    """`forms` one after the other; blanks around are always trimmed."""

    forms: tuple[Form, ...] = Field(default=("trim",), min_length=1)


class Normalise(Transform):
    """Another form of the same text."""

    params = NormaliseParams
    rank: ClassVar[int] = 2

    def value(self, columns: Sequence[Column], p: NormaliseParams) -> "pl.Expr":
        """Null stays null; what is empty afterwards is null."""
        import polars as pl

        text = columns[0].text
        for form in p.forms:
            if form in _REPLACED:
                text = text.str.replace_all(*_REPLACED[form])
            elif form == "width":
                text = text.str.replace_many(list(_WIDE), list(_NARROW)).str.strip_chars(" ")
            elif form in ("upper", "lower"):
                text = text.str.to_uppercase() if form == "upper" else text.str.to_lowercase()
        return pl.when(text != "").then(text)

    def sql(self, columns: Sequence[Column], p: NormaliseParams) -> exp.Expr:
        """The same."""
        text = columns[0].sql_text
        for form in p.forms:
            if form in _REPLACED:
                text = sql_replaced(text, *_REPLACED[form])
            elif form == "width":
                wide, narrow = exp.Literal.string(_WIDE), exp.Literal.string(_NARROW)
                text = sql_func("trim", sql_func("translate", text, wide, narrow), exp.Literal.string(" "))
            elif form in ("upper", "lower"):
                text = sql_func(form, text)
        return sql_func("nullif", text, exp.Literal.string(""))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: NormaliseParams) -> list[Made] | None:
        """String operations and Replace in string; Kettle has no step for full-width letters."""
        if types[fields[0]] is not ValueType.STRING or "width" in p.forms:
            return None
        made = [copied(fields[0], target, ValueType.STRING), operation(target, trim="both")]
        for form in p.forms:
            if form in _REPLACED:
                made.append(replaced(target, form, _REPLACED[form]))
            elif form in ("upper", "lower"):
                made.append(operation(target, case=form))
        return made

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """All common forms, of texts."""
        if source.column.is_text and target.column.is_text:
            texts = source.values.drop_nulls().head(500)
            wide = bool(texts.str.contains("[\uff01-\uff5e\u3000]").any())
            for forms in _TRIED:
                if wide or "width" not in forms:
                    yield {"forms": forms}

    def words(self, p: NormaliseParams) -> str:
        """`trim, upper`."""
        return "normalise: " + ", ".join(p.forms).replace("_", " ")

    def reason(self, p: NormaliseParams) -> str:
        """`leaves nothing`."""
        return "leaves nothing"
