"""Call DB procedure."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.database.connection import Database
from assets.kettle.database.values import frame_of, parameters_of
from assets.kettle.engine.step import Derivation, Ref
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import DatabaseStep
from assets.kettle.values.fields import Field, Layout, ValueType


class DbProc(DatabaseStep):
    """Calls a procedure or function per row; its result and OUT arguments become fields (the result first).

    PostgreSQL: functions by SELECT, procedures by CALL. MySQL: OUT arguments through session variables. DuckDB and its
    stand-ins: functions and macros only. Others by the driver's callproc.
    """

    types = ("DBProc",)

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        rows = self.options.rows("lookup/arg")
        self.arguments = [(r.text("name"), (r.text("direction") or "IN").upper(), r.text("type")) for r in rows]
        self.result = self.text("result/name", "lookup/result/name")
        self.result_type = self.text("result/type", "lookup/result/type")
        self.procedure = self.text("procedure")
        if not self.procedure:
            raise StepError(self.name, "no procedure is named", "name the procedure")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input, the result, the OUT arguments; an INOUT argument is replaced at its place."""
        layout = main = self.main(inputs)
        self.outs: list[Field] = []
        if self.result:
            self.outs.append(Field(self.result, ValueType.parse(self.result_type), origin=self.name))
        layout = layout.plus(*self.outs)
        for name, direction, kind in self.arguments:
            if direction in ("IN", "INOUT"):
                self.field(main, name, "argument")
            if direction == "OUT":
                out = Field(name, ValueType.parse(kind), origin=self.name)
                layout = layout.plus(out)
                self.outs.append(out)
            elif direction == "INOUT":
                self.outs.append(main[name])
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Calls row by row; a failing call goes to the error hop."""
        main = self.inputs[source]
        given = Layout(main[n] for n, direction, _ in self.arguments if direction != "OUT")
        values = (
            parameters_of(frame, given, booleans=self.database.target.booleans) if len(given) else [()] * frame.height
        )
        answers: list[tuple[Any, ...]] = []
        reasons: dict[int, str] = {}
        for number, row in enumerate(values):
            try:
                with self.failing(), self.database.savepoint():
                    answers.append(self._call(self.database, row))
            except StepError as error:
                self.refuse_alone(error)
                reasons[number] = error.reason
        good = frame.filter(self.split(frame, reasons, code="DBP001"))
        if self.outs:
            names = Layout(f.but(name=f"o{i}") for i, f in enumerate(self.outs))
            found = frame_of(answers, names)
            good = good.with_columns(found[f"o{i}"].alias(f.name) for i, f in enumerate(self.outs))
        self.emit(good.select(self.output.names))

    def _call(self, database: Database, values: tuple[Any, ...]) -> tuple[Any, ...]:
        marks = ", ".join("?" for _ in values)
        backend = database.target.url.get_backend_name()
        outs = [direction for _, direction, _ in self.arguments if direction != "IN"]
        if self.result and not outs:
            return tuple(database.rows(f"SELECT {self.procedure}({marks})", values)[0])
        if backend == "mysql":
            return self._mysql(database, values)
        if backend == "postgresql":
            return self._postgres(database, values)
        if backend in ("duckdb", "sqlite"):
            raise StepError(self.name, f"{backend} has no procedures", "call a function and take its result")
        database.settle()
        cursor = database.cursor()
        given = iter(values)
        arguments = [None if d == "OUT" else next(given) for _, d, _ in self.arguments]
        back = cursor.callproc(self.procedure, arguments)
        cursor.close()
        return tuple(v for v, (_, d, _) in zip(back or arguments, self.arguments, strict=True) if d != "IN")

    def _postgres(self, database: Database, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """OUT arguments come back as the row of CALL, or of SELECT * FROM a function that has them."""
        given = ", ".join("NULL" if d == "OUT" else "?" for _, d, _ in self.arguments)
        kind = database.rows("SELECT prokind::text FROM pg_proc WHERE oid = to_regproc(?)", (self.procedure,))
        if kind and kind[0][0] == "p":
            sql = f"CALL {self.procedure}({given})"
        else:
            sql = f"SELECT * FROM {self.procedure}({', '.join('?' for _ in values)})"
        found = database.rows(sql, values) if self.outs else []
        if not self.outs:
            database.execute(sql, values)
        return tuple(found[0]) if found else (None,) * len(self.outs)

    def _mysql(self, database: Database, values: tuple[Any, ...]) -> tuple[Any, ...]:
        given = iter(values)
        inputs = [next(given) if d != "OUT" else None for _, d, _ in self.arguments]
        names = []
        for number, (_, direction, _) in enumerate(self.arguments):
            if direction == "IN":
                names.append("?")
            else:
                names.append(f"@heddle_{number}")
                if direction == "INOUT":
                    database.execute(f"SET @heddle_{number} = ?", (inputs[number],))
        bound = [v for v, (_, d, _) in zip(inputs, self.arguments, strict=True) if d == "IN"]
        database.execute(f"CALL {self.procedure}({', '.join(names)})", bound)
        asked = [n for n in names if n.startswith("@")]
        return tuple(database.rows(f"SELECT {', '.join(asked)}")[0]) if asked else ()

    def derive(self) -> dict[str, Derivation]:
        """The fields that the procedure fills."""
        sources = tuple(Ref(n) for n, d, _ in self.arguments if d != "OUT")
        return {f.name: Derivation(sources, f"computed by procedure {self.procedure}") for f in self.outs}
