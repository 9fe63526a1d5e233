"""The chain: one JSON line an entry, each with an HMAC over its content and the hash of the entry before.

A line that is written whole is the commit of an entry; the files it names lie there before. What a killed process left
behind has the number of an entry that is not there, and goes with the next append.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.security.trace.keys import derived, mac
from assets.security.trace.model import Entry
from core.errors import StoreError

FILE, ROWS, STATE = "chain.jsonl", "rows", "state"
START = "0" * 64  # what the first entry follows
_TAIL = 1 << 16


class Chain:
    """The chain of a folder.

    Args:
        key: the trace's secret.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder, self.path = folder, folder / FILE
        self._key = derived(key, "chain").encode()

    @contextmanager
    def locked(self, name: str = "chain") -> Iterator[None]:
        """One process at a time; the kernel's lock, gone with the process."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def append(
        self, document: Mapping[str, Any], place: Callable[[int, str], Mapping[str, Any]] = lambda _n, _i: {}
    ) -> Entry:
        """A new entry at the end.

        Args:
            place: puts the entry's files in place, given its number and id, and says what the entry tells of them.
        """
        with self.locked():
            self._mend()
            head = self.head()
            number, before = (head.number + 1, head.hash) if head else (1, START)
            self._sweep(number)
            identity = uuid.uuid4().hex[:12]
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            said = {"number": number, "id": identity, "at": at, "previous": before} | dict(document)
            said |= place(number, identity)
            made = mac(self._key, canonical(said))
            line = canonical(said | {"hash": made}).encode() + b"\n"
            new = not self.path.exists()
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab", buffering=0) as file:
                file.write(line)
                os.fsync(file.fileno())
            if new:
                _sync(self.folder)
            return Entry(number, made, said)

    def head(self) -> Entry | None:
        """The last entry."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            tail, start = b"", size
            while start > 0 and tail.rstrip(b"\n").count(b"\n") < 1:
                start = max(0, start - _TAIL)
                file.seek(start)
                tail = file.read(size - start)
        lines = tail[: tail.rfind(b"\n") + 1].rstrip(b"\n").rsplit(b"\n", 1)
        return parsed(lines[-1], "the last line") if lines[-1] else None

    def entries(self) -> Iterator[Entry]:
        """All entries, the oldest first.

        Raises:
            StoreError: a line is no entry.
        """
        for number, line in self.lines():
            yield parsed(line, f"line {number}")

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines with their numbers; a torn last one, of a killed process, is left out."""
        if self.path.exists():
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):
                        yield number, line

    def signed(self, document: Mapping[str, Any]) -> str:
        """The hash that an entry of this content has."""
        return mac(self._key, canonical(document))

    def last_of(self, table: str) -> Entry | None:
        """The last entry about a table."""
        mark, found = canonical(table).encode(), None
        for number, line in self.lines():
            if mark in line and (entry := parsed(line, f"line {number}")).table == table:
                found = entry
        return found

    def rows_path(self, entry: Entry) -> Path:
        """The file with the rows of an entry."""
        return self.folder / ROWS / named(entry.number, str(entry.document["id"]))

    def _mend(self) -> None:
        """Takes away a line that a killed process had not finished."""
        if not self.path.exists():
            return
        with self.path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read()
            torn = len(tail) - (tail.rfind(b"\n") + 1)
            if torn:
                file.truncate(size - torn)

    def _sweep(self, number: int) -> None:
        for path in (*self.folder.glob(f"{ROWS}/{number:09d}-*"), *self.folder.glob(f"{STATE}/*/{number:09d}-*")):
            path.unlink()


def named(number: int, identity: str) -> str:
    """The name of an entry's file."""
    return f"{number:09d}-{identity}.parquet"


def canonical(document: Any) -> str:
    """The same text for the same content."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def parsed(line: bytes, where: str) -> Entry:
    """The entry of a line. Raises StoreError when it is none."""
    try:
        said = json.loads(line)
        made = said.pop("hash")
        return Entry(int(said["number"]), str(made), said)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{FILE}: {where} is no entry", "`heddle trace verify` says more") from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
