"""A file of any file system that fsspec reaches, and how much of it is read."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assets.catalog.model import ColumnInfo
from assets.catalog.scan.reader import Content

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PACKED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
HEAD = 256 * 2**10  # bytes that a format is judged by


@dataclass(frozen=True)
class File:
    """One file.

    Attributes:
        path: of the file system; `name` is relative to the source's folder.
        limit: bytes, unpacked, that are read at most; 0 for all.
    """

    fs: "AbstractFileSystem"
    path: str
    name: str
    size: int
    stamp: str = ""
    changed: str = ""
    limit: int = 0

    @contextmanager
    def open(self) -> Iterator[Any]:
        """The bytes, unpacked where the name says they are packed."""
        from fsspec.compression import compr

        packed = next((how for suffix, how in PACKED.items() if self.path.lower().endswith(suffix)), None)
        with self.fs.open(self.path, "rb") as raw:
            if packed is None:
                yield raw
            else:
                with compr[packed](raw, mode="rb") as unpacked:
                    yield unpacked

    def head(self) -> bytes:
        """The first HEAD bytes."""
        with self.open() as source:
            data: bytes = source.read(HEAD)
        return data

    def whole(self) -> bytes:
        """All bytes.

        Raises:
            ValueError: they are more than the limit.
        """
        with self.open() as source:
            data: bytes = source.read(self.limit + 1 if self.limit else -1)
        if self.limit and len(data) > self.limit:
            raise ValueError(f"is larger than {self.limit:,} bytes (max_bytes), and this format is read whole")
        return data


@dataclass(frozen=True)
class Part:
    """A table within a file: a sheet of a workbook, or all of the file when `name` is ""."""

    name: str
    columns: tuple[ColumnInfo, ...]
    rows: int | None = None


class Format(Protocol):
    """How files of one format are read. Raises any exception where a file is not what its name says."""

    def describe(self, file: File) -> Sequence[Part]:
        """The tables in it, by its head where the format allows that."""
        ...

    def read(self, file: File, part: Part, rows: int) -> AbstractContextManager[Content]:
        """The rows of a table; a sample of at least `rows` of them when there are more, all for 0."""
        ...


def unique(names: Sequence[str]) -> list[str]:
    """Names for columns: missing ones numbered, repeated ones with a number behind."""
    seen: dict[str, int] = {}
    made = []
    for place, given in enumerate(names, 1):
        name = given.strip() or f"column_{place}"
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1 and f"{name}_{seen[name]}" in seen:
            seen[name] += 1
        if seen[name] > 1:
            name = f"{name}_{seen[name]}"
            seen[name] = 1
        made.append(name)
    return made
