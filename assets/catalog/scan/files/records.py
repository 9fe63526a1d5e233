"""Records of any shape, as JSON and logs have them, as columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from assets.catalog.model import Base, ColumnInfo
from assets.catalog.scan.arrow import base_of_values, column
from assets.catalog.scan.reader import FETCHED, Content, adaptive, batch_rows

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

    def made(some: Sequence[Record]) -> pa.RecordBatch:
        for record in some:
            if len(others) < FIELDS and not record.keys() <= names:
                others.update(record.keys() - names)
        arrays = [column([r.get(c.name) for r in some], _kept(c.base)) for c in columns]
        return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])

    yield from adaptive(first(records, rows, content), made, min(FETCHED, batch_rows(len(columns))))
    if others:
        shown = ", ".join(sorted(others)[:5])
        content.problems.append(f"{len(others):,} fields come only behind the first {JUDGED:,} records: {shown}")


def first(items: Iterator[Any], rows: int, content: Content) -> Callable[[int], list[Any]]:
    """Fetches items by number until there were `rows` of them (0: all); `content` learns whether there were more."""
    left = rows

    def fetch(size: int) -> list[Any]:
        nonlocal left
        if rows and left <= 0:
            content.sampled = content.sampled or next(items, None) is not None
            return []
        some = list(islice(items, min(size, left) if rows else size))
        left -= len(some)
        return some

    return fetch


def _kept(base: Base) -> Base:
    return Base.TEXT if base in (Base.OTHER, Base.NESTED) else base
