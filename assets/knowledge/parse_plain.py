"""CSV and plain text to blocks."""

import csv
import io
from collections.abc import Iterator
from pathlib import PurePosixPath

from assets.knowledge.blocks import Block
from assets.knowledge.parse import decode
from core.errors import DocumentError


def parse_csv(data: bytes, name: str) -> Iterator[Block]:
    """Yield one table whose first row is the header; the delimiter is recognized among , ; tab and |.

    Raises:
        DocumentError: a row has more cells than the header, with its line number.
    """
    text = decode(data, name)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:  # one column has no delimiter to find
        dialect = csv.excel
    rows: list[tuple[str, ...]] = []
    for line, row in _rows(text, dialect, name):
        if not any(cell.strip() for cell in row):
            continue
        if rows and len(row) > len(rows[0]):
            raise DocumentError(
                f"{name}: line {line} has {len(row)} cells, the header has {len(rows[0])}",
                "quote cells that hold the delimiter",
            )
        padding = ("",) * (len(rows[0]) - len(row)) if rows else ()
        rows.append((*(cell.strip() for cell in row), *padding))
    yield Block("table", (_title(name),), "", rows=tuple(rows))


def _rows(text: str, dialect: type[csv.Dialect], name: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each row."""
    reader = csv.reader(io.StringIO(text), dialect)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DocumentError(
            f"{name}: line {reader.line_num} cannot be read: {error}", "look for a quotation mark that is not closed"
        ) from None


def parse_text(data: bytes, name: str) -> Iterator[Block]:
    """Yield paragraphs separated by blank lines; a short first line without a full stop is the title."""
    text = decode(data, name).replace("\r\n", "\n").replace("\f", "\n\n")
    paragraphs = [" ".join(p.split()) for p in text.split("\n\n") if p.strip()]
    title = _title(name)
    if paragraphs and len(paragraphs) > 1 and len(paragraphs[0]) <= 60 and paragraphs[0][-1] not in ".。!！?？;；":
        title = paragraphs.pop(0)
    for paragraph in paragraphs:
        yield Block("paragraph", (title,), paragraph)


def _title(name: str) -> str:
    return PurePosixPath(name).stem.replace("-", " ").replace("_", " ")
