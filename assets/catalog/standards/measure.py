"""Measures standards on a table of the warehouse."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from assets.catalog.standards.compliance import Compliance, query, read, rules
from assets.catalog.standards.model import CodeTable, Standard
from core.errors import StoreError
from core.naming import TableName

if TYPE_CHECKING:
    from resources.ports import Warehouse


def measure(
    warehouse: "Warehouse", table: TableName, asset: str, standards: Sequence[Standard], codes: Mapping[str, CodeTable]
) -> list[Compliance]:
    """How the columns of one table keep the standards that name them; one query.

    Raises:
        StoreError: the table has not a column that a standard names, or a standard's code table is not there.
    """
    present = {c.name for c in warehouse.info(table).columns}
    demands = []
    for standard in standards:
        if standard.codes and standard.codes not in codes:
            raise StoreError(f"standard {standard.name}: no code table {standard.codes}", "add its file to codes/")
        for column in (p.column for p in standard.columns if p.asset == asset):
            if column not in present:
                raise StoreError(
                    f"standard {standard.name}: {asset} has no column {column}", f"correct {standard.name}.yaml"
                )
            demands += rules(standard, column, codes)
    if not demands:
        return []
    source = exp.table_(table.name, db=table.schema, quoted=True)
    row = warehouse.query(query(source, demands, warehouse.dialect)).row(0, named=True)
    return read(row, demands)
