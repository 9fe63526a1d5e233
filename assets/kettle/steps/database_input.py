"""Steps that read with SQL: Table input, Database join, Dynamic SQL row."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import polars as pl

from assets.kettle.database.sql import parameters
from assets.kettle.database.trace import origins, tables
from assets.kettle.database.values import parameters_of
from assets.kettle.engine.step import DataSet, Derivation, Ref
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.fields import Layout


class TableInput(DatabaseStep):
    """Rows of a query. Fields are as JDBC describes them, origin this step; counted as input.

    With "insert data from step" the values of all its rows fill the `?` of one query, or one query runs per row. Lazy
    conversion makes no difference to what comes out, and is ignored. Without a source step, incoming rows are ignored.
    """

    types = ("TableInput",)
    asks_only = True

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        text = self.options.text("sql")
        self.sql = self.resolve(text) if self.options.flag("variables_active") else text
        self.limit = max(0, self.integer("limit"))
        self.source = self.text("lookup")
        self.each = self.options.flag("execute_each_row")
        self.values: list[Any] = []
        if not self.sql.strip():
            raise StepError(self.name, "there is no SQL", "write the query")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The query's columns."""
        with self.failing():
            count = parameters(self.sql, self.database.dialect) if inputs else 0
            layout = self.database.layout(self.sql, [None] * count)
        return Layout(f.but(origin=self.name) for f in layout)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes parameters."""
        if not self.source:
            return
        values = parameters_of(frame, self.inputs[source], booleans=self.database.target.booleans)
        if self.each:
            for row in values:
                for batch in self._read(row):
                    self.emit(batch)
        else:
            self.values += [value for row in values for value in row]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of the one query."""
        if not (self.source and self.each):
            yield from self._read(self.values)

    def _read(self, values: Any) -> Iterator[pl.DataFrame]:
        left = self.limit
        with self.failing():
            for frame in self.database.query(self.sql, values):
                batch = frame.head(left) if self.limit else frame
                batch.columns = self.output.names
                left -= batch.height
                self.count(input=batch.height)
                yield from batch.iter_slices(self.run.settings.batch_rows)
                if self.limit and left <= 0:
                    return

    def _origins(self) -> list[tuple[str, Any]]:
        dialect = "" if self.run.databases.target(self.connection).standin else self.database.dialect
        found = origins(self.sql, dialect, self._columns)
        return list(zip(self.output.names, found, strict=False))

    def _columns(self, table: str) -> list[str]:
        if not self.database.exists("", table):
            return []
        return self.database.table_layout(self.database.table("", table)).names

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from the table columns that the query computes it of."""
        return {
            name: Derivation(
                tuple(Ref(column, dataset=f"{self.connection}:{table}") for table, column in sorted(o.sources)),
                "read" if o.plain else "computed by SQL",
            )
            for name, o in self._origins()
        }

    def reads(self) -> list[DataSet]:
        """The tables of the query, with the columns that can be told."""
        found: dict[str, dict[str, str]] = {name: {} for name in tables(self.sql, self.database.dialect)}
        for name, origin in self._origins() if hasattr(self, "output") else ():
            for table, column in origin.sources:
                found.setdefault(table, {}).setdefault(column, name)
        return [DataSet("table", self.connection, table, columns) for table, columns in sorted(found.items())]


class DatabaseJoin(DatabaseStep):
    """Each row with every row of a query whose `?` it fills; input counts these rows and, without a limit, one more."""

    types: ClassVar[tuple[str, ...]] = ("DBJoin",)
    asks_only = True

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        text = self.options.text("sql")
        self.sql = self.resolve(text) if self.options.flag("replace_vars", "replaceVariables") else text
        self.limit = max(0, self.integer("rowlimit"))
        self.outer = self.options.flag("outer_join")
        rows = self.options.rows("parameter/field") or self.options.rows("parameters/field")
        self.names = [row.text("name") for row in rows if row.text("name")]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the query's."""
        main = self.main(inputs)
        with self.failing():
            added = self.database.layout(self.sql, [None] * parameters(self.sql, self.database.dialect))
        return main.plus(*(f.but(origin=self.name) for f in added))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Joins a batch; equal parameters are asked once."""
        main = self.inputs[source]
        layout = Layout([self.field(main, name, "parameter") for name in self.names])
        values = parameters_of(frame, layout, booleans=self.database.target.booleans)
        values = values if self.names else [()] * frame.height
        known: dict[tuple[Any, ...], pl.DataFrame] = {}
        parts: list[pl.DataFrame] = []
        for number, key in enumerate(values):
            found = known.get(key)
            if found is None:
                found = known[key] = self._found(key)
            self.count(input=found.height + (0 if self.limit and found.height == self.limit else 1))
            if found.height:
                parts.append(found.with_columns(pl.lit(number, pl.UInt32).alias("\x00row")))
            elif self.outer:
                parts.append(found.clear(1).with_columns(pl.lit(number, pl.UInt32).alias("\x00row")))
        if parts:
            right = pl.concat(parts)
            left = frame[right["\x00row"]]
            joined = pl.concat([left, right.drop("\x00row")], how="horizontal")
            self.emit(joined)

    def _found(self, key: tuple[Any, ...]) -> pl.DataFrame:
        added = self.output.fields[len(self.main(self.inputs)) :]
        with self.failing():
            frames = list(self.database.query(self.sql, key))
        frame = pl.concat(frames) if frames else pl.DataFrame(schema={f.name: f.dtype for f in added})
        frame.columns = [f.name for f in added]
        return frame.head(self.limit) if self.limit else frame

    def derive(self) -> dict[str, Derivation]:
        """The added fields come from the query."""
        added = self.output.fields[len(self.main(self.inputs)) :]
        keys = tuple(Ref(name) for name in self.names)
        return {f.name: Derivation(keys, f"looked up by SQL on {self.connection}") for f in added}


class DynamicSqlRow(DatabaseJoin):
    """As Database join, with the SQL itself in a field; the template SQL gives the layout."""

    types = ("DynamicSQLRow", "DynamicSqlRow")

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        self.sql_field = self.text("sql_fieldname")
        self.names = []

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and those of the template."""
        self.field(self.main(inputs), self.sql_field, "the field with the SQL")
        return super().fields(inputs)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Runs each row's own SQL."""
        replace = self.options.flag("replace_vars")
        for number, text in enumerate(frame[self.field(self.inputs[source], self.sql_field).name].to_list()):
            if not text:
                raise StepError(self.name, f"row {number + 1} has no SQL in {self.sql_field!r}", "fill the field")
            self.sql = self.resolve(text) if replace else text
            super().rows(frame[number], source)
