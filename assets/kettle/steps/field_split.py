"""Split fields: one text into several fields, or into several rows."""

import re
from collections.abc import Callable, Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.generate import declared
from assets.kettle.text.java_regex import compile_java
from assets.kettle.text.java_replace import split as java_split
from assets.kettle.values.convert import parse_text, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

ROW_NUMBER_LENGTH = 10
_LIST = pl.List(pl.String)


def split_text(texts: pl.Series, delimiter: str) -> pl.Series:
    """The parts of each text as Java's String.split makes them: empty parts at the end are dropped."""
    if not delimiter:
        return texts.str.extract_all("(?s).")
    ends = f"(?:{re.escape(delimiter)})+$"
    kept = texts.str.replace(ends, "")
    parts = kept.str.split(delimiter)
    only_delimiters = ((kept == "") & (texts != "")).fill_null(value=False)
    return parts.zip_with(~only_delimiters, pl.Series([[]], dtype=_LIST).new_from_index(0, texts.len()))


def _each(texts: pl.Series, function: Callable[[str], list[str]]) -> pl.Series:
    return pl.Series(texts.name, [None if text is None else function(text) for text in texts], dtype=_LIST)


def split_enclosed(text: str, delimiter: str, enclosure: str, remove: bool) -> list[str]:
    """Parts in which delimiters between enclosures do not count; what follows an enclosure never closed is dropped."""
    found: list[str] = []
    open_part: str | None = None
    pieces = text.split(delimiter)
    while pieces and not pieces[-1]:
        pieces.pop()
    for piece in pieces:
        count = piece.count(enclosure)
        if open_part is None and count == 0:
            found.append(piece)
            continue
        odd = count % 2 == 1
        complete = not odd if open_part is None else odd
        open_part = piece if open_part is None else open_part + delimiter + piece
        if complete:
            inner = open_part.removeprefix(enclosure).removesuffix(enclosure) if remove else open_part
            found.append(inner)
            open_part = None
    return found


class FieldSplitter(RowStep):
    """Replaces a String field by its parts: by position, or by the id that a part begins with.

    Missing parts are null. A step without fields (a template) passes its rows on.
    Parts are converted by mask, null-if, default and trim type of their field.
    """

    types = ("FieldSplitter",)

    def setup(self) -> None:
        """Reads delimiter, enclosure and parts."""
        self.delimiter = self.resolve(self.options.text("delimiter"))
        self.enclosure = self.text("enclosure")
        self.parts = self.options.rows("fields/field")
        self.by_id = bool(self.parts and self.parts[0].text("id"))
        self.keep = self.options.flag("keep_split_field")
        remove = self.run.variables.get("KETTLE_SPLIT_FIELDS_REMOVE_ENCLOSURE") or ""
        self.remove_enclosure = remove.upper() in ("Y", "YES", "TRUE")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The parts at the place of the split field, or behind all fields when it is kept."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("splitfield"), "the field to split")
        if self.source.type is not ValueType.STRING:
            raise StepError(self.name, f"field {self.source.name!r} is not a String", "convert it before")
        self.new: list[Field] = []
        if not self.parts:
            return base
        items = [declared(p, self.name).but(trim=p.text("trimtype", default="none")) for p in self.parts]
        position = base.index(self.source.name)
        if self.keep:
            layout = base.plus(*items)
            self.new = layout.fields[len(base) :]
        else:
            layout = Layout([*base.fields[:position], *items, *base.fields[position + 1 :]])
            self.new = layout.fields[position : position + len(items)]
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the parts; a part that cannot be converted rejects its row."""
        if not self.parts:
            return frame
        texts = frame[self.source.name]
        if self.enclosure:
            lists = _each(
                texts, lambda text: split_enclosed(text, self.delimiter, self.enclosure, self.remove_enclosure)
            )
        else:
            lists = split_text(texts, self.delimiter)
        failed: dict[int, str] = {}
        columns: dict[str, pl.Series] = {}
        for number, (item, option) in enumerate(zip(self.new, self.parts, strict=True)):
            raw = self._by_id(lists, option.text("id"), option.flag("idrem")) if self.by_id else _part(lists, number)
            parsed = parse_text(raw, item, null_if=option.text("nullif"), if_null=option.text("ifnull"))
            columns[item.name] = parsed.values
            failed |= parsed.reasons
        kept = frame if self.keep else frame.drop(self.source.name)
        # a part may bear the name of the field that was split, or that of another field, which is then numbered
        others = [name for name in self.output.names if name not in columns]
        kept = kept.rename(dict(zip(kept.columns, others, strict=True)))
        result = kept.with_columns([c.alias(name) for name, c in columns.items()]).select(self.output.names)
        return result.filter(self.split(frame, failed, self.source.name)) if failed else result

    @staticmethod
    def _by_id(lists: pl.Series, mark: str, remove: bool) -> pl.Series:
        found = lists.list.eval(pl.element().filter(pl.element().str.starts_with(mark))).list.first()
        return found.str.strip_prefix(mark) if remove else found

    def derive(self) -> dict[str, Derivation]:
        """Each part comes from the split field."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {
            item.name: Derivation(source, f"part {number} split at {self.delimiter!r}")
            for number, item in enumerate(self.new, 1)
        }


