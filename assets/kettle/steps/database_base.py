"""What all database steps share: the connection, errors that name the step, key conditions, columns to write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from assets.kettle.database.connection import Database
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.model import Options
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

NULL_SAFE = "= ~NULL"
WITHOUT_FIELD = ("IS NULL", "IS NOT NULL")
OPERATORS = ("=", "= ~NULL", "<>", "<", "<=", ">", ">=", "LIKE", "BETWEEN", "IS NULL", "IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Condition:
    """`column operator field [AND field2]` of a look-up, update or delete."""

    column: str
    operator: str
    field: str
    field2: str = ""


class DatabaseStep(Step):
    """A step on one connection. Failures of the database name the step.

    Class attributes:
        asks_only: it changes nothing, so that a database file that is not there is an error.
    """

    asks_only: ClassVar[bool] = False

    def setup(self) -> None:
        """The connection's name."""
        self.connection = self.text("connection")

    @property
    def database(self) -> Database:
        """The open connection. Raises StepError."""
        with self.failing():
            return self.run.databases.get(self.connection, reading=self.asks_only)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Errors of the database become this step's."""
        try:
            yield
        except StepError:
            raise
        except KettleError as error:
            raise StepError(self.name, error.what, error.fix) from None

    def refuse_alone(self, error: StepError) -> None:
        """Raises the error again unless the row can go to an error hop and the rest of the transaction still stands."""
        if self.node.error is None:
            raise error
        if not self.database.savepoints:
            raise StepError(
                self.name,
                f"{error.reason}; DuckDB cannot undo one statement alone, so the error hop is of no use here",
                "correct the statement, or run against another database",
            ) from None

    def target_table(self, prefix: str = "lookup/") -> str:
        """The table in SQL, from the tags `schema` and `table`."""
        self.schema = self.text(f"{prefix}schema")
        self.table_name = self.text(f"{prefix}table")
        if not self.table_name:
            raise StepError(self.name, "no table is named", "name the target table")
        return self.database.table(self.schema, self.table_name)

    def qualified_name(self) -> str:
        """`schema.table` for lineage."""
        schema, table = self.text("schema", "lookup/schema"), self.text("table", "lookup/table")
        return f"{schema}.{table}" if schema else table

    def conditions(self, layout: Layout, rows: Sequence[Options]) -> list[Condition]:
        """The key conditions of `key` elements (`name` the stream's field, `field` the table's column)."""
        found = []
        for row in rows:
            operator = (row.text("condition") or "=").strip().upper()
            if operator not in OPERATORS:
                raise StepError(
                    self.name, f"the condition {operator!r} is unknown", f"use one of {', '.join(OPERATORS)}"
                )
            name = name2 = ""
            if operator not in WITHOUT_FIELD:
                name = self.field(layout, row.text("name"), "key field").name
            if operator == "BETWEEN":
                name2 = self.field(layout, row.text("name2"), "second key field").name
            found.append(Condition(row.text("field"), operator, name, name2))
        return found

    def column(self, table: Layout, name: str) -> Field:
        """A column of the table. Raises StepError naming what is there."""
        found = table.get(name.strip('"`[]'))
        if found is None:
            raise StepError(self.name, f"the table has no column {name!r}", f"it has: {', '.join(table.names)}")
        return found

    def where(self, conditions: Sequence[Condition]) -> str:
        """The conditions as SQL with `?`."""
        return " AND ".join(_condition(self.database.quote(c.column), c.operator) for c in conditions) or "1 = 1"

    def dataset(self, columns: dict[str, str]) -> DataSet:
        """This step's table for lineage."""
        return DataSet("table", self.connection, self.qualified_name(), columns)

    def ref(self, column: str) -> Ref:
        """A column of this step's table for lineage."""
        return Ref(column, dataset=f"{self.connection}:{self.qualified_name()}")

    def looked_up(self, names: dict[str, str], keys: Sequence[str]) -> dict[str, Derivation]:
        """Lineage of fields (field -> column) that come from this step's table by keys."""
        text = f"looked up in {self.qualified_name()} by {', '.join(k for k in keys if k)}"
        return {name: Derivation((self.ref(column),), text) for name, column in names.items()}


def _condition(column: str, operator: str) -> str:
    if operator == NULL_SAFE:
        return f"(({column} IS NULL AND ? IS NULL) OR {column} = ?)"
    if operator in WITHOUT_FIELD:
        return f"{column} {operator}"
    return f"{column} BETWEEN ? AND ?" if operator == "BETWEEN" else f"{column} {operator} ?"


def condition_values(conditions: Sequence[Condition], row: dict[str, Any]) -> list[Any]:
    """The values for the `?` of `where`, from a row of bound values by field name."""
    out: list[Any] = []
    for c in conditions:
        if c.operator in WITHOUT_FIELD:
            continue
        out.append(row[c.field])
        if c.operator == NULL_SAFE:
            out.append(row[c.field])
        elif c.operator == "BETWEEN":
            out.append(row[c.field2])
    return out


def fitted(
    frame: pl.DataFrame, pairs: Sequence[tuple[Field, Field]], prefix: str
) -> tuple[pl.DataFrame, dict[int, str]]:
    """Stream columns in the types of the table's columns, named prefix0, ...; reasons of rows that do not fit."""
    columns: list[pl.Series] = []
    reasons: dict[int, str] = {}
    for number, (field, column) in enumerate(pairs):
        target = column.but(name=f"{prefix}{number}", mask=None, length=-1, precision=-1)
        converted = convert(frame[field.name], field, target)
        columns.append(converted.values.alias(target.name))
        for row, reason in converted.reasons.items():
            reasons.setdefault(row, f"{field.name}: {reason}")
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=frame.height), reasons


def key_rows(frame: pl.DataFrame, fields: Sequence[Field], *, folds: bool) -> list[tuple[Any, ...]]:
    """Rows as keys for a dictionary: BigNumber by value, text folded where the database does so."""
    columns = []
    for name, field in zip(frame.columns, fields, strict=True):
        values = frame[name]
        if field.type is ValueType.STRING and folds:
            values = values.str.strip_chars_end(" ").str.to_lowercase()
        elif field.type is ValueType.BIGNUMBER:
            values = values.cast(pl.Float64)
        columns.append(values.to_list())
    return list(zip(*columns, strict=True)) if columns else [()] * frame.height


def layout_as(fields: Sequence[Field], names: Sequence[str]) -> Layout:
    """Fields under other names."""
    return Layout(f.but(name=n) for f, n in zip(fields, names, strict=True))
