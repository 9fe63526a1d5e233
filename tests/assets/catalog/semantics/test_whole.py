"""Meaning, physical type, confidence, explanation and tags of a labelled set that the rules were not written on."""

import random

import polars as pl
import pytest

from assets.catalog.model import Base
from assets.catalog.semantics import classify
from assets.catalog.semantics.physical import suggest
from tests.assets.catalog.semantics.made import MADE, column

CHINESE = {
    "手机号": "cn_mobile",
    "身份证号码": "cn_id_card",
    "统一社会信用代码": "uscc",
    "客户姓名": "person_name_zh",
    "金额": "money",
    "下单日期": "date",
    "出生日期": "birth_date",
    "城市": "cn_city",
    "省份": "cn_province",
    "状态": "status",
    "性别": "gender",
    "公司名称": "company_zh",
    "备注": "text_with_personal_data",
    "车牌号": "plate_cn",
    "家庭住址": "address_zh",
    "占比": "percentage",
}


@pytest.mark.covers("DATA-012")
def test_each_column_gets_a_meaning_a_physical_type_a_confidence_and_an_explanation() -> None:
    right = 0
    for seed in (11, 12, 13):
        named = {header: column(type_, 60, seed) for header, type_ in CHINESE.items()}
        bare = {f"c{i}": column(type_, 60, seed) for i, type_ in enumerate(MADE)}
        for columns, labels in ((named, CHINESE.values()), (bare, MADE)):
            found = classify.table(columns)
            assert all(m is None or (0.5 <= m.confidence <= 1 and m.evidence) for m in found.values())
            right += sum(m is not None and m.type == label for m, label in zip(found.values(), labels, strict=True))
    assert right >= 0.97 * 3 * (len(CHINESE) + len(MADE))
    r = random.Random(5)
    noise = {
        f"c{i}": pl.Series(["".join(r.choices("mnopqrst 语义列", k=r.randint(1, 7))) for _ in range(40)])
        for i in range(9)
    }
    assert set(classify.table(noise).values()) == {None}


@pytest.mark.parametrize(
    ("values", "base"),
    [
        (["1", "-20", "0"], Base.INTEGER),
        (["007", "012"], Base.TEXT),
        (["1.5", "2", "-3e4"], Base.NUMBER),
        (["2024-01-05", "2023/2/28"], Base.DATE),
        (["2024-01-05 10:00", "2023-02-28T01:02:03Z"], Base.TIMESTAMP),
        (["10:00", "9:05:01"], Base.TIME),
        (["true", "No", "是"], Base.BOOLEAN),
        (["1234567890123456789"], Base.TEXT),
        (["1", "x"], Base.TEXT),
        ([], Base.TEXT),
    ],
)
def test_physical_types_keep_what_a_conversion_would_lose(values: list[str], base: Base) -> None:
    assert suggest(pl.Series(values * 3, dtype=pl.String)).base is base


def test_a_code_is_no_number() -> None:
    phones = column("cn_mobile")
    assert suggest(phones).base is Base.INTEGER
    assert suggest(phones, classify.column("c1", phones)).base is Base.TEXT
    assert suggest(pl.Series([1, 2])).base is Base.INTEGER
