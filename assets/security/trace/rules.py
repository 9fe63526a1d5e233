"""Which rule of cleaning changed which cell: the table of changed cells, brought to the hashed keys of the rows."""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from assets.security.trace.model import Traced
from assets.security.trace.rows import rows
from assets.security.trace.state import BATCH, write_state
from core.errors import HeddleError
from core.naming import Key, table_name
from core.settings import Settings
from resources.quoting import identifier, literal, qualified

if TYPE_CHECKING:
    import polars as pl

_CLEAN, _CHANGES, _IMPUTED = "_clean", "_changes", "_imputed"  # ends of names; the last also of columns that flag
Figures = tuple[tuple[str, int], ...]


def cell_rules(settings: Settings, table: Traced, work: Path, secret: bytes) -> tuple[Path | None, Figures]:
    """A Parquet file (k, j, name, rule), None where no rules made the table; and the cells that each rule changed."""
    if table.name.endswith(_IMPUTED) and table.key and not table.source:
        return _imputed(settings, table, work, secret)
    source = _source(settings, table)
    if source is None:
        return None, ()
    from resources.open import warehouse

    engine = warehouse(settings)
    changes = table_name(Key.parse(table.name.removesuffix(_CLEAN) + _CHANGES))
    if not engine.exists(changes):
        return None, ()
    select = f'select cast(row as bigint) as row, "column" as name, rule from {qualified(changes)}'
    _written(engine.batches(select), work / "changes.parquet")
    made = work / "rules.parquet"
    # the rows of the changes count the rows of the source, which are read in the same order as when they were cleaned
    state = write_state(
        rows(settings, Traced(source)), work / "source.parquet", secret=secret, table=table.name, key=table.key,
        memory=settings.memory, ordered=True,
    )  # fmt: skip
    if not set(table.key) <= set(state.columns):
        return None, ()
    return made, _joined(work, state.path, made, settings.memory)


def _imputed(settings: Settings, table: Traced, work: Path, secret: bytes) -> tuple[Path | None, Figures]:
    """The cells whose flag says that a model filled them in; the rule is `imputation`."""
    import duckdb
    import polars as pl

    from resources.open import warehouse

    engine, name = warehouse(settings), table_name(Key.parse(table.name))
    columns = [column.name for column in engine.info(name).columns]
    filled = [c.removesuffix(_IMPUTED) for c in columns if c.endswith(_IMPUTED) and c.removesuffix(_IMPUTED) in columns]
    if not filled or not set(table.key) <= set(columns):
        return None, ()
    select = ", ".join(f"cast({identifier(c)} as text) as {identifier(c)}" for c in columns)
    parts = []
    for number, column in enumerate(filled):
        flag = f"cast({identifier(column + _IMPUTED)} as text) = 'true'"
        batches = engine.batches(f"select {select} from {qualified(name)} where {flag}", rows=BATCH)
        empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        state = write_state(
            chain([empty], batches), work / f"flag-{number}.parquet", secret=secret, table=table.name, key=table.key,
            memory=settings.memory,
        )  # fmt: skip
        parts.append(f"select k, j, {literal(column)} as name, 'imputation' as rule from {_file(state.path)}")
    made = work / "rules.parquet"
    with closing(duckdb.connect(config={"memory_limit": settings.memory})) as connection:
        connection.execute(f"copy ({' union all '.join(parts)}) to {literal(str(made))} (format parquet)")
        count = connection.execute(f"select count(*) from {_file(made)}").fetchone()
    return made, (("imputation", int(count[0])),) if count and count[0] else ()


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _joined(work: Path, state: Path, made: Path, memory: str) -> Figures:
    import duckdb

    places, changes = literal(str(state)), literal(str(work / "changes.parquet"))
    with closing(duckdb.connect(config={"memory_limit": memory, "temp_directory": str(work / "spill")})) as connection:
        connection.execute(
            f"copy (select k, j, name, rule from read_parquet({changes}) c join"
            f" read_parquet({places}, file_row_number = true) s on s.file_row_number = c.row)"
            f" to {literal(str(made))} (format parquet)"
        )
        sql = f"select rule, count(*) from read_parquet({literal(str(made))}) group by rule order by rule"
        return tuple((str(rule), int(count)) for rule, count in connection.execute(sql).fetchall())


def _source(settings: Settings, table: Traced) -> str | None:
    """The table that accepted rules make this one from."""
    if table.source or not table.key or not table.name.endswith(_CLEAN) or not settings.quality.is_dir():
        return None
    from assets.quality.rules.files import RuleFiles

    for name in RuleFiles(settings.quality).tables():
        try:
            key = Key.parse(name)
        except HeddleError:
            continue
        if str(Key("table", key.domain, f"{key.noun}{_CLEAN}")) == table.name:
            return name
    return None


def _written(batches: "Iterator[pl.DataFrame]", path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema({"row": pa.int64(), "name": pa.large_string(), "rule": pa.large_string()})
    with pq.ParquetWriter(path, schema) as writer:
        for frame in batches:
            writer.write_table(frame.to_arrow().cast(schema))
