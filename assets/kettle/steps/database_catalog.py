"""Steps that ask what is in a database: Table exists, Column exists, Get table names."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, RowStep
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.fields import Field, Layout, ValueType


class TableExists(DatabaseStep, RowStep):
    """A flag: whether the table that a field names is there."""

    types = ("TableExists",)
    asks_only = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input and the flag."""
        main = self.main(inputs)
        self.table_field = self.field(main, self.text("tablenamefield"), "the field with the table").name
        name = self.text("resultfieldname") or "result"
        return main.plus(Field(name, ValueType.BOOLEAN, origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Asks once per different name."""
        schema = self.text("schemaname")
        with self.failing():
            known = {t: bool(t) and self.database.exists(schema, t) for t in frame[self.table_field].unique().to_list()}
        flags = [known[t] for t in frame[self.table_field].to_list()]
        return frame.with_columns(pl.Series(self.output.names[-1], flags, dtype=pl.Boolean))

    def derive(self) -> dict[str, Derivation]:
        """The flag."""
        return {self.output.names[-1]: Derivation((), "whether the table exists")}


class ColumnExists(DatabaseStep, RowStep):
    """A flag: whether the column that a field names is in a table (named once, or by a field)."""

    types = ("ColumnExists",)
    asks_only = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input and the flag."""
        main = self.main(inputs)
        self.column_field = self.field(main, self.text("columnnamefield"), "the field with the column").name
        in_field = self.options.flag("istablenameInfield", "istablenameinfield")
        self.table_field = self.field(main, self.text("tablenamefield")).name if in_field else ""
        name = self.text("resultfieldname") or "result"
        return main.plus(Field(name, ValueType.BOOLEAN, origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Asks once per different table."""
        tables = frame[self.table_field].to_list() if self.table_field else [self.text("tablename")] * frame.height
        known = {table: self._columns(table) for table in dict.fromkeys(tables)}
        names = frame[self.column_field].to_list()
        flags = [n is not None and n in known[t] for t, n in zip(tables, names, strict=True)]
        return frame.with_columns(pl.Series(self.output.names[-1], flags, dtype=pl.Boolean))

    def _columns(self, table: str | None) -> Layout:
        if not table:
            raise StepError(self.name, "no table is named", "name the table, or fill the field")
        schema = self.text("schemaname")
        with self.failing():
            if not self.database.exists(schema, table):
                return Layout()
            return self.database.table_layout(self.database.table(schema, table))

    def derive(self) -> dict[str, Derivation]:
        """The flag."""
        return {self.output.names[-1]: Derivation((), "whether the column exists")}


class GetTableNames(DatabaseStep):
    """A row per table and view of a schema: name, kind, whether it belongs to the system, and how to make it."""

    types = ("GetTableNames",)
    asks_only = True

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        flag = self.options.flag
        self.dynamic = flag("dynamicSchema")
        self.kinds = [k for k, tag in (("TABLE", "includeTable"), ("VIEW", "includeView")) if flag(tag, default=True)]
        self.with_schema = flag("addSchemaInOutput")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Text fields of length 500, the flag a Boolean; after the input's when a field names the schema."""
        main = self.main(inputs) if self.dynamic else Layout()
        added = []
        for tag in ("tablenamefieldname", "objecttypefieldname", "issystemobjectfieldname", "sqlcreationfieldname"):
            name = self.text(tag)
            if name:
                is_flag = tag == "issystemobjectfieldname"
                kind = ValueType.BOOLEAN if is_flag else ValueType.STRING
                added.append(Field(name, kind, -1 if is_flag else 500, origin=self.name))
        return main.plus(*added)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """One list per row's schema."""
        if not self.dynamic:
            return
        name = self.field(self.inputs[source], self.text("schemaNameField"), "the field with the schema").name
        for number, schema in enumerate(frame[name].to_list()):
            found = self._found(schema or "")
            if found.height:
                self.emit(pl.concat([frame[[number] * found.height], found], how="horizontal"))

    def produce(self) -> Iterator[pl.DataFrame]:
        """One list."""
        if not self.dynamic:
            yield self._found(self.text("schemaname"))

    def _found(self, schema: str) -> pl.DataFrame:
        with self.failing():
            listed = [row for row in self.database.catalog(schema) if row[2] in self.kinds]
        names = [f"{s}.{n}" if self.with_schema and s else n for s, n, _ in listed]
        self.count(input=len(listed))
        columns: dict[str, list[Any]] = {
            "tablenamefieldname": names,
            "objecttypefieldname": [k.title() for _, _, k in listed],
            "issystemobjectfieldname": [False] * len(listed),
            "sqlcreationfieldname": [self._creation(s, n) for s, n, _ in listed]
            if self.text("sqlcreationfieldname")
            else [],
        }
        wanted = [values for tag, values in columns.items() if self.text(tag)]
        fields = self.output.fields[-len(wanted) :] if wanted else []
        return pl.DataFrame([pl.Series(f.name, v, dtype=f.dtype) for f, v in zip(fields, wanted, strict=True)])

    def _creation(self, schema: str, name: str) -> str:
        from assets.kettle.database.ddl import create_table

        with self.failing():
            table = self.database.table(schema, name)
            return create_table(
                table, self.database.table_layout(table), self.database.target.type, self.database.quote
            )

    def derive(self) -> dict[str, Derivation]:
        """From the catalog."""
        return {f.name: Derivation((), "from the database's catalog") for f in self.output if f.origin == self.name}
