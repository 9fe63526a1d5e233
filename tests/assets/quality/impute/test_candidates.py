"""Each candidate learns what it is for, and comes back from the store as it was."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.quality.impute.candidates.base import Task
from assets.quality.impute.candidates.order import around
from assets.quality.impute.candidates.registry import CANDIDATES, named
from assets.quality.impute.table import decode, describe, encode
from tests.assets.quality.impute.tables import shop


def task(target: str, rows: int = 600) -> tuple[Task, np.ndarray]:
    frame = shop(rows)
    columns = describe(frame)
    encoded = encode(frame, columns)
    place = frame.columns.index(target)
    hidden = np.arange(rows) % 5 == 0
    truth = encoded[hidden, place].copy()
    encoded[hidden, place] = np.nan
    return Task(encoded, columns, place, ~hidden), truth


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.name)
@pytest.mark.parametrize("target", ["total", "region"])
def test_the_stored_model_says_the_same(candidate, target: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    asked, _ = task(target)
    if not candidate.suits(asked):
        assert candidate.name in {"mean", "median", "most frequent", "linear", "linear in logarithms", "logistic"}
        return
    model = candidate.fit(asked)
    np.savez(tmp_path / "m.npz", allow_pickle=False, **{k: np.asarray(v) for k, v in model.state().items()})
    with np.load(tmp_path / "m.npz", allow_pickle=False) as state:
        again = candidate.restore({k: v.item() if v.ndim == 0 else v for k, v in state.items()})
    said = model.predict(asked.encoded, ~asked.train)
    assert said.shape == (120, 1 if target == "total" else 3)
    assert np.isfinite(said).all()
    np.testing.assert_array_equal(again.predict(asked.encoded, ~asked.train), said)


def test_logarithms_find_a_product() -> None:
    asked, truth = task("total")
    said = named("linear in logarithms").fit(asked).predict(asked.encoded, ~asked.train)[:, 0]
    np.testing.assert_allclose(said, truth, rtol=0.01)


@pytest.mark.parametrize("name", ["logistic", "boosting", "random trees"])
def test_what_follows_from_another_column_is_found(name: str) -> None:
    asked, truth = task("region")
    said = named(name).fit(asked).predict(asked.encoded, ~asked.train)
    assert (said.argmax(axis=1) == truth).mean() >= 0.98


def test_neighbours_in_order() -> None:
    near = around(np.array([np.nan, 1.0, np.nan, np.nan, 4.0]))
    np.testing.assert_array_equal(near.before, [np.nan, np.nan, 1, 1, 1])
    np.testing.assert_array_equal(near.after, [1, 4, 4, 4, np.nan])
    np.testing.assert_array_equal(near.gap_before, [-1, -1, 1, 2, 3])


def test_interpolation_is_linear() -> None:
    frame = pl.DataFrame({"t": [float(n) for n in range(40)]})
    columns = describe(frame)
    encoded = encode(frame, columns)
    encoded[[10, 11, 12, 39], 0] = np.nan
    asked = Task(encoded, columns, 0, ~np.isnan(encoded[:, 0]))
    said = named("neighbours in order").fit(asked).predict(encoded, ~asked.train)[:, 0]
    np.testing.assert_allclose(said, [10, 11, 12, 38])


def test_encoded_values_come_back() -> None:
    frame = pl.DataFrame(
        {
            "code": [n % 3 for n in range(90)],
            "count": list(range(90)),
            "flag": [n % 2 == 0 for n in range(90)],
            "day": pl.Series(range(90)).cast(pl.Date),
            "at": pl.Series(range(90)).cast(pl.Datetime("ms")),
            "city": ["京", "沪", "粤"] * 30,
        }
    )
    columns = describe(frame)
    assert [c.kind for c in columns] == ["category", "integer", "category", "moment", "moment", "category"]
    encoded = encode(frame, columns)
    for place, column in enumerate(columns):
        values = decode(encoded[:, place], column).cast(frame[column.name].dtype)
        assert values.to_list() == frame[column.name].to_list()
