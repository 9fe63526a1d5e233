"""Data validator: rows that break rules go to the error hop, with the rule's code and text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.steps.calc_texts import length
from assets.kettle.steps.field_nulls import is_null
from assets.kettle.text.java_regex import matches
from assets.kettle.values.compare import compare_series, key_columns
from assets.kettle.values.convert import convert, convert_value, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

NULL_NOT_ALLOWED, TOO_LONG, TOO_SHORT, WRONG_TYPE = "KVD001", "KVD002", "KVD003", "KVD004"
TOO_LOW, TOO_HIGH, NOT_IN_LIST, NOT_NUMERIC = "KVD005", "KVD006", "KVD007", "KVD008"
NOT_STARTING, NOT_ENDING, STARTING, ENDING = "KVD009", "KVD010", "KVD011", "KVD012"
NOT_MATCHING, MATCHING, NOT_NULL = "KVD013", "KVD014", "KVD015"

_TEXT_RULES: tuple[tuple[str, str, bool, Callable[[pl.Series, str], pl.Series], str], ...] = (
    # tag, code, whether a hit is wrong, test, words
    ("start_string", NOT_STARTING, False, lambda t, s: t.str.starts_with(s), "does not start with"),
    ("end_string", NOT_ENDING, False, lambda t, s: t.str.ends_with(s), "does not end with"),
    ("start_string_not_allowed", STARTING, True, lambda t, s: t.str.starts_with(s), "starts with"),
    ("end_string_not_allowed", ENDING, True, lambda t, s: t.str.ends_with(s), "ends with"),
    ("regular_expression", NOT_MATCHING, False, matches, "does not match"),
    ("regular_expression_not_allowed", MATCHING, True, matches, "matches"),
)


@dataclass(slots=True)
class Rule:
    """The checks on one field.

    Attributes:
        constant: describes the texts of limits and list.
        allowed: the list of allowed values in the checked field's type; None when there is no list.
        side: step that sends the allowed values, with the name of its field.
    """

    options: Options
    item: Field
    constant: Field
    code: str = ""
    description: str = ""
    low: Any = None
    high: Any = None
    shortest: int = -1
    longest: int = -1
    allowed: list[Any] | None = None
    side: str = ""
    side_field: str = ""
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows that break one check."""

    rows: pl.Series
    field: str
    code: str
    text: str


