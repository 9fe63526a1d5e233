"""Any database that SQLAlchemy reaches: structure by its inspector, rows by a streaming cursor.

Kinds of database that know more (sizes, last changes, a way to sample, Arrow) override a method each.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Inspector, create_engine, inspect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlglot import exp

from assets.catalog.model import ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.arrow import batch
from assets.catalog.scan.databases.patience import patient
from assets.catalog.scan.databases.structure import Structure
from assets.catalog.scan.reader import FETCHED, Content, Found, Wanted, adaptive, batch_rows, bounded
from assets.catalog.scan.references import Address
from assets.catalog.scan.sources import Source
from core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

# scheme -> SQLAlchemy driver, package that has it, sqlglot's dialect
DRIVERS: dict[str, tuple[str, str, str]] = {
    "oracle": ("oracle+oracledb", "oracledb", "oracle"),
    "mssql": ("mssql+pymssql", "pymssql", "tsql"),
    "clickhouse": ("clickhouse+native", "clickhouse-sqlalchemy", "clickhouse"),
    "trino": ("trino", "trino[sqlalchemy]", "trino"),
    "presto": ("presto", "pyhive[presto]", "presto"),
    "hive": ("hive", "pyhive[hive]", "hive"),
    "impala": ("impala", "impyla", "hive"),
    "druid": ("druid", "pydruid[sqlalchemy]", "druid"),
    "snowflake": ("snowflake", "snowflake-sqlalchemy", "snowflake"),
    "bigquery": ("bigquery", "sqlalchemy-bigquery", "bigquery"),
    "redshift": ("redshift+psycopg2", "sqlalchemy-redshift", "redshift"),
    "databricks": ("databricks", "databricks-sqlalchemy", "databricks"),
    "teradatasql": ("teradatasql", "teradatasqlalchemy", "teradata"),
    "db2": ("db2+ibm_db", "ibm-db-sa", ""),
    "hana": ("hana", "sqlalchemy-hana", ""),
    "vertica": ("vertica+vertica_python", "sqlalchemy-vertica-python", "postgres"),
    "mysql": ("mysql+pymysql", "pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "pymysql", "mysql"),
    "postgresql": ("postgresql+psycopg2", "psycopg2-binary", "postgres"),
}
_LISTS = (
    (TableKind.TABLE, "get_table_names"),
    (TableKind.VIEW, "get_view_names"),
    (TableKind.VIEW, "get_materialized_view_names"),
)
Facts = Mapping[str, Mapping[str, Any]]


class DatabaseReader:
    """See reader.Reader."""

    parallel = 2
    at_once = False  # whether the dialect tells the structure of all tables of a schema by a few statements
    dialect = ""
    schemas: Sequence[str | None] = (None,)

    def __init__(self, engine: Engine, address: Address, source: Source) -> None:
        self.engine = engine
        self.address = address
        self.source = source

    @classmethod
    def open(cls, address: Address, source: Source) -> "DatabaseReader":
        """Connects.

        Raises:
            SourceError: the driver is not installed, or the database cannot be reached.
        """
        scheme, _, rest = address.url.partition(":")
        driver, package, dialect = DRIVERS.get(scheme.partition("+")[0], (scheme, scheme, ""))
        try:
            engine = cls.connect_engine(patient(f"{scheme if '+' in scheme else driver}:{rest}", reads=True))
        except (NoSuchModuleError, ModuleNotFoundError):
            raise SourceError(
                f"source {source.name}: no driver for {scheme} is installed", f"pip install '{package}'"
            ) from None
        except ArgumentError:
            raise SourceError(
                f"source {source.name}: field url is no SQLAlchemy URL", "write scheme://user@host:port/database"
            ) from None
        made = cls(engine, address, source)
        made.dialect = cls.dialect or dialect
        try:
            made.prepare()
        except Exception as error:  # a driver may fail in its own ways before SQLAlchemy can tell
            made.close()
            raise SourceError(f"source {source.name} cannot be reached: {made.reason(error)}") from None
        return made

    @classmethod
    def connect_engine(cls, url: str) -> Engine:
        """The engine of a URL, without a connection yet."""
        return create_engine(url, pool_pre_ping=False)

    def prepare(self) -> None:
        """Connects once, so that a source that is down says so."""
        with self.engine.connect():
            pass

    def reason(self, error: Exception) -> str:
        """The driver's message, without secrets."""
        return self.address.clean(getattr(error, "orig", None) or error)

    def close(self) -> None:
        """See reader.Reader."""
        self.engine.dispose()

    def quote(self, *names: str) -> str:
        """Names, quoted and joined by dots."""
        return ".".join(exp.to_identifier(n, quoted=True).sql(self.dialect or None) for n in names if n)

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader."""
        found: list[Found] = []
        with warnings.catch_warnings(), self.engine.connect() as connection:
            warnings.simplefilter("ignore")  # of types that SQLAlchemy does not know
            inspector = inspect(connection)
            for schema in self.schemas:
                facts, declared = self.facts(connection, schema), self.declared(connection, schema)
                structure = Structure(inspector, schema, at_once=self.at_once)
                for kind, name in _listed(inspector, schema):
                    table = TableInfo(name=name, schema_name=schema or "", kind=kind)
                    if wanted(table.path):
                        found.append(self._found(structure, table, facts.get(name, {}), declared.get(name, {})))
        return found

    def facts(self, connection: Any, schema: str | None) -> Facts:
        """Table -> rows, rows_exact, size, changed, comment and mark, as far as the database knows them."""
        return {}

    def declared(self, connection: Any, schema: str | None) -> Mapping[str, Mapping[str, str]]:
        """Table -> column -> type in the database's own words, for types that SQLAlchemy does not know."""
        return {}

    def _found(
        self, structure: Structure, table: TableInfo, facts: Mapping[str, Any], declared: Mapping[str, str]
    ) -> Found:
        known = {k: v for k, v in facts.items() if k != "mark"}
        try:
            known = structure.of(table.name, table.kind, declared) | known
        except Exception as error:  # drivers let their own errors through here
            return Found(table.model_copy(update={"error": self.reason(error)}))
        return Found(table.model_copy(update=known), str(facts.get("mark", "")))

    @contextmanager
    def read(self, table: TableInfo, rows: int) -> Iterator[Content]:
        """See reader.Reader.

        Raises:
            SourceError: the database refuses, or the table is gone.
        """
        sampled = self.too_many(table, rows)
        try:
            with self.rows_of(self.select(table, rows if sampled else 0), table.columns) as batches:
                yield bounded(Content(table.columns, batches, sampled=sampled), rows, sampled and table.rows is None)
        except self.errors() as error:
            raise SourceError(f"{table.path}: {self.reason(error)}") from None

    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises."""
        return (SQLAlchemyError,)

    def too_many(self, table: TableInfo, rows: int) -> bool:
        """Whether to sample: more rows than wanted, or nobody knows how many."""
        return rows > 0 and (table.rows is None or table.rows > rows)

    def select(self, table: TableInfo, rows: int) -> str:
        """The statement that reads a table, or about `rows` rows of it when that is not 0."""
        made = exp.select(*(exp.column(exp.to_identifier(c.name, quoted=True)) for c in table.columns)).from_(
            exp.table_(table.name, db=table.schema_name or None, quoted=True)
        )
        return (made.limit(rows) if rows else made).sql(self.dialect or None)

    def by_chance(self, table: TableInfo, rows: int, names: Iterable[str], chance: Callable[[float], str]) -> str:
        """As `select`, for an engine that can take each row by chance where it knows how many there are.

        Args:
            names: what is selected.
            chance: the condition that a share of the rows meets.
        """
        made = f"SELECT {', '.join(names)} FROM {self.quote(table.schema_name, table.name)}"
        if rows and table.rows and table.rows > 2 * rows:
            made += f" WHERE {chance(1.2 * rows / table.rows)}"
        return f"{made} LIMIT {int(rows)}" if rows else made

    @contextmanager
    def rows_of(self, sql: str, columns: Sequence[ColumnInfo]) -> "Iterator[Iterator[pa.RecordBatch]]":
        """The batches of a statement."""
        with self.engine.connect() as connection:
            formats = self.engine.dialect.paramstyle in ("format", "pyformat")
            ready = sql.replace("%", "%%") if formats else sql
            yield self._batches(connection.execution_options(stream_results=True).exec_driver_sql(ready), columns)

    def _batches(self, result: Any, columns: Sequence[ColumnInfo]) -> "Iterator[pa.RecordBatch]":
        bases = [c.base for c in columns]
        most = min(FETCHED, batch_rows(len(columns)))
        return adaptive(result.fetchmany, lambda rows: batch(rows, bases), most)


def _listed(inspector: Inspector, schema: str | None) -> Iterator[tuple[TableKind, str]]:
    for kind, listing in _LISTS:
        try:
            yield from ((kind, name) for name in getattr(inspector, listing)(schema=schema))
        except NotImplementedError:
            continue
