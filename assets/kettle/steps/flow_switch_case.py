"""Switch / case: each row to the targets of its value."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Decision, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.values.convert import constant, convert
from assets.kettle.values.fields import Field, Layout, ValueType


class SwitchCase(Step):
    """The field is converted to the type of the cases and compared; a value with several targets goes to each.

    An empty case takes nulls; without one, nulls go to the default target like all values that no case names. With
    "contains" the first case whose text is part of the value counts.
    """

    types = ("SwitchCase",)
    copies_as_one = True

    def setup(self) -> None:
        """Reads the cases."""
        options = self.options
        self.kind = Field(
            options.text("fieldname"),
            ValueType.parse(options.text("case_value_type"), default=ValueType.NONE),
            mask=options.text("case_value_format") or None,
            decimal=options.text("case_value_decimal") or None,
            grouping=options.text("case_value_group") or None,
        )
        self.contains = options.flag("use_contains")
        self.default = options.text("default_target_step", "default_target_transform")
        self.cases = [(o.text("value"), o.text("target_step", "target_transform")) for o in options.rows("cases/case")]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Converts the cases; the layout stays."""
        layout = self.main(inputs)
        self.switch = self.field(layout, self.kind.name, "the field to switch on")
        self.by_value: dict[object, list[str]] = {}
        self.for_null: list[str] = []
        for text, target in self.cases:
            try:
                value = constant(self.resolve(text), self.kind)
            except ValueError as error:
                raise StepError(self.name, f"the case {text!r}: {error}", "correct the case or its mask") from error
            places = self.for_null if value is None or value == "" else self.by_value.setdefault(value, [])
            if target not in places:
                places.append(target)
        if self.default and not self.for_null:
            self.for_null = [self.default]
        return layout

    def decides(self) -> list[Decision]:
        """By the field that is switched on."""
        return [Decision("filter", (Ref(self.switch.name),))]

    def named_targets(self) -> list[str]:
        """All targets of cases and the default."""
        return [t for t in dict.fromkeys([*(target for _, target in self.cases), self.default]) if t in self.targets]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Sends the rows of each value to its targets."""
        values = self._values(frame)
        empty = values.is_null() | (values == "") if values.dtype == pl.String else values.is_null()
        empty = empty.fill_null(True)
        wanted: dict[str, pl.Series] = {target: empty for target in self.for_null}
        free = ~empty
        for value, targets in self.by_value.items():
            if self.contains:
                here = values.cast(pl.String).str.contains(str(value), literal=True).fill_null(False) & free
            else:
                here = (values == pl.Series([value], dtype=values.dtype)).fill_null(False) & free
            free = free & ~here
            for target in targets:
                wanted[target] = wanted[target] | here if target in wanted else here
        if self.default:
            wanted[self.default] = wanted[self.default] | free if self.default in wanted else free
        for target, mask in wanted.items():
            if target in self.targets:
                self.emit(frame.filter(mask), target)

    def _values(self, frame: pl.DataFrame) -> pl.Series:
        converted = convert(frame[self.switch.name], self.switch, self.kind)
        if converted.reasons:
            raise StepError(
                self.name,
                f"field {self.switch.name!r}: {next(iter(converted.reasons.values()))}",
                "give the cases the type of the field",
            )
        return converted.values
