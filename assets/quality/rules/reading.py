"""Tables that rules run over: CSV and Parquet files, read without losing what they say."""

import csv
import io
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assets.catalog.scan.files.encoding import detect
from core.errors import SourceError
from core.naming import Key, TableName, table_name

if TYPE_CHECKING:
    from sqlglot import exp

    from assets.quality.rules.expressions import Tables
    from resources.ports import WarehouseReader

ENDINGS = (".csv", ".tsv", ".parquet")
_HEAD = 65_536  # bytes looked at
_BEYOND = re.compile(rb"[\x80-\xff]+")
_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"


def is_file(name: str) -> bool:
    """Whether a table's name is that of a file that can be read."""
    return Path(name).suffix.lower() in ENDINGS


def scan(path: Path) -> pl.LazyFrame:
    """A file as a lazy table.

    A column of a CSV file becomes one of numbers only where every text of it is what the number is written as again,
    so that `007` and `1.50` stay texts and what is written back differs by nothing but repairs.

    Raises:
        SourceError: the file is not there, or is none of these kinds.
    """
    if not is_file(path.name):
        raise SourceError(f"{path} is no table", f"name a file that ends in {', '.join(ENDINGS)}")
    if not path.is_file():
        raise SourceError(f"there is no file {path}", "correct its name, or the folder that you are in")
    try:
        if path.suffix.lower() == ".parquet":
            found = pl.scan_parquet(path)
            found.collect_schema()
            return found
        readable(path)
        texts = scan_texts(path)
        types = _types(texts)
        return texts.with_columns(pl.col(name).cast(type_) for name, type_ in types.items())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{path} cannot be read: {why(error)}", "correct the file") from None


