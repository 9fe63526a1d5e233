"""CSV and Excel files of dimension rows: read as numbered rows of texts, written whole or not at all."""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.catalog.dimensions.values import Cell
from core.atomic import replacing
from core.errors import SourceError

MOST_BYTES = 256 * 2**20  # of a file, and a fourth of what a workbook may unpack to
BOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
MOST_CELL = 2**20  # characters of one field of CSV
WHOLE = 2**53
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # as what a spreadsheet runs when it opens CSV begins, also marked
_NUMBER = re.compile(r"[+-]?\d[\d., ]*([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Numbered:
    """A row of a file; `number` is the one a spreadsheet shows, the header is 1."""

    number: int
    cells: list[Cell]


@dataclass(frozen=True)
class Given:
    """A file's header and rows; `encoding` is "" for workbooks."""

    header: list[str]
    rows: Iterator[Numbered]
    encoding: str = ""


def read(path: Path, encoding: str = "", sheet: str = "") -> Given:
    """A file of rows.

    Args:
        encoding: of CSV; "" judges it: a byte order mark, UTF-8, GB 18030 (which holds GBK).
        sheet: of a workbook; "" is the first one.

    Raises:
        SourceError: it is not there, too large, empty or no such file.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", "correct the path") from None
    if size > MOST_BYTES:
        raise SourceError(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}", "import it in parts")
    rows, found = (_book(path, sheet), "") if path.suffix.lower() in BOOKS else _csv(path, encoding)
    first = next(rows, None)
    if first is None:
        raise SourceError(f"{path} is empty", "its first row names the columns")
    return Given([(c or "").strip() for c in first.cells], rows, found)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]], encoding: str = "utf-8-sig") -> int:
    """Writes beside and renames; returns the number of rows. utf-8-sig is what Excel reads Chinese from.

    Texts that a spreadsheet would take for formulas have a `'` before them, which `read` takes away again.

    Raises:
        SourceError: a character is not in the encoding.
    """
    count = 0
    try:
        with replacing(path) as part, part.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file)
            writer.writerow(map(_marked, header))
            for row in rows:
                writer.writerow(map(_marked, row))
                count += 1
    except UnicodeEncodeError as error:
        raise SourceError(f"{path}: {error.object[error.start]!r} is not in {encoding}", "write UTF-8") from None
    return count


def write_book(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """A workbook whose cells are all texts, so that no number is rounded and no text becomes a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")

    def cell(text: Cell) -> Any:
        made = WriteOnlyCell(sheet, value="" if text is None else text)
        made.data_type = "s"
        return made

    sheet.append([cell(h) for h in header])
    count = 0
    for row in rows:
        sheet.append([None if c is None else cell(c) for c in row])
        count += 1
    with replacing(path) as part:
        book.save(part)
    return count


def _csv(path: Path, encoding: str) -> tuple[Iterator[Numbered], str]:
    data = path.read_bytes()
    found = encoding or _encoding(data)
    try:
        text = data.decode(found, "replace").lstrip("\ufeff")
    except LookupError:
        raise SourceError(
            f"{path}: unknown encoding {encoding!r}", "use utf-8, gbk or another one of Python's"
        ) from None
    return _rows(path, text, data), found


def _rows(path: Path, text: str, data: bytes) -> Iterator[Numbered]:
    from assets.catalog.scan.files.delimited import sniff
    from assets.catalog.scan.files.file import HEAD

    dialect = sniff(data[:HEAD])
    before = csv.field_size_limit(MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator, quotechar=dialect.quote)
    try:
        for number, row in enumerate(reader, 1):
            if row and any(row):
                yield Numbered(number, [_unmarked(c) or None for c in row])
    except csv.Error as error:
        raise SourceError(f"{path}: line {reader.line_num}: {error}", "correct the line") from None
    finally:
        csv.field_size_limit(before)


def _marked(text: Cell) -> str:
    formula = text and _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if formula else text or ""


def _unmarked(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _encoding(data: bytes) -> str:
    """By all bytes, since the first ones may all be ASCII."""
    from assets.catalog.scan.files.encoding import detect

    for name in ("utf-8", "gb18030"):
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        if not (name == "gb18030" and data[:2] in (b"\xff\xfe", b"\xfe\xff")):
            return name
    found = detect(data)
    return "utf-8" if found == "latin-1" else found  # then the rows that are not are named


def _book(path: Path, sheet: str) -> Iterator[Numbered]:
    from python_calamine import CalamineError, CalamineWorkbook

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            if sum(item.file_size for item in packed.infolist()) > 4 * MOST_BYTES:
                raise SourceError(f"{path} unpacks to more than {4 * MOST_BYTES:,} bytes", "import it in parts")
    try:
        book = CalamineWorkbook.from_path(str(path))
        name = sheet or book.sheet_names[0]
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, OSError) as error:
        raise SourceError(f"{path} is no workbook with a sheet {sheet or '1'}: {error}", "correct it") from None
    for number, row in enumerate(rows, 1):
        cells = [_cell(c) for c in row]
        if any(cells):
            yield Numbered(number, cells)


def _cell(value: Any) -> Cell:
    if value == "" or value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < WHOLE else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
