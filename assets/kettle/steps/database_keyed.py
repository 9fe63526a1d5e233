"""Look-ups by key in a table for the steps that update: a batch at a time, the matching rows in memory."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from assets.kettle.database.connection import DatabaseError
from assets.kettle.database.values import parameters_of
from assets.kettle.database.write import insert_each
from assets.kettle.engine.step import DataSet
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import (
    NULL_SAFE,
    DatabaseStep,
    condition_values,
    fitted,
    key_rows,
    layout_as,
)
from assets.kettle.values.fields import Layout, ValueType

Key = tuple[Any, ...]
Present = dict[Key, list[list[Any]]]


def same(a: Any, b: Any, kind: ValueType) -> bool:
    """Whether two values of one type are equal to Kettle: '' is null, BigNumber by value."""
    if a == b or (a in (None, "") and b in (None, "")):
        return True
    if a is None or b is None:
        return False
    return kind is ValueType.BIGNUMBER and Decimal(a) == Decimal(b)


class KeyedStep(DatabaseStep):
    """Finds, inserts, updates and deletes rows of one table by key conditions.

    While a batch runs, the rows that its keys match are held in memory and changed there as the database will be, so
    that a later row of the batch sees what an earlier one did. Conditions other than equality ask row by row.
    """

    prefix = "lookup/"
    with_values = True
    error_code = ""

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input; the options are checked against it."""
        main = self.main(inputs)
        self.keys = self.conditions(main, self.options.rows(f"{self.prefix}key"))
        if not self.keys:
            raise StepError(self.name, "no key to look up by is named", "name the key fields")
        self.mapped = [
            (self.field(main, r.text("rename") or r.text("name")), r.text("name"), r.flag("update", default=True))
            for r in (self.options.rows(f"{self.prefix}value") if self.with_values else [])
        ]
        self.table = ""
        self.keyed = all(c.operator in ("=", NULL_SAFE) for c in self.keys)
        return main

    def open(self, table: str = "") -> None:
        """Learns the table's columns, on the first row: the table may be made at the start of the run."""
        name = table or self.target_table(self.prefix)
        if name == self.table:
            return
        self.table = name
        with self.failing():
            self.columns = self.database.table_layout(name)
        main = self.main(self.inputs)
        self.key_pairs = [(main[c.field], self.column(self.columns, c.column)) for c in self.keys if c.field]
        self.value_pairs = [(field, self.column(self.columns, column)) for field, column, _ in self.mapped]
        self.flagged = [i for i, (_, _, update) in enumerate(self.mapped) if update]
        self.key_of_values = [
            next((i for i, (_, c) in enumerate(self.value_pairs) if c.name == column.name), None)
            for _, column in self.key_pairs
        ]

    # -- finding

    def keys_of(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Key], dict[int, str]]:
        """The key columns in the table's types, the keys for the dictionary, reasons of rows that do not convert."""
        values, reasons = fitted(frame, self.key_pairs, "k")
        return values, self._dictionary_keys(values), reasons

    def _dictionary_keys(self, values: pl.DataFrame) -> list[Key]:
        return key_rows(values, [c for _, c in self.key_pairs], folds=self.database.folds)

    def matchable(self, key: Key) -> bool:
        """A null only meets a null where the condition says so."""
        return all(v is not None or c.operator == NULL_SAFE for v, c in zip(key, self.keys, strict=True))

    def present(self, values: pl.DataFrame, keys: Sequence[Key], extra: Sequence[str] = ()) -> Present:
        """The table's rows that the keys match: per key the mapped columns (and `extra`) of each row."""
        database = self.database
        picked = [database.quote(c.name) for _, c in self.value_pairs] + [database.quote(n) for n in extra]
        columns = [database.quote(c.name) for _, c in self.key_pairs]
        layout = layout_as([c for _, c in self.key_pairs], values.columns)
        found: Present = {}
        distinct = values.drop_nulls().unique(maintain_order=True)
        with self.failing():
            if distinct.height:
                for frame in database.matching(
                    self.table, picked + columns, columns, distinct, layout, self.ordering()
                ):
                    self._gather(frame, len(picked), found)
            for key in dict.fromkeys(k for k in keys if None in k and self.matchable(k)):
                where = " AND ".join(
                    f"{c} IS NULL" if v is None else f"{c} = ?" for c, v in zip(columns, key, strict=True)
                )
                sql = f"SELECT {', '.join(picked + columns)} FROM {self.table} WHERE {where}"
                for frame in database.query(sql, [v for v in key if v is not None]):
                    self._gather(frame, len(picked), found)
        return found

    def _gather(self, frame: pl.DataFrame, width: int, found: Present) -> None:
        keys = self._dictionary_keys(frame[:, width:])
        for key, row in zip(keys, frame[:, :width].rows() if width else [()] * frame.height, strict=True):
            found.setdefault(key, []).append(list(row))

    def one(self, row: dict[str, Any]) -> list[list[Any]]:
        """The mapped columns of the rows that one row's conditions match."""
        picked = ", ".join(self.database.quote(c.name) for _, c in self.value_pairs) or "1"
        order = f" ORDER BY {self.ordering()}" if self.ordering() else ""
        sql = f"SELECT {picked} FROM {self.table} WHERE {self.where(self.keys)}{order}"
        with self.failing():
            return [list(r) for r in self.database.rows(sql, condition_values(self.keys, row))]

    def ordering(self) -> str:
        """The order in which the rows of a key are looked at: the table's own."""
        return ""

    def bound(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        """The rows as values to bind, by field."""
        main = self.main(self.inputs)
        rows = parameters_of(frame, main, booleans=self.database.target.booleans)
        return [dict(zip(main.names, row, strict=True)) for row in rows]

    def differs(self, present: Sequence[Any], wanted: Sequence[Any]) -> bool:
        """Whether a column flagged for update has another value."""
        return any(not same(present[i], wanted[i], self.value_pairs[i][1].type) for i in self.flagged)

    # -- changing

    def insert_rows(self, values: pl.DataFrame, numbers: Sequence[int]) -> dict[int, str]:
        """Inserts these rows of the fitted values; reasons of those that the database refuses."""
        if not numbers:
            return {}
        layout = layout_as([c for _, c in self.value_pairs], [c.name for _, c in self.value_pairs])
        chosen = values[list(numbers)].rename(dict(zip(values.columns, layout.names, strict=True)))
        with self.failing():
            if self.node.error is None:
                self.database.insert(self.table, chosen, layout)
                return {}
            return {numbers[i]: reason for i, reason in insert_each(self.database, self.table, chosen, layout).items()}

    def update_rows(self, frame: pl.DataFrame, values: pl.DataFrame, numbers: Sequence[int]) -> dict[int, str]:
        """Updates the flagged columns of these rows' matches; reasons of rows that the database refuses."""
        if not numbers or not self.flagged:
            return {}
        if self.node.error is None or not self.database.savepoints:
            with self.failing():
                self._update(frame, values, list(numbers))
            return {}
        reasons = {}
        for number in numbers:
            try:
                with self.database.savepoint():
                    self._update(frame, values, [number])
            except DatabaseError as error:
                reasons[number] = error.what
        return reasons

    def _update(self, frame: pl.DataFrame, values: pl.DataFrame, numbers: list[int]) -> None:
        sets = [self.value_pairs[i][1] for i in self.flagged]
        chosen = values[numbers][:, self.flagged]
        if all(c.operator == "=" for c in self.keys):
            keys, _ = fitted(frame[numbers], self.key_pairs, "k")
            columns = [c for _, c in self.key_pairs]
            names = {n: f"key {c.name}" for n, c in zip(keys.columns, columns, strict=True)}
            chosen = chosen.rename(dict(zip(chosen.columns, [c.name for c in sets], strict=True)))
            self.database.update(
                self.table, pl.concat([chosen, keys.rename(names)], how="horizontal"), Layout(sets), Layout(columns)
            )
            return
        text = ", ".join(f"{self.database.quote(c.name)} = ?" for c in sets)
        rows = parameters_of(chosen, layout_as(sets, chosen.columns), booleans=self.database.target.booleans)
        where = [condition_values(self.keys, row) for row in self.bound(frame[numbers])]
        self.database.execute_many(
            f"UPDATE {self.table} SET {text} WHERE {self.where(self.keys)}",
            [[*row, *more] for row, more in zip(rows, where, strict=True)],
        )

    def delete_rows(self, frame: pl.DataFrame) -> None:
        """Deletes what the rows' conditions match."""
        with self.failing():
            if all(c.operator == "=" for c in self.keys):
                keys, _ = fitted(frame, self.key_pairs, "k")
                names = [c.name for _, c in self.key_pairs]
                self.database.delete(
                    self.table,
                    keys.rename(dict(zip(keys.columns, names, strict=True))),
                    Layout(c for _, c in self.key_pairs),
                )
                return
            rows = [condition_values(self.keys, row) for row in self.bound(frame)]
            self.database.execute_many(f"DELETE FROM {self.table} WHERE {self.where(self.keys)}", rows)

    def writes(self) -> list[DataSet]:
        """The table with the mapped columns."""
        return [self.dataset({column: field.name for field, column, _ in self.mapped})]


def inserted_key(step: KeyedStep, values: Sequence[Any]) -> Key | None:
    """The key that a row just inserted has; None when its key columns are not all inserted."""
    if any(i is None for i in step.key_of_values):
        return None
    frame = pl.DataFrame(
        [
            pl.Series(f"k{n}", [values[i]], dtype=c.dtype)
            for n, ((_, c), i) in enumerate(zip(step.key_pairs, step.key_of_values, strict=True))
            if i is not None
        ]
    )
    return key_rows(frame, [c for _, c in step.key_pairs], folds=step.database.folds)[0]
