"""The forecast recovers a known rhythm, judges itself honestly and says when it has too little to go on."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assets.analytics.daily import DailySales, daily_sales, next_days, recurring_closures
from assets.analytics.forecast import HORIZON, MODELS, NAIVE, backtest, forecast, predict, seasonal_naive
from assets.analytics.forecast_scores import score
from core.errors import SourceError

FIRST = date(2016, 12, 26)
RHYTHM = np.array([1.0, 0.8, 0.7, 0.9, 1.2, 1.6, 1.5])


def frame(**departments: np.ndarray) -> pl.DataFrame:
    """Rows as the warehouse returns them: only days with sales."""
    parts = []
    for name, values in departments.items():
        days = [FIRST + timedelta(days=i) for i in range(len(values))]
        part = pl.DataFrame({"sale_date": days, "department": name, "sales_value": values.astype(float)})
        parts.append(part.filter(pl.col("sales_value") != 0))
    return pl.concat(parts).sort("sale_date", "department")


def rhythmic(days: int, level: float, noise: float, seed: int = 1) -> np.ndarray:
    draw = np.random.default_rng(seed)
    week = np.tile(RHYTHM, days // 7 + 1)[:days]
    return level * week * np.exp(draw.normal(0.0, noise, days))


def test_a_known_weekly_rhythm_is_forecast_better_than_by_seasonal_naive() -> None:
    sales = daily_sales(frame(A=rhythmic(280, 1000, 0.2), B=rhythmic(280, 300, 0.2, seed=2)))
    test = backtest(sales)
    scores = score(sales, test)
    found = forecast(sales, test)
    # averaging the noise instead of repeating it: error falls by about sqrt(2)
    assert scores.better and scores.mase < 0.85 * scores.naive_mase
    assert 70 <= scores.coverage[80] <= 90 and 88 <= scores.coverage[95] <= 100
    a = found.filter(pl.col("department") == "A").sort("sale_date")
    truth = 1000 * np.tile(RHYTHM, 4)  # 280 days end on a Sunday
    assert np.abs(a["forecast"].to_numpy() / truth - 1).max() < 0.15


def test_where_seasonal_naive_is_right_it_is_kept_and_nothing_better_is_claimed() -> None:
    draw = np.random.default_rng(3)
    level = np.repeat(500 * np.exp(np.cumsum(draw.normal(0, 0.3, 40))), 7)  # a new level each week, kept for that week
    sales = daily_sales(frame(A=rhythmic(280, 1, 0.0) * level, EXACT=rhythmic(280, 50, 0.0)))
    test = backtest(sales)
    scores = score(sales, test)
    models = {name: model for name, model, *_ in scores.rows}
    assert models["EXACT"] == NAIVE
    exact = forecast(sales, test).filter(pl.col("department") == "EXACT").sort("sale_date")
    assert exact["forecast"].to_list() == pytest.approx(np.tile(50 * RHYTHM, 4).tolist())
    # a series that seasonal naive gets right to the cent has no scale: its MASE is left out, not counted as a win
    assert np.isnan(next(r[2] for r in scores.rows if r[0] == "EXACT"))


def test_a_choice_never_looks_at_the_window_it_is_scored_on() -> None:
    sales = daily_sales(frame(A=rhythmic(280, 1000, 0.2)))
    test = backtest(sales)
    for window, origin in enumerate(test.origins):
        for other in np.flatnonzero(test.past(window)):
            assert test.origins[other] + HORIZON <= origin
    # moving the future leaves every earlier forecast alone
    cut = test.origins[4]
    moved = sales.values.copy()
    moved[:, cut:] *= 10
    again = backtest(DailySales(**vars(sales) | {"values": moved}))
    assert np.array_equal(again.predicted[:, :5], test.predicted[:, :5])
    assert not np.allclose(again.predicted[:, 6:], test.predicted[:, 6:])


def test_the_mase_scale_is_the_in_sample_error_of_seasonal_naive() -> None:
    sales = daily_sales(frame(A=rhythmic(200, 100, 0.3)))
    test = backtest(sales)
    row, origin = sales.values[0], test.origins[0]
    scale = np.mean([abs(row[i] - row[i - 7]) for i in range(7, origin)])
    errors = [abs(row[origin + i] - row[origin - 7 + i % 7]) for i in range(HORIZON)]
    assert test.mase[list(MODELS).index(NAIVE), 0, 0] == pytest.approx(np.mean(errors) / scale)


def test_sparse_departments_share_a_pooled_forecast() -> None:
    rare, rarer = np.zeros(210), np.zeros(210)
    rare[::5], rarer[::11] = 30.0, 7.0
    sales = daily_sales(frame(BIG=rhythmic(210, 900, 0.1), RARE=rare, RARER=rarer))
    assert dict(zip(sales.departments, sales.sparse.tolist(), strict=True)) == {
        "BIG": False, "RARE": True, "RARER": True
    }  # fmt: skip
    made = predict("mean_8_weeks", sales.values, sales.sparse)
    pool = sales.values[1:, -56:].sum()
    assert made[1:].sum() == pytest.approx(pool / 2)  # 28 days at the mean of 56
    assert made[1].sum() / made[2].sum() == pytest.approx(sales.values[1, -91:].sum() / sales.values[2, -91:].sum())
    found = forecast(sales, backtest(sales))
    labels = dict(found.select("department", "model").unique().iter_rows())
    assert labels["RARE"].startswith("pooled ") and not labels["BIG"].startswith("pooled")


def test_bounds_are_ordered_and_every_day_is_there() -> None:
    rare = np.zeros(210)
    rare[::9] = 4.0
    sales = daily_sales(frame(A=rhythmic(210, 50, 0.5), RARE=rare, FLAT=np.full(210, 20.0)))
    found = forecast(sales, backtest(sales))
    ordered = found.filter(
        (pl.lit(0) <= pl.col("lo95")) & (pl.col("lo95") <= pl.col("lo80")) & (pl.col("lo80") <= pl.col("forecast"))
        & (pl.col("forecast") <= pl.col("hi80")) & (pl.col("hi80") <= pl.col("hi95"))
    )  # fmt: skip
    assert len(ordered) == len(found) == 3 * HORIZON
    assert found["sale_date"].unique().sort().to_list() == [date(2017, 7, 24) + timedelta(days=i) for i in range(28)]
    assert found.null_count().sum_horizontal().item() == 0


def test_closed_days_neither_disturb_the_rhythm_nor_are_forecast_again_as_open() -> None:
    values = rhythmic(371, 100, 0.1)
    closed = (date(2017, 12, 25) - FIRST).days
    values[closed] = 0.0
    sales = daily_sales(frame(A=values))
    assert [d for d, c in zip(sales.days, sales.closed, strict=True) if c] == [date(2017, 12, 25)]
    assert sales.values[0, closed] == sales.values[0, closed - 7]
    assert recurring_closures(sales, [date(2018, 12, 24), date(2018, 12, 25)]).tolist() == [False, True]
    shut = values.copy()
    shut[(date(2017, 1, 7) - FIRST).days] = 0.0
    found = forecast(s := daily_sales(frame(A=shut)), backtest(s))
    day = found.filter(pl.col("sale_date") == date(2018, 1, 7)).row(0, named=True)
    assert (day["model"], day["forecast"], day["hi95"]) == ("closed", 0.0, 0.0)


def test_a_last_day_that_is_still_arriving_is_left_out() -> None:
    values = rhythmic(150, 100, 0.05)
    values[-1] *= 0.1
    sales = daily_sales(frame(A=values))
    assert sales.unfinished == [FIRST + timedelta(days=149)]
    assert next_days(sales, 2) == [FIRST + timedelta(days=149), FIRST + timedelta(days=150)]


def test_too_short_a_history_is_refused_with_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"90 days, too few.*\n.*load at least 112 days"):
        backtest(daily_sales(frame(A=rhythmic(90, 10, 0.1))))
    with pytest.raises(SourceError, match="no rows"):
        daily_sales(frame(A=np.ones(1)).clear())


def test_seasonal_naive_repeats_the_last_week() -> None:
    assert seasonal_naive(np.arange(14.0)[None], 9)[0].tolist() == [7, 8, 9, 10, 11, 12, 13, 7, 8]
