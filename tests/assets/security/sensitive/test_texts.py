"""Names, addresses, secrets and mixed texts; hostile input; the same through presidio's engine."""

import random
import time

import pytest

from assets.security.sensitive.classes import builtin
from assets.security.sensitive.text.engine import LEAST, detector, finders, resolved
from assets.security.sensitive.text.spec import Span
from tests.assets.security.sensitive import made

TEXTS = {
    "联系人：张伟，手机13812345678，住在浙江省杭州市西湖区文三路123号5单元602室。": {
        ("张伟", "person_name"), ("13812345678", "mobile"), ("浙江省杭州市西湖区文三路123号5单元602室", "address"),
    },
    "请把包裹寄到北京市海淀区中关村大街27号，收件人李小明，座机010-62345678转8001": {
        ("北京市海淀区中关村大街27号", "address"), ("李小明", "person_name"), ("010-62345678转8001", "landline"),
    },
    "欧阳娜娜女士的车牌是浙A12345，护照号E12345678": {
        ("欧阳娜娜", "person_name"), ("浙A12345", "plate"), ("E12345678", "passport"),
    },
    "患者王芳，35岁，生于1988年3月12日": {
        ("王芳", "person_name"), ("35", "age"), ("1988年3月12日", "birth_date"),
    },
    "用户登录IP 203.0.113.7，MAC 00:1A:2B:3C:4D:5E，邮箱li.lei@example.cn": {
        ("203.0.113.7", "ip"), ("00:1A:2B:3C:4D:5E", "mac"), ("li.lei@example.cn", "email"),
    },
    "Hi, my name is John Smith, call me at (415) 555-1234 or j.smith@example.com": {
        ("John Smith", "person_name"), ("(415) 555-1234", "phone"), ("j.smith@example.com", "email"),
    },
    "Ship to 123 Main Street, Apt 5, Springfield, IL 62701. Mr. Novák pays.": {
        ("123 Main Street, Apt 5, Springfield, IL 62701", "address"), ("Novák", "person_name"),
    },
    "密码：Abc_12345 验证码：384756 Authorization: Bearer abcdefghijklmnop1234": {
        ("Abc_12345", "credential"), ("384756", "verification"), ("abcdefghijklmnop1234", "credential"),
    },
    "postgresql://app:S3cret-pw@db/main key AKIAABCDEFGHIJKLMNOP": {
        ("S3cret-pw", "credential"), ("AKIAABCDEFGHIJKLMNOP", "credential"),
    },
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_spans_of_mixed_texts(text: str) -> None:
    found = {(text[s.start : s.end], s.class_) for s in detector().one(text)}
    assert found >= TEXTS[text], found


def test_context_raises_and_lowers() -> None:
    value = "13812345678"
    plain, near, order = (
        max((s.confidence for s in _raw(t) if s.class_ == "mobile"), default=0.0)
        for t in (f"看 {value}", f"手机 {value}", f"订单号 {value}")
    )
    assert near > plain >= LEAST > order


def _raw(text: str) -> list[Span]:
    return [s for find in finders() for s in find(text)]


def test_overlaps_go_to_the_longer_or_the_surer() -> None:
    whole, part = Span(0, 20, "address", 0.9), Span(3, 8, "location", 0.6)
    assert resolved([part, whole]) == [whole]
    sure = Span(3, 8, "id_card", 0.99)
    assert resolved([Span(0, 20, "company", 0.6), sure]) == [sure]
    assert resolved([Span(0, 5, "phone", 0.6), Span(4, 9, "mobile", 0.8)]) == [Span(4, 9, "mobile", 0.8)]


HOSTILE = (
    "1", "a", "张", "1 ", "A1-", "aA ", "路1号", "1-2-", "::", "a@", "a.", "省", "1.", "www.a.", "a:/@", "(0", "张三、",
)  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE)
def test_long_texts_cost_time_in_proportion(part: str) -> None:
    """A hundred thousand characters of anything: far below what squares would take."""
    began = time.process_time()
    detector().one(part * (100_000 // len(part)))
    assert time.process_time() - began < 6


def test_a_megabyte_of_digits_ends() -> None:
    began = time.process_time()
    assert detector().one("1" * 1_000_000) == []
    assert time.process_time() - began < 10


def test_every_class_of_a_pattern_exists_and_no_type_is_unknown() -> None:
    from assets.catalog.semantics import registry
    from assets.security.sensitive.text.spec import specs

    classes, types = builtin(), registry.builtin()
    for spec in specs():
        assert {spec.class_, spec.context_class or spec.class_} <= classes.all.keys()
    named = {t for c in classes.all.values() for t in (*c.types, *c.given)}
    assert named <= types.types.keys()
    guarded = {t for t in types.types if types.sensitive(t)}
    assert guarded <= classes.by_type.keys(), "a sensitive type without a class"


def test_presidio_gives_the_same_spans() -> None:
    pytest.importorskip("presidio_analyzer")
    from assets.security.sensitive.text.analyzer import Presidio, recognizers

    r = random.Random(4)
    more = [
        f"{made.name(r)}的身份证{made.id_card(r)}，卡号{made.luhn(r, '621700', 19)}, call {made.ssn(r)}"
        for _ in range(20)
    ]
    for language in ("zh", "en"):
        engine = Presidio(language=language)
        for text in (*TEXTS, *more):
            assert engine.one(text) == detector().one(text)
    assert {x.supported_language for x in recognizers()} == {"zh", "en"}


def test_recognisers_join_a_users_registry() -> None:
    presidio = pytest.importorskip("presidio_analyzer")
    from assets.security.sensitive.text.analyzer import Presidio

    own = presidio.PatternRecognizer(
        "BADGE", patterns=[presidio.Pattern("badge", r"B-\d{4}", 0.9)], supported_language="zh"
    )
    registry = presidio.RecognizerRegistry(recognizers=[own], supported_languages=["zh"])
    text = "工牌 B-1234，手机13812345678"
    assert {s.class_ for s in Presidio(registry).one(text)} == {"BADGE", "mobile"}
