"""Which rows of a labelled frame may be used, and their split by time."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from core.errors import SourceError

SHARES = (0.6, 0.8)  # aims: of the positives, this share lies before the first and before the second cut


@dataclass(frozen=True)
class Excluded:
    """Rows left out, with the reason.

    Attributes:
        campaigns: ids, when whole campaigns are left out.
    """

    reason: str
    rows: int
    campaigns: tuple[int, ...] = ()


def usable(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Excluded]]:
    """Leave out campaigns that are not over by `observed_to` or began before any history, and households new to us.

    Args:
        frame: with campaign_id, end_date, feature_week (null: no history before as_of), observed_to.
    """
    excluded: list[Excluded] = []
    open_ended = pl.col("end_date") > pl.col("observed_to")
    no_history = pl.col("feature_week").is_null().all().over("campaign_id")
    for reason, condition in (("label window not over", open_ended), ("no history before the campaign", no_history)):
        out = frame.filter(condition)
        ids = tuple(out["campaign_id"].unique().sort().to_list())
        excluded.append(Excluded(reason, out.height, ids))
        frame = frame.filter(~condition)
    new = frame.filter(pl.col("feature_week").is_null())
    excluded.append(Excluded("household without a purchase before the campaign", new.height))
    return frame.filter(pl.col("feature_week").is_not_null()), excluded


def cuts(frame: pl.DataFrame) -> tuple[date, date]:
    """The days on which valid and test begin: campaign starts that come nearest to SHARES of the positives.

    Args:
        frame: with as_of and label (0 or 1).

    Raises:
        SourceError: there are not three campaign starts with positives, so no split by time is possible.
    """
    days = frame.group_by("as_of").agg(pl.col("label").sum()).sort("as_of")
    total = int(days["label"].sum())
    # before[i]: positives of campaigns that start before days[i]
    before = (days["label"].cum_sum() - days["label"]).to_list()
    starts = days["as_of"].to_list()
    pairs = [
        (abs(before[i] / total - SHARES[0]) + abs(before[j] / total - SHARES[1]), starts[i], starts[j])
        for i in range(1, len(starts))
        for j in range(i + 1, len(starts))
        if 0 < before[i] < before[j] < total
    ]
    if not pairs:
        raise SourceError(
            f"the dataset has {total} redeeming households in {len(starts)} campaign starts, too few for train, valid"
            " and test",
            "load more weeks of transactions, campaigns and coupon redemptions",
        )
    _, valid, test = min(pairs)
    return valid, test


def split(frame: pl.DataFrame, valid: date, test: date) -> pl.DataFrame:
    """Add `split`: train before `valid`, valid before `test`, test from then on."""
    name = pl.when(pl.col("as_of") < valid).then(pl.lit("train"))
    return frame.with_columns(
        name.when(pl.col("as_of") < test).then(pl.lit("valid")).otherwise(pl.lit("test")).alias("split")
    )
