"""String operations, String cut: texts changed in place or into new fields."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.steps.calc_texts import no_empty
from assets.kettle.text import escapes
from assets.kettle.text.columns import mapped
from assets.kettle.values.fields import Field, Layout, ValueType

NEW_LENGTH = 100
# what Java's Character.isWhitespace takes off, which spares the no-break spaces
SPACES = (
    " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)


class TextStep(RowStep):
    """A step whose <field> elements change a String field in place, or write into a new one.

    Class attributes:
        new_length: declared length of new fields.
        code: error code of rows that fail.
    """

    new_length: ClassVar[int] = -1
    code: ClassVar[str] = ""

    def setup(self) -> None:
        """Reads the list of fields."""
        self.changes = self.options.rows("fields/field")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the new ones."""
        self.base = self.main(inputs)
        layout = self.base
        self.named: list[tuple[Field, str | None]] = []
        for option in self.changes:
            source = self.field(self.base, option.text("in_stream_name"))
            if source.type is not ValueType.STRING:
                raise StepError(self.name, f"field {source.name!r} is {source.type}, not String", "convert it before")
            new = self.resolve(option.text("out_stream_name"))
            if new:
                layout = layout.plus(Field(new, ValueType.STRING, self.new_length, origin=self.name))
                self.named.append((source, layout.fields[-1].name))
            else:
                layout = layout.but(source.name, **self.changed_in_place(layout[source.name], option))
                self.named.append((source, None))
        return layout

    def changed_in_place(self, item: Field, option: Options) -> dict[str, object]:
        """What changes in the description of a field that is changed in place."""
        return {"storage": "normal"}

    def words(self, option: Options) -> str:
        """What is done, for the lineage."""
        raise NotImplementedError

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its source."""
        start = next(iter(self.inputs), "")
        return {
            new or source.name: Derivation((Ref(source.name, start),), self.words(option))
            for (source, new), option in zip(self.named, self.changes, strict=True)
        }


Change = Callable[[pl.Series], pl.Series]


def _each(function: Callable[[str], str]) -> Change:
    return lambda texts: mapped(texts, function)[0]


_TRIMS: dict[str, Change] = {
    "left": lambda t: t.str.strip_chars_start(SPACES),
    "right": lambda t: t.str.strip_chars_end(SPACES),
    "both": lambda t: t.str.strip_chars(SPACES),
}
_CASES: dict[str, Change] = {"lower": lambda t: t.str.to_lowercase(), "upper": lambda t: t.str.to_uppercase()}
_ESCAPES: dict[str, Change] = {
    "escapexml": _each(escapes.escape_xml),
    "cdata": _each(escapes.cdata),
    "unescapexml": _each(escapes.unescape_xml),
    "escapehtml": _each(escapes.escape_html),
    "unescapehtml": _each(escapes.unescape_html),
    "escapesql": _each(escapes.escape_sql),
}
_DIGITS: dict[str, Change] = {
    "digits_only": lambda t: no_empty(t).str.replace_all(r"\P{Nd}", ""),
    "remove_digits": lambda t: no_empty(t).str.replace_all(r"\p{Nd}", ""),
}
_SPECIAL: dict[str, Change] = {
    "cr": lambda t: t.str.replace_all("\r", "", literal=True),
    "lf": lambda t: t.str.replace_all("\n", "", literal=True),
    "crlf": lambda t: t.str.replace_all("[\r\n]", ""),
    "tab": lambda t: t.str.replace_all("\t", "", literal=True),
    "espace": lambda t: t.str.replace_all(" ", "", literal=True),
    "space": lambda t: t.str.replace_all(" ", "", literal=True),
}


def pad(texts: pl.Series, side: str, filler: str, length: int) -> pl.Series:
    """Texts filled up on one side to a length; longer ones stay."""
    if not filler or length <= 0:
        return texts
    if len(filler) == 1:
        return texts.str.pad_start(length, filler) if side == "left" else texts.str.pad_end(length, filler)

    def padded(text: str) -> str:
        missing = max(0, length - len(text))
        fill = filler * missing
        return (fill[len(fill) - missing :] + text) if side == "left" else text + fill[:missing]

    return mapped(texts, padded)[0]


class StringOperations(TextStep):
    """Trim, case, padding, first capitals, escaping, digits and special characters, in this order.

    An empty text passes unchanged through each of them. Padding in place raises the declared length.
    """

    types = ("StringOperations",)
    new_length = NEW_LENGTH
    code = "StringOperations001"
    # tag, changes by code
    tables: ClassVar[tuple[tuple[str, dict[str, Change]], ...]] = (
        ("trim_type", _TRIMS),
        ("lower_upper", _CASES),
        ("padding_type", {}),
        ("init_cap", {"yes": _each(escapes.init_cap), "y": _each(escapes.init_cap)}),
        ("mask_xml", _ESCAPES),
        ("digits", _DIGITS),
        ("remove_special_characters", _SPECIAL),
    )

    def changed_in_place(self, item: Field, option: Options) -> dict[str, object]:
        """Padding raises the length."""
        length = self._length(option) if option.text("padding_type").lower() in ("left", "right") else -1
        return {"storage": "normal", "length": max(length, item.length)}

    def _length(self, option: Options) -> int:
        text = self.resolve(option.text("pad_len")).strip()
        return int(text) if text.isdigit() else 0

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The changed texts; every line reads the texts as they came in."""
        results: dict[str, pl.Series] = {}
        for (source, new), option in zip(self.named, self.changes, strict=True):
            name = new or source.name
            results[name] = self._changed(frame[source.name], option).alias(name)
        return frame.with_columns(results.values())

    def _changed(self, texts: pl.Series, option: Options) -> pl.Series:
        for tag, table in self.tables:
            code = option.text(tag).strip().lower()
            if tag == "padding_type" and code in ("left", "right"):
                padded = pad(texts, code, self.resolve(option.text("pad_char")), self._length(option))
                # an empty text is not padded
                texts = padded.zip_with((texts != "").fill_null(value=True), texts)
            elif code in table:
                changed = table[code](texts)
                texts = changed.zip_with((texts != "").fill_null(value=True), texts)
        return texts

    def words(self, option: Options) -> str:
        """The operations that are set."""
        done = [option.text(tag) for tag, _ in self.tables if option.text(tag).lower() not in ("", "none", "no", "n")]
        return "text changed: " + ", ".join(done) if done else "copied"


