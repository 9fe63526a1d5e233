"""Regex evaluation: whether a text matches as a whole, and its capture groups as fields."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.steps.generate import declared
from assets.kettle.text.java_regex import compile_java, matches, rust_pattern
from assets.kettle.values.convert import parse_text, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

_FLAGS = {"caseinsensitive": "i", "comment": "x", "dotall": "s", "multiline": "m"}


class RegexEval(RowStep):
    """Measured: a null or empty text never matches and leaves the group fields as they are; a text that does not match
    gives the fields' defaults. Groups are converted by their masks, null-if, default and trim type.
    """

    types = ("RegexEval",)

    def setup(self) -> None:
        """Reads and compiles the expression."""
        script = self.options.text("script")
        self.pattern = self.resolve(script) if self.options.flag("usevar") else script
        self.flags = "".join(flag for tag, flag in _FLAGS.items() if self.options.flag(tag))
        self.capture = self.options.flag("allowcapturegroups")
        try:
            self.groups = compile_java(self.pattern, self.flags).groups
        except ValueError as error:
            raise StepError(self.name, str(error), "correct the regular expression") from error

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, the result and the groups; replaced at their places where that is asked for."""
        layout = self.main(inputs)
        self.base = layout
        # a field that is missing matters only when a row comes, as in the original
        name = self.options.text("matcher")
        self.tested = layout.get(name) or Field(name)
        replace = self.options.flag("replacefields")
        result = self.text("resultfieldname")
        if not result and not self.capture:
            raise StepError(self.name, "there is neither a result field nor capture groups", "name the result field")
        self.result = ""
        if result:
            layout, self.result = self._put(layout, Field(result, ValueType.BOOLEAN, origin=self.name), replace)
        self.parts: list[tuple[str, Field, str, str]] = []
        for option in self.options.rows("fields/field") if self.capture else []:
            if option.text("name"):
                item = declared(option, self.name).but(trim=option.text("trimtype", default="none"))
                layout, name = self._put(layout, item, replace)
                self.parts.append((name, item, option.text("nullif"), option.text("ifnull")))
        return layout

    @staticmethod
    def _put(layout: Layout, item: Field, replace: bool) -> tuple[Layout, str]:
        if replace and item.name in layout:
            kept = layout[item.name].name
            return layout.put(item.but(name=kept)), kept
        grown = layout.plus(item)
        return grown, grown.fields[-1].name

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with result and groups."""
        self.field(self.base, self.tested.name, "the field to evaluate")
        texts = to_text(frame[self.tested.name], self.tested)
        texts = texts.set((texts == "").fill_null(value=False), None)
        found = matches(texts, self.pattern, self.flags).fill_null(value=False)
        columns: dict[str, pl.Series] = {self.result: found} if self.result else {}
        failed: dict[int, str] = {}
        if self.capture and len(self.parts) != self.groups:
            reason = f"the expression has {self.groups} groups, but {len(self.parts)} fields are given"
            failed = dict.fromkeys(texts.is_not_null().arg_true().to_list(), reason)
        groups = self._groups(texts) if self.parts and not failed else []
        for (name, item, null_if, default), group in zip(self.parts, groups, strict=False):
            old = to_text(frame[name], self.base[name]) if name in frame.columns else None
            text = group if old is None else group.zip_with(group.is_not_null(), old)
            parsed = parse_text(text, item, null_if=null_if, if_null=default)
            kept = frame[name] if old is not None and self.base[name].type is item.type else None
            values = parsed.values.zip_with(
                texts.is_not_null(), pl.Series([None] * frame.height, dtype=item.dtype) if kept is None else kept
            )
            columns[name] = values
            failed = {row: r for row, r in parsed.reasons.items() if texts[row] is not None} | failed
        for name, item, _, _ in self.parts[len(groups) :]:
            columns[name] = pl.Series([None] * frame.height, dtype=item.dtype)
        result = frame.with_columns([column.alias(name) for name, column in columns.items()])
        return result.filter(self.split(frame, failed, code="REGEX001")) if failed else result

    def _groups(self, texts: pl.Series) -> list[pl.Series]:
        """The captured texts by group, null where the text or the group does not match."""
        fast = rust_pattern(self.pattern) if not self.flags else None
        if fast is not None:
            return texts.str.extract_groups(rf"\A(?:{fast})\z").struct.unnest().get_columns()
        compiled = compile_java(self.pattern, self.flags)
        distinct = texts.drop_nulls().unique()
        hits = [compiled.fullmatch(text) for text in distinct]
        found = []
        for number in range(1, self.groups + 1):
            captured = pl.Series([hit[number] if hit else None for hit in hits], dtype=pl.String)
            found.append(texts.replace_strict(distinct, captured, default=None, return_dtype=pl.String))
        return found

    def derive(self) -> dict[str, Derivation]:
        """Everything comes from the tested field."""
        source = (Ref(self.tested.name, next(iter(self.inputs), "")),)
        found = {
            name: Derivation(source, f"group {number} of {self.pattern!r}")
            for number, (name, *_) in enumerate(self.parts, 1)
        }
        return ({self.result: Derivation(source, f"matches {self.pattern!r}")} if self.result else {}) | found
