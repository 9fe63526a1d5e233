"""CSV, TSV and their like: separator, quotes and header by the head of the file, everything read as text."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from assets.catalog.model import ColumnInfo
from assets.catalog.scan.files.encoding import Clean, detect
from assets.catalog.scan.files.file import HEAD, File, Part, unique
from assets.catalog.scan.reader import Content

SEPARATORS = (",", "\t", ";", "|")
BLOCK = 4 * 2**20  # bytes; a longer line is an error
LINES = 200
_VALUE = re.compile(r"^\s*([+-]?[\d.,]+%?|\d{4}[-/]\d{1,2}[-/]\d{1,2}.*|\d{1,2}:\d\d.*|true|false)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How the file is written."""

    encoding: str
    separator: str
    quote: str
    header: bool
    names: tuple[str, ...]


class Delimited:
    """See file.Format."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table; the types of its columns are known when it has been read."""
        dialect = sniff(file.head())
        columns = tuple(ColumnInfo(name=name, type="", place=place) for place, name in enumerate(dialect.names, 1))
        return [Part("", columns)]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """The first rows up to the limits; the number of all is estimated from the bytes."""
        dialect = sniff(file.head())
        with file.open() as source:
            clean = Clean(source, dialect.encoding, file.limit)
            content = Content(part.columns, iter(()))
            if dialect.names:
                content.batches = _batches(clean, dialect, rows, content, file)
            yield content


def sniff(head: bytes) -> Dialect:
    """The dialect by the first bytes; an empty file has no names."""
    encoding = detect(head)
    text = head.decode(encoding, "replace").lstrip("\ufeff")
    if len(head) == HEAD:
        text = text[: text.rfind("\n") + 1] or text
    best: tuple[float, int, list[list[str]], str, str] | None = None
    for separator in SEPARATORS:
        for quote in ('"', "'") if "'" in text[:5000] else ('"',):
            rows = _rows(text, separator, quote)
            if not rows:
                continue
            width, times = Counter(map(len, rows)).most_common(1)[0]
            score = times / len(rows) if width > 1 else 0.01
            if best is None or (round(score, 2), width) > (round(best[0], 2), best[1]):
                best = score, width, rows, separator, quote
    if best is None:
        return Dialect(encoding, ",", '"', False, ())
    _, width, rows, separator, quote = best
    header = _has_header(rows)
    first = (rows[0] + [""] * width)[: max(width, len(rows[0]))] if header else [""] * width
    return Dialect(encoding, separator, quote, header, tuple(unique(first)))


def _rows(text: str, separator: str, quote: str) -> list[list[str]]:
    made: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(keepends=True), delimiter=separator, quotechar=quote, strict=False):
            if row:
                made.append(row)
            if len(made) == LINES:
                break
    except csv.Error:
        return made
    return made


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: no values in it, each name once, and none again in its column."""
    first = rows[0]
    if any(_VALUE.match(cell) for cell in first) or len(set(first)) < len(first) * 0.5 or not any(first):
        return False
    if len(rows) == 1:
        return True
    return not any(
        cell and cell in {row[i] for row in rows[1:] if i < len(row)} for i, cell in enumerate(first)
    ) or any(_VALUE.match(row[i]) for row in rows[1:3] for i in range(min(len(row), len(first))))


def _batches(clean: Clean, dialect: Dialect, rows: int, content: Content, file: File) -> Iterator[pa.RecordBatch]:
    refused = 0

    def skip(_row: Any) -> str:
        nonlocal refused
        refused += 1
        return "skip"

    names = [str(i) for i in range(len(dialect.names))]

    def opened() -> Iterator[pa.RecordBatch]:
        yield from pacsv.open_csv(
            pa.PythonFile(clean, mode="r"),
            read_options=pacsv.ReadOptions(
                column_names=names, skip_rows_after_names=int(dialect.header), block_size=BLOCK, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.separator,
                quote_char=dialect.quote,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )

    read, size = 0, 1.0
    for batch in _whole_lines(opened(), content):
        if rows and read + batch.num_rows > rows:
            content.sampled = True
            batch = batch.slice(0, rows - read)
        read += batch.num_rows
        size = _row_bytes(batch) if batch.num_rows else size
        yield batch
        if content.sampled:
            break
    content.sampled = content.sampled or clean.cut
    if content.sampled:
        content.rows, content.rows_exact = max(read, round(file.size / size)), False
    if clean.replaced:
        content.problems.append(f"{clean.replaced:,} sequences of bytes are not {dialect.encoding}")
    if clean.strange:
        content.problems.append(f"{clean.strange:,} lines are UTF-8 in a file of {dialect.encoding}: convert the file")
    if refused:
        content.problems.append(f"{refused:,} lines have another number of fields than {len(names)}")


def _whole_lines(reader: Iterator[pa.RecordBatch], content: Content) -> Iterator[pa.RecordBatch]:
    """The batches up to a line that is longer than a block; what is behind it is not read."""
    begun = False
    try:
        for batch in reader:
            begun = True
            yield batch
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        reason = f"a line is longer than {BLOCK:,} bytes: is a quote in it never closed?"
        if not begun:
            raise ValueError(reason) from None
        content.problems.append(f"{reason} What is behind it was not read")
        content.sampled = True


def _row_bytes(batch: pa.RecordBatch) -> float:
    """Bytes of a row in the file, its separators included."""
    texts: int = sum(pc.sum(pc.binary_length(column)).as_py() or 0 for column in batch.columns)
    return max(1.0, float(texts / batch.num_rows + batch.num_columns))
