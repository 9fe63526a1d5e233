"""Content decides what a column can be, header and neighbours what it is."""

import random
import time
from typing import Literal

import polars as pl
import pytest

from assets.catalog.semantics import classify, registry
from tests.assets.catalog.semantics.made import FIRST, LAST, MADE, column, wrong_id_card


@pytest.mark.parametrize("type_", MADE)
def test_types_are_found_under_meaningless_headers(type_: str) -> None:
    found = classify.column("c1", column(type_))
    assert found is not None and found.type == type_, found
    assert found.by == "content" and found.confidence >= 0.5
    assert any("values" in said for said in found.evidence)


@pytest.mark.parametrize("name", ["身份证号", "mobile", "银行卡号", "email", "信用代码", "护照号", "姓名", "车牌"])
def test_names_alone_do_not_decide(name: str) -> None:
    r = random.Random(name)
    order_numbers = pl.Series([f"SO-2024-{r.randint(10**6, 10**7)}" for _ in range(60)])
    found = classify.column(name, order_numbers)
    assert found is None or not registry.builtin().sensitive(found.type), found


def _digits(n: int, first: str = "123456789") -> pl.Series:
    r = random.Random(n)
    return pl.Series([r.choice(first) + "".join(r.choices("0123456789", k=n - 1)) for _ in range(80)])


@pytest.mark.parametrize("length", [11, 13, 15, 16, 17, 18, 19])
@pytest.mark.parametrize("name", ["c1", "流水号", "order_no"])
def test_numbers_without_a_check_digit_are_not_taken_for_papers(length: int, name: str) -> None:
    found = classify.column(name, _digits(length))
    assert found is None or found.type in ("serial", "identifier", "integer", "number", "medical_licence_cn"), found


def test_ids_with_wrong_check_digits_are_not_ids() -> None:
    r = random.Random(1)
    found = classify.column("身份证号", pl.Series([wrong_id_card(r) for _ in range(60)]))
    assert found is None or found.type != "cn_id_card"
    dates_like_ids = pl.Series(
        [f"11010120240{r.randint(1, 9)}{r.randint(10, 28)}{r.randint(1000, 9999)}" for _ in range(60)]
    )
    found = classify.column("c1", dates_like_ids)
    assert found is None or not registry.builtin().sensitive(found.type)


def test_a_header_raises_what_the_values_allow_and_is_said() -> None:
    ages = pl.Series([random.Random(i).randint(18, 80) for i in range(100)])
    alone, named = classify.column("c3", ages), classify.column("年龄", ages)
    assert alone is None or alone.type != "age"
    assert named is not None and named.type == "age" and named.by == "name"
    assert "年龄" in named.evidence[0]
    by_comment = classify.table({"c3": ages}, classify.Context(comments={"c3": "年龄"}))["c3"]
    assert by_comment is not None and by_comment.type == "age" and by_comment.confidence < named.confidence


def test_columns_of_a_table_help_each_other() -> None:
    r = random.Random(2)
    lat = pl.Series([f"{r.uniform(20, 50):.5f}" for _ in range(60)])
    lon = pl.Series([f"{r.uniform(100, 120):.5f}" for _ in range(60)])
    together = classify.table({"a": lat, "b": lon})
    assert together["a"] and together["b"]
    assert (together["a"].type, together["b"].type) == ("latitude", "longitude")
    assert together["a"].by == "context" and "longitude" in " ".join(together["a"].evidence)
    alone = classify.column("a", lat)
    assert alone is None or alone.type != "latitude"


def test_first_and_last_names() -> None:
    r = random.Random(3)
    found = classify.table(
        {"c1": pl.Series([r.choice(FIRST) for _ in range(80)]), "c2": pl.Series([r.choice(LAST) for _ in range(80)])}
    )
    assert [m and m.type for m in found.values()] == ["given_name", "surname"]


