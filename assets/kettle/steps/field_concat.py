"""Concat fields: the texts of several fields, formatted and joined."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.steps.generate import declared
from assets.kettle.text.columns import java_text
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


class ConcatFields(RowStep):
    """Each field is written as a text output would write it: its own mask unless the step gives one.

    Measured: a null writes its "null" text and is never enclosed; only String values are enclosed, all of them when
    forced, else those that hold the separator or the enclosure (doubled inside). "Fast data dump" ignores all masks.
    """

    types = ("ConcatFields",)

    def setup(self) -> None:
        """Reads separator, enclosure and target."""
        self.separator = self.text("separator")
        self.enclosure = self.text("enclosure")
        self.forced = self.options.flag("enclosure_forced", "force_enclosure")
        self.doubled = not self.options.flag("enclosure_fix_disabled")
        self.fast = self.options.flag("file/fast_dump", "fast_dump")
        self.remove = self.options.flag("ConcatFields/removeSelectedFields", "removeSelectedFields")
        length = self.options.text("ConcatFields/targetFieldLength", "targetFieldLength", default="0").strip()
        self.length = int(length) if length.lstrip("-").isdigit() else 0
        self.header = self.options.flag("header")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, without the joined ones where that is asked for, and the new one at the end."""
        base = self.main(inputs)
        options = self.options.rows("fields/field")
        self.joined: list[tuple[Field, str]] = []
        for option in options:
            found = self.field(base, option.text("name"))
            changes = {
                name: value
                for name in ("mask", "decimal", "grouping", "currency")
                if (value := getattr(declared(option, self.name), name))
            }
            length, precision = declared(option, self.name).length, declared(option, self.name).precision
            item = found.but(
                length=length, precision=precision, trim=option.text("trim_type", default="none"), **changes
            )
            self.joined.append((item, option.text("nullif")))
        if not options:
            self.joined = [(item, "") for item in base]
        layout = base.without(*(item.name for item, _ in self.joined)) if self.remove else base
        target = self.text("ConcatFields/targetFieldName", "targetFieldName")
        layout = layout.plus(Field(target, ValueType.STRING, self.length, origin=self.name))
        self.target = layout.fields[-1].name
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the joined text; the first batch follows a row that holds the header, when there is one."""
        texts = [self._written(frame[item.name], item, null) for item, null in self.joined]
        joined = pl.select(pl.concat_str([pl.lit(t) for t in texts], separator=self.separator)).to_series()
        result = frame.with_columns(joined.alias(self.target)).select(self.output.names)
        if self.header:
            self.header = False
            line = self.separator.join(self._enclosed(item.name) for item, _ in self.joined)
            first = pl.DataFrame([{self.target: line}], schema=self.output.schema)
            result = pl.concat([first, result])
        return result

    def _enclosed(self, name: str) -> str:
        return f"{self.enclosure}{name}{self.enclosure}" if self.forced else name

    def _written(self, column: pl.Series, item: Field, null: str) -> pl.Series:
        if self.fast:
            text = java_text(column, item).fill_null(null)
            return self.enclosure + text + self.enclosure if self.forced and self.enclosure else text
        text = to_text(column, item)
        if item.type is ValueType.STRING and self.enclosure:
            text = self._with_enclosure(text)
        return text.fill_null(null)

    def _with_enclosure(self, text: pl.Series) -> pl.Series:
        mark = self.enclosure
        inner = text.str.replace_all(mark, mark + mark, literal=True) if self.doubled else text
        enclosed = mark + inner + mark
        if self.forced:
            return enclosed
        needed = text.str.contains(mark, literal=True)
        if self.separator:
            needed |= text.str.contains(self.separator, literal=True)
        return enclosed.zip_with(needed.fill_null(value=False), text)

    def derive(self) -> dict[str, Derivation]:
        """The new field comes from the joined ones."""
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(item.name, source) for item, _ in self.joined)
        return {self.target: Derivation(refs, f"joined with {self.separator!r}")}
