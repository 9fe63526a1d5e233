"""Where the columns of dbt models come from, traced from their compiled SQL before anything has run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assets.catalog.lineage.sql.identifiers import split
from assets.catalog.lineage.sql.result import Leaf
from assets.catalog.lineage.sql.script import script_lineage
from assets.tables.specs import ModelSpec
from core.hashing import digest
from core.naming import Key, table_name

DIALECT = "duckdb"  # what the models are compiled for here


def traced(models: Sequence[ModelSpec], compiled: Mapping[str, str]) -> tuple[ModelSpec, ...]:
    """The models with their lineage; upstream first, so that stars over models can be told.

    Args:
        compiled: model -> SELECT.
    """
    schemas: dict[str, dict[str, str]] = {}
    found = []
    for model in models:
        sql = compiled.get(model.name, "")
        assets = {str(table_name(Key.parse(key))): key for key in model.deps}
        statements = script_lineage(sql, DIALECT, schemas).statements if sql else ()
        if not statements:
            found.append(model)
            continue
        told = statements[-1]
        columns = [(column, leaf) for column, leaves in told.columns.items() for leaf in sorted(leaves)]
        lineage = {column: _assets([leaf for c, leaf in columns if c == column], assets) for column in told.columns}
        rows = sorted(
            (*way, how) for leaf, hows in told.influences.items() for way in _assets([leaf], assets) for how in hows
        )
        found.append(replace(model, sql=digest([sql]), lineage=lineage, rows=tuple(rows)))
        if "*" not in told.columns:
            schemas[str(table_name(Key.parse(model.key)))] = dict.fromkeys(told.columns, "")
    return tuple(found)


def _assets(leaves: Iterable[Leaf], assets: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Columns of tables as columns of assets; the compiled SQL may have the database in front of a table's name."""
    named = ((".".join(split(table)[-2:]), column) for table, column in leaves)
    return tuple((assets[table], column) for table, column in named if table in assets)
