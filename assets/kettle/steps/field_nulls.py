"""Steps that fill, set and empty fields: If null, Null if, Set field value, Set constant, Coalesce."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.values.compare import compare_series
from assets.kettle.values.convert import convert, convert_value
from assets.kettle.values.fields import Field, Layout, ValueType


def is_null(column: pl.Series, item: Field) -> pl.Series:
    """Null as Kettle's isNull sees it: an empty text too."""
    missing = column.is_null()
    return missing | (column == "").fill_null(value=False) if item.type is ValueType.STRING else missing


def from_text(step: RowStep, text: str, mask: str, item: Field) -> Any:
    """A text as a value of the field's type, by the given mask or the field's own. Raises StepError."""
    if text == "":
        return None
    try:
        source = Field(item.name, ValueType.STRING)
        return convert_value(text, source, item.but(mask=mask or item.mask, trim="none"))
    except ValueError as error:
        raise StepError(step.name, f"the value for field {item.name!r}: {error}", "correct value or mask") from error


class IfNull(RowStep):
    """Replaces nulls (and empty texts) in the named fields, in all fields of the named types, or in all fields.

    A value that is no value of the field's type fails the rows that need it, with code IFNULL001.
    """

    types = ("IfNull",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields."""
        layout = self.main(inputs)
        self.replaced: list[tuple[Field, str, str, bool]] = []
        if self.options.flag("selectFields"):
            for o in self.options.rows("fields/field"):
                item = self.field(layout, o.text("name"))
                self.replaced.append((item, *self._value(o.text("value"), o.text("mask")), o.flag("set_empty_string")))
        elif self.options.flag("selectValuesType"):
            by_type = {o.text("name").lower(): o for o in self.options.rows("valuetypes/valuetype")}
            for item in layout:
                found = by_type.get(item.type.value.lower())
                if found is not None:
                    empty = found.flag("set_type_empty_string", "set_empty_string")
                    self.replaced.append((item, *self._value(found.text("value"), found.text("mask")), empty))
        else:
            value, mask = self._value(self.options.text("replaceAllByValue"), self.options.text("replaceAllMask"))
            empty = self.options.flag("setEmptyStringAll")
            for item in layout:
                self.replaced.append((item, value, mask if item.is_date else "", empty and not item.is_date))
        return layout

    def _value(self, value: str, mask: str) -> tuple[str, str]:
        return self.resolve(value), self.resolve(mask)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the nulls filled."""
        result = frame
        failed: dict[int, str] = {}
        for item, text, mask, empty in self.replaced:
            column = frame[item.name]
            missing = is_null(column, item)
            if not missing.any():
                continue
            try:
                value = "" if empty and item.type is ValueType.STRING else from_text(self, text, mask, item)
            except StepError as error:
                failed |= dict.fromkeys(missing.arg_true().to_list(), error.reason)
                continue
            filler = pl.Series(item.name, [value], dtype=item.dtype).new_from_index(0, frame.height)
            result = result.with_columns(column.zip_with(~missing, filler))
        return result.filter(self.split(frame, failed, code="IFNULL001")) if failed else result

    def derive(self) -> dict[str, Derivation]:
        """The filled fields."""
        source = next(iter(self.inputs), "")
        return {
            item.name: Derivation((Ref(item.name, source),), f"{text!r} where null")
            for item, text, _, _ in self.replaced
        }


class NullIf(RowStep):
    """Makes null of the values that equal a constant, read by the field's own mask."""

    types = ("NullIf",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields."""
        layout = self.main(inputs)
        self.emptied = []
        for option in self.options.rows("fields/field"):
            item = self.field(layout, option.text("name"))
            self.emptied.append((item, from_text(self, option.text("value"), "", item)))
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with these values null."""
        for item, value in self.emptied:
            column = frame[item.name]
            equal = compare_series(column, item, pl.Series([value], dtype=item.dtype), item) == 0
            frame = frame.with_columns(column.zip_with(~equal, pl.Series([None] * frame.height, dtype=item.dtype)))
        return frame

    def derive(self) -> dict[str, Derivation]:
        """The emptied fields."""
        source = next(iter(self.inputs), "")
        return {
            item.name: Derivation((Ref(item.name, source),), f"null where {value!r}") for item, value in self.emptied
        }


class SetValueConstant(RowStep):
    """Sets fields to constants; an empty value sets null."""

    types = ("SetValueConstant",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields."""
        layout = self.main(inputs)
        self.constants: dict[str, pl.Expr] = {}
        self.texts: dict[str, str] = {}
        resolve = self.options.flag("usevar")
        for option in self.options.rows("fields/field"):
            item = self.field(layout, option.text("name"))
            text = self.resolve(option.text("value")) if resolve else option.text("value")
            empty = option.flag("set_empty_string") and item.type is ValueType.STRING
            value = "" if empty else from_text(self, text, option.text("mask"), item)
            self.constants[item.name] = pl.lit(value, item.dtype)
            self.texts[item.name] = text
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the constants."""
        return frame.with_columns(expr.alias(name) for name, expr in self.constants.items())

    def derive(self) -> dict[str, Derivation]:
        """Constants have no source."""
        return {name: Derivation((), f"constant {text!r}") for name, text in self.texts.items()}


class SetValueField(RowStep):
    """Gives fields the values of other fields of the same type."""

    types = ("SetValueField",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields."""
        layout = self.main(inputs)
        self.pairs: list[tuple[str, str]] = []
        for option in self.options.rows("fields/field"):
            target = self.field(layout, option.text("name"))
            source = self.field(layout, option.text("replaceby"), "the field to take the value from")
            if source.type is not target.type:
                raise StepError(
                    self.name,
                    f"{target.name!r} is {target.type}, {source.name!r} is {source.type}",
                    "take a field of the same type",
                )
            self.pairs.append((target.name, source.name))
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the values taken over, pair after pair."""
        for target, source in self.pairs:
            frame = frame.with_columns(pl.col(source).alias(target))
        return frame

    def derive(self) -> dict[str, Derivation]:
        """Each target comes from its source."""
        start = next(iter(self.inputs), "")
        return {target: Derivation((Ref(source, start),), f"set to {source}") for target, source in self.pairs}


class Coalesce(RowStep):
    """Hop's Coalesce: the first value that is not null among several fields, converted to the result's type."""

    types = ("Coalesce",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields without the removed ones, and the results."""
        base = self.main(inputs)
        self.base = base
        self.results: list[tuple[str, Field, list[Field]]] = []
        layout, dropped = base, set[str]()
        for option in self.options.rows("fields/field"):
            names = [name.strip() for name in option.text("input").split(",") if name.strip()]
            sources = [self.field(base, name) for name in names]
            kinds = {item.type for item in sources}
            common = kinds.pop() if len(kinds) == 1 else ValueType.STRING
            kind = ValueType.parse(option.text("type"), default=common) if option.text("type") else common
            kind = common if kind is ValueType.NONE else kind
            item = Field(self.resolve(option.text("name")), kind, origin=self.name)
            if option.flag("remove"):
                dropped |= {source.name.lower() for source in sources} - {item.name.lower()}
            layout = layout.put(item)
            self.results.append((layout[item.name].name, item, sources))
        return layout.without(*dropped)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the first values."""
        empty_is_null = self.options.flag("empty_is_null", "emptyStrIsNull", default=False)
        failed: dict[int, str] = {}
        result = frame
        for name, item, sources in self.results:
            value = pl.Series(name, [None] * frame.height, dtype=item.dtype)
            for source in sources:
                converted = convert(frame[source.name], source, item)
                usable = ~is_null(frame[source.name], source) if empty_is_null else frame[source.name].is_not_null()
                wanted = value.is_null() & usable
                failed |= {row: reason for row, reason in converted.reasons.items() if wanted[row]}
                value = converted.values.zip_with(wanted, value)
            result = result.with_columns(value.alias(name))
        result = result.select(self.output.names)
        return result.filter(self.split(frame, failed)) if failed else result

    def derive(self) -> dict[str, Derivation]:
        """Each result comes from its fields."""
        start = next(iter(self.inputs), "")
        return {
            name: Derivation(tuple(Ref(s.name, start) for s in sources), "first value that is not null")
            for name, _, sources in self.results
        }
