"""What a table's rows are, as keyed hashes in a Parquet file, and what differs between two of these files.

One pass over the rows in batches; hashing, comparing and sorting run in DuckDB, which spills past its memory limit.
A state has the columns k and j (halves of the row key's hash) and c0, c1… (one hash a column, 64 bits each).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.security.trace.keys import derived
from assets.security.trace.model import BASELINE, Counts
from core.atomic import replacing
from resources.quoting import identifier, literal

if TYPE_CHECKING:
    import duckdb
    import polars as pl

BATCH = 250_000  # rows hashed at once
_HEAD, _FEW = 20_000, 0.5  # a column has few different values where half of its first rows repeat others


@dataclass(frozen=True)
class State:
    """A file of hashes, the names of its columns c0, c1…, and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: int = 0


def write_state(
    batches: "Iterable[pl.DataFrame]", path: Path, *, secret: bytes, table: str, key: Sequence[str], memory: str,
    ordered: bool = False,
) -> "State":  # fmt: skip
    """Hashes a table into a file.

    Args:
        batches: at least one frame, which may be empty; all columns are texts.
        key: columns of the row key; empty for all.
        memory: `2GB`.
        ordered: row n of the file is row n of the batches, also where keys repeat.
    """
    import pyarrow.parquet as pq

    rows = 0
    columns: list[str] = []
    writer: Any = None
    with closing(_open(path.parent, memory, ordered=True)) as connection:
        try:
            for frame in batches:
                columns = frame.columns
                made = _hashed(connection, secret, table, key or columns, frame).to_arrow()
                if writer is None:
                    writer = pq.ParquetWriter(path, made.schema, compression="none", use_dictionary=False)
                writer.write_table(made)
                rows += frame.height
        finally:
            if writer is not None:
                writer.close()
        if not ordered:
            _number_repeated(connection, path)
    return State(path, tuple(columns), rows)


def _hashed(
    connection: "duckdb.DuckDBPyConnection", secret: bytes, table: str, key: Sequence[str], frame: "pl.DataFrame"
) -> "pl.DataFrame":
    """The state of one batch; of columns with few different values each value is hashed once."""
    import polars as pl

    of_key = " || ".join(f"coalesce(length({identifier(k)}) || ':' || {identifier(k)}, '-')" for k in key)
    sha = f"sha256({literal(derived(secret, table, 'key'))} || {of_key})"
    columns = [f"{_number(sha, 1)} as k", f"{_number(sha, 17)} as j"]
    found: dict[str, pl.Series] = {}
    for n, column in enumerate(frame.get_columns()):
        label = literal(derived(secret, table, "column", column.name))
        sha = f"sha256({label} || coalesce('1' || {identifier(column.name)}, '0'))"
        one = f"{_number(sha, 1)} as c{n}"
        if not frame.height or column.head(_HEAD).n_unique() > min(_HEAD, frame.height) * _FEW:
            columns.append(one)
            continue
        values = column.unique()
        made = _selected(connection, [one], values.to_frame())[f"c{n}"]
        found[f"c{n}"] = column.replace_strict(values, made, return_dtype=pl.UInt64)
    state = _selected(connection, columns, frame).with_columns(s.alias(name) for name, s in found.items())
    return state.select("k", "j", *(f"c{n}" for n in range(frame.width)))


