"""What a person asked and kept: a small SQLite file of this installation, each person's own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from assets.catalog.lab.model import QueryError
from core.settings import Settings

FILE = "lab.sqlite"
KEPT = 500  # queries of a person
_TABLES = """
create table if not exists asked (id integer primary key, who text not null, at text not null, source text not null,
    sql text not null, seconds real not null, rows integer not null, error text not null);
create index if not exists asked_who on asked (who, id);
create table if not exists saved (who text not null, name text not null, source text not null, sql text not null,
    at text not null, primary key (who, name));
"""


class Asked(NamedTuple):
    """A query that ran or was refused; `error` is "" where it went well."""

    id: int
    at: str
    source: str
    sql: str
    seconds: float
    rows: int
    error: str


class Saved(NamedTuple):
    """A query under a name."""

    name: str
    source: str
    sql: str
    at: str


class History:
    """One person's queries."""

    def __init__(self, settings: Settings, who: str) -> None:
        self.path: Path = settings.home / FILE
        self.who = who

    def add(self, source: str, sql: str, seconds: float, rows: int, error: str = "") -> None:
        """Keeps a query; those beyond the last KEPT go."""
        with self._open() as db:
            db.execute(
                "insert into asked (who, at, source, sql, seconds, rows, error) values (?, ?, ?, ?, ?, ?, ?)",
                (self.who, _now(), source, sql, seconds, rows, error[:1_000]),
            )
            db.execute(
                "delete from asked where who = ? and id not in (select id from asked where who = ? order by id desc "
                "limit ?)",
                (self.who, self.who, KEPT),
            )

    def asked(self, limit: int = 20) -> list[Asked]:
        """The last queries, the newest first."""
        found = "select id, at, source, sql, seconds, rows, error from asked where who = ? order by id desc limit ?"
        with self._open() as db:
            return [Asked(*row) for row in db.execute(found, (self.who, limit))]

    def save(self, name: str, source: str, sql: str) -> None:
        """Keeps a query under a name, in place of a former one.

        Raises:
            QueryError: the name or the query is empty, or too long.
        """
        if not name.strip() or len(name) > 200 or not sql.strip():
            raise QueryError("a saved query has a name of up to 200 characters, and a text", "give both")
        with self._open() as db:
            db.execute(
                "insert or replace into saved (who, name, source, sql, at) values (?, ?, ?, ?, ?)",
                (self.who, name.strip(), source, sql, _now()),
            )

    def remove(self, name: str) -> bool:
        """Forgets a saved query; whether there was one."""
        with self._open() as db:
            return db.execute("delete from saved where who = ? and name = ?", (self.who, name)).rowcount > 0

    def saved(self) -> list[Saved]:
        """The saved queries by name."""
        with self._open() as db:
            found = db.execute("select name, source, sql, at from saved where who = ? order by name", (self.who,))
            return [Saved(*row) for row in found]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.path.touch(0o600)  # queries may name persons
        with closing(sqlite3.connect(self.path, timeout=20)) as db, db:
            db.executescript(_TABLES)
            yield db


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
