"""Versioned folders on a file system, local or a shared volume."""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from core.atomic import write_text
from core.errors import HeddleError, StoreError
from core.naming import Key, object_prefix

ALIASES = "aliases"
LEFT_SECONDS = 24 * 3600.0  # a temporary folder this old is no longer being written


class FileObjects:
    """Objects under `root/<key>/<version>/…`, aliases as one-line files under `root/<key>/aliases/<name>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def from_url(cls, url: str) -> "FileObjects":
        """Open file:///absolute/folder."""
        return cls(Path(urlsplit(url).path))

    def write(self, key: Key, version: str, build: Callable[[Path], None]) -> Path:
        """See ports.Objects."""
        target = self._version(key, version)
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{version}.{uuid.uuid4().hex[:8]}.tmp"
        temporary.mkdir()
        try:
            build(temporary)
            _sync(temporary)
            temporary.rename(target)
        except OSError as error:
            if target.exists():  # another process published the same content first
                return target
            raise StoreError(f"cannot write {target}: {error.strerror}", "free space or check the folder") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return target

    def path(self, key: Key, version: str) -> Path:
        """See ports.Objects."""
        target = self._version(key, version)
        if not target.is_dir():
            raise StoreError(f"no version {version!r} of {key} in {self.root}", f"materialize {key} first")
        return target

    def keys(self, layer: str) -> list[Key]:
        """See ports.Objects."""
        found = []
        for folder in sorted((self.root / layer).glob("*/*/")):
            try:
                found.append(Key.parse(folder.relative_to(self.root).as_posix()))
            except HeddleError:  # a folder that is not ours
                continue
        return found

    def versions(self, key: Key) -> list[str]:
        """See ports.Objects."""
        folder = self.root / object_prefix(key)
        if not folder.is_dir():
            return []
        found = [p for p in folder.iterdir() if p.is_dir() and p.name != ALIASES and not p.name.startswith(".")]
        return [p.name for p in sorted(found, key=lambda p: (p.stat().st_mtime_ns, p.name))]

    def alias(self, key: Key, name: str) -> str | None:
        """See ports.Objects."""
        try:
            return self._alias(key, name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def set_alias(self, key: Key, name: str, version: str) -> None:
        """See ports.Objects."""
        self.path(key, version)
        write_text(self._alias(key, name), version + "\n")

    def alias_stamp(self, key: Key, name: str) -> tuple[int, int, int] | None:
        """See ports.Objects."""
        try:  # no pathlib here: a server asks this for every request
            found = os.stat(f"{self.root}/{object_prefix(key)}/{ALIASES}/{name}")  # noqa: PTH116
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def drop_alias(self, key: Key, name: str) -> None:
        """See ports.Objects."""
        self._alias(key, name).unlink(missing_ok=True)

    def prune(self, key: Key, keep: int) -> list[str]:
        """See ports.Objects."""
        aliases = self.root / object_prefix(key) / ALIASES
        named = {p.read_text(encoding="utf-8").strip() for p in aliases.glob("[!.]*")} if aliases.is_dir() else set()
        old = [v for v in self.versions(key)[:-keep] if v not in named]
        for version in old:
            target = self._version(key, version)
            # out of sight first: half a folder must never stand under a version's name
            doomed = target.rename(target.parent / f".{version}.{uuid.uuid4().hex[:8]}.tmp")
            shutil.rmtree(doomed)
        self._sweep(key)
        return old

    def _sweep(self, key: Key) -> None:
        """Remove what killed processes left behind."""
        before = time.time() - LEFT_SECONDS
        for path in (self.root / object_prefix(key)).glob(".*.tmp"):
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                if path.stat().st_mtime < before:
                    shutil.rmtree(path)

    def _version(self, key: Key, version: str) -> Path:
        if not version or "/" in version or version.startswith(".") or version == ALIASES:
            raise StoreError(f"{version!r} is not a version name", "use letters, digits, dots and dashes")
        return self.root / object_prefix(key) / version

    def _alias(self, key: Key, name: str) -> Path:
        return self.root / object_prefix(key) / ALIASES / name


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            _sync_file(path)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
