"""Forecasts with intervals, each department's model chosen by a rolling-origin backtest against seasonal naive."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.analytics.daily import RECENT, WEEK, DailySales, next_days, recurring_closures
from core.errors import SourceError

HORIZON = 28
STEP = 14
WINDOWS = 10
SHORTEST = 8 * WEEK  # days of history a model needs
NAIVE = "seasonal_naive"
LEVELS = (80, 95)


def seasonal_naive(history: np.ndarray, horizon: int) -> np.ndarray:
    """The last week, repeated. (series, days) -> (series, horizon)."""
    return np.tile(history[:, -WEEK:], -(-horizon // WEEK))[:, :horizon]


def mean_of_8_weeks(history: np.ndarray, horizon: int) -> np.ndarray:
    """Each weekday's mean over eight weeks."""
    week = history[:, -8 * WEEK :].reshape(len(history), 8, WEEK).mean(axis=1)
    return np.tile(week, -(-horizon // WEEK))[:, :horizon]


def ets_log(history: np.ndarray, horizon: int) -> np.ndarray:
    """Exponential smoothing of log(1 + sales) with a level and a weekly season: the median forecast.

    Of the statsforecast models tried it was both the best and the cheapest: its optimiser is compiled ahead, where
    the Theta family is compiled by numba at run time and the automatic search costs 18 times as much for a worse
    score.
    """
    from statsforecast.models import AutoETS

    logs = np.log1p(history)
    rows = [AutoETS(season_length=WEEK, model="ANA").forecast(y, horizon)["mean"] for y in logs]
    found: np.ndarray = np.expm1(np.array(rows)).clip(min=0.0)
    return found


# the first is the yardstick, and the choice where the others are no better
MODELS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    NAIVE: seasonal_naive,
    "ets_log": ets_log,
    "mean_8_weeks": mean_of_8_weeks,
}


@dataclass(frozen=True)
class Backtest:
    """Forecasts made at past origins. Axes: model, window, department, day of horizon.

    Attributes:
        origins: index of the first forecast day of each window, oldest first.
        predicted: (models, windows, departments, horizon).
        actual: (windows, departments, horizon), NaN on closed days.
        mase: (models, windows, departments) mean absolute error over the in-sample error of seasonal naive; NaN for
            a department whose sales never changed from week to week.
        sparse: (departments,) forecast in the pool.
    """

    origins: list[int]
    predicted: np.ndarray
    actual: np.ndarray
    mase: np.ndarray
    sparse: np.ndarray

    def past(self, window: int) -> np.ndarray:
        """(windows,) which windows were over when this one began: what an honest choice may look at."""
        over: np.ndarray = np.array(self.origins) + self.actual.shape[2] <= self.origins[window]
        return over

    def choice(self, windows: np.ndarray) -> np.ndarray:
        """(departments,) index of the model with the least mean MASE in these windows."""
        seen = self.mase[:, windows]
        filled = np.where(np.isnan(seen), 0.0, seen).sum(axis=1)
        best: np.ndarray = filled.argmin(axis=0)
        return best

    def errors(self, chosen: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """(windows, departments, horizon) errors of the chosen models: log((1 + actual) / (1 + predicted)).

        For departments in the pool the sales themselves: most days hold none, and an error means little.
        """
        predicted, actual = self.of(chosen)[windows], self.actual[windows]
        found: np.ndarray = np.where(self.sparse[:, None], actual, np.log1p(actual) - np.log1p(predicted))
        return found

    def of(self, chosen: np.ndarray) -> np.ndarray:
        """(windows, departments, horizon) forecasts of each department's chosen model."""
        found: np.ndarray = self.predicted[chosen, :, np.arange(len(chosen))].transpose(1, 0, 2)
        return found


def predict(model: str, history: np.ndarray, sparse: np.ndarray, horizon: int = HORIZON) -> np.ndarray:
    """(departments, horizon) forecasts; sparse departments are forecast as one and share it by their recent sales."""
    rows = history[~sparse]
    if not sparse.any():
        return MODELS[model](rows, horizon)
    pool = history[sparse].sum(axis=0, keepdims=True)
    found = MODELS[model](np.concatenate([rows, pool]), horizon)
    recent = history[sparse, -RECENT:].sum(axis=1)
    share = recent / max(recent.sum(), 1e-9)
    result = np.empty((len(history), horizon))
    result[~sparse], result[sparse] = found[:-1], share[:, None] * found[-1]
    return result


def backtest(sales: DailySales) -> Backtest:
    """Forecast from up to WINDOWS origins, STEP days apart, the last one HORIZON days before the end.

    Raises:
        SourceError: the history is too short for three windows.
    """
    days = sales.values.shape[1]
    last = days - HORIZON
    origins = [o for o in range(last - STEP * (WINDOWS - 1), last + 1, STEP) if o >= SHORTEST]
    if len(origins) < 3:
        least = SHORTEST + HORIZON + 2 * STEP
        raise SourceError(
            f"table_retail.sales_daily holds {days} days, too few to test a forecast on",
            f"load at least {least} days of raw/retail/transactions",
        )
    predicted = np.array([[predict(m, sales.values[:, :o], sales.sparse) for o in origins] for m in MODELS])
    observed = np.where(sales.closed, np.nan, sales.values)
    actual = np.array([observed[:, o : o + HORIZON] for o in origins])
    steps = np.abs(sales.values[:, WEEK:] - sales.values[:, :-WEEK])
    scale = np.array([steps[:, : o - WEEK].mean(axis=1) for o in origins])
    errors = np.nanmean(np.abs(predicted - actual), axis=3)
    mase = np.divide(errors, scale, out=np.full_like(errors, np.nan), where=scale > 0)
    return Backtest(origins, predicted, actual, mase, sales.sparse)


def interval(forecast: np.ndarray, test: Backtest, errors: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """(departments, horizon) bounds around forecasts, from past errors; never below zero, never past the forecast.

    The quantiles carry conformal prediction's correction for a finite number of errors.

    Args:
        forecast: (departments, horizon).
        errors: what test.errors returned, (windows, departments, horizon).
        level: in percent.
    """
    flat = errors.transpose(1, 0, 2).reshape(errors.shape[1], -1)
    tail = (1 - level / 100) / 2
    count = (~np.isnan(flat)).sum(axis=1).max()
    upper = min(1.0, np.ceil((count + 1) * (1 - tail)) / count)
    low, high = np.nanquantile(flat, 1 - upper, axis=1)[:, None], np.nanquantile(flat, upper, axis=1)[:, None]
    pooled, logged = test.sparse[:, None], np.log1p(forecast)
    below = np.where(pooled, low, np.expm1(logged + np.where(pooled, 0.0, low)))
    above = np.where(pooled, high, np.expm1(logged + np.where(pooled, 0.0, high)))
    return np.minimum(below, forecast).clip(min=0.0), np.maximum(above, forecast)


def forecast(sales: DailySales, test: Backtest) -> pl.DataFrame:
    """The next HORIZON days: sale_date, department, forecast, lo80, hi80, lo95, hi95, model; money in cents' precision.

    A day on which the shops were closed a year before is forecast as zero by model `closed`.
    """
    every = np.ones(len(test.origins), bool)
    chosen = test.choice(every)
    names = list(MODELS)
    options = np.array([predict(m, sales.values, sales.sparse) for m in MODELS])
    columns = {"forecast": options[chosen, np.arange(len(chosen))]}
    errors = test.errors(chosen, every)
    for level in LEVELS:
        columns[f"lo{level}"], columns[f"hi{level}"] = interval(columns["forecast"], test, errors, level)
    days = next_days(sales, HORIZON)
    closed = np.tile(recurring_closures(sales, days), len(sales.departments))
    labels = [("pooled " if s else "") + names[c] for c, s in zip(chosen, sales.sparse, strict=True)]
    frame = pl.DataFrame(
        {"sale_date": days * len(sales.departments), "department": np.repeat(sales.departments, HORIZON)}
        | {name: np.where(closed, 0.0, value.ravel().round(2)) for name, value in columns.items()}
        | {"model": np.where(closed, "closed", np.repeat(labels, HORIZON))}
    )
    return frame.sort("sale_date", "department")
