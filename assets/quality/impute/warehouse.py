"""Imputation of a table of the warehouse: a sample to learn from, batches to fill."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from assets.quality.impute.fill import fill
from assets.quality.impute.model import MOST_ROWS, Imputation
from assets.quality.impute.spec import Spec
from core.errors import HeddleError
from core.naming import Key, TableName, table_name
from core.scratch import scratch
from resources.ports import Warehouse, WarehouseReader

if TYPE_CHECKING:
    import polars as pl

FLAG = "_imputed"
_MOST = 100_000  # rows of a batch


def select(spec: Spec, dialect: str, limit: int | None = None) -> str:
    """All rows of the table, or the first ones, in the order that the spec names."""
    name = table_name(Key.parse(spec.table))
    query = exp.select("*").from_(exp.table_(name.name, db=name.schema, quoted=True))
    if spec.order:
        query = query.order_by(*(exp.column(column, quoted=True) for column in spec.order))
    if limit is not None:
        query = query.limit(limit)
    return query.sql(dialect=dialect)


def batches(warehouse: WarehouseReader, spec: Spec, memory: int) -> Iterator["pl.DataFrame"]:
    """The table in batches that fit into `memory` (bytes)."""
    from assets.quality.rules.apply import HEAD, rows_within

    sql = select(spec, warehouse.dialect)
    head = warehouse.query(select(spec, warehouse.dialect, limit=HEAD))
    return warehouse.batches(sql, rows=rows_within(head, memory, most=_MOST))


def learned_from(warehouse: WarehouseReader, spec: Spec, memory: int) -> "pl.DataFrame":
    """The rows to learn from: all, or of more than 200,000 every n-th, read in batches."""
    import polars as pl

    rows = warehouse.info(table_name(Key.parse(spec.table))).rows
    step, seen, kept = -(-rows // MOST_ROWS) or 1, 0, []
    for batch in batches(warehouse, spec, memory):
        kept.append(batch.gather_every(step, offset=-seen % step))
        seen += batch.height
    return pl.concat(kept) if kept else warehouse.query(select(spec, warehouse.dialect))


def flagged(frame: "pl.DataFrame", imputation: Imputation) -> "pl.DataFrame":
    """The frame with its gaps filled and, for each column with a model, a Boolean column `<name>_imputed` at its end.

    Raises:
        HeddleError: the frame has a column of such a name.
    """
    import polars as pl

    done = fill(frame, imputation)
    taken = next((name for name in imputation.filled if f"{name}{FLAG}" in frame.columns), None)
    if taken is not None:
        raise HeddleError(f"the table has a column {taken}{FLAG}, which says what was filled", "rename it")
    rows = {name: done.cells.filter(pl.col("column") == name)["row"] for name in imputation.filled}
    number = pl.int_range(pl.len(), dtype=pl.UInt32)
    return done.frame.with_columns(number.is_in(rows[name].implode()).alias(f"{name}{FLAG}") for name in rows)


def write(
    warehouse: Warehouse, spec: Spec, imputation: Imputation, memory: int, home: Path
) -> tuple[TableName, dict[str, int]]:
    """Replaces the filled table in one transaction, by files under `home`; its name, and filled cells by column."""
    import polars as pl

    target = table_name(Key.parse(spec.filled))
    counts = dict.fromkeys(imputation.filled, 0)
    with scratch(home, "impute-") as folder:
        files: list[Path] = []
        for rows in batches(warehouse, spec, memory):
            batch = flagged(rows, imputation)
            files.append(folder / f"{len(files):06d}.parquet")
            batch.write_parquet(files[-1])
            for name in counts:
                counts[name] += int(batch[f"{name}{FLAG}"].sum())
        if not files:
            warehouse.write(target, flagged(warehouse.query(select(spec, warehouse.dialect)), imputation))
            return target, counts
        columns = ", ".join(exp.column(name, quoted=True).sql("duckdb") for name in pl.read_parquet_schema(files[0]))
        warehouse.load_parquet(target, files, f"select {columns} from source")
    return target, counts


def missing_shares(warehouse: WarehouseReader, spec: Spec, names: list[str]) -> dict[str, float]:
    """The share of nulls of each column, counted in the warehouse."""
    name = table_name(Key.parse(spec.table))
    counts = [exp.func("count", exp.column(n, quoted=True)).as_(f"known_{i}") for i, n in enumerate(names)]
    query = exp.select(exp.func("count", exp.Star()).as_("rows"), *counts)
    row = warehouse.query(
        query.from_(exp.table_(name.name, db=name.schema, quoted=True)).sql(dialect=warehouse.dialect)
    ).row(0, named=True)
    return {n: 1 - row[f"known_{i}"] / max(row["rows"], 1) for i, n in enumerate(names)}
