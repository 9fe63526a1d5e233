"""What looks wrong and is not: tails, codes, rare classes, numbered things, bounds, measurements."""

import numpy as np
import polars as pl

from assets.quality.detect.coded import recode
from assets.quality.detect.find import find
from assets.quality.detect.forms.registry import forms


def kinds(table: pl.DataFrame) -> list[str]:
    """Kinds of the findings of a table."""
    return [f.rule.kind for f in find(table, "raw/shop/orders")]


def random() -> np.random.Generator:
    """Numbers of a test of its own."""
    return np.random.default_rng(23)


def test_a_tail_is_no_other_unit() -> None:
    made = random()
    table = {"age": np.round(made.lognormal(3.8, 0.28, 600), 1), "ward": made.integers(0, 3, 600)}
    assert "unit" not in kinds(pl.DataFrame(table))


def test_codes_have_no_unit() -> None:
    made = random()
    shops = np.where(made.random(1000) < 0.1, made.integers(31400, 31900, 1000), made.integers(300, 400, 1000))
    table = pl.DataFrame({"site": shops, "place": made.integers(0, 8, 1000).astype(str)})
    assert not {"unit", "outlier"} & set(kinds(table.rename({"site": "store_id"})))
    assert "unit" not in kinds(table)


def test_columns_of_zeros_are_no_products() -> None:
    made = random()
    rare = [np.where(made.random(800) < 0.02, np.round(made.uniform(1, 9, 800), 2), 0.0) for _ in range(2)]
    table = pl.DataFrame({"a": rare[0], "b": rare[1], "c": made.integers(1, 90, 800)})
    assert "arithmetic" not in kinds(table)


def test_numbers_below_the_rounding_are_no_products() -> None:
    made = random()
    table = pl.DataFrame({name: np.round(made.uniform(0.01, 0.08, 400), 4) for name in "abc"})
    assert "arithmetic" not in kinds(table)


def test_a_rare_class_is_not_taken_for_a_misspelling() -> None:
    made = random()
    ill = (made.random(2000) < 0.05).astype(int)
    table = pl.DataFrame({"group": made.integers(0, 6, 2000), "ill": ill, "score": made.integers(0, 30, 2000)})
    assert "dependency" not in kinds(table)


def test_measurements_decide_nothing() -> None:
    made = random()
    height = np.round(made.uniform(1.5, 2.0, 400), 1)
    sex = np.where((height > 1.7) ^ (made.random(400) < 0.01), "m", "w")
    assert "dependency" not in kinds(pl.DataFrame({"height": height, "sex": sex}))


def test_what_goes_together_with_many_exceptions_is_no_rule() -> None:
    made = random()
    maker = made.integers(0, 60, 3000)
    other = made.choice([0, 1, 5, 11, 17], 3000, p=[0.86, 0.06, 0.04, 0.03, 0.01])
    section = (maker + other * (maker % 4 + 1)) % 40
    table = pl.DataFrame({"maker": maker.astype(str), "section": [f"section {n}" for n in section]})
    assert "dependency" not in kinds(table)


def test_numbered_things_are_no_duplicates() -> None:
    titles = [f"{name} Essentials, Disc {n}" for name in ("Davis", "Evans", "Monk", "Mingus") for n in range(1, 5)]
    parts = [f"{name} Sessions {n}" for name in ("Coltrane", "Rollins", "Getz") for n in ("I", "II", "III", "IV")]
    singles = [f"{a} of {b}" for a in ("Songs", "Sounds", "Tales") for b in ("Winter", "the Harbour", "a Garden")]
    table = pl.DataFrame({"album": range(37), "title": titles + parts + singles})
    assert "near_duplicate" not in kinds(table)


def test_large_counts_are_no_keys() -> None:
    sizes = np.unique(random().lognormal(12, 2, 1200).astype(np.int64))[:600]
    sizes[[5, 9]] = sizes[[6, 10]]
    assert "unique" not in kinds(pl.DataFrame({"bytes": random().permutation(sizes)}))


def test_bounds_and_phrases_are_no_quantities() -> None:
    homes = ["2 Adults No Kids", "1 Adult Kids", "2 Adults Kids", "1 Adult No Kids"] * 30
    for values in (homes, ["1", "2", "3", "4", "5+"] * 20, ["12", "<5", "30", "7"] * 20, ["1/2 oz", "3 oz", "4"] * 20):
        assert not [f for f in forms(recode("c", values)).values() if f.sort == "units"]


def test_a_point_or_dash_before_digits_is_part_of_the_number() -> None:
    values = ["5 OZ"] * 30 + [".5 OZ"] * 4 + ["-5 OZ"] * 2 + ["A 7"] * 9 + ["A .7"]
    assert forms(recode("c", values)) == {}


def test_short_words_are_not_misspellings_of_each_other() -> None:
    made = random()
    words = ("The", "Of", "River", "Songs", "Light", "Stone", "Winter", "Morning")
    titles = [" ".join(made.choice(words, 4)) for _ in range(500)]
    titles[3] = "Songs Tee River Lhe"
    assert not [f for f in find(pl.DataFrame({"title": titles}), "t") if f.rule.kind == "replace"]
