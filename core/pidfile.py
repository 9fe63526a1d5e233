"""A file that names the process that holds it: one server or supervisor per home, and a way to find it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from core.errors import HeddleError

LOOK_SECONDS = 0.2  # somebody who only looks (`holder`) has the lock for less


@contextmanager
def hold(path: Path, error: type[HeddleError], what: str, fix: str) -> Iterator[None]:
    """Hold the file while the block runs. The kernel's lock, not the file, says whether its process is alive.

    Raises:
        error: another process holds it; the message is `what` and its pid, then `fix`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + LOOK_SECONDS
        while not _locked(file):
            if time.monotonic() > deadline:
                file.seek(0)
                raise error(f"{what} (pid {file.read().strip()})", fix)
            time.sleep(LOOK_SECONDS / 10)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(path: Path) -> int | None:
    """The pid of the process that holds the file, or None."""
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read().strip() or 0) or None
    except FileNotFoundError:
        pass
    return None
