"""What the platform asks of its engines. One adapter file per engine implements a port; `resources.open` picks it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from core.naming import Key, TableName
from core.schema import DataSet, Synced, TableInfo

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

OnlineRow = tuple[str, int, bytes]


class WarehouseReader(Protocol):
    """Tables by name, read with SQL.

    A connection lasts for one call, so that other processes can use the same DuckDB file between calls.
    """

    dialect: str  # sqlglot's name: duckdb or postgres

    def query(self, sql: str, params: Sequence[Any] = ()) -> "pl.DataFrame":
        """Run one SELECT with bound parameters ($1, $2…) and return all rows."""

    def query_beside(self, sql: str, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Run one SELECT over this warehouse and a frame, which is the table `heddle_frame` in it; nothing is kept."""

    def batches(self, sql: str, params: Sequence[Any] = (), rows: int = 100_000) -> Iterator["pl.DataFrame"]:
        """Run one SELECT and stream its rows in frames of at most `rows`."""

    def info(self, table: TableName) -> TableInfo:
        """Columns and row count. Raises StoreError naming the table when it does not exist."""

    def exists(self, table: TableName) -> bool:
        """Whether the table exists."""


@runtime_checkable
class Warehouse(WarehouseReader, Protocol):
    """Tables that are read, and written all or nothing."""

    def replace(self, table: TableName, select: str, *, partition: tuple[str, Sequence[Any]] | None = None) -> int:
        """Create or replace a table from a SELECT over this warehouse, in one transaction; returns its rows written.

        With partition=(column, values) only rows with those values are deleted and inserted; the table is created
        if it does not exist.
        """

    def load_parquet(
        self,
        table: TableName,
        files: Sequence[Path],
        select: str,
        *,
        partition: tuple[str, Sequence[Any]] | None = None,
    ) -> int:
        """Like `replace`, from Parquet files: `select` is DuckDB SQL over a relation named `source`.

        `source` holds the files' columns, matched by name, and `filename`, the path of each row's file.
        """

    def write(self, table: TableName, frame: "pl.DataFrame") -> int:
        """Create or replace a table from a frame, in one transaction; returns its rows."""

    def write_all(self, tables: "Mapping[TableName, pl.DataFrame | Path]") -> None:
        """As `write`, several tables in one transaction, from frames or Parquet files: all of them or none."""


class Objects(Protocol):
    """Versioned folders of files under an asset key, with aliases that switch atomically."""

    def write(self, key: Key, version: str, build: Callable[[Path], None]) -> Path:
        """Let `build` fill a temporary folder, then publish it as this version by a rename.

        An existing version is returned as it is. A failing build leaves nothing behind.
        """

    def path(self, key: Key, version: str) -> Path:
        """The folder of a version. Raises StoreError when it does not exist."""

    def keys(self, layer: str) -> list[Key]:
        """All keys of a layer that have a folder, sorted."""

    def versions(self, key: Key) -> list[str]:
        """All versions, oldest first."""

    def alias(self, key: Key, name: str) -> str | None:
        """The version an alias points to, or None."""

    def set_alias(self, key: Key, name: str, version: str) -> None:
        """Point an alias at an existing version, atomically."""

    def alias_stamp(self, key: Key, name: str) -> Hashable:
        """A value that changes when the alias does, cheap enough to ask per request; None: no such alias."""

    def drop_alias(self, key: Key, name: str) -> None:
        """Remove an alias; nothing happens when there is none."""

    def prune(self, key: Key, keep: int) -> list[str]:
        """Remove all but the newest `keep` versions and those an alias names; returns what was removed."""


class Tracking(Protocol):
    """MLflow, opened on first use. Assets call `open()` and use MLflow's own client."""

    uri: str

    def open(self, experiment: str) -> AbstractContextManager[Any]:
        """A context in which the `mlflow` module it yields is set to this store and experiment (created if new).

        Raises StoreError, within seconds, when the store cannot be reached or is no MLflow store.
        """


class Vectors(Protocol):
    """Named collections of vectors with text ids, searched by cosine."""

    def put(self, collection: str, ids: Sequence[str], vectors: "npt.NDArray[np.float32]") -> int:
        """Create or replace a collection, all or nothing, from vectors [len(ids), dimensions]; returns its size."""

    def search(self, collection: str, vector: "npt.NDArray[np.float32]", top: int) -> list[tuple[str, float]]:
        """Ids and cosines of the nearest vectors, best first. Raises StoreError when there is no such collection."""

    def count(self, collection: str) -> int | None:
        """How many vectors a collection holds; None when there is no such collection."""

    def remove(self, collection: str, ids: Sequence[str]) -> int:
        """Take vectors out of a collection, without a copy in former versions; returns how many there were."""

    def collections(self, prefix: str) -> list[str]:
        """Names of the collections that begin with a prefix, sorted."""

    def drop(self, collection: str) -> None:
        """Remove a collection; nothing happens when there is none."""


class OnlineStore(Protocol):
    """The last values of feature views by entity. A view has a head, which describes its rows, and its rows.

    A row is (entity's key as text, event time in microseconds since 1970, what was encoded).
    """

    def push(self, view: str, head: Callable[[], bytes], batches: Iterable[Sequence[OnlineRow]], *, whole: bool) -> int:
        """Take in rows and then the head, all or nothing; returns how many rows were written.

        A row replaces one of the same key unless that one's event time is later.

        Args:
            whole: rows of other keys go.

        Raises:
            StoreError: the store cannot be reached, or another push of the view is under way.
        """

    def read(self, view: str, keys: Sequence[str]) -> tuple[bytes | None, list[bytes | None]]:
        """The head and the rows of some keys as they stood at one moment; None for what is not there."""

    def rows(self, view: str) -> int:
        """How many rows a view has."""

    def scan(self, view: str) -> Iterator[tuple[str, bytes]]:
        """All rows of a view as (entity's key, what was encoded), in no order."""

    def remove(self, view: str, keys: Sequence[str]) -> int:
        """Take rows out, all or none; returns how many there were."""

    def views(self) -> list[str]:
        """The views that were pushed, sorted."""

    def drop(self, view: str) -> None:
        """Remove a view; nothing happens when there is none."""

    def close(self) -> None:
        """Give its connections back."""


class Llm(Protocol):
    """A language model that completes a chat."""

    model: str

    def complete(self, system: str, user: str) -> str:
        """The model's answer. Raises LlmError when the API fails."""


class BusinessIntelligence(Protocol):
    """A BI tool that shows tables as data sets."""

    def sync(self, wanted: DataSet) -> Synced:
        """Create the data set of a table, or make the one there is follow the table. Nothing is ever deleted.

        What people set in the tool and the table says nothing about is kept. Raises BiError.
        """


class Notifier(Protocol):
    """Somewhere an alert goes."""

    name: str  # tells notifiers apart in the record of what was delivered

    def send(self, alert: "dict[str, Any]") -> None:
        """Deliver one alert (a JSON-able dict with `id`, `kind`, `title`, `text`, `run_id`, `time`).

        Raises NotifyError when it should be tried again, NotifyRefusedError when that would not help.
        """
