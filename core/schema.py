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


@dataclass(frozen=True)
class DataSet:
    """A table as a BI tool is to show it.

    Attributes:
        schema: "" for the database's default.
        columns: empty when they are not known; the BI tool then takes what it finds.
        source: the asset that makes the table, as text.
        certified: whether the owner vouches for it.
        database: the BI tool's name of the database; "" for the one of the settings.
    """

    schema: str
    name: str
    columns: tuple[Column, ...] = ()
    description: str = ""
    owner: str = ""
    source: str = ""
    certified: bool = False
    database: str = ""


@dataclass(frozen=True)
class Synced:
    """A data set of a BI tool after it was synchronised.

    Attributes:
        url: where people open it.
        columns: names in the BI tool, those calculated there included.
        changes: what was changed, in words; empty when it was right already.
    """

    id: int
    url: str
    columns: tuple[str, ...]
    changes: tuple[str, ...] = ()
