"""Fields find each other by name, by value, and by both."""

import numpy as np
import polars as pl
import pytest

from assets.quality.mapping.match import LEAST
from assets.quality.mapping.names import alike, names
from assets.quality.mapping.suggest import suggest


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("CustomerName", "customer_name", 1.0),
        ("quantity", "qty", 0.6),
        ("customer_id", "cust_key", 0.7),
        ("description", "dscrptn", 0.85),
        ("price", "beer_price", 0.7),
        ("客户", "customer", 0.8),
        ("手机号", "shoujihao", 0.9),
        ("身份证", "sfz", 0.9),
        ("straße", "strasse", 0.7),
    ],
)
def test_names_that_mean_the_same(one: str, other: str, least: float) -> None:
    (first,), (second,) = names([one]), names([other])
    assert alike(first, second) >= least
    assert alike(first, second) == alike(second, first)


@pytest.mark.parametrize(("one", "other"), [("price", "city"), ("name", "birth_date"), ("客户", "price"), ("a", "b")])
def test_names_that_do_not(one: str, other: str) -> None:
    (first,), (second,) = names([one]), names([other])
    assert alike(first, second) < 0.5


def people(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "customer_id": random.permutation(10_000)[:rows],
            "mobile": [f"13{n:09d}" for n in random.integers(0, 10**9, rows)],
            "city": random.choice(["北京", "上海", "广州"], rows),
            "spent": random.lognormal(4, 1, rows).round(2),
            "joined": pl.Series(random.integers(15_000, 20_000, rows).astype("int32")).cast(pl.Date),
        }
    )


def matched(source: pl.DataFrame, target: pl.DataFrame, least: float = LEAST) -> dict[str, str]:
    """Source column -> target column of what is proposed."""
    fields = suggest("m", ("s", source), ("t", target)).fields
    return {f.sources[0]: f.target for f in fields if f.sources and f.confidence >= least}


def test_by_value_where_names_say_nothing() -> None:
    source, target = people(400, 1), people(300, 2)
    target = target.select(
        pl.col("joined").alias("f1"), pl.col("spent").alias("f2"), pl.col("city").alias("f3"),
        pl.col("mobile").alias("f4"), pl.col("customer_id").alias("f5"),
    )  # fmt: skip
    found = matched(source, target, least=0.0)
    assert found == {
        "customer_id": "f5",
        "mobile": "f4",
        "city": "f3",
        "spent": "f2",
        "joined": "f1",
    }


def test_chinese_to_english_by_name() -> None:
    source = people(200, 3)
    target = people(200, 4).rename({"city": "城市", "mobile": "手机", "customer_id": "客户编号"})
    found = matched(source, target)
    assert found == {
        "city": "城市",
        "mobile": "手机",
        "customer_id": "客户编号",
        "spent": "spent",
        "joined": "joined",
    }


def test_what_has_no_partner_is_not_matched() -> None:
    source = people(200, 5)
    target = pl.DataFrame(
        {"temperature": np.random.default_rng(6).normal(-50, 1, 200), "remark": ["fine weather"] * 200}
    )
    assert matched(source, target) == {}


def test_every_column_once_by_its_name() -> None:
    fields = suggest("m", ("s", people(100, 7)), ("t", people(100, 8))).fields
    assert [f.sources for f in fields] == [(f.target,) for f in fields] and len(fields) == 5
    assert all("names 100%" in f.evidence for f in fields)


def test_empty_tables_and_columns() -> None:
    assert matched(pl.DataFrame(), people(5, 1)) == {}
    nothing = people(5, 1).clear()
    assert matched(nothing, people(5, 1)) == {n: n for n in nothing.columns}
