"""jdbc: URLs of the common drivers as connection type and SQLAlchemy URL."""

import re
from collections.abc import Callable

from sqlalchemy import URL

from assets.kettle.errors import KettleError

_HOST = re.compile(r"//(?P<host>[^:/;?]+|\[[^\]]+\])(?::(?P<port>\d+))?(?:/(?P<database>[^;?]*))?(?P<rest>.*)$")
# sub-protocol -> Kettle's type, SQLAlchemy driver
_SERVERS = {
    "postgresql": ("POSTGRESQL", "postgresql+psycopg2"),
    "redshift": ("REDSHIFT", "postgresql+psycopg2"),
    "mysql": ("MYSQL", "mysql+pymysql"),
    "mariadb": ("MARIADB", "mysql+pymysql"),
    "clickhouse": ("CLICKHOUSE", "clickhouse+http"),
    "ch": ("CLICKHOUSE", "clickhouse+http"),
    "vertica": ("VERTICA5", "vertica+vertica_python"),
    "hive2": ("HIVE2", "hive"),
    "impala": ("IMPALA", "impala"),
    "db2": ("DB2", "db2+ibm_db"),
    "monetdb": ("MONETDB", "monetdb"),
    "snowflake": ("SNOWFLAKEHV", "snowflake"),
    "netezza": ("NETEZZA", "netezza+nzpy"),
}


def parse_jdbc(text: str, connection: str) -> tuple[str, URL]:
    """Kettle's type and SQLAlchemy URL of a `jdbc:...` URL (user and password in it are kept).

    Raises:
        KettleError: no jdbc: URL, or of a driver that is not known here.
    """
    scheme, _, rest = text.strip().partition(":")
    protocol, _, rest = rest.partition(":")
    name = protocol.lower()
    if scheme.lower() == "jdbc" and name in _SPECIAL:
        return _SPECIAL[name](rest, connection)
    match = _HOST.match(rest) if scheme.lower() == "jdbc" and name in _SERVERS else None
    if match is None:
        raise KettleError(
            f"connection {connection!r}: its URL (jdbc:{protocol}:...) is of a driver that is not known here",
            "give this connection a SQLAlchemy URL in the settings (connections)",
        )
    kettle_type, driver = _SERVERS[name]
    return kettle_type, _server(driver, match)


def _server(driver: str, match: "re.Match[str]") -> URL:
    given = dict(re.findall(r"[;?&]([\w.]+)=([^;&]*)", match["rest"] or ""))
    lower = {key.lower(): value for key, value in given.items()}
    return URL.create(
        driver,
        username=lower.get("user") or lower.get("username"),
        password=lower.get("password"),
        host=match["host"],
        port=int(match["port"]) if match["port"] else None,
        database=match["database"] or lower.get("databasename") or lower.get("database"),
    )


def _mssql(rest: str, connection: str) -> tuple[str, URL]:
    match = _HOST.match(rest.split("sqlserver:")[-1])
    if match is None:
        raise KettleError(f"connection {connection!r}: its SQL Server URL names no host", "write jdbc:sqlserver://host")
    return "MSSQLNATIVE", _server("mssql+pymssql", match)


def _oracle(rest: str, connection: str) -> tuple[str, URL]:
    match = re.match(r"\w+:(?:[^@]*)@(?://)?([^:/]+)(?::(\d+))?([:/])(.+)$", rest)
    if match is None:
        raise KettleError(
            f"connection {connection!r}: its Oracle URL is not read here", "write jdbc:oracle:thin:@host:1521/service"
        )
    host, port, mark, name = match.groups()
    url = URL.create("oracle+oracledb", host=host, port=int(port or 1521))
    return "ORACLE", url.set(database=name) if mark == ":" else url.set(query={"service_name": name})


def _embedded(kettle_type: str) -> Callable[[str, str], tuple[str, URL]]:
    def build(rest: str, connection: str) -> tuple[str, URL]:
        from assets.kettle.database.urls import STANDINS, embedded_path

        remote = re.match(r"(?:tcp:|ssl:|hsql:|hsqls:|http:)?//(?!localhost|127\.0\.0\.1)([^/:]+)", rest)
        if remote and kettle_type in STANDINS:
            raise KettleError(
                f"connection {connection!r} is a {kettle_type} server on {remote.group(1)}, which only a JVM reaches",
                "give this connection a SQLAlchemy URL in the settings (connections)",
            )
        path = re.sub(r"^(?:tcp:|ssl:|hsql:|hsqls:|http:)?//[^/]*/", "", rest)
        if kettle_type == "SQLITE":
            return kettle_type, URL.create("sqlite", database=path or ":memory:")
        return kettle_type, URL.create("duckdb", database=embedded_path(path, kettle_type))

    return build


_SPECIAL: dict[str, Callable[[str, str], tuple[str, URL]]] = {
    "sqlserver": _mssql,
    "jtds": _mssql,
    "oracle": _oracle,
    "h2": _embedded("H2"),
    "hsqldb": _embedded("HYPERSONIC"),
    "derby": _embedded("DERBY"),
    "sqlite": _embedded("SQLITE"),
    "duckdb": _embedded("DUCKDB"),
}
