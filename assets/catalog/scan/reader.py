"""What a reader of a kind of source offers the scan."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from assets.catalog.model import ColumnInfo, TableInfo

if TYPE_CHECKING:
    import pyarrow as pa

Wanted = Callable[[str], bool]
CELLS = 4_000_000  # of a batch
ROWS = 250_000
FETCHED = 50_000  # rows of Python values
FIRST = 500  # rows by which the size of the others is judged
BYTES = 32 * 2**20


def batch_rows(columns: int) -> int:
    """Rows of a batch, so that a wide table takes no more memory than a long one."""
    return max(1_000, min(ROWS, CELLS // max(1, columns)))


@dataclass(frozen=True)
class Found:
    """A table and a token that differs when its data do; "" where the source cannot tell."""

    table: TableInfo
    mark: str = ""


@dataclass
class Content:
    """A table's rows.

    Attributes:
        columns: in the order of the batches; a column whose `type` is "" is judged by its texts.
        sampled: the batches are a part of the table; final once they are through, like what follows.
        rows: rows of the whole table, None when that is what was read.
        rows_exact: false where `rows` is an estimate.
        problems: what could not be read, such as lines that are no record.
    """

    columns: Sequence[ColumnInfo]
    batches: "Iterator[pa.RecordBatch]"
    sampled: bool = False
    rows: int | None = None
    rows_exact: bool = True
    problems: list[str] = field(default_factory=list)


def adaptive(
    fetch: "Callable[[int], Sequence[Any]]", make: "Callable[[Sequence[Any]], pa.RecordBatch]", most: int
) -> "Iterator[pa.RecordBatch]":
    """Batches of rows that are fetched by number, so many that a batch takes about BYTES however large the values are.

    Args:
        fetch: the next rows, at most so many; none at the end.
        most: rows of a batch.
    """
    size = min(most, FIRST)
    while rows := fetch(size):
        made = make(rows)
        yield made
        size = max(1, min(most, int(BYTES * len(rows) / max(1, made.nbytes)), 8 * size))


def bounded(content: Content, rows: int, unsure: bool) -> Content:
    """The content, which stops at twice the wanted rows however wrong the source's own count was.

    Args:
        rows: wanted; 0 for all.
        unsure: the number of rows was not known, so it is a sample only if as many came as were asked for.
    """

    def counted(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        read = 0
        for batch in batches:
            yield batch
            read += batch.num_rows
            if rows and read >= 2 * rows:
                content.sampled = True
                return
        if unsure:
            content.sampled = read >= rows

    content.batches = counted(content.batches)
    return content


class Reader(Protocol):
    """An open source.

    Attributes:
        parallel: tables that may be read at the same time.
    """

    parallel: int

    def tables(self, wanted: Wanted) -> list[Found]:
        """All wanted tables with their structure; what is unreadable of one is its `error`."""
        ...

    def read(self, table: TableInfo, rows: int) -> AbstractContextManager[Content]:
        """The rows of a table, sampled when it has more than `rows` (0: never)."""
        ...

    def close(self) -> None:
        """Frees what the source holds."""
        ...