class StringCut(TextStep):
    """From inclusive to exclusive, with the original's ways at the edges (measured).

    Both negative: counted from the end, "from" being the later place. From 0 to a negative number: the last so many
    characters. Other mixtures, and no end at all, leave the text; a start beyond the text gives null.
    """

    types = ("StringCut",)
    new_length = NEW_LENGTH
    code = "StringCut001"

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The cut texts; every line reads the texts as they came in."""
        results = {}
        for (source, new), option in zip(self.named, self.changes, strict=True):
            start, end = (self._whole(option, tag) for tag in ("cut_from", "cut_to"))
            results[new or source.name] = cut(pl.col(source.name), start, end)
        return frame.with_columns(**results)

    def _whole(self, option: Options, tag: str) -> int:
        text = self.resolve(option.text(tag)).strip()
        return int(text) if text.lstrip("+-").isdigit() else 0

    def words(self, option: Options) -> str:
        """The limits."""
        return f"cut from {option.text('cut_from') or '0'} to {option.text('cut_to') or '0'}"


def cut(text: pl.Expr, start: int, end: int) -> pl.Expr:
    """String cut's part of a text column."""
    length = text.str.len_chars().cast(pl.Int64)
    nothing = pl.lit(None, pl.String)
    if start >= 0 and end >= 0:
        if end < start:
            part: pl.Expr = nothing
        elif end == 0:
            part = text
        else:
            part = pl.when(length < start).then(nothing).otherwise(text.str.slice(start, end - start))
    elif start < 0 and end < 0:
        first = pl.max_horizontal(pl.lit(end), -length)
        taken = text.str.slice(length + first, pl.lit(start) - first)
        part = nothing if start < end else pl.when(length < -start).then(nothing).otherwise(taken)
    elif start == 0:
        part = text.str.slice(pl.max_horizontal(length + end, pl.lit(0)))
    else:
        part = text
    return pl.when(text == "").then(text).otherwise(part)
