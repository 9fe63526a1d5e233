"""Daily sales by department as unbroken series, fit to be forecast."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from core.errors import SourceError

WEEK = 7
INCOMPLETE = 0.25  # a last day below this share of its weekday's usual sales is still being delivered
SPARSE = 0.8  # a department that sold on a smaller share of the days has no weekly rhythm of its own
RECENT = 91

QUERY = """
select
    sale_date,
    department,
    cast(sum(cast(sales_value as numeric(18, 2))) as double precision) as sales_value
from table_retail.sales_daily
group by sale_date, department
order by sale_date, department
"""


@dataclass(frozen=True)
class DailySales:
    """Sales per department and day, without gaps.

    Attributes:
        days: consecutive days, the last one complete.
        departments: names, by sales, largest first.
        values: (departments, days) sales; on closed days, which would distort the weekly rhythm, the value a week
            before stands in.
        closed: (days,) no department sold anything.
        sparse: (departments,) sold on too few days to be modelled alone.
        unfinished: days at the end that were left out as incomplete.
    """

    days: list[date]
    departments: list[str]
    values: np.ndarray
    closed: np.ndarray
    sparse: np.ndarray
    unfinished: list[date]


def daily_sales(frame: pl.DataFrame) -> DailySales:
    """Arrange the rows of QUERY.

    Args:
        frame: sale_date, department, sales_value; one row per day and department that sold.

    Raises:
        SourceError: there are no rows.
    """
    if frame.is_empty():
        raise SourceError("table_retail.sales_daily has no rows", "materialize table/retail/sales_daily first")
    first, last = frame["sale_date"].min(), frame["sale_date"].max()
    days = pl.select(sale_date=pl.date_range(pl.lit(first), pl.lit(last), "1d"))
    wide = days.join(frame.pivot(on="department", index="sale_date", values="sales_value"), on="sale_date", how="left")
    wide = wide.sort("sale_date").fill_null(0.0)
    # returns may exceed sales on a day of a small department; sales to plan for are never below zero
    values = wide.drop("sale_date").to_numpy().T.clip(min=0.0)
    names = [c for c in wide.columns if c != "sale_date"]
    order = sorted(range(len(names)), key=lambda i: (-values[i].sum(), names[i]))
    values, names = values[order], [names[i] for i in order]
    end = _complete(values.sum(axis=0))
    kept, every = values[:, :end], wide["sale_date"].to_list()
    closed = kept.sum(axis=0) <= 0
    open_days = max(int((~closed[-2 * RECENT :]).sum()), 1)
    sold = (kept[:, -2 * RECENT :] > 0).sum(axis=1) / open_days
    return DailySales(every[:end], names, _filled(kept, closed), closed, sold < SPARSE, every[end:])


def recurring_closures(sales: DailySales, days: list[date]) -> np.ndarray:
    """(days,) whether the shops were closed on the same calendar day a year before, as on 25 December."""
    known = {(d.month, d.day) for d, closed in zip(sales.days, sales.closed, strict=True) if closed}
    return np.array([(d.month, d.day) in known for d in days])


def next_days(sales: DailySales, horizon: int) -> list[date]:
    """The `horizon` days after the last complete one."""
    return [sales.days[-1] + timedelta(days=i + 1) for i in range(horizon)]


def _complete(total: np.ndarray) -> int:
    """How many days from the start are complete: at most six are cut off the end."""
    end = len(total)
    while end > max(len(total) - 6, 5 * WEEK):
        usual = np.median(total[end - 1 - WEEK : end - 1 - 5 * WEEK : -WEEK])
        if total[end - 1] >= INCOMPLETE * usual:
            break
        end -= 1
    return end


def _filled(values: np.ndarray, closed: np.ndarray) -> np.ndarray:
    filled = values.copy()
    for day in np.flatnonzero(closed):
        if day >= WEEK:
            filled[:, day] = filled[:, day - WEEK]
    return filled
