"""Where a connection leads: Kettle's and Hop's connection types to SQLAlchemy URLs, jdbc: URLs, JNDI names.

A connection's texts may hold variables, its password may be obscured, its options come as attributes
`EXTRA_OPTION_<TYPE>.<name>`. H2, HSQLDB and Derby run in a JVM only: a DuckDB file beside theirs stands in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from assets.kettle.database.jdbc import parse_jdbc
from assets.kettle.errors import KettleError
from assets.kettle.files.connections import read_jndi
from assets.kettle.files.passwords import reveal
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection

STANDIN_SUFFIX = ".heddle.duckdb"
STANDINS = ("H2", "HYPERSONIC", "DERBY")


@dataclass(frozen=True, slots=True)
class Kind:
    """How one connection type is reached: SQLAlchemy driver, its port, sqlglot's dialect, the package of the driver."""

    driver: str
    port: int = 0
    dialect: str = ""
    package: str = ""


_PG = Kind("postgresql+psycopg2", 5432, "postgres", "psycopg2-binary")
_MYSQL = Kind("mysql+pymysql", 3306, "mysql", "pymysql")
_ORACLE = Kind("oracle+oracledb", 1521, "oracle", "oracledb")
_MSSQL = Kind("mssql+pymssql", 1433, "tsql", "pymssql")
_HIVE = Kind("hive", 10000, "hive", "pyhive")
_IMPALA = Kind("impala", 21050, "hive", "impyla")
_DUCKDB = Kind("duckdb", 0, "duckdb", "duckdb")

# ids of Kettle and of Hop; the ports are Kettle's defaults
KINDS: dict[str, Kind] = {
    "POSTGRESQL": _PG,
    "GREENPLUM": _PG,
    "COCKROACHDB": Kind("postgresql+psycopg2", 26257, "postgres", "psycopg2-binary"),
    "YUGABYTEDB": Kind("postgresql+psycopg2", 5433, "postgres", "psycopg2-binary"),
    "KINGBASEES": Kind("postgresql+psycopg2", 54321, "postgres", "psycopg2-binary"),
    "REDSHIFT": Kind("postgresql+psycopg2", 5439, "redshift", "psycopg2-binary"),
    "CRATEDB": Kind("crate", 4200, "postgres", "sqlalchemy-cratedb"),
    "MYSQL": _MYSQL,
    "MARIADB": _MYSQL,
    "SINGLESTORE": _MYSQL,
    "INFOBRIGHT": Kind("mysql+pymysql", 5029, "mysql", "pymysql"),
    "DORIS": Kind("mysql+pymysql", 9030, "mysql", "pymysql"),
    "ORACLE": _ORACLE,
    "ORACLERDB": _ORACLE,
    "MSSQL": _MSSQL,
    "MSSQLNATIVE": _MSSQL,
    "AZURESQLDB": _MSSQL,
    "SYBASE": Kind("sybase+pyodbc", 5001, "tsql", "sqlalchemy-sybase"),
    "SYBASEIQ": Kind("sybase+pyodbc", 2638, "tsql", "sqlalchemy-sybase"),
    "DB2": Kind("db2+ibm_db", 50000, "", "ibm-db-sa"),
    "AS/400": Kind("ibmi", 0, "", "sqlalchemy-ibmi"),
    "FIREBIRD": Kind("firebird+firebird", 3050, "", "sqlalchemy-firebird"),
    "INTERBASE": Kind("firebird+firebird", 3050, "", "sqlalchemy-firebird"),
    "INFORMIX": Kind("informix", 1526, "", "IfxAlchemy"),
    "TERADATA": Kind("teradatasql", 1025, "teradata", "teradatasqlalchemy"),
    "NETEZZA": Kind("netezza+nzpy", 5480, "postgres", "nzalchemy"),
    "VERTICA": Kind("vertica+vertica_python", 5433, "postgres", "sqlalchemy-vertica-python"),
    "VERTICA5": Kind("vertica+vertica_python", 5433, "postgres", "sqlalchemy-vertica-python"),
    "SNOWFLAKEHV": Kind("snowflake", 443, "snowflake", "snowflake-sqlalchemy"),
    "SNOWFLAKE": Kind("snowflake", 443, "snowflake", "snowflake-sqlalchemy"),
    "IMPALA": _IMPALA,
    "IMPALASIMBA": _IMPALA,
    "HIVE": _HIVE,
    "HIVE2": _HIVE,
    "SPARKSIMBA": Kind("hive", 10015, "spark", "pyhive"),
    "DATABRICKS": Kind("databricks", 443, "databricks", "databricks-sqlalchemy"),
    "EXASOL4": Kind("exa+websocket", 8563, "exasol", "sqlalchemy-exasol"),
    "MONETDB": Kind("monetdb", 50000, "postgres", "sqlalchemy-monetdb"),
    "SAPDB": Kind("hana", 30015, "", "sqlalchemy-hana"),
    "INGRES": Kind("ingres", 21064, "", "sqlalchemy-ingres"),
    "VECTORWISE": Kind("ingres", 21064, "", "sqlalchemy-ingres"),
    "CACHE": Kind("iris", 1972, "", "sqlalchemy-iris"),
    "MSACCESS": Kind("access+pyodbc", 0, "", "sqlalchemy-access"),
    "GOOGLEBIGQUERY": Kind("bigquery", 443, "bigquery", "sqlalchemy-bigquery"),
    "CLICKHOUSE": Kind("clickhouse+native", 9000, "clickhouse", "clickhouse-sqlalchemy"),
    "SQLITE": Kind("sqlite", 0, "sqlite", "sqlite3"),
    "DUCKDB": _DUCKDB,
    "H2": _DUCKDB,
    "HYPERSONIC": _DUCKDB,
    "DERBY": _DUCKDB,
}
# Kettle has these too, but no SQLAlchemy driver for them is maintained
UNREACHABLE = (
    "DBASE", "EXTENDB", "GUPTA", "SQLBASE", "KettleThin", "LucidDB", "NEOVIEW", "OpenERP", "PALO", "REMEDY-AR-SYSTEM",
    "SAPR3", "UNIVERSE", "MONDRIAN",
)  # fmt: skip
_BY_DRIVER = {kind.driver.split("+")[0]: kind for kind in reversed(KINDS.values())}
_MYSQL_OPTIONS = {"characterencoding": "charset", "connecttimeout": "connect_timeout"}


