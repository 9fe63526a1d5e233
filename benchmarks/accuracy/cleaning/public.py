"""Public tables without a cleaning truth, taken as right as they are, in two halves: one to develop on, one held out.

The databases are developed on, since some were before. Of the others a family is in one half, by the first bytes of its
name's SHA-256: the files of one folder that are of one making, else a file. The first byte drew the halves; when the
held-out half had been judged once, in total, the second byte moved part of it to the other. Blanks around and doubled
are taken away first and clear marks of missing values made empty, so that no table is wrong by those.
"""

import gzip
import hashlib
import io
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.accuracy.linkage import read_pairs

LEAST, MOST = 40, 1500  # rows
WIDEST = 30  # columns
Table = dict[str, list[str]]
_NOTHING = ("n/a", "null", "nan", "--", "?")
_SAMPLES = "kettle/corpus/pentaho-kettle/assemblies/samples/src/main/resources/transformations/files"
_FILES = (
    "governance/2_imputation/*/clean.csv",
    "governance/4_pii/zh_en_tables/*.csv",
    "governance/7_anomaly/NAB/*/*.csv",
    "automl_amlb/*.csv.gz",
    "perf_nannyml/*.csv.gz",
    f"{_SAMPLES}/*.csv",
)
_MADE_ALIKE = ("automl_amlb", "artificialNoAnomaly", "artificialWithAnomaly", "realAWSCloudwatch", "realAdExchange")


@dataclass(frozen=True)
class Public:
    """A table; `family` says which half it is in ("" = it was developed on before)."""

    name: str
    family: str
    cells: Table

    @property
    def held_out(self) -> bool:
        """Whether nothing was developed on it."""
        first, second = hashlib.sha256(self.family.encode()).digest()[:2]
        return bool(self.family) and first % 2 == 1 and second % 2 == 0


def tables(data: Path) -> Iterator[Public]:
    """All tables of the folder of public data with LEAST rows and two columns, of larger ones MOST rows."""
    for family, name, frame in _read(data):
        texts = frame.select(pl.all().cast(pl.String, strict=False).fill_null(""))
        if texts.height >= LEAST and texts.width > 1:
            texts = texts[:, :WIDEST].gather_every(max(1, -(-texts.height // MOST)))
            cells = {n: [_right(v) for v in texts[n].to_list()] for n in texts.columns}
            yield Public(name, family, cells)


def _right(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return "" if text.lower() in _NOTHING else text


def _read(data: Path) -> Iterator[tuple[str, str, pl.DataFrame]]:
    for pattern in _FILES:
        for path in sorted(data.glob(pattern)):
            name = f"{path.parent.name}/{path.name.partition('.')[0]}"
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            family = path.parent.name if path.parent.name in _MADE_ALIKE else name
            yield family, name, pl.read_csv(io.BytesIO(raw), infer_schema=False, encoding="utf8-lossy")
    for folder in sorted((data / "governance/3_entity_resolution/er_magellan/Structured").iterdir()):
        pairs = read_pairs(folder)
        for side, frame in (("left", pairs.left), ("right", pairs.right)):
            yield folder.name, f"{folder.name}/{side}", frame
    for path in sorted((data / "governance/db").rglob("*.sqlite")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            for name, frame in _database(connection):
                yield "", f"{path.stem}/{name}", frame


def _database(connection: sqlite3.Connection) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each table, and each table with what its keys refer to beside it: rows of which much is said several times."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    frames = {name.lower(): _frame(connection, name) for name in names if not name.startswith("sqlite_")}
    for name, frame in frames.items():
        yield name, frame
        joined = frame
        for row in connection.execute(f'PRAGMA foreign_key_list("{name}")').fetchall():
            other, here, there = frames.get(row[2].lower()), str(row[3]), row[4]
            if other is None or other.height < 2 or there not in other.columns or here not in frame.columns:
                continue
            if other[there].is_duplicated().any():
                continue
            twice = {c: f"{row[2]}_{c}" for c in other.columns if c != there and c in joined.columns}
            named = other.rename(twice)
            joined = joined.join(named, left_on=here, right_on=there, how="left", maintain_order="left")
        if joined.width > frame.width:
            yield f"{name} joined", joined


def _frame(connection: sqlite3.Connection, name: str) -> pl.DataFrame:
    cursor = connection.execute(f'SELECT * FROM "{name}"')
    names = [column[0] for column in cursor.description]
    rows = [[None if v is None else str(v) for v in row] for row in cursor]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
