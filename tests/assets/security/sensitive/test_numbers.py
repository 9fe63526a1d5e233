"""Numbers in texts: valid ones are found whole and alone, invalid ones are not, whatever stands around them."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.security.sensitive.text.engine import detector
from tests.assets.security.sensitive import made

R = random.Random
CHECKED: dict[str, Callable[[R, bool], str]] = {
    "id_card": made.id_card,
    "uscc": made.uscc,
    "iban": made.iban,
    "bank_card": lambda r, valid: made.luhn(r, "622848", 19, valid),
    "credit_card": lambda r, valid: made.luhn(r, r.choice(("4539", "51")), 16, valid),
}
PLAIN: dict[str, Callable[[R], str]] = {"mobile": made.mobile, "ssn": made.ssn}
AROUND = ("{}", "客户{}已登记", "号码是{}。", "see {} please", "（{}）", "a,{},b", "x\n{}\ny")


@pytest.mark.parametrize("class_", CHECKED)
def test_check_digits_decide(class_: str) -> None:
    r = random.Random(1)
    for around in AROUND * 6:
        good, bad = CHECKED[class_](r, True), CHECKED[class_](r, False)
        text = around.format(good)
        spans = [(text[s.start : s.end], s.class_) for s in detector().one(text)]
        assert (good, class_) in spans, text
        assert class_ not in {s.class_ for s in detector().one(around.format(bad))}, bad


@pytest.mark.parametrize("class_", PLAIN)
def test_numbers_without_check_digits(class_: str) -> None:
    r = random.Random(2)
    for around in AROUND * 6:
        value = PLAIN[class_](r)
        text = around.format(value)
        assert (value, class_) in [(text[s.start : s.end], s.class_) for s in detector().one(text)], text


def test_fifteen_places_need_a_word() -> None:
    r = random.Random(3)
    for _ in range(20):
        value = made.id_card_15(r)
        assert "id_card" in {s.class_ for s in detector().one(f"身份证号：{value}")}
        assert not detector().one(f"设备 {value} 离线")


@pytest.mark.parametrize(
    "text",
    [
        "订单号 SO-20231105-000123 已发货",
        "流水号20231105123456789012",
        "时间戳 1637446730063，批次 20231105",
        "SKU A-1234-5678-B，库存 13812 件",
        "版本 10.2.3.4 发布",
        "订单号13812345678",
        "version 1.2.3.4 of build 20231105",
        "3.14159265358979 and 2.71828182845905",
        "坐标 120.123456,30.654321",
        "uuid 550e8400-e29b-41d4-a716-446655440000",
        "高度的关注方法的应用，于是时间安全，成功和平",
        "金额 12345678.90 元，比例 0.1381234567",
        "ISBN 978-7-111-54742-6",
        "The order 4539-1111 shipped on time to gate 12-34",
        "order no. 4111111111111112 is late",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_left(text: str) -> None:
    found = {s.class_ for s in detector().one(text)}
    assert not found - {"date", "url", "location", "company"}, found


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="联系人张伟手机电话身份证号订单 abcXYZ0123456789-.,:@\n", max_size=120), st.integers(0, 10**6))
def test_spans_lie_within_and_never_overlap(noise: str, seed: int) -> None:
    value = made.id_card(random.Random(seed))
    text = f"{noise}\n{value}\n{noise}"
    spans = detector().one(text)
    assert all(0 <= s.start < s.end <= len(text) and 0 < s.confidence <= 1 and s.evidence for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert value in {text[s.start : s.end] for s in spans}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="由王小明 13812345678 a@b.com 路1号\x00\n省市John Smith", max_size=60), max_size=8))
def test_texts_beside_make_no_difference(texts: list[str]) -> None:
    assert detector().many(texts) == [detector().one(t) for t in texts]