def test_uncommon_surnames_need_a_header() -> None:
    values = pl.Series(["Collins", "Zbrozek", "Quaffel", "Trembley", "Ostrovin", "Unterweg", "Baker", "Malinquist"] * 3)
    alone, named = classify.column("c1", values), classify.column("last_name", values)
    assert alone is None or alone.type != "surname"
    assert named is not None and named.type == "surname" and named.by == "name"


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (
            ["Taylor Park", "Wilson Stadium", "King Arena", "Green Hotel", "Scott Museum", "Hill Station"],
            "person_name_en",
        ),
        (["0", "1"] * 20, "gender"),
        (["2914989.571", "17012.68", "4.5", "99.125", "1.1", "32.75"], "identifier"),
        (["19.5", "3.25", "8.0", "12.75", "40.1"], "longitude"),
        (["10.2.3.4.5", "1.2.3", "4.5.6"], "ip"),
        (["2024", "2023", "2022", "1999"] * 5, "cn_service_phone"),
        (["王府井大街", "中关村", "西直门", "国贸", "望京", "五道口"], "person_name_zh"),
    ],
)
def test_what_looks_alike_is_told_apart(values: list[str], wrong: str) -> None:
    found = classify.column("c1", pl.Series(values))
    assert found is None or found.type != wrong


def test_dirty_values_are_tolerated_and_told() -> None:
    values = [*column("email", 90).to_list(), "unknown", "N/A", "-", "no mail", "x"]
    found = classify.column("c1", pl.Series(values))
    assert found is not None and found.type == "email" and "9" in found.evidence[0]


def test_it_abstains_where_nothing_convinces() -> None:
    r = random.Random(4)
    for values in (
        ["x1", "?", "白", "3,4"],
        ["".join(r.choices("abcdefghij ÄÖ", k=r.randint(1, 9))) for _ in range(50)],
    ):
        assert classify.column("c1", pl.Series(values)) is None


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([], dtype=pl.String),
        pl.Series([None, None], dtype=pl.String),
        pl.Series(["", " ", "N/A"]),
        pl.Series([b"\x00\xff", b"a"]),
        pl.Series([[1], [2]]),
        pl.Series([{"a": 1}]),
        pl.Series([float("nan"), float("inf"), None]),
        pl.Series(["\x00", "\u202e反", "😀" * 50]),
        pl.Series(["x" * 1_000_000, "y"]),
        pl.Series(["a"], dtype=pl.Categorical),
    ],
)
def test_odd_columns_do_no_harm(values: pl.Series) -> None:
    found = classify.table({'身份证"; drop table x': values, "": values})
    assert len(found) == 2 and all(m is None or m.confidence <= 1 for m in found.values())


def test_typed_columns() -> None:
    numbers = {
        "c3": pl.Series([13812345678 + i * 7919 for i in range(60)]),
        "c4": pl.Series([1990 + i % 30 for i in range(60)]),
    }
    assert [m and m.type for m in classify.table(numbers).values()] == ["cn_mobile", "year"]
    days = classify.column("c2", pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 1), eager=True))
    flags = classify.column("c1", pl.Series([True, False, True, None] * 5))
    assert days and days.type == "date" and flags and flags.type == "flag"


def test_cost_does_not_grow_with_rows() -> None:
    one = {f"c{i}": column(t, 400) for i, t in enumerate(("email", "cn_mobile", "person_name_zh", "money"))}
    many = {name: pl.concat([values] * 500) for name, values in one.items()}
    classify.table(one)

    def seconds(columns: dict[str, pl.Series]) -> float:
        began = time.process_time()
        classify.table(columns)
        return time.process_time() - began

    small = min(seconds(one) for _ in range(3))
    large = min(seconds(many) for _ in range(3))
    assert large < 0.05 + 8 * small, (small, large)
    assert {m.type for m in classify.table(many).values() if m} == {"email", "cn_mobile", "person_name_zh", "money"}


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_moments_of_any_unit_are_read(unit: Literal["ms", "us", "ns"]) -> None:
    moments = pl.Series("created_at", [f"2024-05-{day:02} 10:{day:02}:00" for day in range(1, 29)]).str.to_datetime()
    found = classify.column("created_at", moments.dt.cast_time_unit(unit))
    assert found is not None and found.type == "datetime"
