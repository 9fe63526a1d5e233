"""The tables of the lineage graph, in the catalogue's database."""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()

KEYS = Table(
    "lineage_keys",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(1024), nullable=False, unique=True),
)
NODES = Table(
    "lineage_nodes",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Integer, ForeignKey("lineage_keys.id"), nullable=False),
    Column("name", String(1024), nullable=False),  # of the column, "" for the key as a whole
    Index("lineage_nodes_key", "key", "name", unique=True),
)
# `edges`: of former states of runs, as JSON; those that count now are in EDGES
SOURCES = Table(
    "lineage_sources",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("origin", String(16), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("digest", String(16), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("edges", Text, nullable=True),
    Index("lineage_sources_name", "origin", "name"),
)
RUNS = Table(
    "lineage_runs",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("source", Integer, ForeignKey("lineage_sources.id", ondelete="CASCADE"), primary_key=True),
    Column("at", String(40), nullable=False),
    Column("evidence", Text, nullable=False),
    Index("lineage_runs_source", "source", "at"),
)
EDGES = Table(
    "lineage_edges",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Integer, ForeignKey("lineage_sources.id", ondelete="CASCADE"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("finish", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("detail", Text, nullable=False),
    Index("lineage_edges_start", "start"),
    Index("lineage_edges_finish", "finish"),
    Index("lineage_edges_source", "source"),
)
