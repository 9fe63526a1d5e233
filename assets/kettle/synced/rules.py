"""What the catalogue knows of a table as columns with rules: types, nullability, standards and code tables."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assets.catalog.changes.entry import TableEntry
from assets.catalog.model import ColumnInfo
from assets.catalog.standards.model import CODES, FOLDER, CodeTable, Standard
from assets.documents import read_all
from assets.kettle.errors import KettleError
from assets.kettle.generate.conditions import Value
from assets.kettle.generate.structure import Column
from assets.kettle.synced.kinds import source_column
from assets.kettle.values.fields import ValueType
from core.settings import Settings

_NUMERIC = (ValueType.INTEGER, ValueType.NUMBER, ValueType.BIGNUMBER)
_DATES = (ValueType.DATE, ValueType.TIMESTAMP)


class Rules(NamedTuple):
    """The approved standards and the code tables."""

    standards: Sequence[Standard] = ()
    codes: Mapping[str, CodeTable] = {}

    @staticmethod
    def of(settings: Settings) -> "Rules":
        """Those of HEDDLE_CATALOG_FILES. Raises SourceError for a file that is wrong."""
        folder = settings.catalog_files
        approved = [s for s in read_all(folder / FOLDER, Standard).values() if s.status == "approved"]
        return Rules(approved, read_all(folder / CODES, CodeTable) if approved else {})

    def on(self, asset: str, column: str, meaning: str) -> list[Standard]:
        """The standards of a column: those that name it, else those for its semantic type."""
        named = [s for s in self.standards if any((p.asset, p.column) == (asset, column) for p in s.columns)]
        return named or [s for s in self.standards if meaning and s.meaning == meaning]


class From(NamedTuple):
    """The field that fills a column, and the mask by which its text is read."""

    field: str
    mask: str = ""


def columns(entry: TableEntry, asset: str, rules: Rules, filled: Mapping[str, From]) -> list[Column]:
    """The columns of the table that are filled, in its order, with all rules.

    Raises:
        KettleError: a standard that the column's type cannot keep.
    """
    table = entry.table
    made = []
    for info in table.columns:
        if info.name not in filled:
            continue
        meant = entry.meanings.get(info.name)
        found = rules.on(asset, info.name, meant.type if meant else "")
        made.append(_column(info, info.name in table.primary_key, found, rules.codes, filled[info.name]))
    return made


def _column(
    info: ColumnInfo, key: bool, standards: Sequence[Standard], codes: Mapping[str, CodeTable], filled: From
) -> Column:
    kind = source_column(info)
    options: dict[str, Any] = {"nullable": info.nullable and not key}
    length = kind.length
    for standard in standards:
        options["nullable"] = options["nullable"] and not standard.required
        if kind.kind is ValueType.STRING:
            length = _texts(standard, length, options)
        if standard.range:
            low, high = (_bound(standard, kind.kind, end) for end in standard.range)
            options |= {"lowest": low, "highest": high}
        if standard.codes:
            options |= _codes(standard, kind.kind, codes)
    source = "" if filled.field == info.name else filled.field
    return Column(info.name, kind.kind, source, length, kind.precision, filled.mask, **options)


def _texts(standard: Standard, length: int, options: dict[str, Any]) -> int:
    """Pattern and lengths; the length of the column."""
    if standard.pattern:
        options["pattern"] = standard.pattern
    if not standard.lengths:
        return length
    low, high = standard.lengths
    if not standard.pattern and low:
        options["pattern"] = f"(?s).{{{low},{high}}}"
    return high if length < 0 else min(high, length)


def _codes(standard: Standard, kind: ValueType, codes: Mapping[str, CodeTable]) -> dict[str, Any]:
    table = codes.get(standard.codes)
    if table is None:
        raise KettleError(f"standard {standard.name} names the code table {standard.codes!r}", "add its file")
    if kind is not ValueType.STRING:
        return {"allowed": tuple(_bound(standard, kind, c.code) for c in table.codes)}
    plain = {code.code for code in table.codes}
    mapping: dict[str | None, str | None] = {}
    for code in table.codes:
        for text in (code.en, code.zh, *code.aliases):
            if text and text not in plain:
                mapping.setdefault(text, code.code)
    return {"allowed": tuple(c.code for c in table.codes)} | ({"mapping": mapping} if mapping else {})


def _bound(standard: Standard, kind: ValueType, value: float | str | None) -> Value | None:
    """A limit or code as a value of the column's type."""
    import datetime as dt
    from decimal import Decimal, InvalidOperation

    if value is None:
        return None
    try:
        if kind is ValueType.INTEGER:
            number = Decimal(str(value))
            return int(number) if number == int(number) else number
        if kind in _NUMERIC:
            return Decimal(str(value))
        if kind in _DATES:
            return dt.datetime.fromisoformat(str(value))
        return str(value)
    except (ValueError, InvalidOperation):
        what = f"standard {standard.name} limits a column of type {kind} by {value!r}"
        raise KettleError(what, "give a limit of that type, or take the column out of the standard") from None
