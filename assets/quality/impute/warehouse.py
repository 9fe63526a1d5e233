"""Imputation of a table of the warehouse: a sample to learn from, batches to fill."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from assets.quality.impute.fill import fill
from assets.quality.impute.model import MOST_ROWS, Imputation
from assets.quality.impute.spec import Spec
from core.naming import Key, TableName, table_name
from resources.ports import Warehouse

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


def batches(warehouse: Warehouse, spec: Spec, memory: int) -> Iterator["pl.DataFrame"]:
    """The table in batches that fit into `memory` (bytes)."""
    from assets.quality.rules.apply import HEAD, rows_within

    sql = select(spec, warehouse.dialect)
    head = warehouse.query(select(spec, warehouse.dialect, limit=HEAD))
    return warehouse.batches(sql, rows=rows_within(head, memory, most=_MOST))


def learned_from(warehouse: Warehouse, spec: Spec, memory: int) -> "pl.DataFrame":
    """The rows to learn from: all, or of more than 200,000 every n-th, read in batches."""
    import polars as pl

    rows = warehouse.info(table_name(Key.parse(spec.table))).rows
    step, seen, kept = -(-rows // MOST_ROWS) or 1, 0, []
    for batch in batches(warehouse, spec, memory):
        kept.append(batch.gather_every(step, offset=-seen % step))
        seen += batch.height
    return pl.concat(kept) if kept else warehouse.query(select(spec, warehouse.dialect))


def filled_batches(warehouse: Warehouse, spec: Spec, imputation: Imputation, memory: int) -> Iterator["pl.DataFrame"]:
    """The table with its gaps filled and, for each column with a model, a Boolean column `<name>_imputed`."""
    flags = [name for name, filler in imputation.fillers.items() if not filler.choice.refused]
    for batch in batches(warehouse, spec, memory):
        yield flagged(batch, imputation, flags)


def flagged(frame: "pl.DataFrame", imputation: Imputation, flags: list[str]) -> "pl.DataFrame":
    """The filled frame with the flag columns at its end."""
    import polars as pl

    done = fill(frame, imputation)
    rows = {name: done.cells.filter(pl.col("column") == name)["row"] for name in flags}
    number = pl.int_range(pl.len(), dtype=pl.UInt32)
    return done.frame.with_columns(number.is_in(rows[name].implode()).alias(f"{name}{FLAG}") for name in flags)


def write(
    warehouse: Warehouse, spec: Spec, imputation: Imputation, memory: int
) -> tuple[TableName, int, dict[str, int]]:
    """Replaces the filled table in one transaction; returns its name, rows and the number of filled cells by column."""
    import polars as pl

    target = table_name(Key.parse(spec.filled))
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="heddle-impute-") as folder:
        files: list[Path] = []
        for batch in filled_batches(warehouse, spec, imputation, memory):
            files.append(Path(folder) / f"{len(files):06d}.parquet")
            batch.write_parquet(files[-1])
            for name in batch.columns:
                if name.endswith(FLAG) and batch[name].dtype == pl.Boolean:
                    counts[name.removesuffix(FLAG)] = counts.get(name.removesuffix(FLAG), 0) + int(batch[name].sum())
        if not files:
            empty = warehouse.query(select(spec, warehouse.dialect))
            return target, warehouse.write(target, empty), counts
        columns = ", ".join(exp.column(name, quoted=True).sql("duckdb") for name in pl.read_parquet_schema(files[0]))
        return target, warehouse.load_parquet(target, files, f"select {columns} from source"), counts


def missing_shares(warehouse: Warehouse, spec: Spec, names: list[str]) -> dict[str, float]:
    """The share of nulls of each column, counted in the warehouse."""
    name = table_name(Key.parse(spec.table))
    counts = [exp.func("count", exp.column(n, quoted=True)).as_(f"known_{i}") for i, n in enumerate(names)]
    query = exp.select(exp.func("count", exp.Star()).as_("rows"), *counts)
    row = warehouse.query(
        query.from_(exp.table_(name.name, db=name.schema, quoted=True)).sql(dialect=warehouse.dialect)
    ).row(0, named=True)
    return {n: 1 - row[f"known_{i}"] / max(row["rows"], 1) for i, n in enumerate(names)}