@dataclass(frozen=True, slots=True)
class Target:
    """A resolved connection.

    Attributes:
        url: SQLAlchemy URL; its repr hides the password.
        type: Kettle's id, upper case.
        dialect: sqlglot's name of the SQL that the target speaks, "" for the standard.
        standin: SQL is that of H2, HSQLDB or Derby and runs on DuckDB after translation.
        on_connect: statements to run first (SQL_CONNECT).
        keep: an in-memory database outlives its last connection (H2's DB_CLOSE_DELAY=-1).
    """

    url: URL
    type: str
    dialect: str
    package: str
    standin: bool = False
    on_connect: str = ""
    booleans: bool = True
    keep: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def file(self) -> Path | None:
        """The file of an embedded database; None for servers and what is in memory."""
        name = self.url.database or ""
        embedded = self.url.get_backend_name() in ("duckdb", "sqlite")
        return Path(name) if embedded and name and not name.startswith((":", "md:", "file:")) else None

    def check_there(self, name: str) -> None:
        """Raises KettleError when connection `name` is a database file that is not there."""
        if self.file is not None and not self.file.exists():
            raise KettleError(
                f"connection {name!r}: there is no database {self.file.absolute()}",
                "correct its path, or say where it is: HEDDLE_KETTLE_CONNECTIONS, or -c NAME=URL on the command line",
            )


def target_of(connection: Connection, variables: Variables, overrides: Mapping[str, str]) -> Target:
    """The target of a connection; `overrides` (connection or JNDI name -> SQLAlchemy URL) win over the file.

    Raises:
        KettleError: an unknown type, a JNDI name without definition, a jdbc: URL that nothing here reads.
    """
    kettle_type = connection.type.strip().upper()
    database = variables.resolve(connection.database)
    override = overrides.get(connection.name)
    if override is None and connection.access == "JNDI":
        override = overrides.get(database)
    if override is not None:
        return _finish(connection, variables, _override(connection.name, override), kettle_type)
    if connection.access == "JNDI":
        return _finish(connection, variables, *_jndi(connection, database, variables))
    custom = variables.resolve(connection.attributes.get("CUSTOM_URL", "")).strip()
    if custom:
        found, url = parse_jdbc(custom, connection.name)
        return _finish(connection, variables, _login(url, connection, variables), found)
    return _finish(connection, variables, _url(connection, variables, kettle_type, database), kettle_type)