def _part(lists: pl.Series, number: int) -> pl.Series:
    return lists.list.get(number, null_on_oob=True)


class SplitFieldToRows(Step):
    """One row for each part of a String field; a null text gives one row with ''.

    Empty parts count, also at the end. The row number runs on over the input rows unless it is reset for each.
    """

    types = ("SplitFieldToRows3",)

    def setup(self) -> None:
        """Reads the options and compiles a delimiter that is a regular expression."""
        self.delimiter = self.resolve(self.options.text("delimiter"))
        self.pattern = None
        if self.options.flag("delimiter_is_regex") or not self.delimiter:
            try:
                self.pattern = compile_java(self.delimiter)
            except ValueError as error:
                raise StepError(self.name, str(error), "correct the delimiter") from error
        self.numbered = self.options.flag("rownum")
        self.reset = self.options.flag("resetrownumber")
        self.number = 1

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, the part and the row number."""
        base = self.main(inputs)
        self.source = self.field(base, self.text("splitfield"), "the field to split")
        if self.source.type is not ValueType.STRING:
            raise StepError(self.name, f"field {self.source.name!r} is not a String", "convert it before")
        name = self.options.text("newfield")
        if not name:
            raise StepError(self.name, "the new field has no name", "name it")
        layout = base.plus(Field(name, ValueType.STRING, origin=self.name))
        if self.numbered:
            layout = layout.plus(
                Field(
                    self.text("rownum_field"), ValueType.INTEGER, ROW_NUMBER_LENGTH, 0, "####0;-####0", origin=self.name
                )
            )
        self.new = [f.name for f in layout.fields[len(base) :]]
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Emits the parts of each row."""
        texts = to_text(frame[self.source.name], self.source).fill_null("")
        pattern = self.pattern
        if pattern is None:
            lists = texts.str.split(self.delimiter)
        else:
            lists = _each(texts, lambda text: java_split(text, pattern))
        counts = lists.list.len().cast(pl.Int64)
        grown = frame.with_columns(lists.alias(self.new[0])).explode(self.new[0])
        if self.numbered:
            total = grown.height
            numbers = pl.int_range(total, eager=True)
            if self.reset:
                starts = counts.cum_sum() - counts
                first = (
                    pl.DataFrame({"s": starts, "n": counts}).select(pl.col("s").repeat_by("n").explode()).to_series()
                )
                numbers = numbers - first + 1
            else:
                numbers = numbers + self.number
                self.number += total
            grown = grown.with_columns(numbers.alias(self.new[1]))
        self.emit(grown)

    def derive(self) -> dict[str, Derivation]:
        """The part comes from the split field."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {self.new[0]: Derivation(source, f"one row for each part split at {self.delimiter!r}")}
