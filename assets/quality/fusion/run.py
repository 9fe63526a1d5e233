"""Runs an accepted plan in the warehouse: counts first, refuses what would multiply rows, compares with what came."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.quality.fusion.compiled import select
from assets.quality.fusion.model import Plan, Prediction
from assets.quality.fusion.tables import InWarehouse, Tables, predict, refusal
from core.errors import SourceError
from core.naming import Key, table_name
from resources.ports import Warehouse


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run made: rows written, the counts it was predicted with, and its SQL."""

    rows: int
    counted: tuple[Prediction, ...]
    expected: int
    sql: str

    @property
    def as_predicted(self) -> bool:
        """The fused table has exactly the predicted number of rows."""
        return self.rows == self.expected


class FanOutError(SourceError):
    """A join would multiply rows that its plan says stay single; nothing was written."""


def run(plan: Plan, warehouse: Warehouse) -> Ran:
    """Replace the fused table, in one transaction.

    Raises:
        SourceError: the plan is not accepted, or a table or column is not there.
        FanOutError: a join would multiply rows; the former table stays.
    """
    tables = InWarehouse(warehouse)
    counted = allowed(plan, tables)
    sql = select(plan, tables.layout(plan.tables)).sql(dialect=tables.dialect)
    rows = warehouse.replace(table_name(Key.parse(plan.asset)), sql)
    return Ran(rows, tuple(counted), expected(plan, counted), sql)


def allowed(plan: Plan, tables: Tables) -> list[Prediction]:
    """The counts of an accepted plan that may run. Raises SourceError and FanOutError as `run`."""
    if plan.status != "accepted":
        raise SourceError(f"the plan of {plan.asset} is {plan.status}", f"heddle fuse accept {plan.asset} --by NAME")
    counted = predict(plan, tables)
    if why := refusal(plan, counted):
        raise FanOutError(f"{plan.asset}: {why}", "add a key column, make the keys unique, or set `fan_out: allow`")
    return counted


def expected(plan: Plan, counted: Sequence[Prediction]) -> int:
    """Rows of the fused table, as predicted."""
    return counted[-1].rows(plan.joins[-1].how)


def told(plan: Plan, counted: Sequence[Prediction]) -> list[str]:
    """One line per join for people: rates, cardinality, rows, losses."""
    lines = []
    for join, p in zip(plan.joins, counted, strict=True):
        keys = " and ".join(f"{k.left} = {k.right}" for k in join.keys)
        lines.append(
            f"{join.how} {join.right} on {keys}: {p.left_rate:.1%} of {p.left_rows:,} rows meet, {p.right_rate:.1%} of "
            f"{p.right_rows:,}; {p.cardinality}; {p.rows(join.how):,} rows, {p.lost(join.how):,} lost, "
            f"{p.added:,} added; keys missing in {p.left_null:,} and {p.right_null:,}"
        )
    return lines
