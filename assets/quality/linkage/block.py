"""Which pairs are compared at all: records that share a key, lie side by side when sorted, or are nearest by words.

Keys come from each column (the value, its beginning and sound, rare words, parts of dates and numbers, min-hashes of
long texts). A key that would bring up too many pairs is combined with another column's; the cheapest are taken until
the budget is spent. Blocks larger than `largest` are left out, and that is told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assets.quality.linkage.blockkeys import Keys, combined_name, keys_of
from assets.quality.linkage.prepare import Records
from core.scratch import scratch

if TYPE_CHECKING:
    import duckdb

Pairs = npt.NDArray[np.int64]
BATCH = 200_000
BROAD = 2  # keys of one column that are combined with those of another


@dataclass(frozen=True, slots=True)
class Limits:
    """How much blocking may cost.

    Attributes:
        pairs: candidates for one record, on average.
        largest: records of one block; larger ones say too little.
        memory: DuckDB's limit, e.g. "1GB"; beyond it spills into a folder of its own in `folder`, by default the
            system's for temporary files.
    """

    pairs: float = 30.0
    largest: int = 200
    memory: str = "1GB"
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """One way to bring records together, as it was measured.

    Attributes:
        pairs: candidates it gives, shared ones counted again.
        dropped: records in blocks that were too large.
    """

    name: str
    pairs: int
    dropped: int

    def __str__(self) -> str:
        left_out = f", {self.dropped:,} records in too large blocks left out" if self.dropped else ""
        return f"{self.name}: {self.pairs:,} pairs{left_out}"


@dataclass(frozen=True, slots=True)
class Blocking:
    """The candidates, waiting in DuckDB, and where they come from."""

    connection: "duckdb.DuckDBPyConnection"
    predicates: tuple[Predicate, ...]
    refused: tuple[Predicate, ...]
    count: int

    def batches(self, size: int = BATCH) -> Iterator[Pairs]:
        """Candidate pairs (left < right), int64 [pairs, 2], a batch at a time."""
        cursor = self.connection.cursor()
        reader = cursor.sql("SELECT l, r FROM pairs").to_arrow_reader(size)
        for batch in reader:
            yield np.stack([batch.column(0).to_numpy(), batch.column(1).to_numpy()], axis=1).astype(np.int64)

    def sample(self, size: int, seed: int = 7) -> Pairs:
        """Some candidates by chance, int64 [<= size, 2]; all of them where there are no more."""
        if self.count <= size:
            found = list(self.batches())
            return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)
        sql = f"SELECT l, r FROM pairs USING SAMPLE reservoir({int(size)} ROWS) REPEATABLE ({int(seed)})"
        rows = self.connection.cursor().execute(sql).fetchnumpy()
        return np.stack([rows["l"], rows["r"]], axis=1).astype(np.int64)


@contextmanager
def block(records: Records, limits: Limits | None = None, across: bool = False) -> Iterator[Blocking]:
    """Candidate pairs, as long as the block of the `with` lasts.

    Args:
        across: only pairs of different sources.
    """
    import duckdb

    limits = limits or Limits()
    with scratch(limits.folder or Path(gettempdir()), "heddle-link-") as folder:
        options: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": limits.memory,
            "preserve_insertion_order": False,
            "temp_directory": str(folder),
        }
        with duckdb.connect(config=options) as connection:
            yield _blocked(connection, records, limits, across)


def _blocked(connection: "duckdb.DuckDBPyConnection", records: Records, limits: Limits, across: bool) -> Blocking:
    connection.execute("CREATE TABLE keys (p SMALLINT, k UBIGINT, r INTEGER, s SMALLINT)")
    chosen, refused = _choose(connection, records, limits, across)
    _join(connection, limits, across)
    for made in _beside(records, across):
        _insert_pairs(connection, made)
    connection.execute("CREATE TABLE pairs AS SELECT DISTINCT l, r FROM found")
    connection.execute("DROP TABLE found; DROP TABLE keys")
    row = connection.execute("SELECT count(*) FROM pairs").fetchone()
    return Blocking(connection, tuple(chosen), tuple(refused), int(row[0]) if row else 0)


def _choose(
    connection: "duckdb.DuckDBPyConnection", records: Records, limits: Limits, across: bool
) -> tuple[list[Predicate], list[Predicate]]:
    """Fill the table of keys with the cheapest keys within the budget.

    Keys are made twice, measured first and then kept in DuckDB, so that never all of them are in memory.
    """
    budget = limits.pairs * len(records)
    measured: list[Predicate] = []
    broad: dict[str, list[tuple[int, Keys]]] = {}
    for keys in keys_of(records):
        found = _measure(keys, records, limits, across)
        if found.pairs <= budget / 3 and found.dropped <= 0.5 * max(1, len(np.unique(keys.records))):
            measured.append(found)
        elif keys.single:
            ours = sorted([*broad.get(keys.column, []), (found.dropped, keys)], key=lambda item: item[0])
            broad[keys.column] = ours[:BROAD]
    pairs = [(a, b) for x, y in combinations(broad.values(), 2) for _, a in x for _, b in y]
    measured += [_measure(a.combined(b), records, limits, across) for a, b in pairs]
    chosen: list[Predicate] = []
    refused: list[Predicate] = []
    spent = 0
    for predicate in sorted(measured, key=lambda p: (p.pairs, p.name)):
        if predicate.pairs:
            fits = spent + predicate.pairs <= budget
            (chosen if fits else refused).append(predicate)
            spent += predicate.pairs if fits else 0
    numbers = {p.name: n for n, p in enumerate(chosen)}
    for keys in chain(keys_of(records), (a.combined(b) for a, b in pairs if combined_name(a, b) in numbers)):
        if keys.name in numbers:
            _insert_keys(connection, numbers[keys.name], keys, records)
    return chosen, refused


def _measure(keys: Keys, records: Records, limits: Limits, across: bool) -> Predicate:
    import polars as pl

    frame = pl.DataFrame({"k": keys.hashes, "s": records.source[keys.records]})
    sizes = frame.group_by("k").agg(pl.len().alias("n"), (pl.len().cast(pl.Int64)).alias("m"))
    kept = sizes.filter((pl.col("n") > 1) & (pl.col("n") <= limits.largest))
    pairs = int(kept.select((pl.col("m") * (pl.col("m") - 1) // 2).sum()).item() or 0)
    if across and kept.height:
        inside = frame.join(kept.select("k"), on="k").group_by("k", "s").agg(pl.len().cast(pl.Int64).alias("m"))
        pairs -= int(inside.select((pl.col("m") * (pl.col("m") - 1) // 2).sum()).item() or 0)
    dropped = int(sizes.filter(pl.col("n") > limits.largest)["m"].sum() or 0)
    return Predicate(keys.name, pairs, dropped)


def _insert_keys(connection: "duckdb.DuckDBPyConnection", number: int, keys: Keys, records: Records) -> None:
    import pyarrow as pa

    source = records.source[keys.records].astype(np.int16)
    table = pa.table({"k": keys.hashes, "r": keys.records.astype(np.int32), "s": source})
    connection.register("incoming", table)
    connection.execute("INSERT INTO keys SELECT ?, k, r, s FROM incoming", [number])
    connection.unregister("incoming")


def _insert_pairs(connection: "duckdb.DuckDBPyConnection", pairs: Pairs) -> None:
    import pyarrow as pa

    connection.register("incoming", pa.table({"l": pairs.min(axis=1), "r": pairs.max(axis=1)}))
    connection.execute("INSERT INTO found SELECT l, r FROM incoming")
    connection.unregister("incoming")


def _join(connection: "duckdb.DuckDBPyConnection", limits: Limits, across: bool) -> None:
    connection.execute(
        "CREATE TABLE blocks AS SELECT p, k FROM keys GROUP BY ALL HAVING count(*) BETWEEN 2 AND ?", [limits.largest]
    )
    apart = "AND a.s <> b.s" if across else ""
    connection.execute(
        f"CREATE TABLE found AS SELECT DISTINCT a.r AS l, b.r AS r FROM blocks JOIN keys a USING (p, k) "
        f"JOIN keys b ON b.p = a.p AND b.k = a.k WHERE a.r < b.r {apart}"
    )
    connection.execute("DROP TABLE blocks")


def _beside(records: Records, across: bool) -> Iterator[Pairs]:
    from assets.quality.linkage.near import nearest, neighbours

    for pairs in (*neighbours(records), *nearest(records, across)):
        apart = (
            records.source[pairs[:, 0]] != records.source[pairs[:, 1]] if across else np.ones(len(pairs), dtype=bool)
        )
        if (keep := apart & (pairs[:, 0] != pairs[:, 1])).any():
            yield pairs[keep]
