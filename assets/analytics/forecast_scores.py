"""How good the forecast is: every score of a window uses only what was known when the window began."""

import warnings
from dataclasses import dataclass

import numpy as np

from assets.analytics.daily import DailySales
from assets.analytics.forecast import LEVELS, MODELS, Backtest, interval

LEAST_PAST = 2  # windows that must be over before a choice or an interval is scored


@dataclass(frozen=True)
class Scores:
    """Honest scores over the windows after the first few.

    Attributes:
        windows: indices of the scored windows.
        mase, naive_mase: mean over scored windows and departments that are modelled alone.
        smape, naive_smape: in percent, over the same.
        wape, naive_wape: sum of absolute errors over sum of sales, all departments, in percent.
        coverage: level -> share of actual values inside the interval, in percent, departments modelled alone.
        pooled_coverage: the same for departments in the pool; empty when there are none.
        rows: per department: name, model, its MASE, seasonal naive's MASE, coverage at 95 % in percent.
    """

    windows: list[int]
    mase: float
    naive_mase: float
    smape: float
    naive_smape: float
    wape: float
    naive_wape: float
    coverage: dict[int, float]
    pooled_coverage: dict[int, float]
    rows: list[tuple[str, str, float, float, float]]

    @property
    def better(self) -> bool:
        """Whether the choice beats seasonal naive."""
        return self.mase < self.naive_mase

    def table(self) -> str:
        """The rows as a Markdown table."""
        lines = ["| department | model | MASE | MASE of seasonal naive | inside 95 % |", "|---|---|---:|---:|---:|"]
        lines += [f"| {n} | {m} | {a:.2f} | {b:.2f} | {c:.0f} % |" for n, m, a, b, c in self.rows]
        return "\n".join(lines)


def score(sales: DailySales, test: Backtest) -> Scores:
    """Score the procedure: in each window, models and intervals come from windows that were over before it began."""
    windows = [w for w in range(len(test.origins)) if test.past(w).sum() >= LEAST_PAST]
    if not windows:  # a short history: only the first window is over before the last begins
        windows = [w for w in range(len(test.origins)) if test.past(w).any()]
    alone = ~sales.sparse
    actual = test.actual[windows]
    made, mase = [], []
    inside: dict[int, list[np.ndarray]] = {level: [] for level in LEVELS}
    for w in windows:
        chosen = test.choice(test.past(w))
        made.append(test.of(chosen)[w])
        mase.append(test.mase[chosen, w, np.arange(len(chosen))])
        errors = test.errors(chosen, test.past(w))
        for level in LEVELS:
            low, high = interval(made[-1], test, errors, level)
            seen = test.actual[w]
            inside[level].append(np.where(np.isnan(seen), np.nan, (seen >= low) & (seen <= high)))
    naive = test.predicted[0][windows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a department without a score stays NaN
        by_department, by_naive = np.nanmean(mase, axis=0), np.nanmean(test.mase[0, windows], axis=0)
        covered = {level: np.array(values) for level, values in inside.items()}
        share = 100 * np.nanmean(covered[95], axis=(0, 2))
    final = test.choice(np.ones(len(test.origins), bool))
    labels = [("pooled " if s else "") + list(MODELS)[c] for c, s in zip(final, sales.sparse, strict=True)]
    return Scores(
        windows=windows,
        mase=float(np.nanmean(by_department[alone])),
        naive_mase=float(np.nanmean(by_naive[alone])),
        smape=_smape(np.array(made)[:, alone], actual[:, alone]),
        naive_smape=_smape(naive[:, alone], actual[:, alone]),
        wape=_wape(np.array(made), actual),
        naive_wape=_wape(naive, actual),
        coverage=_covered(covered, alone),
        pooled_coverage=_covered(covered, sales.sparse),
        rows=list(zip(sales.departments, labels, *(x.tolist() for x in (by_department, by_naive, share)), strict=True)),
    )


def _smape(predicted: np.ndarray, actual: np.ndarray) -> float:
    total = np.abs(predicted) + np.abs(actual)
    gap = 2 * np.abs(predicted - actual) / np.where(total == 0, 1.0, total)  # 0 against 0 is no error
    return float(100 * np.nanmean(gap))


def _covered(inside: dict[int, np.ndarray], which: np.ndarray) -> dict[int, float]:
    if not which.any():
        return {}
    return {level: float(100 * np.nanmean(values[:, which])) for level, values in inside.items()}


def _wape(predicted: np.ndarray, actual: np.ndarray) -> float:
    return float(100 * np.nansum(np.abs(predicted - actual)) / np.nansum(actual))
