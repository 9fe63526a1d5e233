"""Workbooks: each sheet with cells is a table; its first row names the columns."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from assets.catalog.model import ColumnInfo
from assets.catalog.scan.arrow import base_of_values, batch
from assets.catalog.scan.files.file import File, Part, unique
from assets.catalog.scan.reader import Content, batch_rows

WHOLE = 2**53
UNPACKED = 4  # times the limit that a workbook may take unpacked


class Excel:
    """See file.Format."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table per sheet."""
        with _opened(file) as book:
            found = [(name, _rows(book, name)) for name in book.sheet_names]
        return [Part(name, _columns(rows), len(rows) - 1) for name, rows in found if rows]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """All rows: the format can only be read whole."""
        with _opened(file) as book:
            found = _rows(book, part.name)[1:]
        taken = found[:rows] if rows else found
        bases = [c.base for c in part.columns]
        size = batch_rows(len(bases))
        made = (batch(taken[i : i + size], bases) for i in range(0, len(taken), size))
        yield Content(part.columns, made, sampled=len(taken) < len(found), rows=len(found))


@contextmanager
def _opened(file: File) -> Iterator[Any]:
    from python_calamine import CalamineWorkbook

    data = file.whole()
    if file.limit and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(item.file_size for item in packed.infolist())
        if size > UNPACKED * file.limit:
            raise ValueError(f"unpacks to {size:,} bytes, more than {UNPACKED} times max_bytes")
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    try:
        yield book
    finally:
        book.close()


def _rows(book: Any, name: str) -> list[list[Any]]:
    """The cells; empty ones are None, whole numbers integers: a workbook holds nothing but floats."""
    return [list(map(_cell, row)) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=True)]


def _cell(cell: Any) -> Any:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < WHOLE:
        return int(cell)
    return None if cell == "" else cell


def _columns(rows: list[list[Any]]) -> tuple[ColumnInfo, ...]:
    names = unique(["" if cell is None else str(cell) for cell in rows[0]])
    columns = zip(*rows[1:], strict=True) if len(rows) > 1 else ((),) * len(names)
    return tuple(
        ColumnInfo(name=name, type="", base=base_of_values(values), place=place)
        for place, (name, values) in enumerate(zip(names, columns, strict=True), 1)
    )
