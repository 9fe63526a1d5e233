"""Entries on databases: run SQL, ask about tables, wait for rows. Each commits its own work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl

from assets.kettle.database.connect import Databases
from assets.kettle.database.connection import Database
from assets.kettle.database.sql import statements
from assets.kettle.engine.result import Result, Rows
from assets.kettle.errors import KettleError
from assets.kettle.files.site import kettle_home, known_connections
from assets.kettle.jobs.entries.waiting import Waiting
from assets.kettle.jobs.entry import JobEntry
from assets.kettle.jobs.many import padded, result_rows
from assets.kettle.jobs.places import Place

COUNTS: dict[str, Callable[[int, int], bool]] = {
    "rows_count_equal": lambda rows, limit: rows == limit,
    "rows_count_different": lambda rows, limit: rows != limit,
    "rows_count_smaller": lambda rows, limit: rows < limit,
    "rows_count_smaller_equal": lambda rows, limit: rows <= limit,
    "rows_count_greater": lambda rows, limit: rows > limit,
    "rows_count_greater_equal": lambda rows, limit: rows >= limit,
}
UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0}
PAUSE = 0.1


class DatabaseEntry(JobEntry):
    """What entries on databases share: the connections of the job, open for the time of the entry."""

    @contextmanager
    def databases(self, *, asking: bool = False) -> Iterator[Databases]:
        """The job's connections; committed when the body ends well and does not only ask, else rolled back."""
        run = self.run
        known = known_connections(run.job, kettle_home())
        databases = Databases(known, run.variables, run.settings.connections)
        try:
            yield databases
            if asking:
                databases.rollback()
            else:
                databases.commit()
        except BaseException:
            databases.rollback()
            raise
        finally:
            databases.close()

    @contextmanager
    def database(self, *, asking: bool = False) -> Iterator[Database]:
        """The connection that the entry names; see `databases`."""
        name = self.text("connection")
        if not name:
            raise KettleError(f"entry {self.name!r}: no connection is chosen", "choose one")
        with self.databases(asking=asking) as databases:
            yield databases.get(name)

    def table(self, database: Database) -> str:
        """The entry's table for SQL."""
        table = self.text("tablename")
        if not table:
            raise KettleError(f"entry {self.name!r}: no table is named", "name it")
        return database.table(self.text("schemaname"), table)

    def condition(self, rows: int, limit: int) -> bool:
        """Whether the number of rows fits the success condition."""
        name = self.options.text("success_condition", default="rows_count_greater")
        if name not in COUNTS:
            raise KettleError(f"entry {self.name!r}: unknown condition {name!r}", f"choose one of {', '.join(COUNTS)}")
        return COUNTS[name](rows, limit)

    def custom_sql(self) -> str:
        """The entry's own query, "" when it counts a table."""
        if not self.options.flag("is_custom_sql"):
            return ""
        sql = self.options.text("custom_sql")
        if not sql.strip():
            raise KettleError(f"entry {self.name!r}: the query is empty", "write it")
        return self.resolve(sql) if self.options.flag("is_usevars") else sql

    def counted(self, database: Database) -> tuple[int, Rows | None]:
        """The number of rows of the table, or of the query with the rows themselves."""
        sql = self.custom_sql()
        if not sql:
            return int(database.rows(f"SELECT COUNT(*) FROM {self.table(database)}")[0][0]), None
        found = database.query(sql)
        frames = list(found)
        rows = Rows(found.layout, pl.concat(frames) if frames else found.layout.empty())
        return rows.frame.height, rows

    def hand_on(self, result: Result, rows: Rows | None) -> None:
        """Puts the query's rows behind those of the result, if wanted and they have the same fields."""
        if rows is None or not self.options.flag("add_rows_result"):
            return
        if result.rows.frame.height and result.rows.layout.names == rows.layout.names:
            rows = Rows(rows.layout, pl.concat([result.rows.frame, rows.frame], how="vertical_relaxed"))
        elif result.rows.frame.height:
            raise KettleError(
                f"entry {self.name!r}: the result holds rows with other fields than the query",
                "clear the result rows before",
            )
        result.rows = rows


class Sql(DatabaseEntry):
    """Runs SQL from its text or a file: statement by statement, or all as one."""

    types = ("SQL",)

    def execute(self, result: Result, nr: int) -> Result:
        """Runs it in one transaction."""
        o = self.options
        sql = self._file() if _yes(o.text("sqlfromfile")) else o.text("sql")
        if _yes(o.text("useVariableSubstitution")):
            sql = self.resolve(sql)
        if not sql.strip():
            return self.done(result)
        with self.database() as database:
            single = _yes(o.text("sendOneStatement"))
            for statement in [sql] if single else statements(sql, database.dialect):
                if _reads(statement):
                    for _ in database.query(statement):  # as Kettle: it is run, its rows go nowhere
                        continue
                else:
                    database.execute(statement)
        return self.done(result)

    def _file(self) -> str:
        place = Place(self.text("sqlfilename"))
        encoding = self.text("sqlfilename_encoding") or "utf-8"
        with place.open() as stream:
            try:
                return stream.read().decode(encoding)
            except (LookupError, UnicodeDecodeError) as error:
                raise KettleError(f"{place.text}: {error}", "choose the encoding of the file") from error


