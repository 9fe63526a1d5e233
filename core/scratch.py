"""Folders for temporary files, which outlive a killed process only until the next one needs such a folder."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

YOUNG_SECONDS = 60.0  # a folder this new may not be locked yet by the process that just made it


@contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder `<parent>/<prefix>…`, removed at the end with what is left of those of killed processes."""
    parent.mkdir(parents=True, exist_ok=True)
    for former in parent.glob(f"{prefix}*"):
        _remove_if_abandoned(former)
    with tempfile.TemporaryDirectory(dir=parent, prefix=prefix) as name:
        descriptor = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # the kernel's lock, gone with the process
            yield Path(name)
        finally:
            os.close(descriptor)


def _remove_if_abandoned(folder: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):  # another process was quicker; not ours
        if time.time() - folder.stat().st_mtime < YOUNG_SECONDS:
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its process is at work
        finally:
            os.close(descriptor)
