"""Steps that change rows by key: Insert / Update, Update, Delete, Synchronize after merge."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import fitted
from assets.kettle.steps.database_keyed import KeyedStep, Present, inserted_key
from assets.kettle.values.fields import Field, Layout, ValueType


class InsertUpdate(KeyedStep):
    """Inserts a row whose key is not there, else updates the flagged columns when one differs.

    Measured: a null key never matches with `=` and so inserts each time (`= ~NULL` finds null); each row counts as
    input, inserts as output, changes as updated; the first row found decides whether to update all that match.
    """

    types = ("InsertUpdate",)
    error_code = "ISU001"

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes a batch; its good rows go on."""
        self.open()
        values, reasons = fitted(frame, self.value_pairs, "v")
        if self.keyed:
            self._together(frame, values, reasons)
        else:
            self._one_by_one(frame, values, reasons)
        self.count(input=frame.height)
        self.emit(frame.filter(self.split(frame, reasons, code=self.error_code)))

    def _together(self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]) -> None:
        key_values, keys, bad = self.keys_of(frame)
        reasons.update({n: r for n, r in bad.items() if n not in reasons})
        found = self.present(key_values, keys)
        inserts: list[int] = []
        updates: list[int] = []
        bypass = self.options.flag("update_bypassed")
        for number, (key, row) in enumerate(zip(keys, values.rows(), strict=True)):
            if number in reasons:
                continue
            matches = found.get(key) if self.matchable(key) else None
            if not matches:
                inserts.append(number)
                new = inserted_key(self, row)
                if new is not None:
                    found.setdefault(new, []).append(list(row))
            elif not bypass and self.differs(matches[0], row):
                updates.append(number)
                _apply(matches, row, self.flagged)
        self._count_done(self.insert_rows(values, inserts), inserts, reasons, "output")
        self._count_done(self.update_rows(frame, values, updates), updates, reasons, "updated")

    def _one_by_one(self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]) -> None:
        for number, (bound, row) in enumerate(zip(self.bound(frame), values.rows(), strict=True)):
            if number in reasons:
                continue
            matches = self.one(bound)
            if not matches:
                self._count_done(self.insert_rows(values, [number]), [number], reasons, "output")
            elif not self.options.flag("update_bypassed") and self.differs(matches[0], row):
                self._count_done(self.update_rows(frame, values, [number]), [number], reasons, "updated")

    def _count_done(self, failed: dict[int, str], numbers: list[int], reasons: dict[int, str], counter: str) -> None:
        reasons.update(failed)
        self.count(**{counter: len(numbers) - len(failed)})


def _apply(matches: list[list[Any]], row: tuple[Any, ...], flagged: list[int]) -> None:
    for match in matches:
        for i in flagged:
            match[i] = row[i]


class Update(KeyedStep):
    """Updates the row of a key when a value differs. A missing key is an error (UPD001), or is ignored and flagged."""

    types = ("Update",)
    error_code = "UPD001"

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input, plus the flag that says whether the key was found."""
        main = super().fields(inputs)
        self.ignoring = self.options.flag("error_ignored")
        self.flag = self.text("ignore_flag_field") if self.ignoring else ""
        self.mapped = [(field, column, True) for field, column, _ in self.mapped]
        return main.plus(Field(self.flag, ValueType.BOOLEAN, origin=self.name)) if self.flag else main

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Updates a batch."""
        self.open()
        values, reasons = fitted(frame, self.value_pairs, "v")
        if self.options.flag("skip_lookup"):
            done = [n for n in range(frame.height) if n not in reasons]
            found = [True] * frame.height
        else:
            done, found = self._changed(frame, values, reasons)
            self.count(input=frame.height)
        failed = self.update_rows(frame, values, done)
        reasons.update(failed)
        self.count(updated=len(done) - len(failed))
        keep = self.split(frame, reasons, code=self.error_code)
        if self.flag:
            frame = frame.with_columns(pl.Series(self.output.names[-1], found, dtype=pl.Boolean))
        self.emit(frame.filter(keep))

    def _changed(
        self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]
    ) -> tuple[list[int], list[bool]]:
        """The rows to update, and for every row whether its key is there."""
        present: Present = {}
        keys: list[Any] = []
        bound: list[dict[str, Any]] = []
        if self.keyed:
            key_values, keys, bad = self.keys_of(frame)
            reasons.update({n: r for n, r in bad.items() if n not in reasons})
            present = self.present(key_values, keys)
        else:
            bound = self.bound(frame)
        changed, found = [], []
        for number, row in enumerate(values.rows() if values.width else [()] * frame.height):
            if self.keyed:
                matches = present.get(keys[number], []) if self.matchable(keys[number]) else []
            else:
                matches = self.one(bound[number])
            found.append(bool(matches))
            if not matches and not self.ignoring:
                reasons.setdefault(number, "the key to update was not found")
            elif matches and number not in reasons and self.differs(matches[0], row):
                changed.append(number)
                _apply(matches, row, self.flagged)
        return changed, found

    def derive(self) -> dict[str, Derivation]:
        """The flag."""
        return {self.output.names[-1]: Derivation((), "whether the key was found")} if self.flag else {}


