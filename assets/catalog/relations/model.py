"""What the search for relations takes and gives, as plain values."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Base

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.uint32] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ColumnSketch:
    """What one pass keeps of a column: the least hashes of its values and how often each occurs (bottom-k, KMV).

    Attributes:
        type: the engine's own name of the type.
        rows: rows read; `missing` of them are null or empty.
        hashes: the k least hashes of different values, uint64 ascending; all of them where `complete`.
        counts: rows with each of these values, exact.
        low, high: of numbers; None otherwise.
        length: mean characters of the values' text, 0 where there are none.
    """

    name: str
    type: str
    base: Base
    rows: int
    missing: int
    hashes: Hashes
    counts: Counts
    complete: bool
    low: float | None = None
    high: float | None = None
    length: float = 0.0

    @property
    def filled(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """Different values; where the sketch is not complete an estimate with a standard error of 1 / sqrt(k)."""
        if self.complete:
            return len(self.hashes)
        share = float(self.hashes[-1]) / 2.0**64
        return min(self.filled, round((len(self.hashes) - 1) / share))

    @property
    def uniqueness(self) -> float:
        """Distinct values per filled row, judged by the sampled values: 1.0 when none of them occurs twice."""
        total = int(self.counts.sum())
        return len(self.hashes) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class TableSample:
    """A table as one pass left it.

    Attributes:
        source: name of the source; `table` is the path within it.
        sample: hashes of some rows, chosen by chance, uint64 [rows, columns]; 0 stands for a missing value.
        whole: the sample is the whole table.
    """

    source: str
    table: str
    rows: int
    columns: tuple[ColumnSketch, ...]
    sample: Hashes
    whole: bool

    @property
    def key(self) -> str:
        """`source/table`."""
        return f"{self.source}/{self.table}"


class Kind(StrEnum):
    """What two columns are to each other."""

    FOREIGN_KEY = "foreign_key"
    JOINABLE = "joinable"


class State(StrEnum):
    """What a person said of a proposal."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Cardinality(StrEnum):
    """Rows of the first table to rows of the second."""

    MANY_TO_ONE = "many-to-one"
    ONE_TO_ONE = "one-to-one"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class End:
    """One side of a relation."""

    source: str
    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.source}/{self.table}({', '.join(self.columns)})"


@dataclass(frozen=True, slots=True)
class Relation:
    """A foreign key from `child` to `parent`, or two columns that can be joined.

    Attributes:
        score: probability, 0 to 1, that a person would call it one.
        containment: share of the child's different values that the parent has.
        reasons: the evidence in words, the strongest first.
    """

    child: End
    parent: End
    kind: Kind
    score: float
    containment: float
    cardinality: Cardinality
    reasons: tuple[str, ...] = ()
    state: State = State.PROPOSED


@dataclass(frozen=True, slots=True)
class KeyCandidate:
    """Columns that identify a row.

    Attributes:
        exact: every row was looked at; otherwise the sampled rows bear it out.
    """

    source: str
    table: str
    columns: tuple[str, ...]
    score: float
    exact: bool
    reasons: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Dependency:
    """The columns `given` decide `then`; `error` is the share of rows to remove for it to hold everywhere (g3)."""

    source: str
    table: str
    given: tuple[str, ...]
    then: str
    error: float
    exact: bool
