"""Flows with generated parts: run by the engine, compared with SQL on the same rows."""

from decimal import Decimal
from typing import Any

import duckdb

from assets.kettle.files.write import to_bytes
from assets.kettle.generate.part import Part
from assets.kettle.generate.place import Spot, put
from assets.kettle.model import Transformation
from tests.assets.kettle.flow import Flow, Outcome, grid

SQL_TYPES = {
    "Integer": "BIGINT",
    "Number": "DOUBLE",
    "String": "VARCHAR",
    "Date": "TIMESTAMP",
    "Boolean": "BOOLEAN",
    "BigNumber": "DECIMAL(38,6)",
}
Table = tuple[dict[str, str], list[tuple[Any, ...]]]


def source(flow: Flow, name: str, table: Table) -> Flow:
    """Adds a Data grid with the rows (dates as yyyy-MM-dd HH:mm:ss texts)."""
    masks = {field: "yyyy-MM-dd HH:mm:ss" for field, kind in table[0].items() if kind == "Date"}
    rows = [tuple(f"{Decimal(repr(v)):f}" if isinstance(v, float) else v for v in row) for row in table[1]]
    return flow.step(name, "DataGrid", grid(table[0], rows, **masks))


def base(table: Table) -> Flow:
    """in -> out."""
    return source(Flow(), "in", table).step("out", "Dummy").hop("in", "out")


def with_part(flow: Flow, part: Part, at: Spot) -> Transformation:
    """The part put in; putting it in again changes no byte, and the flow's own steps keep theirs."""
    before = dict(flow.model.steps)
    model = put(flow.model, part, at)
    assert to_bytes(put(model, part, at)) == to_bytes(model)
    assert to_bytes(put(flow.model, part, at)) == to_bytes(model)
    written = to_bytes(model)
    for name in before:
        start, lines = f"<name>{name}</name>", to_bytes(flow.model).decode()
        kept = lines[lines.index(start) : lines.index("</step>", lines.index(start))]
        assert kept.replace("<distribute>Y", "<distribute>N") in written.decode().replace(
            "<distribute>Y", "<distribute>N"
        )
    return model


def run(model: Transformation, **arguments: Any) -> Outcome:
    """All that left the steps."""
    flow = Flow()
    flow.model = model
    return flow.run(**arguments)


def sql(query: str, **tables: Table) -> list[tuple[Any, ...]]:
    """The rows that DuckDB gives, sorted."""
    with duckdb.connect() as database:
        for name, (fields, rows) in tables.items():
            columns = ", ".join(f"{field} {SQL_TYPES[kind]}" for field, kind in fields.items())
            database.execute(f"CREATE TABLE {name} ({columns})")
            for row in rows:
                database.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row))
        return ordered(database.execute(query).fetchall())


def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in one order, whatever their types and nulls."""
    return sorted(rows, key=repr)
