"""Value types for table structure and column lineage, free of any engine."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column: its name, the engine's type name in lower case, and a description ("" when none)."""

    name: str
    type: str
    description: str = ""
    nullable: bool = True


@dataclass(frozen=True)
class TableInfo:
    """A table as it stands in the warehouse."""

    columns: tuple[Column, ...]
    rows: int


@dataclass(frozen=True)
class ColumnSource:
    """One upstream column: the asset key as text and the column's name."""

    asset: str
    column: str


@dataclass(frozen=True)
class ColumnLineage:
    """For each output column, the upstream columns it is computed from."""

    sources: dict[str, tuple[ColumnSource, ...]] = field(default_factory=dict)
