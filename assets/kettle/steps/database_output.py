"""Table output, and the bulk loaders that write the same way here."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.database.values import parameters_of
from assets.kettle.database.write import insert_each
from assets.kettle.engine.step import DataSet, Derivation
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType


class _Inserting(DatabaseStep):
    """Inserts rows; the stream goes on unchanged. Subclasses say which columns."""

    error_code = "TOP001"

    def pairs(self, main: Layout) -> list[tuple[Field, str]]:
        """Stream field and table column."""
        raise NotImplementedError

    def write(self, table: str, frame: pl.DataFrame, pairs: list[tuple[Field, str]], *, ignore: bool) -> pl.DataFrame:
        """Inserts; the rows that go on. Rows that the database refuses go to the error hop, or are skipped."""
        layout = Layout(f.but(name=column) for f, column in pairs)
        chosen = pl.DataFrame([frame[f.name].alias(column) for f, column in pairs])
        with self.failing():
            if self.node.error is None and not ignore:
                self.database.insert(table, chosen, layout)
                self.count(output=frame.height)
                return frame
            reasons = insert_each(self.database, table, chosen, layout)
        self.count(output=frame.height - len(reasons))
        if ignore:
            for reason in list(reasons.values())[:20]:
                self.log(f"row not inserted: {reason}", "ERROR")
            return frame
        return frame.filter(self.split(frame, reasons, code=self.error_code))

    def writes(self) -> list[DataSet]:
        """The table with its columns."""
        pairs = self.pairs(self.main(self.inputs))
        return [self.dataset({column: f.name for f, column in pairs})]


class TableOutput(_Inserting):
    """Inserts all rows in bulk; the commit size has no meaning, since the whole run is one transaction.

    The table may be named in a field, or be one of several by day or month (`table_yyyyMM`). With "return keys" the
    database's generated key comes back in a field. Truncation happens when the first row comes, or at the end.
    """

    types = ("TableOutput",)

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        flag = self.options.flag
        self.by_field = flag("tablename_in_field")
        self.by_date = flag("partitioning_enabled")
        self.returning = self.text("return_field") if flag("return_keys") else ""
        self.ignore = flag("ignore_errors") and not flag("use_batch")
        self.truncating = flag("truncate")
        self.specified = flag("specify_fields")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input, plus the generated key."""
        main = self.main(inputs)
        self.targets_of = self.pairs(main)
        if not self.returning:
            return main
        return main.plus(Field(self.returning, ValueType.INTEGER, -1, 0, INTEGER_MASK, origin=self.name))

    def pairs(self, main: Layout) -> list[tuple[Field, str]]:
        """Named ones, or all fields (without the one that names the table, unless it is stored too)."""
        if self.specified:
            rows = self.options.rows("fields/field")
            return [(self.field(main, r.text("stream_name")), r.text("column_name")) for r in rows]
        drop = (
            self.text("tablename_field").lower()
            if self.by_field and not self.options.flag("tablename_in_table")
            else ""
        )
        return [(f, f.name) for f in main if f.name.lower() != drop]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes a batch, split by table where there are several."""
        if self.truncating:
            self._truncate()
        if not (self.by_field or self.by_date):
            self.emit(self._insert(self.target_table(""), frame))
            return
        tables = self._tables(frame)
        for part in frame.with_columns(tables.alias("\x00table")).partition_by("\x00table", maintain_order=True):
            name = part["\x00table"][0]
            if name is None:
                raise StepError(self.name, "a row names no table", "fill the field in every row")
            self.emit(self._insert(self.database.table(self.text("schema"), name), part.drop("\x00table")))

    def produce(self) -> Iterator[pl.DataFrame]:
        """Truncates also when no row came."""
        if self.truncating:
            self._truncate()
        return iter(())

    def _truncate(self) -> None:
        self.truncating = False
        if not (self.by_field or self.by_date):
            with self.failing():
                self.database.truncate(self.target_table(""))

    def _tables(self, frame: pl.DataFrame) -> pl.Series:
        main = self.main(self.inputs)
        if self.by_field:
            return frame[self.field(main, self.text("tablename_field")).name].cast(pl.String)
        dates = frame[self.field(main, self.text("partitioning_field")).name]
        stamp = dates.dt.strftime("%Y%m%d" if self.options.flag("partitioning_daily") else "%Y%m")
        return pl.select(pl.lit(f"{self.text('table')}_") + stamp).to_series()

    def _insert(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        if self.returning:
            return self._returned(table, frame)
        return self.write(table, frame, self.targets_of, ignore=self.ignore)

    def _returned(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Row by row, since only so each row's key is known."""
        layout = Layout(f.but(name=column) for f, column in self.targets_of)
        chosen = pl.DataFrame([frame[f.name].alias(column) for f, column in self.targets_of])
        keys: list[int] = []
        reasons: dict[int, str] = {}
        for number, values in enumerate(parameters_of(chosen, layout, booleans=self.database.target.booleans)):
            try:
                with self.failing(), self.database.savepoint():
                    keys.append(self.database.insert_returning(table, layout.names, values))
                self.count(output=1)
            except StepError as error:
                self.refuse_alone(error)
                reasons[number] = error.reason
        good = frame.filter(self.split(frame, reasons, code=self.error_code))
        return good.with_columns(pl.Series(self.output.names[-1], keys, dtype=pl.Int64))

    def derive(self) -> dict[str, Derivation]:
        """The generated key."""
        if not self.returning:
            return {}
        return {self.output.names[-1]: Derivation((self.ref("generated key"),), "generated by the database")}


class BulkLoader(_Inserting):
    """The bulk loaders of Kettle: here all write by the target's own fast path inside the run's transaction.

    Their ways to call the vendor's program (paths, control files, delimiters) have no meaning. Load actions TRUNCATE
    and REPLACE empty the table first; INSERT and APPEND add.
    """

    types = (
        "PGBulkLoader", "MySQLBulkLoader", "OraBulkLoader", "VerticaBulkLoader", "MonetDBBulkLoader", "GPBulkLoader",
        "GPLoad", "LucidDBBulkLoader", "InfobrightOutput", "MonetDBAgileMart", "VectorWiseBulkLoader",
        "MSSQLBulkLoader",
        "TeraFast", "PgBulkLoader", "MySqlBulkLoader", "SnowflakeBulkLoader", "CrateDBBulkLoader",
        "RedshiftBulkLoader",
    )  # fmt: skip

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        action = self.text("load_action", "loadAction").upper()
        self.truncating = action in ("TRUNCATE", "REPLACE") or self.options.flag("truncate", "truncate_table")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input."""
        main = self.main(inputs)
        self.targets_of = self.pairs(main)
        return main

    def pairs(self, main: Layout) -> list[tuple[Field, str]]:
        """The mapping of columns, or all fields."""
        rows = self.options.rows("mapping") or self.options.rows("fields/field")
        found = []
        for row in rows:
            column = row.text("stream_name", "column_name", "field_name", "name")
            stream = row.text("field_name", "stream_field", "stream_name", "rename", "name")
            if row.has("stream_name") and row.has("column_name"):
                column, stream = row.text("column_name"), row.text("stream_name")
            found.append((self.field(main, stream), column))
        return found or [(f, f.name) for f in main]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes a batch."""
        table = self.target_table("")
        if self.truncating:
            self.truncating = False
            with self.failing():
                self.database.truncate(table)
        self.emit(self.write(table, frame, self.targets_of, ignore=False))

    def produce(self) -> Iterator[pl.DataFrame]:
        """Truncates also when no row came."""
        if self.truncating:
            with self.failing():
                self.database.truncate(self.target_table(""))
        return iter(())
