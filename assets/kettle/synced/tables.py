"""Which table of the catalogue a place of a Kettle file is: by the name of its connection, or by the same database."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.catalog.changes.entry import TableEntry
from assets.catalog.record import PENDING, SOURCE, current
from assets.catalog.store.versions import Versions
from assets.kettle.described import Place
from assets.kettle.errors import KettleError
from core.slug import slug

if TYPE_CHECKING:
    from sqlalchemy import URL

DEFAULT_SCHEMAS = ("public", "main", "dbo")
Target = Callable[[str], "URL | None"]  # connection's name -> where it leads


class Tables:
    """The scanned tables of all sources.

    Args:
        target: where the connections of the file lead; asked only where no source is called like the connection.
    """

    def __init__(self, versions: Versions, target: Target = lambda name: None) -> None:
        waiting = [v.key for v in versions.latest(PENDING)]
        self._paths: dict[str, dict[str, str]] = {}
        self._urls: dict[str, str] = {}
        for source in versions.latest(SOURCE):
            document: Mapping[str, Any] = source.document or {}
            gone = [k.removeprefix(f"{source.key}/") for k in waiting if k.startswith(f"{source.key}/")]
            self._paths[source.key] = {path.lower(): path for path in [*document.get("tables", {}), *gone]}
            self._urls[source.key] = document.get("url", "")
        self._target = target

    def of(self, place: Place) -> str:
        """The key of the table's entry (`source/schema.table`), "" where the catalogue does not know it."""
        if place.kind != "table":
            return ""
        for source in self._sources(place.connection):
            path = _path(self._paths[source], place.name.lower())
            if path:
                return f"{source}/{path}"
        return ""

    def _sources(self, connection: str) -> list[str]:
        called = [source for source in self._paths if slug(source) == slug(connection)]
        if called:
            return called
        url = self._target(connection)
        return [source for source, text in self._urls.items() if url is not None and same_database(url, text)]


def same_database(url: "URL", text: str) -> bool:
    """Whether a connection and a source's URL lead to one database, whoever connects by whatever driver."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        other = make_url(text)
    except (ArgumentError, ValueError):  # a whole URL that is a secret
        return False
    return _identity(url) == _identity(other) != ()


_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "oracle": 1521, "mssql": 1433}


def _identity(url: "URL") -> tuple[str, ...]:
    backend, name = url.get_backend_name(), url.database or ""
    if backend in ("sqlite", "duckdb"):
        return (backend, str(Path(name).resolve())) if name and not name.startswith((":", "md:", "file:")) else ()
    host = host_of(url) or "localhost"
    host = "localhost" if host == "127.0.0.1" else host.lower()
    return backend, host, str(url.port or _PORTS.get(backend, 0)), name


def host_of(url: "URL") -> str:
    """The host of a URL, which may be among its parameters; "" for the usual one."""
    asked = url.query.get("host", "")
    return url.host or (asked if isinstance(asked, str) else asked[0])


def entry_of(versions: Versions, key: str) -> TableEntry:
    """A table of the catalogue. Raises KettleError when there is none of this key."""
    entry = current(versions, key)
    if entry is None:
        raise KettleError(f"the catalogue has no table {key}", "`heddle catalog search` finds tables; scan its source")
    return entry


def _path(paths: Mapping[str, str], name: str) -> str:
    """The path of a table by its name, with or without its schema; "" where none or several are called so."""
    if name in paths:
        return paths[name]
    schema, _, table = name.rpartition(".")
    found = [p for p in paths if p.rpartition(".")[2] == table and (not schema or "." not in p)]
    if schema and schema not in DEFAULT_SCHEMAS:
        return ""
    usual = [p for p in found if p.rpartition(".")[0] in ("", *DEFAULT_SCHEMAS)]
    chosen = usual or found
    return paths[chosen[0]] if len(chosen) == 1 else ""


def targets(settings: Any, path: Path) -> Target:
    """Where the connections of a transformation lead; None for those that cannot be told."""
    from assets.kettle.connections import connection_urls
    from assets.kettle.database.urls import target_of
    from assets.kettle.files.read import read
    from assets.kettle.files.site import kettle_home, known_connections, site_variables
    from assets.kettle.files.variables import Variables

    urls = connection_urls(settings)

    def target(name: str) -> "URL | None":
        try:
            model = read(path)
            known = known_connections(model, kettle_home())
            variables = Variables(site_variables(kettle_home()))
            variables.declare(model.parameters)
            return target_of(known[name], variables, urls).url
        except (KettleError, KeyError):
            return None

    return target


def dialects(connections: Iterable[str], target: Target) -> dict[str, str]:
    """sqlglot's name of the SQL behind each connection; left out where it cannot be told."""
    urls = {name: target(name) for name in dict.fromkeys(connections)}
    return {name: dialect_of(url) for name, url in urls.items() if url is not None}


def dialect_of(url: "URL") -> str:
    """sqlglot's name of the SQL that a database speaks."""
    backend = url.get_backend_name()
    return _DIALECTS.get(backend, backend)


_DIALECTS = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}
