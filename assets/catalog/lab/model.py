"""What goes into the lab and comes out of it, as plain values."""

from dataclasses import dataclass, field
from typing import Any

from core.errors import HeddleError

WAREHOUSE = "warehouse"  # the source that is always there; one of sources.yaml of that name is the same


class QueryError(HeddleError):
    """A query that is not run, or that the engine refuses.

    Attributes:
        line, column: where in the person's own text, from 1; 0 where that is not known.
    """

    def __init__(self, what: str, fix: str = "", line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        super().__init__(f"line {line}, column {column}: {what}" if line else what, fix)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (self.what, self.fix)


@dataclass(frozen=True)
class Table:
    """A table that a person may query.

    Attributes:
        key: of the scanned table (`source/schema.table`), or of the asset where nothing was scanned.
        asset: the asset it is, "" where it is none.
        schema, name: as the engine knows it; the schema is "" where the source has none.
        columns: (name, type) in their order.
    """

    key: str
    asset: str
    schema: str
    name: str
    columns: tuple[tuple[str, str], ...] = ()
    comment: str = ""

    @property
    def path(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True)
class Limits:
    """What one query may cost.

    Attributes:
        rows: of the answer at most.
        seconds: until it is stopped.
    """

    rows: int = 1_000
    seconds: float = 30.0

    MOST_ROWS = 100_000
    MOST_SECONDS = 600.0

    def bounded(self) -> "Limits":
        """Within what is allowed at all."""
        return Limits(min(max(1, self.rows), self.MOST_ROWS), min(max(0.1, self.seconds), self.MOST_SECONDS))


@dataclass(frozen=True)
class Answer:
    """The rows of a query.

    Attributes:
        columns: names, in the order of the rows; they may repeat.
        rows: Python values.
        more: there are more rows than were asked for.
        sql: what ran, in the engine's words: names in full, with the access policy and the row limit.
        tables: keys of what was read.
    """

    source: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    more: bool
    seconds: float
    sql: str
    tables: tuple[str, ...] = field(default=())