class Validator(Step):
    """Checks null, type, length, limits, allowed values, digits, starts, ends and regular expressions.

    Measured and read: only the first fault of a row counts unless all are to be validated; then each fault makes a
    rejected row of its own, or all are joined in one row whose error count is their number. Null equals '', and a null
    is checked for nothing but null and type. Fields are compared with constants read by the rule's own mask.
    """

    types = ("Validator",)
    joins = True

    def setup(self) -> None:
        """Reads how faults are reported."""
        self.validate_all = self.options.flag("validate_all")
        self.join_faults = self.options.flag("concat_errors")
        self.separator = self.options.text("concat_separator")
        self.sources = {
            o.text("sourcing_step", "sourcing_transform")
            for o in self.options.rows("validator_field")
            if o.flag("is_sourcing_values") and o.text("sourcing_step", "sourcing_transform")
        }

    def named_inputs(self) -> list[str]:
        """The steps that send allowed values."""
        return sorted(self.sources)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The main input's fields."""
        layout = self.main(inputs)
        self.rules = [self._rule(layout, o) for o in self.options.rows("validator_field")]
        for rule in self.rules:
            if rule.side and rule.side not in inputs:
                raise StepError(self.name, f"step {rule.side!r} sends no allowed values here", "draw the hop")
        return layout

    def _rule(self, layout: Layout, o: Options) -> Rule:
        item = self.field(layout, o.text("name"), "the field to validate")
        kind = ValueType.parse(o.text("data_type"), default=ValueType.NONE)
        constant = Field(
            item.name,
            kind,
            mask=self.resolve(o.text("conversion_mask")) or None,
            decimal=self.resolve(o.text("decimal_symbol")) or None,
            grouping=self.resolve(o.text("grouping_symbol")) or None,
        )
        rule = Rule(o, item, constant, self.resolve(o.text("error_code")), self.resolve(o.text("error_description")))
        rule.low, rule.high = (self._constant(rule, o.text(tag)) for tag in ("min_value", "max_value"))
        rule.shortest, rule.longest = (self._length(o, tag) for tag in ("min_length", "max_length"))
        rule.texts = {tag: self.resolve(o.text(tag)) for tag, *_ in _TEXT_RULES}
        if o.flag("is_sourcing_values"):
            rule.side, rule.side_field, rule.allowed = (
                o.text("sourcing_step", "sourcing_transform"),
                o.text("sourcing_field"),
                [],
            )
        elif values := o.texts("allowed_value/value"):
            rule.allowed = [self._constant(rule, text) for text in values if text]
        return rule

    def _length(self, o: Options, tag: str) -> int:
        text = self.resolve(o.text(tag)).strip()
        if not text.lstrip("-").isdigit():
            if text:
                raise StepError(self.name, f"{tag} is {text!r}, not a whole number", "correct the rule")
            return -1
        return int(text)

    def _constant(self, rule: Rule, text: str) -> Any:
        text = self.resolve(text)
        if not text:
            return None
        if rule.constant.type is ValueType.NONE:
            raise StepError(self.name, f"the rule on {rule.item.name!r} compares but has no data type", "choose it")
        try:
            value = convert_value(text, Field("text", ValueType.STRING), rule.constant)
            return convert_value(value, rule.constant, rule.item)
        except ValueError as error:
            raise StepError(self.name, f"the rule on {rule.item.name!r}: {error}", "correct value or mask") from error

    def start(self) -> None:
        """Opens the buffer for rows that come before the allowed values."""
        self.held = self.buffer()
        self.open_sides = {name for name in self.sources if name in self.inputs}

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps allowed values; checks rows, or holds them until the allowed values are known."""
        if source in self.sources:
            self._allow(frame, source)
        elif self.open_sides:
            self.held.append(frame)
        else:
            self._check(frame)

    def _allow(self, frame: pl.DataFrame, source: str) -> None:
        for rule in self.rules:
            if rule.side == source and rule.allowed is not None:
                item = self.field(self.inputs[source], rule.side_field, "the field with allowed values")
                rule.allowed += convert(frame[item.name], item, rule.item).values.drop_nulls().to_list()

    def ended(self, source: str) -> None:
        """Once all allowed values are known, checks what was held."""
        if source in self.open_sides:
            self.open_sides.discard(source)
            if not self.open_sides:
                self._check(self.held.collect())
                self.held.clear()

    def produce(self) -> Iterator[pl.DataFrame]:
        """Nothing is left."""
        return iter(())

    def _check(self, frame: pl.DataFrame) -> None:
        if not frame.height:
            return
        faults = [fault for rule in self.rules for fault in self._faults(rule, frame)]
        bad = pl.Series([False]).new_from_index(0, frame.height)
        for fault in faults:
            bad |= fault.rows
        self.emit(frame.filter(~bad))
        self._reject(frame, faults, bad)

    def _faults(self, rule: Rule, frame: pl.DataFrame) -> Iterator[Fault]:
        column, name = frame[rule.item.name], rule.item.name
        empty = is_null(column, rule.item)

        def fault(rows: pl.Series, code: str, words: str) -> Fault:
            hit = rows.fill_null(value=False)
            return Fault(hit, name, rule.code or code, rule.description or f"field {name!r} {words}")

        if not rule.options.flag("null_allowed"):
            yield fault(empty, NULL_NOT_ALLOWED, "is null")
        if rule.options.flag("only_null_allowed"):
            yield fault(~empty, NOT_NULL, "is not null")
        wanted = rule.constant.type
        if rule.options.flag("data_type_verified") and wanted not in (ValueType.NONE, rule.item.type):
            always = pl.Series([True]).new_from_index(0, frame.height)
            yield fault(always, WRONG_TYPE, f"is {rule.item.type} and not {wanted}")
        for rows, code, words in self._value_faults(rule, column):
            yield fault(rows & ~empty, code, words)

    def _value_faults(self, rule: Rule, column: pl.Series) -> Iterator[tuple[pl.Series, str, str]]:
        texts = to_text(column, rule.item)
        if rule.shortest >= 0:
            yield length(texts) < rule.shortest, TOO_SHORT, f"is shorter than {rule.shortest}"
        if rule.longest >= 0:
            yield length(texts) > rule.longest, TOO_LONG, f"is longer than {rule.longest}"
        for limit, sign, code, words in ((rule.low, -1, TOO_LOW, "below"), (rule.high, 1, TOO_HIGH, "above")):
            if limit is not None:
                order = compare_series(column, rule.item, pl.Series([limit], dtype=rule.item.dtype), rule.item)
                yield order == sign, code, f"is {words} {limit!r}"
        if rule.allowed is not None:
            pool = pl.DataFrame([pl.Series(rule.item.name, rule.allowed, dtype=rule.item.dtype)])
            (known,) = key_columns(pool, [rule.item])
            (keys,) = key_columns(pl.DataFrame([column]), [rule.item])
            yield ~keys.is_in(known.unique().to_list()), NOT_IN_LIST, "is not in the list of allowed values"
        if rule.options.flag("only_numeric_allowed") and not rule.item.is_numeric:
            yield ~texts.str.contains(r"\A[0-9]*\z"), NOT_NUMERIC, "holds other characters than digits"
        for tag, code, wrong, test, words in _TEXT_RULES:
            if rule.texts[tag]:
                yield test(texts, rule.texts[tag]) == wrong, code, f"{words} {rule.texts[tag]!r}"

    def _reject(self, frame: pl.DataFrame, faults: list[Fault], bad: pl.Series) -> None:
        """Sends the faults on in the order of the rows; equal neighbours go together."""
        waiting: list[int] = []
        last: tuple[str, str, str, int] | None = None
        for row in bad.arg_true().to_list():
            for said in self._said([fault for fault in faults if fault.rows[row]]):
                if said != last and last is not None:
                    self._send(frame[waiting], last)
                    waiting = []
                last = said
                waiting.append(row)
        if last is not None:
            self._send(frame[waiting], last)

    def _said(self, found: list[Fault]) -> list[tuple[str, str, str, int]]:
        if not self.validate_all:
            found = found[:1]
        if self.join_faults:
            texts, fields, codes = (
                self.separator.join(getattr(fault, part) for fault in found) for part in ("text", "field", "code")
            )
            return [(texts, fields, codes, len(found))]
        return [(fault.text, fault.field, fault.code, 1) for fault in found]

    def _send(self, rows: pl.DataFrame, said: tuple[str, str, str, int]) -> None:
        text, fields, codes, count = said
        self.reject(rows, text, fields, codes, count)
