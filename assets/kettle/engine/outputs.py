"""Files that a run reads and writes: written beside, put in place when the run has succeeded.

Paths may be local (with or without file://) or any URL that fsspec knows (s3://, memory://, sftp://, zip://, ...).
"""

import os
import shutil
import tempfile
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


class Outputs:
    """The output files of a run. Readers within the run see what has been staged so far."""

    def __init__(self) -> None:
        self._staged: dict[str, Path] = {}
        self._deleted: list[Path] = []

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
            local.parent.mkdir(parents=True, exist_ok=True)
        folder = None if local is None else local.parent
        handle, name = tempfile.mkstemp(prefix=".heddle-", suffix=".part", dir=folder)
        os.close(handle)
        staged = Path(name)
        if append and exists(path):
            with open_binary(path) as source, staged.open("wb") as target:
                shutil.copyfileobj(source, target)
        self._staged[key] = staged
        return staged

    def resolve(self, path: str) -> str:
        """Where to read `path` from: its staged file when this run writes it."""
        staged = self._staged.get(self._key(path))
        return path if staged is None else str(staged)

    def staged(self) -> list[str]:
        """The paths written so far."""
        return list(self._staged)

    def commit(self) -> None:
        """Puts every staged file in place."""
        for key, staged in self._staged.items():
            if local_path(key) is None:
                _upload(staged, key)
                staged.unlink()
            else:
                umask = os.umask(0)
                os.umask(umask)
                staged.chmod(0o666 & ~umask)
                staged.replace(key)
        self._staged = {}

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
        raise KettleError(f"cannot read {path}: {reason}", "check the path and its rights") from error
