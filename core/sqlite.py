"""What SQLite files need beyond what their driver does."""

import sqlite3
import time

_AGAIN_SECONDS = 0.01


def use_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """Switches a database to its write-ahead log, waiting for others that do the same.

    SQLite's own timeout does not hold here: two who open a new file at once would deadlock, so one is refused at once.

    Raises:
        sqlite3.OperationalError: it is still locked after `seconds`, or no database.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_AGAIN_SECONDS)
