"""Value mapper and Number range: values replaced by lists and by ranges."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

_RANGE_LENGTH = 255


class ValueMapper(RowStep):
    """Measured: values are compared by their text without mask (1.0, Y, true); the last of equal sources counts; an
    empty source takes null and ''; the default is not for null; an empty target gives null. Without a default an
    unmatched value stays when written into the same field, and becomes null in a new one, whose length is that of the
    longest target. Same field: the target texts are converted to the field's type.
    """

    types = ("ValueMapper",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, and the target field."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("field_to_use"), "the field to map")
        pairs = [(o.text("source_value"), self.resolve(o.text("target_value"))) for o in self._rows()]
        self.mapping = {source: target for source, target in pairs if source}
        self.empty = next((target for source, target in reversed(pairs) if not source), None)
        self.default = self.resolve(self.options.text("non_match_default"))
        self.keep_unmatched = self.options.flag("keep_original_value_on_non_match")
        target = self.resolve(self.options.text("target_field"))
        if not target:
            self.target = self.source
            return base.but(self.source.name, storage="normal")
        length = max((len(text) for text in [*(t for _, t in pairs), self.default]), default=-1)
        layout = base.plus(Field(target, ValueType.STRING, length or -1, origin=self.name))
        self.target = layout.fields[-1]
        return layout

    def _rows(self) -> list[Options]:
        return self.options.rows("fields/field")

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the mapped values."""
        same = self.target is self.source
        column = frame[self.source.name]
        text = to_text(column, self.source.but(mask=None, decimal=None, grouping=None))
        missing = text.is_null() | (text == "")
        targets = [target or None for target in self.mapping.values()]
        matched = text.is_in(list(self.mapping)).fill_null(value=False)
        mapped = text.replace_strict(list(self.mapping), targets, default=None, return_dtype=pl.String)
        if self.default:
            mapped = mapped.zip_with(matched | missing, pl.Series([self.default]).new_from_index(0, frame.height))
            matched = ~missing
        if self.empty is not None:
            mapped = mapped.set(missing, self.empty or None)
            matched |= missing
        if not same and self.keep_unmatched:
            mapped, matched = mapped.zip_with(matched, to_text(column, self.source)), matched | True
        if not same:
            return frame.with_columns(mapped.alias(self.target.name))
        values, reasons = convert(mapped, Field(self.target.name, ValueType.STRING), self.target)
        if reasons:
            raise StepError(
                self.name, f"a target value is no {self.target.type}: {reasons[min(reasons)]}", "correct it"
            )
        return frame.with_columns(values.zip_with(matched, column))

    def derive(self) -> dict[str, Derivation]:
        """The target comes from the mapped field."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {self.target.name: Derivation(source, f"mapped by a list of {len(self.mapping)} values")}


class NumberRange(RowStep):
    """The names of the ranges that hold a number: lower bound inclusive, upper exclusive; the fallback for none and
    for null. A number in several ranges gets all their names, joined by commas.
    """

    types = ("NumberRange",)

    def setup(self) -> None:
        """Reads the rules."""
        self.rules = []
        for rule in self.options.rows("rules/rule"):
            low, high = (self._bound(rule, tag) for tag in ("lower_bound", "upper_bound"))
            self.rules.append((low, high, rule.text("value")))

    def _bound(self, rule: Options, tag: str) -> float | None:
        text = self.resolve(rule.text(tag)).strip()
        try:
            return float(text) if text else None
        except ValueError:
            raise StepError(self.name, f"{tag} is {text!r}, not a number", "correct the rule") from None

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the range."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("inputField"), "the input field")
        layout = base.plus(Field(self.options.text("outputField"), ValueType.STRING, _RANGE_LENGTH, origin=self.name))
        self.target = layout.fields[-1].name
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the range's name."""
        numbers = convert(frame[self.source.name], self.source, Field("number", ValueType.NUMBER))
        value = pl.lit(numbers.values)
        names = []
        for low, high, name in self.rules:
            inside = value.is_not_null()
            if low is not None:
                inside &= value >= low
            if high is not None:
                inside &= value < high
            names.append(pl.when(inside).then(pl.lit(name)))
        fallback = pl.lit(self.options.text("fallBackValue") or None, pl.String)
        found = pl.concat_str(names, separator=",", ignore_nulls=True) if names else pl.lit("")
        result = frame.with_columns(pl.when(found == "").then(fallback).otherwise(found).alias(self.target))
        if numbers.reasons:
            return result.filter(self.split(frame, numbers.reasons, self.source.name))
        return result

    def derive(self) -> dict[str, Derivation]:
        """The range comes from the number."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {self.target: Derivation(source, f"name of the range, of {len(self.rules)}")}
