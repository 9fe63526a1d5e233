"""Open connections of a run, one per named connection."""

from collections.abc import Mapping

from assets.kettle.files.variables import Variables
from assets.kettle.model import Connection


class Databases:
    """The databases of one run: connected on first use, committed or rolled back together."""

    def __init__(self, connections: Mapping[str, Connection], variables: Variables, urls: Mapping[str, str]) -> None:
        self._known: dict[str, tuple[Connection, Variables]] = {}
        self._urls = urls
        self.add(connections, variables)

    def add(self, connections: Mapping[str, Connection], variables: Variables) -> None:
        """Makes more named connections known; ones already known stay."""
        for name, connection in connections.items():
            self._known.setdefault(name, (connection, variables))

    def commit(self) -> None:
        """Commits what every open connection has done."""

    def rollback(self) -> None:
        """Undoes what every open connection has done since the last commit."""

    def close(self) -> None:
        """Closes every connection."""
