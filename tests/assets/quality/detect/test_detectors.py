"""Detectors of rows and columns on planted errors, and their silence on clean tables."""

import datetime as dt

import numpy as np
import polars as pl

from assets.catalog.model import Bin, Profile, Top
from assets.quality.detect.find import find
from assets.quality.detect.model import MASK, Finding
from tests.assets.quality.detect.tables import NAMES, frame, shops, spoilt

RANDOM = np.random.default_rng(11)


def found(made: pl.DataFrame, kind: str, **options: object) -> list[Finding]:
    """Findings of one kind."""
    return [f for f in find(made, "raw/shop/orders", **options) if f.rule.kind == kind]  # type: ignore[arg-type]


def rows(finding: Finding) -> list[int]:
    """Rows of a finding."""
    return sorted(set(finding.cells["row"].to_list()))


def test_far_numbers() -> None:
    values = RANDOM.normal(100, 5, 300)
    values[[4, 77]] = 900.5, -300.5
    (one,) = found(pl.DataFrame({"v": values}), "outlier")
    assert rows(one) == [4, 77]
    assert one.cells["confidence"].min() > 0.7


def test_far_within_its_group_only() -> None:
    kind = np.array(["pen", "car"] * 200)
    price = np.where(kind == "pen", RANDOM.normal(2, 0.1, 400), RANDOM.normal(20000, 900, 400))
    price[10] = 15000.0
    (one,) = found(pl.DataFrame({"kind": kind, "price": price}), "outlier")
    assert rows(one) == [10]
    assert one.rule.params["by"] == ["kind"] or one.rule.params["by"] == ("kind",)


def test_skewed_numbers_have_no_outliers() -> None:
    assert not found(pl.DataFrame({"v": RANDOM.lognormal(3, 1.2, 500)}), "outlier")


def test_rows_alike() -> None:
    names = [f"{a} & {b} Holding" for a in NAMES for b in NAMES]
    table = {"name": [*names, "Adler & Lindee Holding"], "town": [f"town {n % 9}" for n in range(144)]}
    table["town"].append(table["town"][names.index("Adler & Linde Holding")])
    (one,) = found(frame(table), "near_duplicate")
    assert rows(one) == [144]
    assert not found(frame({name: values[:144] for name, values in table.items()}), "near_duplicate")


def test_a_key_with_repeats_and_a_column_with_holes() -> None:
    keys = [f"K{n}" for n in range(500)]
    keys[9] = "K8"
    notes: list[str | None] = ["yes", "no"] * 250
    notes[3] = None
    made = find(pl.DataFrame({"key": keys, "note": notes}), "t")
    by = {f.rule.kind: f for f in made}
    assert rows(by["unique"]) == [8, 9]
    assert rows(by["not_null"]) == [3]


def test_references_that_are_not_there() -> None:
    parent = pl.DataFrame({"shop_id": range(1000, 1080), "name": [f"n{n}" for n in range(80)]})
    child = pl.DataFrame({"sale": range(400), "shop_id": [1000 + n % 80 for n in range(400)]})
    child[5, "shop_id"] = 7777
    (one,) = found(child, "inclusion", others={"shops": parent})
    assert rows(one) == [5]
    assert one.rule.params["table"] == "shops"


def test_orders_of_two_columns() -> None:
    start = [dt.date(2024, 1, 1) + dt.timedelta(days=int(d)) for d in RANDOM.integers(0, 300, 200)]
    end = [s + dt.timedelta(days=int(d)) for s, d in zip(start, RANDOM.integers(1, 20, 200), strict=True)]
    end[17] = start[17] - dt.timedelta(days=3)
    (one,) = found(pl.DataFrame({"start": start, "end": end}), "compare")
    assert (one.rule.columns, rows(one)) == (("start", "end"), [17])


def test_products_and_sums() -> None:
    amount, price = RANDOM.integers(1, 30, 300), RANDOM.integers(100, 9999, 300) / 100
    total = (amount * price).round(2)
    total[20] += 10
    (one,) = found(pl.DataFrame({"amount": amount, "price": price, "total": total}), "arithmetic")
    assert rows(one) == [20]
    assert one.rule.columns == ("total", "amount", "price")
    assert float(one.cells["after"][0]) == round(amount[20] * price[20], 2)


def test_filled_whenever() -> None:
    paid = ["card", "cash"] * 100
    number: list[str | None] = [f"4000{n:04d}" if p == "card" else None for n, p in enumerate(paid)]
    number[40] = None
    (one,) = found(pl.DataFrame({"paid": paid, "number": number}), "condition")
    assert rows(one) == [40]


def test_numbers_in_another_unit() -> None:
    kind = np.repeat(np.array([f"part {n}" for n in range(20)]), 15)
    weight = np.repeat(RANDOM.uniform(20, 90, 20), 15) * RANDOM.normal(1, 0.01, 300)
    weight[[3, 50, 120, 200, 290]] *= 1000
    (one,) = found(pl.DataFrame({"kind": kind, "kg": weight}), "unit")
    assert rows(one) == [3, 50, 120, 200, 290]
    assert one.rule.params["factor"] == 0.001


def test_drift_against_the_last_profile() -> None:
    last = {
        "n": Profile(rows=1000, histogram=tuple(Bin(low=i * 10, high=i * 10 + 10, count=100) for i in range(10))),
        "s": Profile(rows=1000, distinct=2, top=(Top(value="a", count=600), Top(value="b", count=400))),
        "h": Profile(rows=1000, nulls=0, distinct=1, top=(Top(value="x", count=1000),)),
    }
    same = {"n": RANDOM.uniform(0, 100, 500), "s": ["a", "b", "a", "b", "a"] * 100, "h": ["x"] * 500}
    assert not find(pl.DataFrame(same), "t", last=last)
    moved = {"n": RANDOM.uniform(60, 160, 500), "s": ["a", "b", "a", "b", "c"] * 100, "h": ["x", None] * 250}
    by = {f.rule.kind: f for f in find(pl.DataFrame(moved), "t", last=last)}
    assert "PSI" in by["range"].rule.evidence
    assert by["in_set"].cells["before"].unique().to_list() == ["c"]
    assert by["not_null"].cells.height == 250


def test_a_clean_table_yields_nothing() -> None:
    assert not find(frame(shops(600)), "raw/shop/orders")


def test_sensitive_values_are_masked_in_examples() -> None:
    table = shops()
    made = spoilt(table, {("phone", 3): "", ("phone", 8): "04"})
    hidden = [f for f in find(made, "t", sensitive=["phone"]) if f.rule.columns[-1] == "phone"]
    texts = [t for f in hidden for e in f.rule.effect.examples for t in (e.before, e.after) if t is not None]
    assert texts
    assert set(texts) == {MASK}
