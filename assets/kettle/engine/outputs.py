"""Files that a run reads and writes: written beside, put in place when the run has succeeded.

Paths may be local (with or without file://) or any URL that fsspec knows (s3://, memory://, sftp://, zip://, ...).
"""

import errno
import os
import re
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import unquote

from assets.kettle.errors import KettleError


def local_path(path: str) -> Path | None:
    """The local path that a plain path or file: URL names; None for other URLs. A backslash separates folders too."""
    if path.startswith("file:"):
        return Path(unquote("/" + path[5:].lstrip("/")) if path.startswith("file:/") else path[5:])
    if "://" in path or path.startswith(("zip:", "gz:", "tar:", "tgz:", "jar:", "ram:", "tmp:")):
        return None
    return Path(path.replace("\\", "/"))


ARCHIVES = {"zip": "zip", "jar": "zip", "tar": "tar"}
RENAMED = {"ram:": "memory:", "tmp:": "memory:", "s3n:": "s3:", "s3a:": "s3:"}


def vfs_address(path: str) -> str:
    """The path in fsspec's spelling: Kettle writes `zip:file:///a.zip!/inner.txt`, `ram:///x`, `s3n://…`."""
    scheme, colon, rest = path.partition(":")
    if colon and scheme.lower() in ARCHIVES:
        outer, _, inner = rest.partition("!")
        local = local_path(outer)
        outer = outer if local is None else str(local)
        return f"{ARCHIVES[scheme.lower()]}://{inner.lstrip('/')}::{outer}"
    for old, new in RENAMED.items():
        if path.startswith(old):
            return new + path[len(old) :]
    return path


_PART = re.compile(r"\.heddle-(?P<place>.+)-(?P<pid>\d+)-[^-]*\.part")
ABANDONED_SECONDS = 86_400


def part_prefix() -> str:
    """How the staged files of this process begin: they name the host, the process's name space and its id."""
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # no Linux
        space = 0
    return f".heddle-{re.sub(r'[^A-Za-z0-9.]', '', socket.gethostname())[:64]}.{space}-{os.getpid()}-"


def sweep(folder: Path) -> None:
    """Removes the staged files that killed runs left in a folder.

    These are the files of processes that are gone from this host, and those of other hosts that nobody has written to
    for a day.
    """
    mine = _PART.fullmatch(f"{part_prefix()}.part")
    for entry in os.scandir(folder):
        found = _PART.fullmatch(entry.name)
        if found is None or mine is None:
            continue
        try:
            if found["place"] == mine["place"]:
                left = not _alive(int(found["pid"]))
            else:
                left = time.time() - entry.stat().st_mtime > ABANDONED_SECONDS
            if left:
                os.unlink(entry.path)  # noqa: PTH108
        except FileNotFoundError:
            continue  # another run swept it


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Outputs:
    """The output files of a run. Readers within the run see what has been staged so far."""

    def __init__(self) -> None:
        self._staged: dict[str, Path] = {}
        self._swept: set[Path] = set()

    @staticmethod
    def _key(path: str) -> str:
        local = local_path(path)
        return path if local is None else os.path.abspath(local)  # noqa: PTH100  # resolves no links: the name stays

    def stage(self, path: str, *, append: bool = False, make_folder: bool = True) -> Path:
        """A local file to write in place of `path`; `append` starts with the present content.

        Raises:
            KettleError: the folder is missing and may not be made.
        """
        key = self._key(path)
        if key in self._staged:
            if not append:
                self._staged[key].write_bytes(b"")
            return self._staged[key]
        local = local_path(path)
        if local is not None and not local.parent.is_dir():
            if not make_folder:
                raise KettleError(f"the folder of {path} does not exist", "create it, or let the step create it")
            try:
                local.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _unwritable(path, error) from error
        folder = None if local is None else local.parent
        try:
            _check_name(local)
            if folder is not None and folder not in self._swept:
                self._swept.add(folder)
                sweep(folder)
            handle, name = tempfile.mkstemp(prefix=part_prefix(), suffix=".part", dir=folder)
        except OSError as error:
            raise _unwritable(path, error) from error
        os.close(handle)
        staged = self._staged[key] = Path(name)
        if append and exists(path):
            with open_binary(path) as source, staged.open("wb") as target:
                shutil.copyfileobj(source, target)
        return staged

    def resolve(self, path: str) -> str:
        """Where to read `path` from: its staged file when this run writes it."""
        staged = self._staged.get(self._key(path))
        return path if staged is None else str(staged)

    def staged(self) -> list[str]:
        """The paths written so far."""
        return list(self._staged)

    def commit(self) -> None:
        """Puts every staged file in place; those that are sent away first, as they fail more easily.

        Raises:
            KettleError: one could not be put in place; `rollback` forgets it and those after it.
        """
        for key in sorted(self._staged, key=lambda key: local_path(key) is not None):
            staged = self._staged[key]
            if local_path(key) is None:
                _upload(staged, key)
                staged.unlink()
            else:
                _put(staged, key)
            del self._staged[key]

    def rollback(self) -> None:
        """Forgets every staged file; what was there before stays."""
        for staged in self._staged.values():
            staged.unlink(missing_ok=True)
        self._staged = {}


def _upload(staged: Path, address: str) -> None:
    import fsspec

    try:
        with staged.open("rb") as source, fsspec.open(vfs_address(address), "wb") as target:
            shutil.copyfileobj(source, target)
    except (OSError, ValueError, ImportError) as error:  # ValueError: no file system of that name
        raise KettleError(f"cannot write {address}: {error}", "check the address") from error
    except Exception as error:  # each file system raises errors of its own; their texts may quote a password
        raise KettleError(f"cannot write {address}: {type(error).__name__}", "check the address") from error


def _put(staged: Path, key: str) -> None:
    umask = os.umask(0)
    os.umask(umask)
    try:
        staged.chmod(0o666 & ~umask)
        staged.replace(key)
    except OSError as error:
        raise _unwritable(key, error) from error


def _check_name(local: Path | None) -> None:
    """Raises OSError where no file can have this name, before any row is written for it."""
    if local is not None and local.is_dir():  # which itself raises for a name that is too long
        raise IsADirectoryError(errno.EISDIR, "it is a folder")


def _unwritable(path: str, error: OSError) -> KettleError:
    return KettleError(
        f"cannot write {path}: {error.strerror or error}", "check the path, its rights and the free space"
    )


def exists(path: str) -> bool:
    """Whether a local path or URL names something that exists. Raises KettleError where that cannot be found out."""
    local = local_path(path)
    if local is not None:
        return local.exists()
    import fsspec

    try:
        filesystem, inner = fsspec.core.url_to_fs(vfs_address(path))
        return bool(filesystem.exists(inner))
    except Exception as error:  # each file system raises errors of its own
        raise KettleError(f"cannot look for {path}: {type(error).__name__}", "check the address") from error


def open_binary(path: str) -> IO[bytes]:
    """Opens a local path or URL for reading. Raises KettleError when it cannot be read."""
    local = local_path(path)
    try:
        if local is not None:
            return local.open("rb")
        import fsspec

        return fsspec.open(vfs_address(path), "rb").open()  # type: ignore[no-any-return]
    except (OSError, ValueError, ImportError) as error:  # ValueError: no file system of that name
        reason = getattr(error, "strerror", None) or error
        fix = "set the variable, or correct the path" if "${" in path else "check the path and its rights"
        raise KettleError(f"cannot read {path}: {reason}", fix) from error
    except Exception as error:  # each file system raises errors of its own; their texts may quote a password
        raise KettleError(f"cannot read {path}: {type(error).__name__}", "check the address") from error
