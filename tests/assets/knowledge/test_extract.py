"""Coverage of a question by a text, cues of the fact asked for, and what is quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.knowledge import cues
from assets.knowledge.blocks import Chunk
from assets.knowledge.coverage import PARTLY, Coverage
from assets.knowledge.extract import nearness, units
from assets.knowledge.search import Hit


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return Coverage(["Coupons expire after 60 days.", "A lost card is blocked.", "遗失物品在服务台保管30天"])


def test_words_weigh_by_rarity(coverage: Coverage) -> None:
    asked = coverage.asked("When do lost coupons expire?")
    assert set(asked.words) == {"lost", "coupon", "expir"}
    assert coverage.share(asked, "Lost coupons expire.") == 1.0
    assert coverage.share(asked, "nothing of it") == 0.0
    unknown = coverage.asked("lost zebra")
    assert unknown.words["zebra"] > unknown.words["lost"], "what occurs nowhere weighs most"
    assert coverage.share(unknown, "lost") < 0.5


def test_a_chinese_character_counts_with_its_neighbour(coverage: Coverage) -> None:
    asked = coverage.asked("物品保管多少天？")
    [(run, weights), (rest, _)] = asked.runs
    assert (run, rest) == ("物品保管", "天")
    assert coverage.share(asked, "遗失物品在服务台保管30天") == 1.0, "pairs across words such as 品保 are not missed"
    [(_, alone)] = coverage.asked("物品保管").runs
    reached = coverage.share(coverage.asked("物品保管"), "保持管道清洁")
    assert reached == pytest.approx(PARTLY * (alone[2] + alone[3]) / sum(alone))
    assert weights == alone


@given(st.text(max_size=40), st.text(max_size=80))
def test_a_share_is_between_nothing_and_all(question: str, text: str) -> None:
    coverage = Coverage(["Coupons expire after 60 days.", "遗失物品在服务台保管30天"])
    asked = coverage.asked(question)
    assert 0 <= coverage.share(asked, text) <= 1 + 1e-9
    own = coverage.share(asked, question)
    assert own == 0 or own == pytest.approx(1), "a question holds its own content"


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("How long is the break?", "One unpaid break of 30 minutes.", 1),
        ("How long is the break?", "Breaks are unpaid; see room 7.", 0),
        ("When does the store close?", "On Sunday we close early.", 1),
        ("How much are buns?", "product: BUNS; median_price_usd: 0.88", 1),
        ("How much are buns?", "Buns have product number 826249.", 0),
        ("How many items may I buy?", "At most twenty", 0),
        ("How many items may I buy?", "At most 20 items", 1),
        ("遗失物品保管多少天？", "在服务台保管30天。", 1),
        ("遗失物品保管多少天？", "联系分机4410。", 0),
        ("会员卡多少钱？", "补卡费5美元。", 1),
        ("临期商品打几折？", "打七折并贴黄色标签", 1),
        ("Who pays for it?", "The retailer pays 5 USD.", 0),
    ],
)
def test_cues(question: str, text: str, expected: int) -> None:
    assert cues.holds(question, text) == expected


def test_a_kind_of_fact_is_lacking_only_when_one_is_asked_for() -> None:
    assert cues.lacks("How much are buns?", ["Buns are soft.", "Buns are on aisle 7."])
    assert not cues.lacks("How much are buns?", ["Buns are soft.", "Buns cost 2 USD."])
    assert not cues.lacks("Who bakes buns?", ["Buns are soft."])


def test_nearness_counts_neighbours_in_any_order() -> None:
    assert nearness(["coupon", "valid"], "Validity of coupons") == 1.0
    assert nearness(["coupon", "valid"], "A coupon and some other things are valid") == 0.0
    assert nearness(["coupon"], "coupon") == 0.0


def test_sentences_and_rows_are_quoted_whole() -> None:
    text = "Open from 6 am; on Sunday from 7 am. 周六营业；周日不营业。\n| a | b |\n|---|---|\n| 1 |  |\n| 2 | x |"
    hit = Hit(Chunk("1", "d", ("Title",), text, None, "table", "en"), 1.0, {})
    assert units(hit) == [
        ("Open from 6 am; on Sunday from 7 am.", False),
        ("周六营业；周日不营业。", False),
        ("a: 1", True),
        ("a: 2; b: x", True),
    ]
