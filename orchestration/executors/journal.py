"""Values of a bundle kept outside of its process, so that a retry or a re-execution starts at the failed step."""

import pickle
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

MAX_AGE_DAYS = 7.0
_RUN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Journal:
    """Files under `root/<run>/<step>/<output>`: Arrow IPC for polars and Arrow tables, pickle for all else.

    Args:
        root: a folder, or a URL that fsspec knows (`s3://bucket/scratch`). Like Dagster's own I/O managers it holds
            pickles: nobody else may write there.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    def write(self, run_id: str, handle: tuple[str, str], value: Any) -> None:
        """Keep a value; replaces an earlier one at once.

        Raises:
            Exception: what pickle raises for a value that cannot be pickled.
        """
        folder = self._folder(run_id, handle[0])
        if "://" not in self.root:
            Path(self.root).mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{quote(handle[1], safe='')}.tmp"
        with temporary.open("wb") as file:
            suffix = _dump(value, file)
        self.drop(run_id, handle)  # it may have been of another type
        temporary.rename(folder / f"{quote(handle[1], safe='')}{suffix}")

    def read(self, run_id: str, handle: tuple[str, str]) -> Any:
        """The kept value.

        Raises:
            KeyError: none is kept.
        """
        for suffix, load in _LOADERS.items():
            path = self._folder(run_id, handle[0]) / f"{quote(handle[1], safe='')}{suffix}"
            if path.exists():
                with path.open("rb") as file:
                    return load(file)
        raise KeyError(handle)

    def has(self, run_id: str, handle: tuple[str, str]) -> bool:
        """Whether a value is kept."""
        folder = self._folder(run_id, handle[0])
        return any((folder / f"{quote(handle[1], safe='')}{suffix}").exists() for suffix in _LOADERS)

    def drop(self, run_id: str, handle: tuple[str, str]) -> None:
        """Forget one value."""
        for suffix in _LOADERS:
            (self._folder(run_id, handle[0]) / f"{quote(handle[1], safe='')}{suffix}").unlink(missing_ok=True)

    def drop_run(self, run_id: str) -> None:
        """Forget all values of a run; an empty id names none."""
        if not run_id:
            return
        _remove(self._path() / run_id)

    def drop_old(self, days: float = MAX_AGE_DAYS) -> None:
        """Forget runs whose values were last touched longer ago; for local folders only, whose other content stays."""
        root = Path(self.root)
        if "://" in self.root or not root.is_dir():
            return
        before = time.time() - days * 86400
        for folder in root.iterdir():
            if _RUN.fullmatch(folder.name) and folder.stat().st_mtime < before:
                _remove(folder)

    def _path(self) -> Any:
        if "://" not in self.root:
            return Path(self.root)
        from upath import UPath

        return UPath(self.root)

    def _folder(self, run_id: str, step: str) -> Any:
        return self._path() / run_id / quote(step, safe="")


def _remove(folder: Any) -> None:
    import shutil

    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.fs.rm(folder.path, recursive=True)


def _dump(value: Any, file: Any) -> str:
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if kind == "polars.DataFrame" and not any(dtype.is_object() for dtype in value.dtypes):
        value.write_ipc(file)
        return ".polars"
    if kind == "pyarrow.Table":
        import pyarrow as pa

        with pa.ipc.new_file(file, value.schema) as writer:
            writer.write_table(value)
        return ".arrow"
    pickle.dump(value, file, protocol=5)
    return ".pickle"


def _load_polars(file: Any) -> Any:
    import polars as pl

    return pl.read_ipc(file)


def _load_arrow(file: Any) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(file.read()).read_all()


_LOADERS: dict[str, Callable[[Any], Any]] = {".polars": _load_polars, ".arrow": _load_arrow, ".pickle": pickle.load}