def _yes(text: str) -> bool:
    """This entry writes T and F where others write Y and N."""
    return text.strip().lower() in ("t", "y", "yes", "true", "1")


def _reads(statement: str) -> bool:
    return statement.lstrip("( \t\r\n")[:6].lower() in ("select", "values")


class TableExists(DatabaseEntry):
    """True when a table or view is there."""

    types = ("TABLE_EXISTS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks."""
        with self.database(asking=True) as database:
            return self.done(result, database.exists(self.text("schemaname"), self.text("tablename")))


class ColumnsExist(DatabaseEntry):
    """True when a table has all the columns (any case). Lines written are those found."""

    types = ("COLUMNS_EXIST",)

    def execute(self, result: Result, nr: int) -> Result:
        """Looks; a missing table or column is an error."""
        wanted = [self.resolve(option.text("name")) for option in self.options.rows("fields/field")]
        if not wanted:
            raise KettleError(f"entry {self.name!r}: no column is named", "name some")
        with self.database(asking=True) as database:
            there = database.exists(self.text("schemaname"), self.text("tablename"))
            names = database.table_layout(self.table(database)).names if there else []
        known = {name.lower() for name in names}
        found = [name for name in wanted if name.lower() in known]
        for name in wanted:
            if name not in found:
                self.log(f"{self.text('tablename')} has no column {name}", "ERROR")
        result.lines.written = len(found)
        ok = len(found) == len(wanted)
        return self.done(result, ok, 0 if ok else 1)


class TableContent(DatabaseEntry):
    """Compares the number of rows of a table or query with a limit. Lines read are the rows."""

    types = ("EVAL_TABLE_CONTENT",)

    def execute(self, result: Result, nr: int) -> Result:
        """Counts."""
        with self.database() as database:
            count, rows = self.counted(database)
        if rows is not None and self.options.flag("clear_result_rows"):
            result.rows = Rows.none()
        self.hand_on(result, rows)
        result.lines.read = count
        return self.done(result, self.condition(count, self.integer("limit")))


class WaitForSql(DatabaseEntry, Waiting):
    """Waits until the number of rows of a table or query fits."""

    types = ("WAIT_FOR_SQL",)

    def execute(self, result: Result, nr: int) -> Result:
        """Waits; each look is a connection of its own."""
        if self.custom_sql() and self.options.flag("clear_result_rows"):
            result.rows = Rows.none()
        self.found: Rows | None = None
        if self.wait(60):
            self.hand_on(result, self.found)
            return self.done(result)
        ok = self.options.flag("success_on_timeout") and not self.run.stopped
        return self.done(result, ok, 0 if ok else 1)

    def ready(self) -> bool:
        """Counts once."""
        with self.database() as database:
            count, self.found = self.counted(database)
        return self.condition(count, self.integer("rows_count_value"))


class TruncateTables(DatabaseEntry):
    """Empties tables; names from rows: table, schema. All are emptied or none (where the database can undo it)."""

    types = ("TRUNCATE_TABLES",)

    def execute(self, result: Result, nr: int) -> Result:
        """Empties them. Raises KettleError at the first that cannot be."""
        if self.options.flag("arg_from_previous"):
            wanted = [(row[0], padded(row, 2)[1]) for row in result_rows(result)]
        else:
            rows = self.options.rows("fields/field")
            wanted = [(self.resolve(o.text("name")), self.resolve(o.text("schemaname"))) for o in rows]
        wanted = [(table, schema) for table, schema in wanted if table]
        if not wanted:
            raise KettleError(f"entry {self.name!r}: no table is named", "name some")
        with self.database() as database:
            for table, schema in wanted:
                database.truncate(database.table(schema, table))
        return self.done(result)


class CheckConnections(DatabaseEntry):
    """True when every connection can be opened; it may be held open for a while."""

    types = ("CHECK_DB_CONNECTIONS",)

    def execute(self, result: Result, nr: int) -> Result:
        """Opens each; errors are those that fail."""
        failed = 0
        for option in self.options.rows("connections/connection"):
            try:
                with self.databases(asking=True) as databases:
                    databases.get(self.resolve(option.text("name")))
                    self._hold(option.text("waitfor"), option.text("waittime"))
            except KettleError as error:
                failed += 1
                self.log(str(error), "ERROR")
        return self.done(result, not failed, failed)

    def _hold(self, amount: str, unit: str) -> None:
        text = self.resolve(amount).strip()
        seconds = (int(text) if text.isdigit() else 0) * UNITS.get(unit, 1.0)
        until = time.monotonic() + seconds
        while not self.run.stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(PAUSE, left))
