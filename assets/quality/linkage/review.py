"""The pairs that the last run was unsure of, and their records, for people to judge."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from assets.quality.fusion.files import FOLDER, files
from assets.quality.linkage.model import Golden, Source, unsure_of
from core.naming import Key, table_name
from resources.ports import WarehouseReader

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its source's table and its identifier there."""

    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.source}:{self.id}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records; `rank` 1 helps most."""

    rank: int
    left: Record
    right: Record
    probability: float

    @property
    def keys(self) -> tuple[str, str]:
        """As labels name the pair."""
        a, b = sorted((str(self.left), str(self.right)))
        return a, b


def declarations(quality: Path) -> dict[str, Path]:
    """The files of golden tables by their names."""
    return {path.stem: path for path in files(quality / FOLDER, "golden")}


def unsure(golden: Golden, warehouse: WarehouseReader) -> list[Pair] | None:
    """The pairs in the order of their ranks; None where there was no run yet."""
    name = table_name(Key.parse(unsure_of(golden)))
    if not warehouse.exists(name):
        return None
    columns = ("rank", "left_source", "left_record", "right_source", "right_record", "probability")
    select = exp.select(*(exp.column(c, quoted=True) for c in columns)).from_(_table(unsure_of(golden)))
    rows = warehouse.query(select.sql(dialect=warehouse.dialect)).sort("rank").rows()
    return [Pair(n, Record(a, b), Record(c, d), p) for n, a, b, c, d, p in rows]


def row(source: Source, record: str, warehouse: WarehouseReader) -> "pl.DataFrame":
    """The record's row under its table's own names; without rows where it is gone."""
    first = exp.Parameter(this=exp.Literal.number(1))
    same = exp.EQ(this=exp.cast(exp.column(source.id, quoted=True), "text"), expression=first)
    select = exp.select("*").from_(_table(source.table)).where(same)
    return warehouse.query(select.sql(dialect=warehouse.dialect), [record])


def _table(asset: str) -> exp.Table:
    name = table_name(Key.parse(asset))
    return exp.table_(name.name, db=name.schema, quoted=True)