def readable(path: Path) -> None:
    """Looks at the beginning of a CSV file: its encoding, and the names of its columns.

    Raises:
        SourceError: it is not UTF-8, has no header, one that names a column twice, or another separator.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise SourceError(f"{path} is empty", "write a line with the names of the columns")
    encoding = detect(head)
    alone = [len(run) == 1 for run in _BEYOND.findall(head)]
    if encoding == "gb18030" and sum(alone) > len(alone) / 2:
        encoding = "latin-1"  # characters of GB 18030 have two bytes or four
    if encoding not in ("utf-8", "utf-8-sig"):
        known = {"latin-1": "windows-1252", "gb18030": "GB18030"}.get(encoding, encoding.upper())
        fix = f"save it as UTF-8: iconv -f {known} -t UTF-8 {shlex.quote(path.name)} > utf8.csv"
        raise SourceError(f"{path} is not UTF-8; it looks like {known}", fix)
    sign = _separator(path)
    text = head.decode("utf-8-sig", "replace")
    names = next(csv.reader(io.StringIO(text), delimiter=sign), [])
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise SourceError(f"{path}: two columns are called {twice!r}", "rename one of them in the first line")
    other = next((s for s in ";\t|" if s != sign and s in text.partition("\n")[0]), None)
    if len(names) == 1 and other:
        named = "tabs" if other == "\t" else repr(other)
        fix = "name it .tsv" if other == "\t" else "save it with commas between the cells"
        raise SourceError(f"{path}: the cells seem to be separated by {named}", fix)


def _separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def scan_texts(path: Path) -> pl.LazyFrame:
    """A CSV file with all columns as texts; an empty cell is null."""
    return pl.scan_csv(path, separator=_separator(path), infer_schema=False, with_column_names=_unquoted)


def _unquoted(names: list[str]) -> list[str]:
    """Names as they are meant: polars leaves doubled quotes in the header."""
    return [name.replace('""', '"') for name in names]


def _types(texts: pl.LazyFrame) -> dict[str, type[pl.DataType]]:
    names = texts.collect_schema().names()
    head = _kept(texts.head(10_000), names)
    left = [name for name in names if any(head.get(f"{kind}{name}") for kind in "if")]
    whole = _kept(texts, left) if left else {}
    found: dict[str, type[pl.DataType]] = {}
    for name in left:
        if whole[f"i{name}"]:
            found[name] = pl.Int64
        elif whole[f"f{name}"]:
            found[name] = pl.Float64
    return found


def _kept(texts: pl.LazyFrame, names: list[str]) -> dict[str, bool]:
    """Whether all texts of a column are integers (`i`), or numbers (`f`), and are written so again."""
    tests = []
    for name in names:
        text = pl.col(name)
        number = text.cast(pl.Float64, strict=False)
        there = text.is_not_null().any()
        tests.append((there & text.str.contains(_INTEGER).fill_null(True).all()).alias(f"i{name}"))
        same = number.is_finite() & (number.cast(pl.String) == text)
        tests.append((there & (same.fill_null(False) | text.is_null()).all()).alias(f"f{name}"))
    return texts.select(tests).collect(engine="streaming").row(0, named=True)


def collected(table: pl.LazyFrame) -> pl.DataFrame:
    """All rows. Raises SourceError where a file turns out to be broken on the way."""
    try:
        return table.collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"the table cannot be read: {why(error, -1)}", "correct the file") from None


def why(error: Exception, line: int = 0) -> str:
    """What polars says, in the words of who made the file; of its other errors one line."""
    said = str(error)
    if "properly escaped" in said:
        return "a quote is not closed"
    if "found more fields than defined" in said:
        return "a row has more cells than the first line has names"
    lines = [part for part in said.splitlines() if part.strip(" `")]
    return lines[line].strip() if lines else said


def rows(table: pl.LazyFrame) -> int:
    """How many rows there are."""
    return int(table.select(pl.len()).collect(engine="streaming").item())


def from_warehouse(warehouse: "WarehouseReader", table: str, folder: Path) -> pl.LazyFrame:
    """A table of the warehouse as it is now, kept in a Parquet file in `folder` while rules run over it.

    Raises:
        StoreError: there is no such table.
    """
    import pyarrow.parquet as pq

    name = table_name(Key.parse(table))
    query = _select(warehouse, name)
    path = folder / f"{name.schema}.{name.name}.parquet"
    writer = None
    try:
        for batch in warehouse.batches(query.sql(dialect=warehouse.dialect)):
            rows = batch.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(path, rows.schema, compression="lz4")
            writer.write_table(rows)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        warehouse.query(query.limit(0).sql(dialect=warehouse.dialect)).write_parquet(path)
    return pl.scan_parquet(path)


def schema_from_warehouse(warehouse: "WarehouseReader", table: str) -> Mapping[str, pl.DataType]:
    """The columns and types that `from_warehouse` gives, without its rows. Raises StoreError: there is no table."""
    query = _select(warehouse, table_name(Key.parse(table))).limit(0)
    return warehouse.query(query.sql(dialect=warehouse.dialect)).schema


def _select(warehouse: "WarehouseReader", name: TableName) -> "exp.Select":
    from sqlglot import exp

    columns = [exp.column(c.name, quoted=True) for c in warehouse.info(name).columns]
    return exp.select(*columns).from_(exp.table_(name.name, db=name.schema, quoted=True))


def looked_up(folder: Path, warehouse: Callable[[], "WarehouseReader"] | None, beside: Path | None = None) -> "Tables":
    """Gives tables by name: files (of folder `beside` where the name is relative), else tables of the warehouse."""

    def table(name: str) -> pl.LazyFrame:
        if is_file(name):
            path = Path(name)
            return scan(path if path.is_absolute() or beside is None else beside / path)
        if warehouse is None:
            raise SourceError(f"there is no table {name!r} here", "name a file")
        return from_warehouse(warehouse(), name, folder)

    return table


def size(text: str) -> int:
    """`500MB` in bytes. Raises SourceError."""
    units = {"MB": 2**20, "GB": 2**30}
    if text[-2:].upper() not in units or not text[:-2].isdigit():
        raise SourceError(f"memory {text!r} is no size", "write 500MB or 2GB")
    return int(text[:-2]) * units[text[-2:].upper()]
