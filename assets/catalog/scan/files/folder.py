"""A folder of files, on a disk or in any store that fsspec reaches; each file, or set of part files, is a table."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from assets.catalog.model import Base, ColumnInfo, TableInfo, TableKind
from assets.catalog.scan.files.file import PACKED, File, Format, Part
from assets.catalog.scan.reader import Content, Found, Wanted
from assets.catalog.scan.references import Address
from assets.catalog.scan.sources import Source
from core.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

_HERE = "assets.catalog.scan.files"
# suffix -> class of the format
FORMATS: dict[str, str] = {
    ".parquet": f"{_HERE}.parquet:Parquet",
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv", ".txt"), f"{_HERE}.delimited:Delimited"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), f"{_HERE}.json_records:Json"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), f"{_HERE}.excel:Excel"),
    ".xml": f"{_HERE}.xml_records:Xml",
    ".log": f"{_HERE}.logs:Log",
}
_PARTITION = re.compile(r"^([A-Za-z_]\w*)=(.+)$")
_PART = re.compile(r"^(part|data)[-_.]\w", re.IGNORECASE)


class FolderReader:
    """See reader.Reader."""

    parallel = 2
    kind = TableKind.FILE

    def __init__(self, fs: Any, root: str, address: Address, source: Source) -> None:
        self.fs = fs
        self.root = root
        self.address = address
        self.source = source
        self._parts: dict[str, tuple[list[File], Part]] = {}

    @classmethod
    def open(cls, address: Address, source: Source) -> "FolderReader":
        """Reaches the folder.

        Raises:
            SourceError: it is not there, or the package of its store is not installed.
        """
        from fsspec.core import url_to_fs

        url = address.url.removeprefix("logs+")
        url = f"file{url.removeprefix('logs')}" if url.startswith("logs:") else url
        try:
            fs, root = url_to_fs(url)
            there = fs.exists(root)
        except ImportError as error:
            raise SourceError(f"source {source.name}: {error}", "install that package") from None
        except Exception as error:  # each store has errors of its own
            raise SourceError(f"source {source.name} cannot be reached: {address.clean(error)}") from None
        if not there:
            raise SourceError(f"source {source.name} cannot be reached: there is no {address.shown}", "correct its url")
        return cls(fs, root.rstrip("/"), address, source)

    def close(self) -> None:
        """Nothing is held."""

    def tables(self, wanted: Wanted) -> list[Found]:
        """See reader.Reader. Files of unknown formats are listed without columns."""
        try:
            files = self._files()
        except Exception as error:  # each store has errors of its own
            raise SourceError(f"source {self.source.name}: {self.address.clean(error)}") from None
        groups: dict[str, list[File]] = defaultdict(list)
        for file in files:
            groups[self.group(file.name)].append(file)
        found: list[Found] = []
        for name in sorted(groups):
            if wanted(name):
                found += self._describe(name, groups[name])
        return found

    def group(self, name: str) -> str:
        """The table that a file belongs to: partition folders and part files go together."""
        *folders, last = PurePosixPath(name).parts
        plain = [f for f in folders if not _PARTITION.match(f)]
        together = len(plain) < len(folders) or _PART.match(last)
        return "/".join(plain) if together and plain else name

    def format_of(self, name: str) -> Format | None:
        """The format of a file by its name."""
        lower = name.lower()
        for packed in PACKED:
            lower = lower.removesuffix(packed)
        path = FORMATS.get(PurePosixPath(lower).suffix)
        if path is None:
            return None
        module, cls = path.split(":")
        made: Format = getattr(import_module(module), cls)()
        return made

    def _files(self) -> list[File]:
        listed: dict[str, Any] = self.fs.find(self.root, detail=True)
        if not listed and self.fs.isfile(self.root):
            listed = {self.root: self.fs.info(self.root)}
        found = []
        for path, info in listed.items():
            name = _readable(path[len(self.root) :].lstrip("/") or PurePosixPath(path).name)
            if info.get("type") != "file" or any(p.startswith((".", "_")) for p in PurePosixPath(name).parts):
                continue
            moment = info.get("mtime") or info.get("LastModified") or info.get("last_modified") or info.get("created")
            size = int(info.get("size") or 0)
            stamp = f"{size} {moment} {info.get('ETag', '')}" if moment else ""
            found.append(File(self.fs, path, name, size, stamp, _iso(moment), self.source.max_bytes))
        return sorted(found, key=lambda f: f.name)

    def _describe(self, name: str, files: list[File]) -> list[Found]:
        changed = max((f.changed for f in files), default="")
        mark = "\n".join(f"{f.name} {f.stamp}" for f in files) if all(f.stamp for f in files) else ""
        table = TableInfo(name=name, kind=self.kind, size=sum(f.size for f in files), changed=changed)
        reader = self.format_of(files[0].name)
        if reader is None:
            return [Found(table, mark)]
        try:
            parts = reader.describe(files[0])
        except Exception as error:  # whatever a file that is not what it should be makes of a parser
            return [Found(table.model_copy(update={"error": self._reason(error)}))]
        found = []
        extra = _partitions(files[0].name)
        for part in parts:
            columns = (*part.columns, *(c for c in extra if c.name not in {p.name for p in part.columns}))
            columns = tuple(c.model_copy(update={"place": i}) for i, c in enumerate(columns, 1))
            path = f"{name}/{part.name}" if part.name else name
            rows = part.rows if len(files) == 1 else None
            self._parts[path] = files, part
            found.append(Found(table.model_copy(update={"name": path, "columns": columns, "rows": rows}), mark))
        return found

    @contextmanager
    def read(self, table: TableInfo, rows: int) -> Iterator[Content]:
        """See reader.Reader. A set of files is sampled by reading some of each."""
        files, part = self._parts[table.path]
        whole = Content(table.columns, iter(()), rows=0)
        whole.batches = self._batches(files, part, -(-rows // len(files)), whole)
        yield whole

    def _batches(self, files: Sequence[File], part: Part, rows: int, whole: Content) -> "Iterator[pa.RecordBatch]":
        reader = self.format_of(files[0].name)
        assert reader is not None and whole.rows is not None
        for file in files:
            read = 0
            try:
                own = part if file is files[0] else _same(reader.describe(file), part)
                with reader.read(replace(file), own, rows) as content:
                    for batch in content.batches:
                        read += batch.num_rows
                        yield _with_partitions(batch, file.name, len(whole.columns) - len(own.columns))
            except Exception as error:  # of whatever parser: one file of several costs the others nothing
                if len(files) == 1:
                    raise SourceError(f"{file.name}: {self._reason(error)}") from None
                whole.problems.append(f"{file.name}: {self._reason(error)}")
                continue
            whole.sampled = whole.sampled or content.sampled
            whole.rows += read if content.rows is None else content.rows
            whole.rows_exact = whole.rows_exact and content.rows_exact
            where = f"{file.name}: " if len(files) > 1 else ""
            whole.problems += [f"{where}{problem}" for problem in content.problems]

    def _reason(self, error: Exception) -> str:
        text = self.address.clean(error)
        return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"


def _readable(name: str) -> str:
    """A name that can be stored, shown in a terminal and typed: bytes that are no UTF-8 (`os` gives them as surrogates)
    and control characters are written as in a string of Python.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c >= " " and not "\x7f" <= c < "\xa0" else f"\\x{ord(c):02x}" for c in text)


def _iso(moment: Any) -> str:
    if isinstance(moment, int | float):
        moment = dt.datetime.fromtimestamp(moment, dt.UTC)
    return moment.isoformat(timespec="seconds") if isinstance(moment, dt.datetime) else str(moment or "")


def _partitions(name: str) -> list[ColumnInfo]:
    found = [_PARTITION.match(folder) for folder in PurePosixPath(name).parts[:-1]]
    return [ColumnInfo(name=m[1], type="partition", base=Base.TEXT, nullable=False) for m in found if m]


def _same(parts: Sequence[Part], first: Part) -> Part:
    names = [c.name for c in first.columns]
    for part in parts:
        if part.name == first.name and [c.name for c in part.columns] == names:
            return part
    raise ValueError("has other columns than the first file of the set")


def _with_partitions(batch: "pa.RecordBatch", name: str, missing: int) -> "pa.RecordBatch":
    if missing == 0:
        return batch
    import pyarrow as pa

    values = [m[2] for folder in PurePosixPath(name).parts[:-1] if (m := _PARTITION.match(folder))][-missing:]
    arrays = [*batch.columns, *(pa.array([v] * batch.num_rows, pa.string()).dictionary_encode() for v in values)]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])
