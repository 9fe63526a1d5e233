"""Files and folders that job entries work on, local or on any file system that fsspec knows.

A file is written beside its place and renamed when it is complete; one for elsewhere is written in the temporary
folder and sent when it is complete.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from assets.kettle.engine.outputs import local_path, part_prefix, vfs_address
from assets.kettle.errors import KettleError

CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


class Place:
    """A path and its file system. Every method raises KettleError naming the path when the system refuses.

    Attributes:
        text: the path as entries show it: local ones absolute, without `file:`.
        local: the local path, None elsewhere.
    """

    def __init__(self, path: str) -> None:
        import fsspec

        if not path.strip():
            raise KettleError("a file or folder has no name", "name it")
        local = local_path(path)
        self.local = None if local is None else Path(os.path.abspath(local))  # noqa: PTH100  # links stay as they are
        self.text = path if self.local is None else str(self.local)
        try:
            address = vfs_address(path) if self.local is None else self.text
            if self.local is None:
                self._fs, self._inner = fsspec.core.url_to_fs(address)
            else:
                self._fs, self._inner = fsspec.filesystem("file"), self.text
        except Exception as error:  # each file system raises errors of its own
            raise self._refused("use", error) from error

    def _refused(self, what: str, error: BaseException) -> KettleError:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return KettleError(f"cannot {what} {self.text}: {reason}", "check the path and its rights")

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        try:
            yield
        except KettleError:
            raise
        except Exception as error:  # each file system raises errors of its own
            raise self._refused(what, error) from error

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.text.rstrip("/").rsplit("/", 1)[-1]

    @property
    def parent(self) -> "Place":
        """The folder around it."""
        return Place(str(self.local.parent) if self.local is not None else self.text.rstrip("/").rsplit("/", 1)[0])

    def child(self, name: str) -> "Place":
        """What lies inside under a relative name."""
        return Place(f"{self.text.rstrip('/')}/{name}")

    def exists(self) -> bool:
        """Whether it is there."""
        with self._trying("look for"):
            return bool(self._fs.exists(self._inner))

    def is_folder(self) -> bool:
        """Whether it is there and a folder."""
        with self._trying("look at"):
            return bool(self._fs.isdir(self._inner))

    def size(self) -> int:
        """Bytes of a file."""
        with self._trying("look at"):
            return int(self._fs.size(self._inner) or 0)

    def walk(self, *, deep: bool) -> list["Place"]:
        """Files and folders inside, sorted by path; with `deep` those of all folders inside too."""
        with self._trying("list"):
            found = self._fs.find(self._inner, maxdepth=None if deep else 1, withdirs=True)
            inner = self._inner.rstrip("/")
            names = sorted(str(name) for name in found if str(name).rstrip("/") != inner)
        return [self.child(name[len(inner) :].lstrip("/")) for name in names]

    def files(self, *, deep: bool) -> list["Place"]:
        """The files inside, sorted by path."""
        return [place for place in self.walk(deep=deep) if not place.is_folder()]

    def below(self, folder: "Place") -> str:
        """The path seen from a folder around it."""
        return self.text[len(folder.text.rstrip("/")) :].lstrip("/")

    def open(self) -> IO[bytes]:
        """Opens a file for reading."""
        with self._trying("read"):
            return self._fs.open(self._inner, "rb")  # type: ignore[no-any-return]

    @contextmanager
    def writing(self, *, append: bool = False) -> Iterator[IO[bytes]]:
        """A file to write; it takes the place, or is sent there, when the body has ended well."""
        with self._trying("write"):
            folder = None if self.local is None else self.local.parent
            handle, part = tempfile.mkstemp(prefix=part_prefix(), suffix=".part", dir=folder)
        staged = Path(part)
        try:
            with self._filling(), os.fdopen(handle, "wb") as stream:
                if append and self.exists():
                    with self.open() as before:
                        shutil.copyfileobj(before, stream, CHUNK)
                yield stream
            with self._trying("write"):
                if self.local is None:
                    self._fs.put_file(str(staged), self._inner)
                else:
                    staged.chmod(self.local.stat().st_mode & 0o777 if self.local.exists() else _usual_mode())
                    staged.replace(self.local)
        finally:
            staged.unlink(missing_ok=True)

    def make_folder(self) -> None:
        """Makes the folder and those above it; nothing happens when it is there."""
        with self._trying("make"):
            self._fs.makedirs(self._inner, exist_ok=True)

    @contextmanager
    def _filling(self) -> Iterator[None]:
        """Errors of this file's disk are told as such; those of where the bytes come from pass."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise self._refused("write", error) from error
            raise

    def copy(self, target: "Place") -> None:
        """Copies a file over `target`, making its folder."""
        target.parent.make_folder()
        with self._trying("copy"), self.open() as source, target.writing() as stream:
            shutil.copyfileobj(source, stream, CHUNK)

    def move(self, target: "Place") -> None:
        """Moves a file over `target`, making its folder: by renaming where that works."""
        if self.local is not None and target.local is not None:
            target.parent.make_folder()
            try:
                self.local.replace(target.local)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise self._refused("move", error) from error
            else:
                return
        self.copy(target)
        self.delete()

    def delete(self, *, deep: bool = False) -> None:
        """Deletes a file or an empty folder; with `deep` a folder with all that is inside. Links are not followed."""
        with self._trying("delete"):
            if self.local is None:
                self._fs.rm(self._inner, recursive=deep)
            elif self.local.is_dir() and not self.local.is_symlink():
                shutil.rmtree(self.local) if deep else self.local.rmdir()
            else:
                self.local.unlink()

    def same(self, other: "Place") -> bool:
        """Whether two files have the same bytes."""
        if self.size() != other.size():
            return False
        with self.open() as left, other.open() as right:
            while True:
                one, two = left.read(CHUNK), right.read(CHUNK)
                if one != two:
                    return False
                if not one:
                    return True

    def facts(self) -> dict[str, Any]:
        """What the file system tells of it."""
        with self._trying("look at"):
            return dict(self._fs.info(self._inner))


def _usual_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
