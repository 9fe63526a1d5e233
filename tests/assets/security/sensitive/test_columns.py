"""Columns: each class by content alone and with its header, decoys left, values masked."""

import json
import random
import time

import polars as pl
import pytest

from assets.catalog.model import Meaning
from assets.security.sensitive.classes import builtin
from assets.security.sensitive.columns import Finding, decide, of_meanings
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


PHONES = SENSITIVE["mobile"]
NAMES = SENSITIVE["person_name"]
PERSONS = [{"who": {"name": n, "no": i}, "tel": [PHONES[i]]} for i, n in enumerate(NAMES)]
INSIDE = {
    "bytes": ([p.encode() for p in PHONES], "mobile", set()),
    "long bytes": ([("身" * 3_000 + p).encode() for p in PHONES], None, set()),  # cut in the middle of a character
    "some bytes": ([p.encode() if i % 2 else b"\xff\x00" + p.encode() for i, p in enumerate(PHONES)], "mobile", set()),
    "no text": ([bytes([190 + i, 7]) for i in range(N)], None, set()),
    "list": ([[p, PHONES[0]] for p in PHONES], "mobile", set()),
    "lists of lists": ([[[c]] for c in SENSITIVE["id_card"]], "id_card", set()),
    "numbers": ([[i, 2] for i in range(N)], None, set()),
    "struct": (PERSONS, "text", {"person_name", "mobile"}),
    "structs": ([[p, p] for p in PERSONS], "text", {"person_name", "mobile"}),
    "plain struct": ([{"a": i, "b": {"c": "x"}} for i in range(N)], None, set()),
    "json": ([json.dumps(p, ensure_ascii=False) for p in PERSONS], "text", {"person_name", "mobile"}),
    "json list": ([json.dumps([n]) for n in NAMES], "person_name", set()),
    "json numbers": ([json.dumps([p, int(p)]) for p in PHONES], "mobile", set()),
    "no json": ([f"{{{i}, [" for i in range(N)], None, set()),
    "named": ([{"诊断": R.choice(["胃炎", "感冒"])} for _ in range(N)], "text", {"health"}),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_bytes_lists_structs_and_json_are_looked_into(kind: str) -> None:
    values, class_, within = INSIDE[kind]
    frame = {"n": pl.Series(range(N)), "c1": pl.Series(values), "c1.tel": pl.Series(DECOYS["order"])}
    found = decide(frame)
    assert [c for c, f in found.items() if f and f.flagged] == (["c1"] if class_ else [])
    finding = found["c1"]
    if class_ and finding:
        assert (finding.class_, set(finding.within)) == (class_, within) and finding.column == "c1"
        said = finding.model_dump_json()
        assert not [v for column in SENSITIVE.values() for v in column if v in said]


def test_a_persons_word_on_a_json_column_counts() -> None:
    column = {"c1": pl.Series([json.dumps({"n": i}) for i in range(N)])}
    said = Meaning(type="password", confidence=1.0, by="person")
    finding = of_meanings(column, {"c1": said})["c1"]
    assert of_meanings(column, {"c1": None}) == {"c1": None} == decide(column)
    assert finding is not None and finding.within == {"credential": 1.0} and finding.level == 4


def test_what_is_inside_costs_little() -> None:
    deep = json.dumps({"a": "x"}).join(['{"b":' * 50_000, "}" * 50_000])  # deeper than any parser goes
    large = "[" + ",".join(["1"] * 2_000_000) + "]"
    frame = {
        "deep": pl.Series([deep] * 20),
        "large": pl.Series([large] * 9),
        "blob": pl.Series([b"\xfe" * 5_000_000] * 9),
        "long": pl.Series([list(range(200_000))] * 50),
        "wide": pl.Series([{f"f{i}": "x" for i in range(500)}] * 400),
    }
    began = time.process_time()
    assert set(decide(frame).values()) == {None}
    assert time.process_time() - began < 4


def test_masks_show_little() -> None:
    assert masked("13812345678") == "1**********"
    assert masked("330106199001011234") == "3***************34"
    assert masked("张伟") == "**" and masked("a.b@example.cn")[1:-2].strip("*.@") == ""
    assert masked("\x1b[2Jनमस्ते, x\x07y") == "*[********, **y"  # no control characters, no signs of vowels
    assert sample("hunter2", 4) == "<7 characters>"
    assert len(masked("x" * 500)) <= 24


def test_classes_are_whole() -> None:
    classes = builtin()
    assert all(c.label.zh and c.entity for c in classes.all.values())
    assert {c.level for c in classes.all.values()} == {1, 2, 3, 4}
    assert isinstance(decide({"手机": pl.Series(SENSITIVE["mobile"])})["手机"], Finding)
