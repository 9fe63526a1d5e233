"""Log files: lines of a known shape become fields; a log and its rotated parts are one table."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import orjson

from assets.catalog.model import Base, ColumnInfo, TableKind
from assets.catalog.scan.files.encoding import Clean, detect
from assets.catalog.scan.files.file import File, Format, Part
from assets.catalog.scan.files.folder import FolderReader
from assets.catalog.scan.files.json_records import Json, lines
from assets.catalog.scan.files.records import first
from assets.catalog.scan.reader import FETCHED, Content, adaptive, batch_rows

if TYPE_CHECKING:
    import pyarrow as pa

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_COMMON = (
    r'^(?P<client>\S+) (?P<identity>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+) '
    r'?(?P<protocol>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
_LEVEL = r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)"
# the first that matches most lines
SHAPES: dict[str, str] = {
    "combined": _COMMON + r' "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)".*$',
    "common": _COMMON + r"\s*$",
    "syslog": r"^(?:<(?P<priority>\d{1,3})>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) "
    r"(?P<program>[^\s:\[]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$",
    "syslog_5424": rf"^<(?P<priority>\d{{1,3}})>1 (?P<time>{_ISO}|-) (?P<host>\S+) (?P<program>\S+) (?P<pid>\S+) "
    r"(?P<id>\S+) (?P<data>-|\[.*?\]) ?(?P<message>.*)$",
    "levelled": rf"^\[?(?P<time>{_ISO})\]?\s+(?:\[(?P<thread>[^\]]+)\]\s+)?\[?{_LEVEL}\]?:?\s+"
    r"(?:\[?(?P<logger>[\w.$-]+)\]?(?:\s+-|:)\s+)?(?P<message>.*)$",
    "timed": rf"^\[?(?P<time>{_ISO})\]?\s+(?P<message>.*)$",
}
MATCHING = 0.6  # of the judged lines
JUDGED = 200
_INTEGERS = ("status", "bytes", "pid", "priority")
_ROTATED = re.compile(r"([._-]\d{1,4}|[._-]\d{4}-?\d\d-?\d\d)?(\.(gz|bz2|xz|zst))?$")


@dataclass(frozen=True)
class Shape:
    """A shape of lines; polars takes the groups of `pattern` as fields."""

    name: str
    pattern: str
    fields: tuple[str, ...]


class Log:
    """See file.Format."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table of the fields of the lines, or of whole lines where they have no known shape."""
        head = _head(file)
        if _is_json(head):
            return Json().describe(_as_lines(file))
        shape = shape_of(head)
        columns = tuple(
            ColumnInfo(name=n, type="integer" if n in _INTEGERS else "text", base=_base(n), place=i)
            for i, n in enumerate(shape.fields, 1)
        )
        return [Part("", columns)]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """The first lines up to the limits."""
        head = _head(file)
        if _is_json(head):
            with Json().read(_as_lines(file), part, rows) as content:
                yield content
            return
        with file.open() as source:
            content = Content(part.columns, iter(()))
            clean = Clean(source, detect(file.head()), file.limit)
            content.batches = _batches(lines(clean, content), shape_of(head), rows, content)
            yield content


class LogReader(FolderReader):
    """A folder of logs: `logs:///folder`, `logs+s3://…`. Every file is a log, whatever its name."""

    kind = TableKind.LOG

    def group(self, name: str) -> str:
        """The name without the marks of rotation."""
        path = PurePosixPath(name)
        return str(path.with_name(_ROTATED.sub("", path.name) or path.name))

    def format_of(self, name: str) -> Format:
        """Always the logs'."""
        return Log()


def shape_of(head: Sequence[str]) -> Shape:
    """The shape that most of some lines have; that of whole lines where none has."""
    for name, pattern in SHAPES.items():
        compiled = re.compile(pattern)
        if head and sum(compiled.match(line) is not None for line in head) >= MATCHING * len(head):
            return Shape(name, pattern, tuple(compiled.groupindex))
    return Shape("lines", r"^(?P<line>.*)$", ("line",))


def _base(field: str) -> Base:
    return Base.INTEGER if field in _INTEGERS else Base.TEXT


def _as_lines(file: File) -> File:
    return File(file.fs, file.path, f"{file.name}.jsonl", file.size, file.stamp, file.changed, file.limit)


def _head(file: File) -> list[str]:
    data = file.head()
    found = data.decode(detect(data), "replace").splitlines()
    return [line for line in found if line.strip()][:JUDGED]


def _is_json(head: Sequence[str]) -> bool:
    if not head or not head[0].lstrip().startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(head[0]), dict)
    except orjson.JSONDecodeError:
        return False


def _batches(found: Iterator[bytes], shape: Shape, rows: int, content: Content) -> "Iterator[pa.RecordBatch]":
    import polars as pl
    import pyarrow as pa

    refused = 0

    def made(some: Sequence[bytes]) -> pa.RecordBatch:
        nonlocal refused
        texts = pl.Series("l", [line.rstrip(b"\r").decode("utf-8", "replace") for line in some])
        texts = texts.filter(texts.str.strip_chars() != "")
        fields = texts.str.extract_groups(shape.pattern).struct.unnest()
        matched = fields.select(~pl.all_horizontal(pl.all().is_null())).to_series()
        refused += len(matched) - int(matched.sum())
        arrays = []
        for name, column in zip(shape.fields, fields.filter(matched).iter_columns(), strict=True):
            value = column.replace("-", None) if shape.name != "lines" else column
            typed = value.cast(pl.Int64, strict=False) if name in _INTEGERS else value
            arrays.append(typed.to_arrow().cast(pa.int64() if name in _INTEGERS else pa.large_string()))
        return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])

    yield from adaptive(first(found, rows, content), made, min(FETCHED, batch_rows(len(shape.fields))))
    if refused:
        content.problems.append(f"{refused:,} lines are not of the shape {shape.name}")
