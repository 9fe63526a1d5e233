"""Which campaigns count, and where time is cut."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.datasets.split import cuts, split, usable
from core.errors import SourceError

DAY = date(2017, 1, 1)


def labelled(positives: list[int]) -> pl.DataFrame:
    """One campaign start per entry, with that many positives and one negative."""
    return pl.DataFrame(
        [
            {"as_of": DAY + timedelta(days=i), "label": label}
            for i, count in enumerate(positives)
            for label in [1] * count + [0]
        ],
        schema={"as_of": pl.Date, "label": pl.Int64},
    )


def test_cuts_lie_nearest_to_60_and_80_percent_of_positives() -> None:
    assert cuts(labelled([30, 30, 20, 20])) == (DAY + timedelta(days=2), DAY + timedelta(days=3))
    # the real campaigns' positives by start: 62 %, 7 % and 31 % is the nearest that whole campaigns allow
    real = [36, 1, 2, 2, 6, 8, 1, 5, 158, 20, 10, 17, 196, 18, 19, 18, 214, 15]
    assert cuts(labelled(real)) == (DAY + timedelta(days=13), DAY + timedelta(days=16))


@given(st.lists(st.integers(0, 5), min_size=3, max_size=12).filter(lambda p: sum(map(bool, p)) >= 3))
def test_every_split_has_positives_and_time_goes_forward(positives: list[int]) -> None:
    frame = labelled(positives)
    parts = split(frame, *cuts(frame)).partition_by("split", as_dict=True)
    train, valid, test = (parts[(name,)] for name in ("train", "valid", "test"))
    assert all(part["label"].sum() > 0 for part in (train, valid, test))
    assert train["as_of"].max() < valid["as_of"].min() <= valid["as_of"].max() < test["as_of"].min()
    assert train.height + valid.height + test.height == frame.height


@pytest.mark.parametrize("positives", [[], [3], [3, 3], [9, 0, 9], [0, 0, 0]])
def test_too_little_to_split_is_said(positives: list[int]) -> None:
    with pytest.raises(SourceError, match="too few for train, valid and test"):
        cuts(labelled(positives))


def test_open_and_unknown_campaigns_are_left_out_and_counted() -> None:
    rows = [
        # campaign, end, feature_week
        (1, date(2017, 3, 1), None),  # before any history
        (2, date(2017, 3, 1), DAY),
        (2, date(2017, 3, 1), None),  # a household that is new
        (3, date(2017, 12, 31), DAY),  # ends on the last observed day: over
        (4, date(2018, 1, 1), DAY),  # not over
    ]
    schema = {"campaign_id": pl.Int64, "end_date": pl.Date, "feature_week": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(observed_to=date(2017, 12, 31))
    kept, excluded = usable(frame)
    assert kept["campaign_id"].to_list() == [2, 3]
    assert [(e.rows, e.campaigns) for e in excluded] == [(1, (4,)), (1, (1,)), (1, ())]
