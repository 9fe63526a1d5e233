"""Condition trees of Filter rows and Join rows.

As measured on PDI 9.3: conditions of one level combine strictly from left to right, AND has no precedence over OR;
`negated` applies to the finished (sub-)condition; null = null and null = '' are true; `<` and `<=` against null are
false while `>` and `>=` see null as the smallest value; a missing left field makes the condition false, even negated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.text.java_regex import matches
from assets.kettle.values.compare import compare_expr
from assets.kettle.values.convert import constant, convert, convert_value, text_of, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

COMBINE: dict[str, Callable[[pl.Series, pl.Series], pl.Series]] = {
    "OR": lambda a, b: a | b,
    "AND": lambda a, b: a & b,
    "OR NOT": lambda a, b: a | ~b,
    "AND NOT": lambda a, b: a & ~b,
    "XOR": lambda a, b: a ^ b,
}
ORDERED = {"=", "<>", "<", "<=", ">", ">="}
# per comparison: the outcome for compare < 0, = 0, > 0
OUTCOME = {
    "=": (False, True, False),
    "<>": (True, False, True),
    "<": (True, False, False),
    "<=": (True, True, False),
    ">": (False, False, True),
    ">=": (False, True, True),
}
NATIVE = (ValueType.NUMBER, ValueType.INTEGER, ValueType.DATE, ValueType.TIMESTAMP, ValueType.STRING)
TEXTUAL: dict[str, Callable[[pl.Series, str], pl.Series]] = {
    "CONTAINS": lambda texts, word: texts.str.contains(word, literal=True),
    "STARTS WITH": lambda texts, word: texts.str.starts_with(word),
    "ENDS WITH": lambda texts, word: texts.str.ends_with(word) & (texts != ""),
}


def split_list(text: str) -> list[str]:
    """The items of an IN LIST constant: separated by `;`, a backslash keeps the next separator."""
    items, current, position = [], "", 0
    while position < len(text):
        if text[position] == "\\" and text[position + 1 : position + 2] == ";":
            current += ";"
            position += 2
            continue
        if text[position] == ";":
            items.append(current)
            current = ""
        else:
            current += text[position]
        position += 1
    return [item.replace("\\", "") for item in [*items, current]]


@dataclass(slots=True)
class Atom:
    """One comparison of a field with a constant or another field."""

    left: Field | None
    function: str
    right: Field | None
    value: Any
    value_field: Field
    negated: bool
    step: Step

    def evaluate(self, frame: pl.DataFrame) -> pl.Series:
        """A Boolean per row, never null."""
        if self.function == "TRUE":
            return pl.repeat(not self.negated, frame.height, eager=True)
        if self.left is None:
            return pl.repeat(False, frame.height, eager=True)
        found = self._found(frame, frame[self.left.name]).fill_null(False)
        return ~found if self.negated else found

    def _found(self, frame: pl.DataFrame, column: pl.Series) -> pl.Series:
        assert self.left is not None
        if self.function in ("IS NULL", "IS NOT NULL"):
            empty = column.is_null()
            if self.left.type is ValueType.STRING:
                empty = empty | (column == "").fill_null(False)
            return empty if self.function == "IS NULL" else ~empty
        if self.function in ORDERED:
            return self._compared(frame, column)
        return self._text_test(frame, to_text(column, self.left))

    def _compared(self, frame: pl.DataFrame, column: pl.Series) -> pl.Series:
        assert self.left is not None
        if self.right is None and self.value is not None and self.left.type in NATIVE:
            return self._against_constant(column)
        other = self._other(frame)
        compare = frame.select(c=compare_expr(pl.lit(column), self.left, pl.lit(other), self.left))["c"]
        below, equal, above = OUTCOME[self.function]
        found = (compare < 0) & below | (compare == 0) & equal | (compare > 0) & above
        return found & column.is_not_null() & other.is_not_null() if self.function in ("<", "<=") else found

    def _other(self, frame: pl.DataFrame) -> pl.Series:
        """The right side in the left field's type."""
        assert self.left is not None
        if self.right is None:
            value = None if self.value is None else self._converted_constant()
            return pl.Series([value], dtype=self.left.dtype).new_from_index(0, frame.height)
        converted = convert(frame[self.right.name], self.right, self.left.but(mask=self.right.mask or self.left.mask))
        if converted.reasons:
            raise StepError(self.step.name, f"field {self.right.name!r}: {next(iter(converted.reasons.values()))}")
        return converted.values

    def _converted_constant(self) -> Any:
        assert self.left is not None
        try:
            return convert_value(self.value, self.value_field, self.left)
        except ValueError as error:
            raise StepError(
                self.step.name, f"the value compared with {self.left.name!r} does not fit: {error}", "correct it"
            ) from error

    def _against_constant(self, column: pl.Series) -> pl.Series:
        """The comparison in polars' own terms; null fields are the smallest value."""
        value = self._converted_constant()
        if value is None or value == "":
            _, equal, above = OUTCOME[self.function]
            empty = column.is_null() | (column == "") if value == "" else column.is_null()
            empty = empty.fill_null(True)
            if self.function in ("<", "<="):
                return pl.repeat(False, column.len(), eager=True)
            return empty & equal | ~empty & above
        found = {
            "=": column.__eq__, "<>": column.__ne__, "<": column.__lt__,
            "<=": column.__le__, ">": column.__gt__, ">=": column.__ge__,
        }[self.function](value)  # fmt: skip
        result: pl.Series = found
        return result.fill_null(self.function == "<>")

    def _text_test(self, frame: pl.DataFrame, texts: pl.Series) -> pl.Series:
        if self.right is None:
            text = None if self.value is None else text_of(self.value, self.value_field)
            return self._one_word(texts, text)
        words = to_text(frame[self.right.name], self.right)
        outcome = pl.Series([None], dtype=pl.Boolean).new_from_index(0, frame.height)
        for word in words.drop_nulls().unique():
            here = (words == word).fill_null(False)
            outcome = outcome.zip_with(~here, self._one_word(texts, word))
        return outcome

    def _one_word(self, texts: pl.Series, word: str | None) -> pl.Series:
        if word is None:
            if self.function in ("CONTAINS", "STARTS WITH"):
                raise StepError(self.step.name, f"{self.function} has nothing to compare with", "give it a value")
            return pl.repeat(False, texts.len(), eager=True)
        if self.function == "IN LIST":
            return texts.is_in(split_list(word))
        if self.function in TEXTUAL:
            return TEXTUAL[self.function](texts, word)
        pattern = word.replace("%", ".*").replace("?", ".") if self.function == "LIKE" else word
        try:
            return matches(texts, pattern)
        except ValueError as error:
            raise StepError(self.step.name, str(error), "correct the pattern") from error


