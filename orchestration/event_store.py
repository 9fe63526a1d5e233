"""Dagster's history in SQLite with connections that stay open.

The stock storage opens and closes a database for each event, and closing writes SQLite's journal back: two waits for
the disk per event, seven events per step. Here connections stay open, and the events of runs are committed without a
wait for the disk: a killed process loses nothing, a machine that loses its power at most the last events of its runs.
What is known of assets across runs is written as safely as always. The files are those of the stock storage.
"""

import fcntl
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from orchestration._compat import (
    INDEX_SHARD_NAME,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    DagsterSqliteStorage,
    SqliteEventLogStorage,
)

KEPT = 8  # databases that stay open: the index of assets, and the runs used last


class EventLog(SqliteEventLogStorage):
    """The event log: one SQLite file per run, and one that tells of assets across runs."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._engines: OrderedDict[str, tuple[Engine, tuple[int, int]]] = OrderedDict()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.connect() as connection:
                driver = cast("Any", connection.connection.dbapi_connection)
                before = driver.total_changes
                with connection.begin():
                    yield connection
                if driver.total_changes != before:
                    os.utime(self.path_for_shard(shard))  # the web UI waits for the file to change, not for its journal

    def _engine(self, shard: str) -> Engine:
        path = Path(self.path_for_shard(shard))
        kept = self._engines.pop(shard, None)
        if kept is not None and kept[1] != (os.getpid(), _inode(path)):
            kept[0].dispose(close=kept[1][0] == os.getpid())  # the file was removed, or the process was forked
            self._initialized_dbs.discard(shard)
            kept = None
        if kept is None:
            engine = self._made(shard)
            kept = engine, (os.getpid(), _inode(path))
        self._engines[shard] = kept
        while len(self._engines) > KEPT:
            self._engines.popitem(last=False)[1][0].dispose()
        return kept[0]

    def _made(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        if shard != INDEX_SHARD_NAME:
            event.listen(engine, "connect", _unhurried)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def dispose(self) -> None:
        """Closes the databases."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1][0].dispose()
        super().dispose()


class Storage(DagsterSqliteStorage):
    """All of an instance's history, as `storage: {custom: …}` of dagster.yaml names it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        with _alone(Path(base_dir)):
            super().__init__(base_dir, inst_data)
            self._event_log_storage = EventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "Storage":
        """As Dagster makes it."""
        return cls.from_local(inst_data=inst_data, **config_value)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes the databases of a new installation: two at once would get into each other's way."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # the kernel's lock, gone with the process
        yield
    finally:
        os.close(descriptor)


def _unhurried(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
