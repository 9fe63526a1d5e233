"""SQL file output: INSERT statements as text."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import polars as pl

from assets.kettle.database.ddl import create_table
from assets.kettle.database.sql import qualified, quoted
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


class SqlFileOutput(DatabaseStep):
    """Writes an INSERT per row into a file; the rows go on. The connection is not opened, only its kind matters.

    The file may start with CREATE TABLE and TRUNCATE, and be split every n rows (`_0`, `_1`).
    """

    types = ("SQLFileOutput",)

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        self.every = max(0, self.integer("file/splitevery")) if self.text("file/splitevery") else 0
        self.encoding = self.text("encoding") or "utf-8"
        self.mask = self.text("dateformat")
        self.written = 0
        self.split_number = 0
        self.path = ""
        self.parts: list[str] = []

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input."""
        with self.failing():
            target = self.run.databases.target(self.connection) if not self._jndi() else None
        self.dialect = target.dialect if target else ""
        self.folding = target is None or target.standin
        return self.main(inputs)

    def _jndi(self) -> bool:
        """A JNDI name needs no definition here: its type says the dialect."""
        found = self.run.transformation.connections.get(self.connection)
        return found is not None and found.access == "JNDI"

    def start(self) -> None:
        """The file is there even when no row comes, unless it is opened with the first row."""
        if not self.options.flag("file/DoNotOpenNewFileInit"):
            self._open()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes a batch."""
        layout = self.inputs[source]
        table = qualified(self.text("schema"), self.text("table"), self.dialect)
        names = ", ".join(quoted(f.name, self.dialect) for f in layout)
        columns = [self._literals(frame[f.name], f) for f in layout]
        end = ";\n" if self.options.flag("startnewline") else ";"
        for values in zip(*columns, strict=True):
            if not self.path:
                self._open()
            if self.written == 0:
                self._head(table, layout)
            elif self.every and (self.written + 1) % self.every == 0:
                self._flush()
                self.split_number += 1
                self._open()
            self.parts.append(f"INSERT INTO {table}({names}) VALUES ({','.join(values)}){end}")
            self.written += 1
        self._flush()
        self.count(output=frame.height)
        self.emit(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Nothing more."""
        self._flush()
        return iter(())

    def _head(self, table: str, layout: Layout) -> None:
        if self.options.flag("create"):
            found = self.run.transformation.connections.get(self.connection)
            kind = found.type.upper() if found else ""
            self.parts.append(create_table(table, layout, kind, lambda name: quoted(name, self.dialect)) + "\n\n")
        if self.options.flag("truncate"):
            self.parts.append(f"TRUNCATE TABLE {table};\n\n")

    def _literals(self, column: pl.Series, field: Field) -> list[str]:
        if field.is_date and self.mask:
            field = field.but(mask=self.mask)
        texts = to_text(column, field).to_list()
        if field.type in (ValueType.STRING, ValueType.BOOLEAN, ValueType.DATE):
            return ["null" if text is None else "'" + text.replace("'", "''") + "'" for text in texts]
        return ["null" if text is None else text for text in texts]

    def _name(self) -> str:
        name = self.text("file/name")
        now = datetime.now(UTC)
        if self.options.flag("file/add_date"):
            name += now.strftime("_%Y%m%d")
        if self.options.flag("file/add_time"):
            name += now.strftime("_%H%M%S")
        if self.every:
            name += f"_{self.split_number}"
        extension = self.text("file/extention", "file/extension")
        return f"{name}.{extension}" if extension else name

    def _open(self) -> None:
        self.path = self._name()
        with self.failing():
            self.run.outputs.stage(
                self.path,
                append=self.options.flag("file/append"),
                make_folder=self.options.flag("file/create_parent_folder"),
            )
        if self.options.flag("addtoresult", "AddToResult"):
            self.run.result.files.append(ResultFile(self.path, origin=self.name))

    def _flush(self) -> None:
        if self.parts:
            with self.failing():
                staged = self.run.outputs.stage(self.path, append=True)
            with staged.open("a", encoding=self.encoding, newline="") as file:
                file.write("".join(self.parts))
            self.parts = []

    def writes(self) -> list[DataSet]:
        """The file."""
        return [DataSet("file", "", self._name(), {f.name: f.name for f in self.main(self.inputs)})]