def _selected(connection: "duckdb.DuckDBPyConnection", columns: list[str], frame: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    connection.register("batch", frame.to_arrow())
    made = pl.from_arrow(connection.sql(f"select {', '.join(columns)} from batch").to_arrow_table())
    connection.unregister("batch")
    assert isinstance(made, pl.DataFrame)
    return made


def compare(
    former: "State | None", now: "State", rows: Path, *, secret: bytes, table: str, memory: str, known: bool,
    rules: Path | None = None, only: Sequence[tuple[int, int]] | None = None,
) -> tuple[Counts, Counts]:  # fmt: skip
    """Writes what differs into `rows`; returns the counts of what is explained and of what is not.

    Args:
        former: None: all rows are there for the first time.
        known: there is a cause.
        rules: Parquet file (k, j, name, rule): which rule changed which cell.
        only: hashed keys of the rows that the cause explains; None for all.
    """
    with closing(_open(rows.parent, memory)) as connection:
        connection.execute(f"create view new as select * from read_parquet({literal(str(now.path))})")
        if former is None:
            row = _row_hash(secret, table, now.columns, "new")
            _write(connection, f"select k, j, '{BASELINE}' as action, {row} as after from new", rows)
            return Counts(added=_count(connection, "new")), Counts()
        connection.execute(f"create view old as select * from read_parquet({literal(str(former.path))})")
        _differing(connection, secret, table, former.columns, now.columns)
        _with_rules(connection, rules)
        explained = str(known).lower()
        if known and only is not None:
            connection.execute("create temp table mine (k ubigint, j ubigint)")
            connection.executemany("insert into mine values (?, ?)", [list(pair) for pair in only] or [[0, 0]])
            explained = "(k, j) in (select (k, j) from mine)"
        _write(connection, f"select *, {explained} as explained from detail order by k, j", rows)
        return _counts(connection, rows, explained=True), _counts(connection, rows, explained=False)


def _differing(
    connection: "duckdb.DuckDBPyConnection", secret: bytes, table: str, before: Sequence[str], columns: Sequence[str]
) -> None:
    """Makes the table `detail`: the join carries keys and one fold a row, the hashes are read for what differs."""
    was, now = {n: f"c{i}" for i, n in enumerate(before)}, {n: f"c{i}" for i, n in enumerate(columns)}
    names = list(dict.fromkeys([*columns, *before]))
    alike = list(before) == list(columns)

    def fold(held: Mapping[str, str]) -> str:
        return f"hash({', '.join(held.values())})" if alike else "random()"  # other columns: every row is another

    connection.execute(
        "create temp table differing as select coalesce(n.k, o.k) as k, coalesce(n.j, o.j) as j from"
        f" (select k, j, {fold(now)} as f from new) n full join (select k, j, {fold(was)} as f from old) o"
        " on n.k = o.k and n.j = o.j where n.f is distinct from o.f"
    )
    changed = ", ".join(
        f"case when {'o.' + was[n] if n in was else 'null'} is distinct from"
        f" {'n.' + now[n] if n in now else 'null'} then {_cell(n, was, now)} end"
        for n in names
    )
    connection.execute(
        "create temp table detail as select d.k, d.j,"
        " case when o.k is null then 'add' when n.k is null then 'remove' else 'change' end as action,"
        f" case when o.k is not null then {_row_hash(secret, table, before, 'o')} end as before,"
        f" case when n.k is not null then {_row_hash(secret, table, columns, 'n')} end as after,"
        f" list_filter([{changed}], lambda x: x is not null) as cells, null::varchar as rule"
        " from differing d left join old o on o.k = d.k and o.j = d.j left join new n on n.k = d.k and n.j = d.j"
    )
    connection.execute("drop table differing")


def _cell(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> str:
    before = f"printf('%016x', o.{was[name]})" if name in was else "null"
    after = f"printf('%016x', n.{now[name]})" if name in now else "null"
    return f"{{'name': {literal(name)}, 'before': {before}, 'after': {after}, 'rule': null::varchar}}"


def _with_rules(connection: "duckdb.DuckDBPyConnection", rules: Path | None) -> None:
    if rules is None:
        return
    connection.execute(
        "create temp table ruled as select k, j, map(list(name), list(rule)) as said, string_agg(distinct rule, ', '"
        f" order by rule) as named from (select distinct on (k, j, name) * from read_parquet({literal(str(rules))}))"
        " group by k, j"
    )
    connection.execute(
        "create or replace temp table detail as select k, j, action, before, after, list_transform(cells, lambda x:"
        " {'name': x.name, 'before': x.before, 'after': x.after, 'rule': said[x.name]}) as cells, named as rule"
        " from detail left join ruled using (k, j)"
    )


def _row_hash(secret: bytes, table: str, columns: Sequence[str], alias: str) -> str:
    """The hash of a row, of its columns' hashes by name; 16 hex digits."""
    places = {name: f"{alias}.c{n}" for n, name in enumerate(columns)}
    folded = " || ',' || ".join(f"{places[n]}::varchar" for n in sorted(columns)) or "''"
    return f"sha256({literal(derived(secret, table, 'row'))} || {folded})[:16]"


def _number(sha: str, start: int) -> str:
    return f"('0x' || {sha}[{start}:{start + 15}])::ubigint"


def _number_repeated(connection: "duckdb.DuckDBPyConnection", path: Path) -> None:
    """Rows of the same key get a number, by their content, so that each is compared with one row of before."""
    source = f"read_parquet({literal(str(path))})"
    connection.execute(f"create temp table repeated as select k, j from {source} group by k, j having count(*) > 1")
    if not _count(connection, "repeated"):
        return
    names = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()][2:]
    listed = ", ".join(names)
    again = (
        f"select k, xor(j, (row_number() over (partition by k, j order by {listed}) - 1)::ubigint) as j, {listed}"
        f" from {source} semi join repeated using (k, j)"
    )
    with replacing(path) as made:
        _write(connection, f"select * from {source} anti join repeated using (k, j) union all {again}", made)


def _write(connection: "duckdb.DuckDBPyConnection", select: str, path: Path) -> None:
    connection.execute(f"copy ({select}) to {literal(str(path))} (format parquet, compression zstd)")


def _count(connection: "duckdb.DuckDBPyConnection", relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(found[0]) if found else 0


def _counts(connection: "duckdb.DuckDBPyConnection", rows: Path, *, explained: bool) -> Counts:
    sql = f"select action, count(*) from read_parquet({literal(str(rows))}) where explained = ? group by action"
    found = dict(connection.execute(sql, [explained]).fetchall())
    return Counts(found.get("add", 0), found.get("change", 0), found.get("remove", 0))


def _open(folder: Path, memory: str, *, ordered: bool = False) -> "duckdb.DuckDBPyConnection":
    import duckdb

    config: dict[str, Any] = {
        "memory_limit": memory,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": ordered,
    }
    return duckdb.connect(config=config)
