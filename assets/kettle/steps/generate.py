"""Steps that make rows from what the file itself holds: Generate rows, Data grid, Add constants."""

import itertools
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.values.convert import constant
from assets.kettle.values.fields import Field, Layout, ValueType


def declared(option: Options, origin: str) -> Field:
    """The field that a <field> element with type, format, symbols, length and precision declares."""

    def number(tag: str) -> int:
        text = option.text(tag, default="-1").strip()
        return int(text) if text.lstrip("-").isdigit() else -1

    return Field(
        option.text("name"),
        ValueType.parse(option.text("type")),
        number("length"),
        number("precision"),
        option.text("format", "mask") or None,
        option.text("decimal") or None,
        option.text("group") or None,
        option.text("currency") or None,
        origin=origin,
    )


def value_of(step: Step, text: str, item: Field, set_empty: bool) -> Any:
    """The constant that a text means: "" is null, or an empty string when so marked. Raises StepError."""
    if set_empty:
        return "" if item.type is ValueType.STRING else None
    if text == "":
        return None
    try:
        return constant(text, item)
    except ValueError as error:
        raise StepError(
            step.name,
            f"the value of field {item.name!r}: {error}",
            f"write it as {item.type} {item.mask or ''}".strip(),
        ) from error


class RowGenerator(Step):
    """The same row `limit` times, or for ever with a time stamp. Variables in its values stay as they are written."""

    types = ("RowGenerator",)

    def setup(self) -> None:
        """Reads limit and endlessness."""
        self.endless = self.options.flag("never_ending")
        text = self.text("limit", default="10").strip()
        if not text.isdigit():
            raise StepError(self.name, f"limit is {text!r}", "give a whole number, or set the variable")
        self.limit = int(text)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields, and when endless the two time fields."""
        options = [o for o in self.options.rows("fields/field") if o.text("name")]
        self.constants = [(declared(o, self.name), o) for o in options]
        layout = Layout([item for item, _ in self.constants])
        if self.endless:
            tags = ("row_time_field", "last_time_field")
            times = [Field(self.text(tag), ValueType.DATE, origin=self.name) for tag in tags if self.text(tag)]
            layout = layout.plus(*times)
        return layout

    def start(self) -> None:
        """Makes the row."""
        self.row = {
            item.name: value_of(self, o.text("nullif"), item, o.flag("set_empty_string")) for item, o in self.constants
        }

    def produce(self) -> Iterator[pl.DataFrame]:
        """Batches of the row."""
        one = pl.DataFrame([self.row], schema={item.name: item.dtype for item, _ in self.constants})
        if self.endless:
            yield from self._endless(one)
            return
        left = self.limit
        while left > 0:
            size = min(left, self.run.settings.batch_rows)
            yield one.select(pl.all().repeat_by(size).explode()) if one.width else pl.DataFrame(height=size)
            left -= size

    def _endless(self, one: pl.DataFrame) -> Iterator[pl.DataFrame]:
        pause = self.integer("interval_in_ms", default=5000) / 1000
        last: datetime | None = None
        for _ in itertools.count():
            now = datetime.now(UTC).replace(tzinfo=None)
            times = [
                pl.lit(value, pl.Datetime("ms")).alias(self.text(tag))
                for tag, value in (("row_time_field", now), ("last_time_field", last))
                if self.text(tag)
            ]
            yield one.with_columns(times)
            last = now
            time.sleep(pause)


class DataGrid(Step):
    """The rows typed into the step."""

    types = ("DataGrid",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields."""
        self.declared = [o for o in self.options.rows("fields/field") if o.text("name")]
        return Layout([declared(o, self.name) for o in self.declared])

    def produce(self) -> Iterator[pl.DataFrame]:
        """All rows; a cell that is no value of its type stops the run."""
        lines = [line.texts("item") for line in self.options.rows("data/line")]
        columns: dict[str, list[Any]] = {}
        for number, (item, option) in enumerate(zip(self.output, self.declared, strict=True)):
            empty = option.flag("set_empty_string")
            cells = [line[number] if number < len(line) else "" for line in lines]
            columns[item.name] = [value_of(self, cell, item, empty and cell == "") for cell in cells]
        yield pl.DataFrame(columns, schema=self.output.schema)


class Constant(RowStep):
    """Adds the same values to every row. Variables in them stay as they are written (Get variables resolves)."""

    types = ("Constant",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the constants."""
        options = [o for o in self.options.rows("fields/field") if o.text("name")]
        base = self.main(inputs)
        layout = base.plus(*(declared(o, self.name) for o in options))
        added = layout.fields[len(base) :]
        self.values = [
            # dates are read leniently here and only here
            pl.lit(
                value_of(self, o.text("nullif"), item.but(lenient=item.is_date), o.flag("set_empty_string")), item.dtype
            ).alias(item.name)
            for item, o in zip(added, options, strict=True)
        ]
        self.added = {item.name: o.text("nullif") for item, o in zip(added, options, strict=True)}
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the constants."""
        return frame.with_columns(self.values)

    def derive(self) -> dict[str, Derivation]:
        """Constants have no source."""
        return {name: Derivation((), f"constant {text!r}") for name, text in self.added.items()}
