"""Spreadsheets read cell by cell (xls, xlsx, ods), and Java masks as cell formats."""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import IO, Any

import polars as pl

from assets.kettle.formats.columns import Column
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, ValueType

EPOCH = datetime(1899, 12, 31)


class BadSheet(ValueError):  # says what is wrong with the file
    """A file that is no spreadsheet, or has no such sheet."""


def read_sheets(stream: IO[bytes]) -> dict[str, Any]:
    """Sheets by name in their order; each is read when asked for by `rows_of`. Raises BadSheet."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(stream.read()))
    except (CalamineError, OSError, ValueError) as error:
        raise BadSheet(f"not a readable spreadsheet: {error}") from error
    return {name: book for name in book.sheet_names}


def rows_of(book: Any, name: str) -> list[list[Any]]:
    """All rows of a sheet from its first row and column on; empty cells are None."""
    table = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [[_cell(value) for value in row] for row in table]


def _cell(value: Any) -> Any:
    if value == "" or value is None:
        return None
    if isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, time):
        return datetime.combine(EPOCH, value)
    return EPOCH + value if isinstance(value, timedelta) else str(value)


KINDS: tuple[tuple[type, ValueType], ...] = (
    (bool, ValueType.BOOLEAN),
    (datetime, ValueType.DATE),
    (str, ValueType.STRING),
    (float, ValueType.NUMBER),
)


def kind_of(value: Any) -> ValueType:
    """The type of a cell's value."""
    return next(kind for python, kind in KINDS if isinstance(value, python))


def convert_cells(values: Sequence[Any], column: Column) -> tuple[pl.Series, dict[int, str]]:
    """Cells of several types as the declared type; cells of that type as they are, others by its mask."""
    field = column.field
    made = pl.Series([None], dtype=field.dtype).new_from_index(0, len(values)).alias(field.name)
    reasons: dict[int, str] = {}
    for kind in {kind_of(v) for v in values if v is not None}:
        rows = [i for i, v in enumerate(values) if v is not None and kind_of(v) == kind]
        source = field.but(type=kind, length=-1, precision=-1)
        cells = pl.Series([values[i] for i in rows], dtype=source.dtype)
        converted = convert(cells, source, field)
        made = made.scatter(rows, converted.values)
        reasons.update({rows[at]: reason for at, reason in converted.reasons.items()})
    return made, reasons


_DATE_PART = re.compile(r"'([^']*)'|([GyYMdDHhkKmsSaEzZXFwWu]+)|(.)", re.DOTALL)
_PARTS = {
    "y": "yyyy",
    "M": "mm",
    "d": "dd",
    "H": "hh",
    "h": "hh",
    "k": "hh",
    "K": "hh",
    "m": "mm",
    "s": "ss",
    "S": "000",
}


def cell_format(field: Field) -> str:
    """The spreadsheet's number format for a Java mask; General without one, a date format for dates."""
    if not field.is_date:
        mask = field.mask or ""
        return mask if mask and field.is_numeric else "General"
    made = []
    for quoted, letters, other in _DATE_PART.findall(field.mask or "yyyy/MM/dd HH:mm:ss"):
        if quoted:
            made.append(f'"{quoted}"')
        elif letters:
            made.append(
                letters.lower()
                if letters[0] in "yMdHhms"
                else "AM/PM"
                if letters[0] == "a"
                else _PARTS.get(letters[0], "")
            )
        else:
            made.append(other)
    return "".join(made)


def cell_values(column: pl.Series, field: Field) -> list[Any]:
    """Values as a spreadsheet library takes them: BigNumber as a float, bytes as text."""
    if field.type == ValueType.BIGNUMBER:
        return column.cast(pl.Float64).to_list()
    if field.type == ValueType.BINARY:
        return [None if v is None else v.decode("utf-8", "replace") for v in column]
    return column.to_list()
