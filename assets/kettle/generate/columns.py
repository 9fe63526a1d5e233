"""What changed between two descriptions of a source's columns: added, removed, renamed (how surely), retyped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from assets.kettle.values.fields import ValueType

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SURE = 0.6  # from this on a removed and an added column are one that was renamed
_NAME, _TYPE, _PLACE = 0.5, 0.25, 0.25  # what the parts of the likeness weigh
_LONG_DIGITS, _DOUBLE_DIGITS = 18, 15


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a table or file with the Kettle type that it is read as; -1 is an open length or precision."""

    name: str
    kind: ValueType
    length: int = -1
    precision: int = -1

    @property
    def type_text(self) -> str:
        """The type in words, such as Number(10,2)."""
        sizes = [str(n) for n in (self.length, self.precision) if n >= 0]
        return f"{self.kind}({','.join(sizes)})" if sizes else str(self.kind)


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """One difference.

    Attributes:
        kind: added, removed, renamed or retyped.
        was, now: the column before and after; None where there is none.
        confidence: of a rename, 0 to 1; of the others 1.
    """

    kind: str
    was: SourceColumn | None
    now: SourceColumn | None
    confidence: float = 1.0

    @property
    def name(self) -> str:
        """The name that the transformation knows, or that of the new column."""
        column = self.was or self.now
        return column.name if column else ""

    @property
    def widened(self) -> bool:
        """A change of type that every old value and use survives: the same type with no less room."""
        if self.kind != "retyped" or self.was is None or self.now is None or self.was.kind is not self.now.kind:
            return False
        return all(
            n < 0 or 0 <= w <= n
            for w, n in ((self.was.length, self.now.length), (self.was.precision, self.now.precision))
        )


def columns_of(engine: "Engine | Connection", table: str, schema: str | None = None) -> list[SourceColumn]:
    """The present columns of a table or view, in its order. Raises SQLAlchemy's NoSuchTableError."""
    from sqlalchemy import inspect

    return [_column(found["name"], found["type"]) for found in inspect(engine).get_columns(table, schema=schema)]


def column_changes(before: Sequence[SourceColumn], now: Sequence[SourceColumn]) -> list[ColumnChange]:
    """The differences in the order of the old columns, then what is new. Names compare without case."""
    old, new = ({c.name.lower(): c for c in columns} for columns in (before, now))
    renamed = _renames(before, now)
    changes = []
    for name, was in old.items():
        present = new.get(name)
        if name in renamed:
            present, score = renamed[name]
            changes.append(ColumnChange("renamed", was, present, score))
        if present is None:
            changes.append(ColumnChange("removed", was, None))
        elif (present.kind, present.length, present.precision) != (was.kind, was.length, was.precision):
            changes.append(ColumnChange("retyped", was, present))
    taken = {column.name.lower() for column, _ in renamed.values()}
    return changes + [ColumnChange("added", None, c) for n, c in new.items() if n not in old and n not in taken]


def _renames(before: Sequence[SourceColumn], now: Sequence[SourceColumn]) -> dict[str, tuple[SourceColumn, float]]:
    """Old name -> the new column that it most likely is, the likeliest pairs first."""
    old, new = ({c.name.lower() for c in columns} for columns in (before, now))
    gone = [(n, c) for n, c in enumerate(before) if c.name.lower() not in new]
    come = [(n, c) for n, c in enumerate(now) if c.name.lower() not in old]
    scores = sorted(
        ((_likeness(was, here, is_, there), was.name.lower(), is_) for here, was in gone for there, is_ in come),
        key=lambda item: (-item[0], item[1], item[2].name),
    )
    found: dict[str, tuple[SourceColumn, float]] = {}
    for score, name, column in scores:
        if score >= SURE and name not in found and column not in [c for c, _ in found.values()]:
            found[name] = (column, score)
    return found


def _likeness(was: SourceColumn, here: int, now: SourceColumn, there: int) -> float:
    same_type = 1.0 if (was.kind, was.length, was.precision) == (now.kind, now.length, now.precision) else 0.0
    name = SequenceMatcher(None, was.name.lower(), now.name.lower()).ratio()
    return round(_NAME * name + _TYPE * same_type + _PLACE * (here == there), 3)


def _column(name: str, kind: Any) -> SourceColumn:
    """A SQLAlchemy type as the Kettle type that Table input gives it."""
    from sqlalchemy import types

    sized: list[tuple[type, Callable[[Any], tuple[ValueType, int, int]]]] = [
        (types.Boolean, lambda t: (ValueType.BOOLEAN, -1, -1)),
        (types.Integer, lambda t: (ValueType.INTEGER, -1, 0)),
        (types.Float, lambda t: (ValueType.NUMBER, -1, -1)),
        (types.Numeric, _numeric),
        (types.DateTime, lambda t: (ValueType.TIMESTAMP, -1, -1)),
        (types.Date, lambda t: (ValueType.DATE, -1, -1)),
        (types.Time, lambda t: (ValueType.DATE, -1, -1)),
        (types.LargeBinary, lambda t: (ValueType.BINARY, -1, 0)),
        (types.String, lambda t: (ValueType.STRING, -1 if t.length is None else t.length, -1)),
    ]
    for base, size in sized:
        if isinstance(kind, base):
            return SourceColumn(name, *size(kind))
    return SourceColumn(name, ValueType.STRING)


def _numeric(kind: Any) -> tuple[ValueType, int, int]:
    return numeric(kind.precision, kind.scale)


def numeric(digits: int | None, scale: int | None) -> tuple[ValueType, int, int]:
    """Type, length and precision of a decimal with so many digits, `scale` of them behind the point; None is open."""
    if digits is None:
        return ValueType.BIGNUMBER, -1, -1
    if not scale:
        return (ValueType.INTEGER if digits <= _LONG_DIGITS else ValueType.BIGNUMBER), digits, 0
    return (ValueType.NUMBER if digits <= _DOUBLE_DIGITS else ValueType.BIGNUMBER), digits, scale
