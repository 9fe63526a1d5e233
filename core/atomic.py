"""Files that are there whole or not at all: written beside their place, brought to disk, renamed into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_NAME = 40  # characters of the file's name that its part repeats: names may have 255 bytes


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Gives the name of a file beside `path`, not there yet; at the end of the block it takes the place of `path`.

    Fails the block, or is the process killed, then `path` is as before. Folders above it are made. A link stays a link:
    what it points to is replaced.

    Args:
        path: the file.
        mode: its permissions; None: those of the file it replaces, and of a new one what the umask leaves of 666.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:_NAME]}.{uuid4().hex[:12]}.part")
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        if mode is not None or path.exists():
            beside.chmod(path.stat().st_mode & 0o7777 if mode is None else mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, mode: int | None = None) -> None:
    """The file with this text, UTF-8 and line ends as they are; otherwise as `replacing`."""
    write_bytes(path, text.encode(), mode)


def write_bytes(path: Path, data: bytes, mode: int | None = None) -> None:
    """The file with these bytes; otherwise as `replacing`. With a mode, no other user can read the part either."""
    with replacing(path, mode) as beside:
        beside.touch(0o666 if mode is None else mode)
        beside.write_bytes(data)
