"""Columns: each class by content alone and with its header, decoys left, values masked."""

import random

import polars as pl
import pytest

from assets.security.sensitive.classes import builtin
from assets.security.sensitive.columns import Finding, decide
from assets.security.sensitive.shown import masked, sample
from tests.assets.security.sensitive import made

R = random.Random(7)
N = 60
SENSITIVE = {
    "id_card": [made.id_card(R) for _ in range(N)],
    "mobile": [made.mobile(R) for _ in range(N)],
    "bank_card": [made.luhn(R, "622848", 19) for _ in range(N)],
    "credit_card": [made.luhn(R, "4539", 16) for _ in range(N)],
    "uscc": [made.uscc(R) for _ in range(N)],
    "iban": [made.iban(R) for _ in range(N)],
    "ssn": [made.ssn(R) for _ in range(N)],
    "person_name": [made.name(R) for _ in range(N)],
    "email": [f"user{i}@example.com" for i in range(N)],
    "plate": [f"浙A{R.randint(10000, 99999)}" for _ in range(N)],
    "address": [f"浙江省杭州市西湖区文{R.choice('一二三')}路{R.randint(1, 900)}号" for _ in range(N)],
    "ip": [f"203.0.{R.randint(0, 255)}.{R.randint(1, 254)}" for _ in range(N)],
    "landline": [f"0571-8{R.randint(1000000, 9999999)}" for _ in range(N)],
    "credential": [f"ghp_{R.getrandbits(140):036x}" for _ in range(N)],
}
DECOYS = {
    "order": [f"SO-2023{R.randint(10000, 99999)}" for _ in range(N)],
    "bad_id": [made.id_card(R, False) for _ in range(N)],
    "bad_card": [made.luhn(R, "622848", 19, False) for _ in range(N)],
    "stamp": [str(1637446730000 + R.randint(0, 10**10)) for _ in range(N)],
    "sku": [f"A{R.randint(100, 999)}-{R.randint(10, 99)}" for _ in range(N)],
    "price": [f"{R.random() * 1000:.2f}" for _ in range(N)],
    "state": [R.choice(["已完成", "待审核", "关闭"]) for _ in range(N)],
    "company": [f"杭州{R.choice('宏达盛')}{R.choice('华通源')}科技有限公司" for _ in range(N)],
    "count": [str(R.randint(1, 500)) for _ in range(N)],
    "remark": [f"第{i}批货物已经检查完毕，没有发现任何问题，可以入库。" for i in range(N)],
}


@pytest.mark.covers("DATA-070")
def test_classes_are_found_and_decoys_are_not_by_content_alone() -> None:
    frame = {f"c{i}": pl.Series(v) for i, v in enumerate((SENSITIVE | DECOYS).values())}
    found = decide(frame)
    wanted = dict(zip(frame, [*SENSITIVE, *["-"] * len(DECOYS)], strict=True))
    assert {c: f.class_ if f and f.flagged else "-" for c, f in found.items()} == wanted
    assert all(0.5 < f.confidence <= 1 and f.evidence for f in found.values() if f and f.flagged)


def test_no_value_leaves() -> None:
    found = decide({name: pl.Series(values) for name, values in SENSITIVE.items()})
    for name, values in SENSITIVE.items():
        finding = found[name]
        assert finding is not None and len(finding.samples) == 3
        said = finding.model_dump_json()
        assert not [v for v in values if v in said]


def test_headers_speak_for_what_has_no_form() -> None:
    words = ["偏头痛", "高血压", "糖尿病", "胃炎"]
    frame = {
        "诊断": pl.Series([R.choice(words) for _ in range(N)]),
        "c2": pl.Series([R.choice(words) for _ in range(N)]),
        "salary": pl.Series([str(R.randint(5000, 50000)) for _ in range(N)]),
        "验证码": pl.Series([f"{R.randint(0, 999999):06d}" for _ in range(N)]),
    }
    found = {c: f.class_ if f else None for c, f in decide(frame).items()}
    assert found == {"诊断": "health", "c2": None, "salary": "income", "验证码": "verification"}


def test_texts_that_hold_something_now_and_then() -> None:
    texts = [f"第{i}单，客户要求周末送货到门口，不要打扰邻居。" for i in range(N)]
    texts[::10] = [f"客户说请打手机{made.mobile(R)}，身份证{made.id_card(R)}，周末在家。" for _ in texts[::10]]
    finding = decide({"c1": pl.Series(texts)})["c1"]
    assert finding is not None and finding.class_ == "text" and finding.level == 3
    assert set(finding.within) == {"mobile", "id_card"} and finding.within["mobile"] == pytest.approx(0.1, abs=0.02)


def test_mistyped_and_wide_numbers_and_mixed_contacts() -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    frame = {
        "c1": pl.Series([made.id_card(R, i % 3 != 0) for i in range(N)]),
        "c2": pl.Series([made.mobile(R).translate(wide) for _ in range(N)]),
        "c3": pl.Series([made.mobile(R) if i % 2 else f"u{i}@example.com" for i in range(N)]),
        "c4": pl.Series([made.luhn(R, "622848", 19, i % 9 == 0) for i in range(N)]),  # as many right ones as by chance
    }
    found = {c: f.class_ if f and f.flagged else None for c, f in decide(frame).items()}
    assert found == {"c1": "id_card", "c2": "mobile", "c3": "text", "c4": None}


@pytest.mark.parametrize("values", [[], [None, None], ["", " "], ["n/a"]])
def test_columns_without_values(values: list[str | None]) -> None:
    assert decide({"身份证号": pl.Series(values, dtype=pl.String)}) == {"身份证号": None}


def test_nested_and_binary_columns_are_nothing() -> None:
    frame = {"a": pl.Series([[1, 2]]), "b": pl.Series([b"13812345678"])}
    assert decide(frame) == {"a": None, "b": None}


def test_masks_show_little() -> None:
    assert masked("13812345678") == "1**********"
    assert masked("330106199001011234") == "3***************34"
    assert masked("张伟") == "**" and masked("a.b@example.cn")[1:-2].strip("*.@") == ""
    assert sample("hunter2", 4) == "<7 characters>"
    assert len(masked("x" * 500)) <= 24


def test_classes_are_whole() -> None:
    classes = builtin()
    assert all(c.label.zh and c.entity for c in classes.all.values())
    assert {c.level for c in classes.all.values()} == {1, 2, 3, 4}
    assert isinstance(decide({"手机": pl.Series(SENSITIVE["mobile"])})["手机"], Finding)