@dataclass(slots=True)
class Composite:
    """Several conditions of one level, each with the operator that joins it to those before."""

    parts: "list[tuple[str, Atom | Composite]]"
    negated: bool

    def evaluate(self, frame: pl.DataFrame) -> pl.Series:
        """A Boolean per row, never null."""
        found = self.parts[0][1].evaluate(frame)
        for operator, part in self.parts[1:]:
            if operator in COMBINE:
                found = COMBINE[operator](found, part.evaluate(frame))
        return ~found if self.negated else found


FUNCTIONS = ORDERED | {"REGEXP", "IS NULL", "IS NOT NULL", "IN LIST", "LIKE", "TRUE"} | set(TEXTUAL)


def read_condition(options: Options, layout: Layout, step: Step) -> Atom | Composite:
    """The tree under a <condition> element, bound to the fields of `layout`.

    Raises:
        StepError: an unknown function.
    """
    negated = options.flag("negated")
    inner = options.rows("conditions/condition")
    if inner:
        return Composite(
            [(part.text("operator").strip().upper(), read_condition(part, layout, step)) for part in inner], negated
        )
    function = options.text("function", default="=").strip().upper()
    if function not in FUNCTIONS:
        raise StepError(step.name, f"the condition has the unknown function {function!r}", "choose a known one")
    right = layout.get(options.text("rightvalue"))
    value, value_field = _constant(options.rows("value"))
    if value is not None:
        right = None
    return Atom(layout.get(options.text("leftvalue")), function, right, value, value_field, negated, step)


def _constant(values: list[Options]) -> tuple[Any, Field]:
    """The constant of a <value> element, read as Kettle reads it from the file.

    Numbers have a decimal point and no grouping, dates the full form yyyy/MM/dd HH:mm:ss.SSS, whatever the mask says;
    what cannot be read so is null (measured: a date constant without its time compares as null).
    """
    if not values:
        return None, Field("constant")
    option = values[0]
    kind = ValueType.parse(option.text("type"))
    item = Field(option.text("name"), kind, mask=option.text("mask") or None)
    text = option.text("text")
    if option.flag("isnull") or not text:
        return None, item
    if kind is ValueType.STRING:
        return text, item
    try:
        return constant(text.strip(), Field(item.name, kind, decimal=".", grouping="")), item
    except ValueError:
        return None, item


def fields_of(condition: Atom | Composite) -> set[str]:
    """The fields that a condition looks at."""
    if isinstance(condition, Composite):
        return set().union(*(fields_of(part) for _, part in condition.parts))
    return {f.name for f in (condition.left, condition.right) if f is not None}