def _override(name: str, text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError:
        raise KettleError(
            f"the URL that replaces connection {name!r} is no SQLAlchemy URL", "write dialect+driver://user:pw@host/db"
        ) from None


def _kind(name: str, kettle_type: str) -> Kind:
    found = KINDS.get(kettle_type)
    if found is None:
        known = "has no SQLAlchemy driver" if connection_is_known(kettle_type) else "is not known"
        raise KettleError(
            f"connection {name!r}: the type {kettle_type or '(none)'} {known}",
            "give this connection a SQLAlchemy URL in the settings (connections)",
        )
    return found


def connection_is_known(kettle_type: str) -> bool:
    """Whether Kettle has this type, even if it cannot be reached from here."""
    return kettle_type in KINDS or kettle_type in {name.upper() for name in UNREACHABLE}


def _finish(connection: Connection, variables: Variables, url: URL, kettle_type: str) -> Target:
    backend = url.get_backend_name()
    kind = KINDS.get(kettle_type)
    if kind is None or kind.driver.split("+")[0] != backend:
        kind = _BY_DRIVER.get(backend, Kind(url.drivername, package=backend))
    attributes = {code: variables.resolve(text) for code, text in connection.attributes.items()}
    return Target(
        url=url,
        type=kettle_type,
        dialect=kind.dialect,
        package=kind.package,
        standin=backend == "duckdb" and kettle_type in STANDINS,
        on_connect=attributes.get("SQL_CONNECT", ""),
        booleans=attributes.get("SUPPORTS_BOOLEAN_DATA_TYPE", "Y").upper() != "N",
        keep="DB_CLOSE_DELAY=-1" in variables.resolve(connection.database).upper(),
        attributes=attributes,
    )


def _login(url: URL, connection: Connection, variables: Variables) -> URL:
    user = variables.resolve(connection.user) or url.username
    if url.get_backend_name() in ("duckdb", "sqlite") or not user:
        return url
    password = variables.resolve(reveal(variables.resolve(connection.password))) or url.password
    return url.set(username=user, password=password or None)


def _jndi(connection: Connection, name: str, variables: Variables) -> tuple[URL, str]:
    """The data source of simple-jndi's jdbc.properties: under KETTLE_JNDI_ROOT, KETTLE_HOME or the present folder."""
    roots = [
        variables.get("KETTLE_JNDI_ROOT") or "",
        f"{variables.get('KETTLE_HOME') or '.'}/simple-jndi",
        "simple-jndi",
    ]
    for path in (Path(root) / "jdbc.properties" for root in roots if root):
        source = read_jndi(path).get(name) if path.is_file() else None
        if source and source.get("url"):
            found, url = parse_jdbc(variables.resolve(source["url"]), connection.name)
            if source.get("user") and url.get_backend_name() not in ("duckdb", "sqlite"):
                url = url.set(username=source["user"], password=reveal(source.get("password", "")) or None)
            return url, found
    raise KettleError(
        f"connection {connection.name!r}: the JNDI name {name!r} is not defined",
        "give it a SQLAlchemy URL in the settings (connections), or set KETTLE_JNDI_ROOT to where jdbc.properties is",
    )


def _url(connection: Connection, variables: Variables, kettle_type: str, database: str) -> URL:
    kind = _kind(connection.name, kettle_type)
    host = variables.resolve(connection.host).strip()
    if kind.driver == "duckdb":
        server = host if kettle_type in STANDINS else ""
        if server and server.lower() not in ("localhost", "127.0.0.1"):
            raise KettleError(
                f"connection {connection.name!r} is a {kettle_type} server on {server}, which only a JVM reaches",
                "give this connection a SQLAlchemy URL in the settings (connections)",
            )
        return URL.create("duckdb", database=embedded_path(database, kettle_type))
    if kind.driver == "sqlite":
        return URL.create("sqlite", database=database or ":memory:")
    port = variables.resolve(connection.attributes.get("PORT_NUMBER") or connection.port).strip()
    query = _options(connection, variables, kettle_type)
    name: str | None = database or None
    if kind is _ORACLE and database:
        query, name = ({**query, "service_name": database.lstrip("/")}, None) if "/" in database else (query, database)
    url = URL.create(
        kind.driver,
        host=host or "localhost",
        port=int(port) if port.isdigit() and int(port) else kind.port or None,
        database=name,
        query=query,
    )
    return _login(url, connection, variables)


def _options(connection: Connection, variables: Variables, kettle_type: str) -> dict[str, str]:
    """The EXTRA_OPTIONs that the Python drivers know too; those of JDBC drivers only have no meaning here."""
    prefix = f"EXTRA_OPTION_{kettle_type}."
    given = {
        code[len(prefix) :].lower(): variables.resolve(text)
        for code, text in connection.attributes.items()
        if code.upper().startswith(prefix) and text
    }
    if KINDS[kettle_type].driver.startswith("postgresql"):
        known = {"sslmode": "sslmode", "applicationname": "application_name", "sslrootcert": "sslrootcert"}
        return {known[name]: text for name, text in given.items() if name in known}
    if KINDS[kettle_type] in (_MYSQL, KINDS["INFOBRIGHT"], KINDS["DORIS"]):
        charset = given.get("characterencoding", "utf8mb4").lower().replace("-", "")
        return {"charset": "utf8mb4" if charset in ("utf8", "unicode") else charset}
    return {}


def embedded_path(database: str, kettle_type: str) -> str:
    """The DuckDB database that stands for an embedded one: `mem:x` in memory by that name, else a file beside it."""
    plain = re.split(r"[;?]", database.strip(), maxsplit=1)[0]
    plain = re.sub(r"^(nio|nioMapped|file|res|split):", "", plain, flags=re.IGNORECASE)
    memory = re.match(r"(?:mem|memory):(.*)$", plain, flags=re.IGNORECASE)
    if memory or plain in ("", ".", ":memory:"):
        name = re.sub(r"\W", "_", memory.group(1)) if memory else ""
        return f":memory:{kettle_type.lower()}_{name}" if name else ":memory:"
    if kettle_type not in STANDINS:
        return plain
    return str(Path(plain).expanduser()) + STANDIN_SUFFIX