class Delete(KeyedStep):
    """Deletes by key; each row counts as updated, whether or not there was something to delete."""

    types = ("Delete",)
    with_values = False
    error_code = "DEL001"

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Deletes a batch."""
        self.open()
        _, reasons = fitted(frame, self.key_pairs, "k")
        good = frame.filter(self.split(frame, reasons, code=self.error_code))
        if good.height:
            self.delete_rows(good)
            self.count(updated=good.height)
            self.emit(good)

    def writes(self) -> list[DataSet]:
        """The table; rows are removed from it by these columns."""
        return [self.dataset({c.column: c.field for c in self.keys})]


class SynchronizeAfterMerge(KeyedStep):
    """Inserts, updates or deletes each row as its operation field says (the flag of "Merge rows").

    A row whose operation is none of the three is passed on untouched. With "perform look-up" an update or delete of a
    missing key is an error, and an update of equal values is skipped.
    """

    types = ("SynchronizeAfterMerge",)
    error_code = "SUYNC001"

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input."""
        main = super().fields(inputs)
        self.operation = self.field(main, self.text("operation_order_field"), "the operation field").name
        names = {"insert": "order_insert", "update": "order_update", "delete": "order_delete"}
        self.words = {self.text(tag): what for what, tag in names.items() if self.text(tag)}
        self.by_field = self.options.flag("tablename_in_field")
        self.looking = self.options.flag("perform_lookup")
        return main

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Runs of equal operations (and tables) are done together, in order."""
        kinds = frame[self.operation].replace_strict(self.words, default=None, return_dtype=pl.String)
        marks = [kinds.alias("o")]
        if self.by_field:
            marks.append(frame[self.field(self.main(self.inputs), self.text("tablename_field")).name].alias("t"))
        runs = pl.DataFrame(marks).select(pl.struct(pl.all()).rle_id()).to_series()
        for part, kind in zip(
            frame.with_columns(runs.alias("\x00run")).partition_by("\x00run", maintain_order=True),
            kinds.filter(runs != runs.shift(1).fill_null(2**31)).to_list(),
            strict=True,
        ):
            self._run(part.drop("\x00run"), kind)

    def _run(self, frame: pl.DataFrame, kind: str | None) -> None:
        if kind is None:
            self.emit(frame)
            return
        table = ""
        if self.by_field:
            name = frame[self.field(self.main(self.inputs), self.text("tablename_field")).name][0]
            if not name:
                raise StepError(self.name, "a row names no table", "fill the field in every row")
            table = self.database.table(self.text("lookup/schema"), name)
        self.open(table)
        values, reasons = fitted(frame, self.value_pairs, "v")
        {"insert": self.do_insert, "update": self.do_update, "delete": self.do_delete}[kind](frame, values, reasons)
        self.emit(frame.filter(self.split(frame, reasons, code=self.error_code)))

    def do_insert(self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]) -> None:
        """Inserts a run of rows."""
        numbers = [n for n in range(frame.height) if n not in reasons]
        reasons.update(self.insert_rows(values, numbers))
        self.count(output=frame.height - len(reasons))

    def do_update(self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]) -> None:
        """Updates a run of rows."""
        numbers = [n for n in range(frame.height) if n not in reasons]
        if self.looking:
            numbers = self._existing(frame, values, reasons, compare=True)
        failed = self.update_rows(frame, values, numbers)
        reasons.update(failed)
        self.count(updated=len(numbers) - len(failed))

    def do_delete(self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str]) -> None:
        """Deletes a run of rows."""
        numbers = [n for n in range(frame.height) if n not in reasons]
        if self.looking:
            numbers = self._existing(frame, values, reasons, compare=False)
        if numbers:
            self.delete_rows(frame[numbers])
        self.count(updated=len(numbers))

    def _existing(
        self, frame: pl.DataFrame, values: pl.DataFrame, reasons: dict[int, str], *, compare: bool
    ) -> list[int]:
        """The rows whose key is there (and, to update, whose values differ)."""
        self.count(input=frame.height)
        key_values, keys, _ = self.keys_of(frame)
        present = self.present(key_values, keys) if self.keyed else {}
        bound = [] if self.keyed else self.bound(frame)
        out = []
        for number, row in enumerate(values.rows()):
            matches = present.get(keys[number], []) if self.keyed else self.one(bound[number])
            if not matches:
                reasons.setdefault(number, "the key was not found")
            elif number not in reasons and (not compare or self.differs(matches[0], row)):
                out.append(number)
        return out
