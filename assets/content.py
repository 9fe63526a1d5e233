"""Content versions of table rows, equal for equal rows whatever their order, batches and warehouse engine."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.hashing import digest
from resources.quoting import identifier

if TYPE_CHECKING:
    import polars as pl


def rows_version(batches: "Iterable[pl.DataFrame]") -> str:
    """A digest of column names, row count and the sum of row hashes; holds one batch at a time.

    Numbers count by value, not by width: an engine may return 32 or 64 bits for the same rows.
    """
    import duckdb

    names: list[str] = []
    rows = total = 0
    with duckdb.connect() as connection:
        for batch in batches:
            names = batch.columns
            wide = ", ".join(_wide(name, str(kind)) for name, kind in zip(names, batch.dtypes, strict=True))
            connection.register("batch", batch)
            # a sum does not depend on the order and, unlike xor, sees duplicates
            (found,) = connection.sql(f"select count(*), coalesce(sum(hash({wide})), 0) from batch").fetchall()
            rows, total = rows + found[0], total + int(found[1])
    return digest([*names, str(rows), str(total)])


def _wide(name: str, kind: str) -> str:
    column = identifier(name)
    if kind.startswith(("Int", "UInt")):
        return f"cast({column} as hugeint)"
    return f"cast({column} as double)" if kind.startswith(("Float", "Decimal")) else column
