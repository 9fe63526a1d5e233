"""A dimension table as its YAML file holds it."""

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assets.catalog.attributes.model import Values
from assets.catalog.metrics.model import NAME, Label
from assets.catalog.model import ColumnInfo, TableInfo
from assets.catalog.records import Records
from assets.catalog.store.versions import Versions
from core.errors import StoreError
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.changes.ddl import Statement

FOLDER, KIND = "dimensions", "dimension"
Base = Literal["text", "integer", "number", "float", "boolean", "date", "timestamp"]
TEXT = 255  # characters of a text without a length
_TYPE = re.compile(r"(text|integer|number|float|boolean|date|timestamp)(?:\(\s*(\d{1,4})\s*(?:,\s*(\d{1,2})\s*)?\))?")
_COMMON = {
    "text": "VARCHAR({0})", "integer": "BIGINT", "number": "DECIMAL({0}, {1})", "float": "DOUBLE",
    "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
}  # fmt: skip
TYPES: dict[str, dict[str, str]] = {
    "duckdb": _COMMON,
    "sqlite": _COMMON,
    "postgres": _COMMON | {"float": "DOUBLE PRECISION"},
    "mysql": _COMMON | {"timestamp": "DATETIME(6)"},
}
_DEFAULT_SCHEMA = {"postgres": "public"}
# keys of dimension tables differ by case, and Chinese fits in whatever the server's default is
_OPTIONS = {"mysql": " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"}


class Kind(NamedTuple):
    """A type: text(length), number(precision, scale)."""

    base: str
    first: int = 0
    second: int = 0


class DimensionColumn(BaseModel):
    """A column.

    Attributes:
        type: text, text(50), integer, number(12,2), float, boolean, date or timestamp; the same for all engines.
        label: headers of files may be these instead of the name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$")
    type: str = "text"
    label: Label = Label()
    required: bool = False
    comment: str = ""

    @field_validator("type")
    @classmethod
    def _type(cls, value: str) -> str:
        kind_of(value)
        return value

    @property
    def kind(self) -> Kind:
        """The type in parts."""
        return kind_of(self.type)


class Dimension(BaseModel):
    """A dimension table.

    Attributes:
        source: of sources.yaml, in whose database it is.
        schema_name: "" for the database's default.
        key: columns that identify a row.
        attributes: of the company's own, as attributes.yaml defines them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    source: str = Field(min_length=1)
    table: str = Field(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$")
    schema_name: str = ""
    label: Label = Label()
    description: str = ""
    columns: tuple[DimensionColumn, ...] = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    owner: str = ""
    attributes: Values = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [c.name for c in self.columns]
        twice = sorted({n for n in names if [m.lower() for m in names].count(n.lower()) > 1})
        if twice:
            raise ValueError(f"columns: {twice[0]!r} is there twice")
        unknown = [k for k in self.key if k not in names]
        if unknown or len(set(self.key)) < len(self.key):
            raise ValueError(f"key: {', '.join(unknown or self.key)}: name columns, each once")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(c.name for c in self.columns)

    def info(self, dialect: str) -> TableInfo:
        """The table in the words of an engine.

        Raises:
            StoreError: dimension tables cannot be kept there.
        """
        if dialect not in TYPES:
            raise StoreError(f"dimension {self.name}: no dimension tables on {dialect}", f"use {', '.join(TYPES)}")
        columns = tuple(
            ColumnInfo(
                name=c.name,
                type=TYPES[dialect][c.kind.base].format(c.kind.first, c.kind.second),
                place=place,
                nullable=not c.required and c.name not in self.key,
                comment=c.comment or " / ".join(filter(None, (c.label.en, c.label.zh))),
            )
            for place, c in enumerate(self.columns, 1)
        )
        schema = self.schema_name or _DEFAULT_SCHEMA.get(dialect, "")
        return TableInfo(name=self.table, schema_name=schema, columns=columns, primary_key=self.key)

    def ddl(self, dialect: str) -> "list[Statement]":
        """What creates it, with the comments of its columns. Raises as `info` does."""
        from assets.catalog.changes.ddl import Statement, create, restore

        table = self.info(dialect)
        made = [Statement(create(table, dialect) + _OPTIONS.get(dialect, ""))]
        if dialect in ("postgres", "duckdb"):  # MySQL has them in the table's own statement, SQLite has none
            bare = table.model_copy(
                update={"columns": tuple(c.model_copy(update={"comment": ""}) for c in table.columns)}
            )
            made += restore(bare, table, dialect, {})
        return made


def kind_of(text: str) -> Kind:
    """A type in parts. Raises ValueError when it is none."""
    found = _TYPE.fullmatch(text.strip().lower())
    if found is None or (found[2] and found[1] not in ("text", "number")) or (found[3] and found[1] != "number"):
        raise ValueError(f"{text!r} is no type; use text(50), integer, number(12,2), float, boolean, date, timestamp")
    base, first, second = found[1], int(found[2] or 0), int(found[3] or 0)
    if base == "text":
        return Kind(base, first or TEXT)
    if base == "number":
        first, second = (first, second) if found[2] else (18, 4)
        if not 0 < first <= 38 or second > first:
            raise ValueError(f"{text!r}: at most 38 digits, and no more after the point than in all")
        return Kind(base, first, second)
    return Kind(base)


def dimension_records(settings: Settings, versions: Versions) -> Records[Dimension]:
    """The dimensions of the folder HEDDLE_CATALOG_FILES."""
    return Records(settings.catalog_files / FOLDER, KIND, Dimension, versions)
