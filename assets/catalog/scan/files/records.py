"""Records of any shape, as JSON and logs have them, as columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from assets.catalog.model import Base, ColumnInfo
from assets.catalog.scan.arrow import base_of_values, column
from assets.catalog.scan.reader import Content, batch_rows

if TYPE_CHECKING:
    import pyarrow as pa

Record = Mapping[str, Any]
DEPTH = 3  # levels of nested objects that become columns `a.b.c`
FIELDS = 2_000
JUDGED = 1_000  # records whose fields are the columns


def flat(value: Any) -> dict[str, Any]:
    """A record as one level; what is no object is its only field, `value`."""
    if not isinstance(value, dict):
        return {"value": value}
    made: dict[str, Any] = {}
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        path, item, depth = waiting.pop()
        if isinstance(item, dict) and item and depth < DEPTH:
            waiting += [(f"{path}.{k}" if path else str(k), v, depth + 1) for k, v in reversed(item.items())]
        else:
            made[path] = item
    return made


def columns_of(records: Iterable[Record]) -> tuple[ColumnInfo, ...]:
    """The fields of some records as columns in the order they come, with the base of their values."""
    values: dict[str, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(name, []).append(value)
    named = list(values.items())[:FIELDS]
    bases = [base_of_values(found) for _, found in named]
    return tuple(
        ColumnInfo(name=name, type="json" if base is Base.NESTED else "", base=base, place=place)
        for place, ((name, _), base) in enumerate(zip(named, bases, strict=True), 1)
    )


def batches(
    records: Iterator[Record], columns: Sequence[ColumnInfo], rows: int, content: Content
) -> "Iterator[pa.RecordBatch]":
    """Batches of the records' fields; `content` learns of further fields, and of rows left out."""
    import pyarrow as pa

    names = {c.name for c in columns}
    others: set[str] = set()
    size = min(20_000, batch_rows(len(columns)))
    left = rows or None
    while some := list(islice(records, size if left is None else min(size, left))):
        for record in some:
            if len(others) < FIELDS and not record.keys() <= names:
                others |= record.keys() - names
        arrays = [column([r.get(c.name) for r in some], _kept(c.base)) for c in columns]
        yield pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])
        if left is not None:
            left -= len(some)
            if left <= 0:
                content.sampled = next(records, None) is not None
                break
    if others:
        shown = ", ".join(sorted(others)[:5])
        content.problems.append(f"{len(others):,} fields come only behind the first {JUDGED:,} records: {shown}")


def _kept(base: Base) -> Base:
    return Base.TEXT if base in (Base.OTHER, Base.NESTED) else base
