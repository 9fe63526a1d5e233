"""Database lookup: fields from the row of a table that a key finds."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.database.types import with_mask
from assets.kettle.engine.step import DataSet, Derivation
from assets.kettle.errors import StepError
from assets.kettle.steps.database_keyed import Key, KeyedStep, Present
from assets.kettle.values.convert import constant, convert
from assets.kettle.values.fields import Field, Layout, ValueType

_TOO_MANY = "Only 1 row was expected as a result of a lookup, and at least 2 were found!"


class DatabaseLookup(KeyedStep):
    """Adds columns of the first row found (by the given order), else defaults.

    A returned field has the table's type where that differs from the chosen one (9.3), else the chosen type without
    sizes. Nothing found: the row is dropped when "do not pass the row" is on, else goes to the error hop if there is
    one (DBL001), else gets the defaults. Counted as input: each row found in the database, not those from the cache.
    A null key finds nothing.
    """

    types = ("DBLookup",)
    asks_only = True
    with_values = False

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        flag = self.options.flag
        self.cached = flag("cache")
        self.all = self.cached and flag("cache_load_all")
        self.eating = flag("lookup/eat_row_on_failure")
        self.failing_on_many = flag("lookup/fail_on_multiple")
        self.order = self.text("lookup/orderby")
        self.cache: Present = {}
        self.row_cache: dict[Key, list[list[Any]]] = {}

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input and the returned fields."""
        super().fields(inputs)
        main = self.main(inputs)
        self.target_table(self.prefix)
        self.loaded = False
        with self.failing():
            table = self.database.table_layout(self.database.table(self.schema, self.table_name))
        self.returned: list[tuple[Field, Field, Any]] = []
        compatible = (
            self.run.variables.get("KETTLE_COMPATIBILITY_DB_LOOKUP_USE_FIELDS_RETURN_TYPE_CHOSEN_IN_UI") or "N"
        ).upper()
        for row in self.options.rows("lookup/value"):
            column = self.column(table, row.text("name"))
            name = row.text("rename") or row.text("name")
            chosen = with_mask(Field(name, ValueType.parse(row.text("type"), column.type), origin=self.name))
            if row.text("type") in ("", "-", "None", "0"):
                chosen = column.but(name=name, origin=self.name)
            out = chosen if compatible == "Y" or chosen.type is column.type else column.but(name=name, origin=None)
            self.returned.append((column, out, self._default(row.text("default"), out)))
        return main.plus(*(out for _, out, _ in self.returned))

    def _default(self, text: str, field: Field) -> Any:
        if not text:
            return None
        try:
            return constant(self.resolve(text), field.but(mask=None))
        except ValueError as error:
            raise StepError(self.name, f"the default of {field.name!r}: {error}", "correct the default") from None

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Looks a batch up."""
        first = not self.table
        self.open()
        if first:
            self.value_pairs = [(out, column) for column, out, _ in self.returned]
        reasons: dict[int, str] = {}
        answers = self._together(frame, reasons) if self.keyed else self._one_by_one(frame, reasons)
        self._answer(frame, answers, reasons)

    def _together(self, frame: pl.DataFrame, reasons: dict[int, str]) -> list[list[list[Any]]]:
        values, keys, bad = self.keys_of(frame)
        reasons.update(bad)
        if self.all and not self.loaded:
            self._load()
        known = self.cache if self.cached else {}
        if not self.all:
            asked = [k not in known for k in keys]
            found = self.present(values.filter(pl.Series(asked, dtype=pl.Boolean)), [k for k in keys if k not in known])
        else:
            asked, found = [False] * len(keys), {}
        answers = []
        for key, new in zip(keys, asked, strict=True):
            matches = found.get(key, []) if new else known.get(key, [])
            matches = matches if self.matchable(key) else []
            if new and matches and not (self.cached and key in known):
                self.count(input=1)
            if self.cached and new and matches:
                known[key] = matches
            answers.append(matches)
        return answers

    def _load(self) -> None:
        """The whole table into the cache."""
        self.loaded = True
        database = self.database
        names = [database.quote(c.name) for _, c in [*self.value_pairs, *self.key_pairs]]
        order = f" ORDER BY {self.order}" if self.order else ""
        with self.failing():
            for frame in database.query(f"SELECT {', '.join(names)} FROM {self.table}{order}"):
                self._gather(frame, len(self.value_pairs), self.cache)

    def _one_by_one(self, frame: pl.DataFrame, reasons: dict[int, str]) -> list[list[list[Any]]]:
        answers = []
        for bound in self.bound(frame):
            key = tuple(bound[c.field] for c in self.keys if c.field) + tuple(
                bound[c.field2] for c in self.keys if c.field2
            )
            matches = self.row_cache.get(key) if self.cached else None
            if matches is None:
                matches = self.one(bound)
                self.count(input=1 if matches else 0)
                if self.cached and matches:
                    self.row_cache[key] = matches
            answers.append(matches)
        return answers

    def ordering(self) -> str:
        """The order in which a key's rows are looked at."""
        return self.order

    def _answer(self, frame: pl.DataFrame, answers: list[list[list[Any]]], reasons: dict[int, str]) -> None:
        """Sends rows with what was found."""
        missing = [n for n, a in enumerate(answers) if not a and n not in reasons]
        if self.failing_on_many:
            reasons.update({n: _TOO_MANY for n, a in enumerate(answers) if len(a) > 1})
        keep = pl.Series([True]).new_from_index(0, frame.height)
        if self.eating and missing:
            keep = keep.scatter(missing, False)
        elif self.node.error is not None and missing:
            self.reject(frame[missing], "No lookup found", code="DBL001")
            keep = keep.scatter(missing, False)
        keep &= self.split(frame, reasons, code="DBLOOKUPD001")
        columns = []
        for i, (column, out, default) in enumerate(self.returned):
            found = pl.Series(column.name, [a[0][i] if a else None for a in answers], dtype=column.dtype)
            values = convert(found, column, out).values if column.type is not out.type else found
            absent = pl.Series([not a for a in answers], dtype=pl.Boolean)
            if default is not None:
                values = pl.select(pl.when(absent).then(pl.lit(default, out.dtype)).otherwise(values)).to_series()
            columns.append(values.alias(self.output.names[len(self.main(self.inputs)) + i]))
        self.emit(frame.with_columns(columns).filter(keep))

    def derive(self) -> dict[str, Derivation]:
        """The returned fields."""
        names = self.output.names[len(self.main(self.inputs)) :]
        columns = [column.name for column, _, _ in self.returned]
        return self.looked_up(dict(zip(names, columns, strict=True)), [c.field for c in self.keys])

    def reads(self) -> list[DataSet]:
        """The table."""
        names = self.output.names[len(self.main(self.inputs)) :]
        return [self.dataset(dict(zip((c.name for c, _, _ in self.returned), names, strict=True)))]

    def writes(self) -> list[DataSet]:
        """Nothing."""
        return []
