"""Open connections of a run, one per named connection."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection

if TYPE_CHECKING:
    from assets.kettle.database.connection import Database
    from assets.kettle.database.urls import Target

logger = logging.getLogger("heddle.kettle.database")


class Databases:
    """The databases of one run: connected on first use, committed or rolled back together.

    Attributes:
        planning_only: layouts are wanted but nothing may change: scripts that steps run at their start do not run.
    """

    def __init__(self, connections: Mapping[str, Connection], variables: Variables, urls: Mapping[str, str]) -> None:
        self._known: dict[str, tuple[Connection, Variables]] = {}
        self._urls = urls
        self._open: dict[str, Database] = {}
        self._by_url: dict[str, Database] = {}
        self._at_start: dict[str, list[Callable[[], None]]] = {}
        self._made: dict[str, Path] = {}  # place -> file that opening made; it goes again unless a writer commits
        self._places: dict[str, str] = {}  # connection -> place
        self._written: set[str] = set()  # places that were asked for more than reading
        self.planning_only = False
        self.add(connections, variables)

    def add(self, connections: Mapping[str, Connection], variables: Variables) -> None:
        """Makes more named connections known; ones already known stay."""
        for name, connection in connections.items():
            self._known.setdefault(name, (connection, variables))

    def at_start(self, name: str, action: Callable[[], None]) -> None:
        """Runs `action` before the first use of a connection: "Execute SQL script" does its work at initialisation."""
        self._at_start.setdefault(name, []).append(action)

    def target(self, name: str) -> "Target":
        """Where a connection leads, without connecting. Raises KettleError."""
        from assets.kettle.database.urls import target_of  # SQLAlchemy only for runs that have a database

        connection, variables = self._connection(name)
        return target_of(connection, variables, self._urls)

    def get(self, name: str, *, reading: bool = False) -> "Database":
        """The open database of a named connection; two names for one place share it.

        Args:
            reading: it is only asked: a database file that is not there is an error, and is not made. H2 and HSQLDB
                make an empty one, as their drivers do in Kettle; it goes again when nothing was written.

        Raises:
            KettleError: no such connection, or it cannot be opened.
        """
        if name not in self._open:
            from assets.kettle.database.engines import open_database

            target = self.target(name)
            place = self._places[name] = f"{target.url.render_as_string(hide_password=False)} {target.standin}"
            shared = None if target.url.database == ":memory:" else self._by_url.get(place)
            if shared is None and reading and name not in self._at_start and not target.standin:
                target.check_there(name)
            made = target.file if target.file is not None and not target.file.exists() else None
            self._open[name] = self._by_url[place] = shared or open_database(name, target)
            if made is not None:
                self._made[place] = made
            logger.info("connection %s: %s", name, target.url.render_as_string())  # the password hidden
        if not reading or name in self._at_start:
            self._written.add(self._places[name])
        if not self.planning_only:
            waiting = self._at_start.pop(name, [])
            for action in waiting:
                action()
        return self._open[name]

    def _connection(self, name: str) -> tuple[Connection, Variables]:
        found = self._known.get(name)
        if found is None:
            names = ", ".join(sorted(self._known)) or "none"
            raise KettleError(f"there is no database connection {name!r}; there are: {names}", "add it to the file")
        return found

    def commit(self) -> None:
        """Commits what every open connection has done."""
        for database in self._each():
            database.commit()
        self._made = {place: path for place, path in self._made.items() if place not in self._written}

    def rollback(self) -> None:
        """Undoes what every open connection has done since the last commit."""
        for database in self._each():
            database.rollback()

    def close(self) -> None:
        """Closes every connection."""
        for database in self._each():
            database.close()
        for path in self._made.values():
            path.unlink(missing_ok=True)
        self._made.clear()
        self._open = {}
        self._by_url = {}

    def _each(self) -> "list[Database]":
        return list({id(database): database for database in self._open.values()}.values())
