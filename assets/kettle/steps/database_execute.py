"""Steps that run statements: Execute SQL script, Execute row SQL script."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.database.sql import statements
from assets.kettle.database.values import parameters_of
from assets.kettle.engine.step import Derivation
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.convert import to_text
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType

# option -> first words of the statements whose changed rows it counts; in the order of the result fields
_COUNTS = {
    "update_field": ("update", "merge"),
    "insert_field": ("insert", "replace"),
    "delete_field": ("delete", "truncate"),
    "read_field": ("select", "with", "show", "values"),
}


class _Executing(DatabaseStep):
    """Runs statements and counts rows by their kind; the step's own counters stay 0 (measured)."""

    def count_fields(self) -> list[Field]:
        """The result fields that are asked for."""
        return [
            Field(self.text(option), ValueType.INTEGER, 10, 0, INTEGER_MASK, origin=self.name)
            for option in _COUNTS
            if self.text(option)
        ]

    def execute(self, script: str, values: Any = (), *, single: bool = False) -> dict[str, int]:
        """Runs a script (or one statement with parameters); rows per kind of statement."""
        counts = dict.fromkeys(_COUNTS, 0)
        database = self.database
        with self.failing():
            for statement in [script] if single or values else statements(script, database.dialect):
                kind = _kind(statement)
                if kind == "read_field":
                    counts[kind] += sum(frame.height for frame in database.query(statement, values))
                    continue
                changed = database.execute(statement, values)
                if kind:
                    counts[kind] += changed
        return counts

    def wanted(self, counts: Mapping[str, int]) -> list[int]:
        """The counts of the result fields."""
        return [counts[option] for option in _COUNTS if self.text(option)]

    def derive(self) -> dict[str, Derivation]:
        """The counts come from the database."""
        return {f.name: Derivation((), "rows changed by SQL") for f in self.count_fields()}


def _kind(statement: str) -> str:
    plain = re.sub(r"^(?:\s|--[^\n]*\n|/\*.*?\*/|//[^\n]*\n|\()+", "", statement, flags=re.DOTALL)
    word = re.match(r"\w*", plain)
    first = word.group().lower() if word else ""
    return next((option for option, words in _COUNTS.items() if first in words), "")


class ExecSql(_Executing):
    """A script, run once before any row of the transformation flows (then one row of counts leaves), or once per row.

    Per row the fields fill its `?`: as bound parameters, or as text put in their place (in quotes when asked).
    """

    types = ("ExecSQL", "ExecSql")

    def setup(self) -> None:
        """Reads the options; a script that runs once is due before the connection's first use."""
        super().setup()
        text = self.options.text("sql")
        self.each = self.options.flag("execute_each_row")
        self.sql = self.resolve(text) if self.options.flag("replace_variables") else text
        self.single = self.options.flag("single_statement")
        self.bound = self.options.flag("set_params")
        self.quote = self.options.flag("quoteString")
        self.names = [n for n in (r.text("name") for r in self.options.rows("arguments/argument")) if n]
        self.result: dict[str, int] | None = None
        if not self.each:
            self.run.databases.at_start(self.connection, self._once)

    def _once(self) -> None:
        if self.result is None:
            self.result = dict.fromkeys(_COUNTS, 0)
            self.result = self.execute(self.sql, single=self.single)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the counts; only the counts when it runs once."""
        return self.main(inputs).plus(*self.count_fields()) if self.each else Layout(self.count_fields())

    def start(self) -> None:
        """Runs the script if nothing used the connection yet."""
        if not self.each:
            self.database  # noqa: B018  # the first use runs what is due
            self._once()

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row of counts."""
        if self.each:
            return
        assert self.result is not None
        names, values = self.output.names, self.wanted(self.result)
        yield pl.DataFrame({n: [v] for n, v in zip(names, values, strict=True)}) if names else pl.DataFrame(height=1)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Runs the script for each row; a failing row goes to the error hop where statements can be undone alone."""
        if not self.each:
            return
        main = self.inputs[source]
        layout = Layout([self.field(main, name, "parameter") for name in self.names])
        bound = parameters_of(frame, layout, booleans=self.database.target.booleans) if self.bound else []
        texts = [] if self.bound else [to_text(frame[f.name], f).to_list() for f in layout]
        results, reasons = [], {}
        for number in range(frame.height):
            try:
                results.append(self._row(number, layout, bound, texts))
            except StepError as error:
                self.refuse_alone(error)
                reasons[number] = error.reason
        good = frame.filter(self.split(frame, reasons, code="ESQ001"))
        extra = self.output.names[len(main) :]
        columns = [pl.Series(n, [r[i] for r in results], dtype=pl.Int64) for i, n in enumerate(extra)]
        self.emit(good.with_columns(columns))

    def _row(self, number: int, layout: Layout, bound: list[Any], texts: list[Any]) -> list[int]:
        with self.failing(), self.database.savepoint():
            if self.bound:
                counts = self.execute(self.sql, bound[number] if bound else (), single=self.single)
            else:
                values = [self._quoted(column[number], f) for column, f in zip(texts, layout, strict=True)]
                counts = self.execute(_filled(self.sql, values), single=self.single)
        return self.wanted(counts)

    def _quoted(self, text: str | None, field: Field) -> str:
        if text is None:
            return "NULL" if self.quote else ""
        if self.quote and field.type is ValueType.STRING:
            return "'" + text.replace("'", "''") + "'"
        return text


def _filled(sql: str, values: list[str]) -> str:
    """The `?` replaced from left to right by the values."""
    parts = sql.split("?")
    out = [parts[0]]
    for number, part in enumerate(parts[1:]):
        out += [values[number] if number < len(values) else "?", part]
    return "".join(out)


class ExecSqlRow(_Executing):
    """The SQL of a field, or the SQL file that the field names, once per row."""

    types = ("ExecSQLRow", "ExecSqlRow")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the counts."""
        main = self.main(inputs)
        self.sql_name = self.field(main, self.text("sql_field"), "the field with the SQL").name
        return main.plus(*self.count_fields())

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Runs each row's SQL."""
        single = self.options.flag("sendOneStatement", "send_one_statement")
        results, reasons = [], {}
        for number, text in enumerate(frame[self.sql_name].to_list()):
            try:
                with self.failing(), self.database.savepoint():
                    counts = self.execute(self._script(text), single=single)
                results.append(counts)
            except StepError as error:
                self.refuse_alone(error)
                reasons[number] = error.reason
        good = frame.filter(self.split(frame, reasons, code="ExecSQLRow001"))
        extra = self.output.names[len(self.inputs[source]) :]
        rows = [self.wanted(counts) for counts in results]
        self.emit(good.with_columns(pl.Series(n, [r[i] for r in rows], dtype=pl.Int64) for i, n in enumerate(extra)))

    def _script(self, text: str | None) -> str:
        if not text:
            raise StepError(self.name, f"the field {self.sql_name!r} is empty in a row", "fill it with SQL")
        if not self.options.flag("sqlFromfile", "sql_from_file"):
            return text
        try:
            return Path(text).read_text("utf-8")
        except OSError as error:
            raise StepError(self.name, f"cannot read the SQL file {text}: {error.strerror}", "check the path") from None
