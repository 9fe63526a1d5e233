"""Errors that come from the disk and not from the program, told as such."""

import errno
import sqlite3

from core.errors import StoreError

_ADVICE = {
    errno.ENOSPC: "free disk space, or set HEDDLE_HOME to a folder on another disk",
    errno.EDQUOT: "free disk space, or set HEDDLE_HOME to a folder on another disk",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EROFS: "set HEDDLE_HOME to a folder that can be written",
    errno.EACCES: "set HEDDLE_HOME to a folder that you may write, or correct its permissions",
    errno.EPERM: "set HEDDLE_HOME to a folder that you may write, or correct its permissions",
    errno.ENOTDIR: "set HEDDLE_HOME to a folder; there is a file in the way",
}
_DAMAGED = "restore HEDDLE_HOME/dagster or mlflow.db; moved away, nothing counts as built, and runs build it again"
_SQLITE = {
    sqlite3.SQLITE_FULL: _ADVICE[errno.ENOSPC],
    sqlite3.SQLITE_IOERR: _ADVICE[errno.ENOSPC],
    sqlite3.SQLITE_READONLY: _ADVICE[errno.EROFS],
    sqlite3.SQLITE_CANTOPEN: _ADVICE[errno.EACCES],
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def refused(error: BaseException) -> StoreError | None:
    """What to tell the user if `error` says that the disk is full or may not be written, or that SQLite's file is none.

    Others give None.
    """
    original = getattr(error, "orig", error)  # SQLAlchemy wraps the driver's error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF  # the rest of the bits are details
        what = f"Dagster's history or MLflow's store cannot be used: {original}"
        return StoreError(what, _SQLITE[code]) if code in _SQLITE else None
    if not isinstance(original, OSError) or original.errno not in _ADVICE:
        return None
    if original.filename is None and original.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return None  # not about a file: a port or a process
    what = f"cannot write {original.filename or 'to disk'}: {original.strerror}"
    return StoreError(what, _ADVICE[original.errno])
