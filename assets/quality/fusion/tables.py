"""Where the tables of a plan are: assets in the warehouse, or files, which an own DuckDB in memory serves."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from assets.quality.fusion.compiled import Layout, predicted, prediction
from assets.quality.fusion.model import Plan, Prediction
from core.errors import SourceError
from core.naming import Key, table_name
from core.scratch import scratch
from resources.ports import WarehouseReader

if TYPE_CHECKING:
    import duckdb
    import polars as pl

FILES = (".csv", ".parquet")
BATCH = 100_000  # rows that are written at a time


class Tables(Protocol):
    """Tables of one engine that can be joined."""

    dialect: str

    def layout(self, tables: Sequence[str]) -> Layout:
        """Their names in SQL and their columns. Raises SourceError for one that is not there."""

    def query(self, sql: str) -> "pl.DataFrame":
        """The rows of a SELECT."""


class InWarehouse:
    """Tables by asset key."""

    def __init__(self, warehouse: WarehouseReader) -> None:
        self.warehouse = warehouse
        self.dialect = warehouse.dialect

    def layout(self, tables: Sequence[str]) -> Layout:
        """Names and columns of tables."""
        named, columns = {}, {}
        for table in tables:
            name = table_name(Key.parse(table))
            if not self.warehouse.exists(name):
                raise SourceError(f"there is no table {table} in the warehouse", f"run it: heddle run {table}")
            named[table] = exp.table_(name.name, db=name.schema, quoted=True)
            columns[table] = [c.name for c in self.warehouse.info(name).columns]
        return Layout(named, columns)

    def query(self, sql: str) -> "pl.DataFrame":
        """The rows of a SELECT."""
        return self.warehouse.query(sql)


class InFiles:
    """CSV and Parquet files by path; all values of a CSV are texts, so that leading zeros stay."""

    dialect = "duckdb"

    def __init__(self, connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._names: dict[str, str] = {}

    @classmethod
    @contextmanager
    def opened(cls, memory: str, home: Path) -> "Iterator[InFiles]":
        """Files within a memory limit such as "1GB"; beyond it they are under `home`, and removed in the end."""
        import duckdb

        with scratch(home, "fuse-") as folder:
            config: dict[str, str | bool | int | float | list[str]] = {
                "memory_limit": memory,
                "temp_directory": str(folder / "spill"),
            }
            with duckdb.connect(config=config) as connection:
                yield cls(connection, folder)

    def layout(self, tables: Sequence[str]) -> Layout:
        """Names and columns of files."""
        named = {table: exp.table_(self._view(table), quoted=True) for table in tables}
        found = {t: self._connection.sql(f"SELECT * FROM {n.sql('duckdb')} LIMIT 0") for t, n in named.items()}
        return Layout(named, {t: list(relation.columns) for t, relation in found.items()})

    def query(self, sql: str) -> "pl.DataFrame":
        """The rows of a SELECT."""
        frame: pl.DataFrame = self._connection.sql(sql).pl()
        return frame

    def write(self, sql: str, path: Path, *, csv: bool, safe: bool = False) -> int:
        """Writes the rows of a SELECT into a CSV or Parquet file, a batch at a time; returns their number.

        Args:
            safe: in CSV, texts that a spreadsheet takes for formulas are marked.
        """
        import polars as pl
        import pyarrow as pa

        from assets.quality.rules.formulas import no_formulas

        rows = self._folder / "fused.arrow"
        reader = self._connection.sql(sql).to_arrow_reader(BATCH)
        with pa.ipc.new_file(rows, reader.schema) as file:
            for batch in reader:
                file.write_batch(batch)
        table = pl.scan_ipc(rows)
        if csv:
            (no_formulas(table) if safe else table).sink_csv(path)
        else:
            table.sink_parquet(path)
        return int(table.select(pl.len()).collect().item())

    def _view(self, table: str) -> str:
        import duckdb

        if table not in self._names:
            path = Path(table)
            if path.suffix.lower() not in FILES or not path.is_file():
                raise SourceError(f"there is no file {table}", f"name a file that ends with {' or '.join(FILES)}")
            name = f"file_{len(self._names)}"
            read = path if path.suffix.lower() == ".parquet" else _as_parquet(path, self._folder / f"{name}.parquet")
            view = exp.Create(this=exp.table_(name, quoted=True), kind="VIEW", expression=_read_parquet(read))
            try:
                self._connection.execute(view.sql(dialect="duckdb"))
            except duckdb.Error as error:
                why = str(error).splitlines()[0]
                raise SourceError(f"{table} cannot be read: {why}", "correct the file") from None
            self._names[table] = name
        return self._names[table]


def _read_parquet(path: Path) -> exp.Select:
    one = re.sub(r"([*?\[])", r"[\1]", str(path))  # a name and no pattern of names
    return exp.select("*").from_(exp.func("read_parquet", exp.Literal.string(one)))


def _as_parquet(path: Path, into: Path) -> Path:
    """A CSV file's texts as Parquet, streamed: DuckDB's reader guesses, and lost all rows where cells have line ends.

    Raises:
        SourceError: the file is empty, not UTF-8, or broken.
    """
    import polars as pl

    from assets.quality.rules.reading import readable, scan_texts, why

    readable(path)
    try:
        scan_texts(path).sink_parquet(into, compression="lz4")
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{path} cannot be read: {why(error)}", "correct the file") from None
    return into


def predict(plan: Plan, tables: Tables) -> list[Prediction]:
    """What each join of the plan will do on the present rows, counted and not estimated."""
    layout = tables.layout(plan.tables)
    found = []
    for step in range(len(plan.joins)):
        row = tables.query(prediction(plan, layout, step).sql(dialect=tables.dialect)).row(0, named=True)
        found.append(predicted(row))
    return found


def refusal(plan: Plan, found: Sequence[Prediction]) -> str:
    """Why the plan must not run: a join would multiply rows although its plan forbids it; "" where it may."""
    for join, counted in zip(plan.joins, found, strict=True):
        if join.fan_out == "refuse" and counted.added:
            return (
                f"joining {join.right} would add {counted.added:,} rows: one row meets up to {counted.most:,} "
                f"({counted.cardinality}; {counted.right_duplicates:,} rows repeat a key)"
            )
    return ""
