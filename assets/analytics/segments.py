"""Household segments from recency, frequency and money: k-means with the number of groups chosen by its stability."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from core.errors import SourceError

SEED = 17
RANGE = range(3, 9)
BOOTSTRAPS = 20
STABLE = 0.8  # mean adjusted Rand index from which a number of groups counts as reproducible
LEAST = 50
FEATURES = ("recency_days", "frequency", "monetary")

QUERY = """
with shopped as (
    select
        household_id,
        max(basket_date) as last_basket_date,
        count(distinct basket_id) as frequency,
        cast(sum(cast(sales_value as numeric(18, 2))) as double precision) as monetary
    from table_retail.baskets
    group by household_id
),

newest as (select max(basket_date) as day from table_retail.baskets)

select
    shopped.household_id,
    cast(newest.day - shopped.last_basket_date as integer) as recency_days,
    cast(shopped.frequency as bigint) as frequency,
    shopped.monetary
from shopped
cross join newest
order by shopped.household_id
"""

# (value, recency) of a segment's median household -> its name
NAMES = {
    ("top", "recent"): "Champions",
    ("top", "cooling"): "Champions cooling off",
    ("top", "lapsed"): "Lost champions",
    ("high", "recent"): "Loyal",
    ("high", "cooling"): "Loyal cooling off",
    ("high", "lapsed"): "Lost loyal",
    ("low", "recent"): "Occasional",
    ("low", "cooling"): "Occasional cooling off",
    ("low", "lapsed"): "Lapsed occasional",
    ("least", "recent"): "Light",
    ("least", "cooling"): "Light cooling off",
    ("least", "lapsed"): "Lost",
}


@dataclass(frozen=True)
class Trial:
    """One number of groups: mean silhouette, mean and worst adjusted Rand index over the bootstraps."""

    groups: int
    silhouette: float
    stability: float
    worst: float


@dataclass(frozen=True)
class Segments:
    """The chosen grouping.

    Attributes:
        frame: household_id, recency_days, frequency, monetary, segment; one row per household.
        trials: all numbers of groups tried.
        chosen: the trial that was taken.
        profile: per segment: segment, households, share of money in percent, medians of the features.
    """

    frame: pl.DataFrame
    trials: list[Trial]
    chosen: Trial
    profile: pl.DataFrame

    @property
    def stable(self) -> bool:
        """Whether the chosen grouping is reproducible."""
        return self.chosen.stability >= STABLE

    def profile_table(self) -> str:
        """The profile as a Markdown table."""
        return _markdown(self.profile)

    def trials_table(self) -> str:
        """The trials as a Markdown table."""
        return _markdown(pl.DataFrame([vars(t) for t in self.trials]).with_columns(pl.col(pl.Float64).round(3)))


def segments(households: pl.DataFrame, bootstraps: int = BOOTSTRAPS) -> Segments:
    """Group the rows of QUERY.

    Args:
        households: household_id, recency_days, frequency, monetary, sorted by household_id.
        bootstraps: samples drawn to judge each number of groups.

    Raises:
        SourceError: there are too few households, or too few different ones.
    """
    features = scaled(households)
    different = len(np.unique(features, axis=0))
    if len(features) < LEAST or different <= RANGE[-1]:
        raise SourceError(
            f"table_retail.baskets holds {len(features)} households, {different} of them different: too few to group",
            f"load at least {LEAST} households",
        )
    trials = [_try(features, groups, bootstraps) for groups in RANGE]
    chosen = choose(trials)
    labels = _fit(features, chosen.groups, repeats=10).labels_
    names = name_groups(households, labels)
    frame = households.with_columns(segment=pl.Series([names[label] for label in labels.tolist()]))
    return Segments(frame, trials, chosen, _profile(frame))


def scaled(households: pl.DataFrame) -> np.ndarray:
    """(households, 3) log features, centred on the median and divided by the interquartile range, cut at ±3."""
    from sklearn.preprocessing import RobustScaler

    logs = np.log1p(households.select(FEATURES).to_numpy().astype(float).clip(min=0.0))
    found: np.ndarray = RobustScaler().fit_transform(logs).clip(-3.0, 3.0)
    return found


def choose(trials: list[Trial]) -> Trial:
    """The stable trial with the best silhouette; when none is stable, the most stable one."""
    stable = [t for t in trials if t.stability >= STABLE]
    if stable:
        return max(stable, key=lambda t: t.silhouette)
    return max(trials, key=lambda t: t.stability)


def name_groups(households: pl.DataFrame, labels: np.ndarray) -> dict[int, str]:
    """Group -> name, by where its median household stands among all; equal names are numbered, richest first."""
    grouped = households.with_columns(group=pl.Series(labels)).group_by("group").agg(pl.col(FEATURES).median())
    money, recency = households["monetary"], households["recency_days"]
    quartiles = [float(money.quantile(q) or 0.0) for q in (0.25, 0.5, 0.75)]
    recent, cooling = (float(recency.quantile(q) or 0.0) for q in (0.6, 0.8))
    named: dict[int, str] = {}
    for row in grouped.sort("monetary", "group", descending=[True, False]).iter_rows(named=True):
        value = ("least", "low", "high", "top")[int(np.searchsorted(quartiles, row["monetary"], side="right"))]
        days = row["recency_days"]
        name = NAMES[value, "recent" if days <= recent else "cooling" if days <= cooling else "lapsed"]
        taken = sum(n == name or n.startswith(f"{name} (") for n in named.values())
        named[row["group"]] = f"{name} ({taken + 1})" if taken else name
    return named


def _try(features: np.ndarray, groups: int, bootstraps: int) -> Trial:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    reference = _fit(features, groups, repeats=10)
    draw = np.random.default_rng(SEED)
    agreement = []
    for _ in range(bootstraps):
        sample = features[draw.integers(0, len(features), len(features))]
        again = _fit(sample, groups, repeats=3).predict(features)
        agreement.append(adjusted_rand_score(reference.labels_, again))
    size = min(len(features), 3000)
    silhouette = silhouette_score(features, reference.labels_, sample_size=size, random_state=SEED)
    return Trial(groups, float(silhouette), float(np.mean(agreement)), float(np.min(agreement)))


def _fit(features: np.ndarray, groups: int, repeats: int):  # type: ignore[no-untyped-def]  # sklearn has no types
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # on data this small, threads only wait for each other
        return KMeans(groups, n_init=repeats, random_state=SEED).fit(features)


def _profile(frame: pl.DataFrame) -> pl.DataFrame:
    grouped = frame.group_by("segment").agg(
        households=pl.len(),
        money_percent=(100 * pl.col("monetary").sum() / frame["monetary"].sum()).round(1),
        recency_days=pl.col("recency_days").median(),
        frequency=pl.col("frequency").median(),
        monetary=pl.col("monetary").median().round(2),
    )
    return grouped.sort("monetary", descending=True)


def _markdown(frame: pl.DataFrame) -> str:
    lines = [f"| {' | '.join(frame.columns)} |", "|---" * frame.width + "|"]
    lines += [f"| {' | '.join(str(v) for v in row)} |" for row in frame.iter_rows()]
    return "\n".join(lines)
