"""DuckDB, and DuckDB in place of H2, HSQLDB and Derby."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import polars as pl

from assets.kettle.database.connection import FETCH, Database, DatabaseError, Rows
from assets.kettle.database.sql import qualified, without_end
from assets.kettle.database.trace import origins
from assets.kettle.database.translate import translate
from assets.kettle.database.types import Column, duckdb_column, field_of, h2_column
from assets.kettle.database.values import conform
from assets.kettle.values.fields import Layout, ValueType

_KEEPERS: dict[str, Any] = {}


class DuckDb(Database):
    """DuckDB by its own API: rows go through Arrow. It has no savepoints: a failed statement ends the transaction."""

    savepoints: ClassVar[bool] = False
    style = "qmark"

    def connect(self) -> None:
        """Opens or makes the file, or the in-memory database of that name that this process shares."""
        import duckdb

        self.errors = (duckdb.Error,)
        database = self.target.url.database or ":memory:"
        try:
            self.raw = duckdb.connect(database)
            if self.target.keep and database.startswith(":memory:"):
                _KEEPERS.setdefault(database, self.raw.cursor())
            self.begin()
        except duckdb.Error as error:
            raise DatabaseError(
                f"connection {self.name!r}: {self.reason(error)}", "check the database's path; close other programs"
            ) from None

    def begin(self) -> None:
        """One transaction until commit."""
        self.raw.execute("BEGIN TRANSACTION")

    def cursor(self, *, streaming: bool = False) -> Any:
        """The connection itself: a second cursor would be a second transaction."""
        return self.raw

    def run(self, cursor: Any, sql: str, values: Sequence[Any]) -> None:
        """Executes with parameters as a list."""
        try:
            cursor.execute(sql, list(values)) if values else cursor.execute(sql)
        except self.errors as error:
            raise self.failed(error) from None

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query; its layout is found first, since the connection holds one result at a time."""
        return self._stream(without_end(sql), values, self.layout(sql, values))

    def _stream(self, sql: str, values: Sequence[Any], layout: Layout) -> Rows:
        try:
            relation = self.raw.sql(sql, params=list(values)) if values else self.raw.sql(sql)
        except self.errors as error:
            raise self.failed(error) from None
        rows = Rows(layout, self.fetch(relation, layout), self.memory)
        self._open = [rows]
        return rows

    def fetch(self, cursor: Any, layout: Layout) -> Iterator[pl.DataFrame]:
        """Record batches as frames."""
        try:
            for batch in cursor.to_arrow_reader(FETCH):
                yield conform(pl.DataFrame(pl.from_arrow(batch.rename_columns(layout.names))), layout)
        except self.errors as error:
            raise self.failed(error) from None

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """By running it without rows."""
        timestamps = self.target.attributes.get("SUPPORTS_TIMESTAMP_DATA_TYPE", "Y").upper() != "N"
        self.settle()
        self.run(self.raw, f"SELECT * FROM ({without_end(sql)}) LIMIT 0", values)
        described = [(item[0], str(item[1])) for item in self.raw.description or ()]
        return Layout(field_of(column, timestamps=timestamps) for column in self.columns(sql, described))

    def columns(self, sql: str, described: list[tuple[str, str]]) -> list[Column]:
        """What the JDBC driver would say of the result's columns (name and DuckDB type)."""
        return [duckdb_column(name, type_name) for name, type_name in described]

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs one statement; the rows it changed."""
        self.settle()
        self.run(self.raw, without_end(sql), values)
        return self._changed()

    def _changed(self) -> int:
        described = self.raw.description
        if described and described[0][0] == "Count":
            row = self.raw.fetchone()
            return int(row[0]) if row else 0
        return 0

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Row by row."""
        return sum(self.execute(sql, row) for row in rows)

    def insert(self, table: str, frame: pl.DataFrame, layout: Layout) -> None:
        """All rows in one statement from Arrow memory."""
        columns = ", ".join(self.quote(f.name) for f in layout)
        with self._registered(frame.select(layout.names), layout) as (name, picked):
            self.execute(f"INSERT INTO {table} ({columns}) SELECT {', '.join(picked)} FROM {name}")

    def update(self, table: str, frame: pl.DataFrame, values: Layout, keys: Layout) -> None:
        """One joined UPDATE; of several rows with the same key the last counts."""
        key_names = [f"key {f.name}" for f in keys]
        both = Layout([*values, *(f.but(name=n) for f, n in zip(keys, key_names, strict=True))])
        last = frame.select(both.names).unique(key_names, keep="last", maintain_order=True)
        with self._registered(last, both) as (name, picked):
            sets = ", ".join(f"{self.quote(f.name)} = {name}.{c}" for f, c in zip(values, picked, strict=False))
            where = " AND ".join(
                f"{table}.{self.quote(f.name)} = {name}.{c}" for f, c in zip(keys, picked[len(values) :], strict=True)
            )
            self.execute(f"UPDATE {table} SET {sets} FROM {name} WHERE {where}")

    def delete(self, table: str, frame: pl.DataFrame, keys: Layout) -> None:
        """One joined DELETE."""
        with self._registered(frame.select(keys.names), keys) as (name, picked):
            on = " AND ".join(f"{table}.{self.quote(f.name)} = {name}.{c}" for f, c in zip(keys, picked, strict=True))
            self.execute(f"DELETE FROM {table} USING {name} WHERE {on}")

    def matching(
        self,
        table: str,
        columns: Sequence[str],
        keys: Sequence[str],
        frame: pl.DataFrame,
        layout: Layout,
        order: str = "",
    ) -> Rows:
        """A join with the keys in Arrow memory."""
        with self._registered(frame, layout) as (name, picked):
            on = " AND ".join(f"t.{key} = {name}.{c}" for key, c in zip(keys, picked, strict=True))
            chosen = ", ".join(f"t.{c}" for c in columns)
            layout = self.layout(f"SELECT {', '.join(columns)} FROM {table}")
            rows = self.query(f"SELECT {chosen} FROM {table} t JOIN {name} ON {on} ORDER BY {order or 't.rowid'}")
            rows.detach()
        rows.layout = layout
        return rows

    def insert_returning(self, table: str, columns: Sequence[str], values: Sequence[Any], key: str = "") -> int:
        """By RETURNING: the named column, else the first."""
        names = ", ".join(self.quote(name) for name in columns)
        marks = ", ".join("?" for _ in columns)
        back = self.quote(key) if key else "*"
        self.settle()
        self.run(self.raw, f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {back}", values)
        return int(self.raw.fetchone()[0])

    @contextmanager
    def _registered(self, frame: pl.DataFrame, layout: Layout) -> Iterator[tuple[str, list[str]]]:
        """A frame as a view with columns C0, C1...; BigNumber as text that the table's type casts."""
        self.settle()
        names = [f"C{i}" for i in range(len(layout))]
        plain = frame.rename(dict(zip(frame.columns, names, strict=True)))
        texts = [
            n for n, f in zip(names, layout, strict=True) if f.type is ValueType.BOOLEAN and not self.target.booleans
        ]
        plain = plain.with_columns(
            pl.when(pl.col(n)).then(pl.lit("Y")).when(~pl.col(n)).then(pl.lit("N")).alias(n) for n in texts
        )
        self.raw.register("HEDDLE_ROWS", plain.to_arrow())
        try:
            yield "HEDDLE_ROWS", names
        finally:
            with suppress(*self.errors):  # after a failure the transaction takes nothing more; the first error counts
                self.raw.unregister("HEDDLE_ROWS")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """None here: a failure ends the transaction, so rows are checked before they are written (write.py)."""
        yield

    def catalog(self, schema: str = "") -> list[tuple[str, str, str]]:
        """Tables and views of the database."""
        self.settle()
        self.run(
            self.raw,
            "SELECT table_schema, table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END"
            " FROM information_schema.tables WHERE table_catalog = current_database() ORDER BY 1, 2",
            (),
        )
        found = [(str(a), str(b), str(c)) for a, b, c in self.raw.fetchall()]
        return [row for row in found if not schema or row[0].upper() == schema.upper()]

    def exists(self, schema: str, table: str) -> bool:
        """By the catalog: a failed query would end the transaction."""
        *front, name = [part.strip('"') for part in table.split(".")]
        where = schema or (front[-1] if front else "")
        return any(
            n.upper() == name.upper() and (not where or s.upper() == where.upper()) for s, n, _ in self.catalog()
        )

    def columns_of(self, table: str) -> list[tuple[str, str, str]]:
        """Name, type and comment of the columns of a table."""
        self.settle()
        name = table.split(".")[-1].strip('"')
        self.run(
            self.raw,
            "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns()"
            " WHERE upper(table_name) = upper(?) ORDER BY column_index",
            [name],
        )
        return [(str(a), str(b), str(c)) for a, b, c in self.raw.fetchall()]

    def constraints(self, table: str) -> list[tuple[str, list[str]]]:
        """Kind (PRIMARY KEY, UNIQUE, NOT NULL, CHECK) and columns of a table's constraints."""
        self.settle()
        name = table.split(".")[-1].strip('"')
        self.run(
            self.raw,
            "SELECT constraint_type, constraint_column_names FROM duckdb_constraints()"
            " WHERE upper(table_name) = upper(?)",
            [name],
        )
        return [(str(kind), list(columns)) for kind, columns in self.raw.fetchall()]

    def close(self) -> None:
        """Closes the connection."""
        self._open = []
        self.raw.close()
        self.memory.close()

    def rollback(self) -> None:
        """Rolls back; the transaction may have ended by a failure already."""
        self._open = []
        self.raw.execute("ROLLBACK")
        self.begin()

    def commit(self) -> None:
        """Commits; a new transaction begins."""
        self.settle()
        self.raw.execute("COMMIT")
        self.begin()


class StandIn(DuckDb):
    """DuckDB in place of H2, HSQLDB or Derby: SQL is translated, names fold to upper case, lengths are remembered."""

    def connect(self) -> None:
        """Opens the file with a schema PUBLIC in use, as these databases have."""
        super().connect()
        self.raw.execute('CREATE SCHEMA IF NOT EXISTS "PUBLIC"')
        self.commit()
        self.raw.execute('USE "PUBLIC"')

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Runs a statement after translation."""
        return sum(super(StandIn, self).execute(part, values if "?" in part else ()) for part in translate(sql))

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Runs a query after translation."""
        return self._stream(self._one(sql), values, self.layout(sql, values))

    def layout(self, sql: str, values: Sequence[Any] = ()) -> Layout:
        """The layout that H2's driver would report."""
        return super().layout(self._one(sql), values)

    def _one(self, sql: str) -> str:
        translated = translate(sql)
        if len(translated) != 1:
            raise DatabaseError(f"connection {self.name!r}: {sql[:80]!r} is not one query", "give one SELECT")
        return translated[0]

    def columns(self, sql: str, described: list[tuple[str, str]]) -> list[Column]:
        """Types by DuckDB, declared lengths by the table's columns that the result's columns come from."""
        declared: dict[str, dict[str, str]] = {}
        types: dict[tuple[str, str], str] = {}

        def known(table: str) -> list[str]:
            found = self.columns_of(table)
            declared[table.upper()] = {name.upper(): comment for name, _, comment in found}
            types.update({(table.upper(), name.upper()): kind for name, kind, _ in found})
            return [name for name, _, _ in found]

        found = origins(sql, "duckdb", known)
        out = []
        for number, (name, type_name) in enumerate(described):
            source = found[number].only if number < len(found) else None
            text = declared.get(source[0].upper(), {}).get(source[1].upper(), "") if source else ""
            below = {types.get((t.upper(), c.upper()), "") for t, c in found[number].sources} if found else set()
            if type_name == "HUGEINT" and below and below <= {"INTEGER", "SMALLINT", "TINYINT"}:
                type_name = "BIGINT"  # H2's sum of an INT
            out.append(h2_column(name, type_name, text))
        return out

    def quote(self, name: str) -> str:
        """Always quoted in upper case unless it comes quoted: unquoted names fold so in H2."""
        return name if name.startswith('"') else '"' + name.upper().replace('"', '""') + '"'

    def table(self, schema: str, table: str) -> str:
        """The table's name in upper case, quoted."""
        plain = qualified(schema, table, "duckdb")
        return ".".join(self.quote(part) for part in plain.split("."))
