"""The tables of the catalogue's database."""

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

ENTRIES = Table(
    "catalog_entries",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("key", String(1024), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("removed", Boolean, nullable=False, default=False),
)
VERSIONS = Table(
    "catalog_versions",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("key", String(1024), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String(16), nullable=False),
    Column("document", Text, nullable=True),
    Column("author", String(256), nullable=False),
    Column("at", String(32), nullable=False),
    Column("cause", String(1024), nullable=False),
    Column("run", String(64), nullable=False),
    ForeignKeyConstraint(["kind", "key"], ["catalog_entries.kind", "catalog_entries.key"]),
)
MEASURES = Table(
    "catalog_measures",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("key", String(1024), nullable=False),
    Column("at", String(32), nullable=False),
    Column("run", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Index("catalog_measures_key", "kind", "key", "id"),
)
USES = Table(
    "catalog_uses",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("key", String(1024), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("how", String(32), primary_key=True),
    Column("count", Float, nullable=False),
)
