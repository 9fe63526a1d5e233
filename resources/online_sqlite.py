"""The embedded online store: one SQLite file, written in one transaction a push."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import StoreError
from core.sqlite import use_wal
from resources.ports import OnlineRow

PAGE = 10_000  # rows read at once
BUSY_SECONDS = 30  # how long a push waits for another one
_TABLES = """
create table if not exists online_views (view text primary key, head blob not null);
create table if not exists online_rows (
    view text not null, key text not null, event integer not null, row blob not null, primary key (view, key)
) without rowid;
"""
_PUT = """
insert into online_rows (view, key, event, row) values (?, ?, ?, ?)
on conflict (view, key) do update set event = excluded.event, row = excluded.row where excluded.event >= event
"""


class SqliteOnline:
    """See ports.OnlineStore. Readers see the former state until a push is committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mine = threading.local()
        self._all: list[sqlite3.Connection] = []

    @classmethod
    def from_url(cls, url: str) -> "SqliteOnline":
        """Open sqlite:///absolute/file."""
        return cls(Path(unquote(urlsplit(url).path)))

    def push(self, view: str, head: Callable[[], bytes], batches: Iterable[Sequence[OnlineRow]], *, whole: bool) -> int:
        """See ports.OnlineStore."""
        with self._begun("begin immediate") as connection:
            before = connection.total_changes
            if whole:
                connection.execute("delete from online_rows where view = ?", [view])
                before = connection.total_changes
            for batch in batches:
                connection.executemany(_PUT, ((view, *row) for row in batch))
            written = connection.total_changes - before
            connection.execute("insert or replace into online_views values (?, ?)", [view, head()])
            return written

    def read(self, view: str, keys: Sequence[str]) -> tuple[bytes | None, list[bytes | None]]:
        """See ports.OnlineStore."""
        with self._begun("begin") as connection:
            head = connection.execute("select head from online_views where view = ?", [view]).fetchone()
            if len(keys) == 1:
                sql, asked = "select key, row from online_rows where view = ? and key = ?", keys[0]
            else:
                sql = "select key, row from online_rows where view = ? and key in (select value from json_each(?))"
                asked = json.dumps(list(keys))
            found = dict(connection.execute(sql, [view, asked]).fetchall())
        return head and head[0], [found.get(key) for key in keys]

    def rows(self, view: str) -> int:
        """See ports.OnlineStore."""
        with self._begun("begin") as connection:
            return int(connection.execute("select count(*) from online_rows where view = ?", [view]).fetchone()[0])

    def scan(self, view: str) -> Iterator[tuple[str, bytes]]:
        """See ports.OnlineStore."""
        after = ""
        page = "select key, row from online_rows where view = ? and key > ? order by key limit ?"
        while True:
            with self._begun("begin") as connection:
                found = connection.execute(page, [view, after, PAGE]).fetchall()
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1][0]

    def remove(self, view: str, keys: Sequence[str]) -> int:
        """See ports.OnlineStore."""
        self._connection().execute("pragma secure_delete = on")  # the old bytes are overwritten
        with self._begun("begin immediate") as connection:
            sql = "delete from online_rows where view = ? and key in (select value from json_each(?))"
            gone = connection.execute(sql, [view, json.dumps(list(keys))]).rowcount
        self._connection().execute("pragma wal_checkpoint(truncate)").fetchall()
        return gone

    def views(self) -> list[str]:
        """See ports.OnlineStore."""
        with self._begun("begin") as connection:
            return [row[0] for row in connection.execute("select view from online_views order by view")]

    def drop(self, view: str) -> None:
        """See ports.OnlineStore."""
        with self._begun("begin immediate") as connection:
            connection.execute("delete from online_rows where view = ?", [view])
            connection.execute("delete from online_views where view = ?", [view])

    def close(self) -> None:
        """See ports.OnlineStore."""
        for connection in self._all:
            connection.close()
        self._all.clear()
        self._mine = threading.local()

    @contextmanager
    def _begun(self, begin: str) -> Iterator[sqlite3.Connection]:
        """A transaction of this thread's connection, rolled back when the block fails."""
        try:
            connection = self._connection()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                connection.execute("rollback")
                raise
        except sqlite3.Error as error:
            raise StoreError(f"the online store {self.path} refused: {error}", "look at HEDDLE_ONLINE") from None

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if found is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            found = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )  # closed by another thread at the end
            use_wal(found, BUSY_SECONDS)
            found.execute("pragma synchronous = normal")
            found.executescript(_TABLES)
            self._mine.connection = found
            self._all.append(found)
        return found
