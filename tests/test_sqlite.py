"""SQLite files that several open at once."""

import multiprocessing
import sqlite3
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from core.sqlite import use_wal

FILES = 20


def _opened(folder: Path, together: Barrier, refused: "multiprocessing.SimpleQueue[str]") -> None:
    for turn in range(FILES):
        together.wait(30)
        try:
            with closing(sqlite3.connect(folder / f"{turn}.db", timeout=30, isolation_level=None)) as connection:
                use_wal(connection, 30)
                connection.execute("begin immediate")
                connection.execute("create table if not exists t (a)")
                connection.execute("commit")
            refused.put("")
        except sqlite3.Error as error:
            refused.put(str(error))


def test_several_processes_make_a_new_file_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    together, refused = context.Barrier(4), context.SimpleQueue()
    processes = [context.Process(target=_opened, args=(tmp_path, together, refused)) for _ in range(4)]
    for process in processes:
        process.start()
    assert [refused.get() for _ in range(4 * FILES)] == [""] * 4 * FILES
    for process in processes:
        process.join(30)


def test_a_file_that_is_locked_for_long_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as holder,
        closing(sqlite3.connect(path, timeout=0)) as other,
    ):
        holder.execute("begin exclusive")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_wal(other, 0.05)
    (tmp_path / "no.db").write_bytes(b"no database" * 99)
    with closing(sqlite3.connect(tmp_path / "no.db")) as connection, pytest.raises(sqlite3.DatabaseError, match="file"):
        use_wal(connection, 30)
