"""What a question asks for, in words."""

import pytest

from assets.catalog.search.glossary import load
from assets.catalog.search.question import SYNONYM, TRANSLATION, parse
from assets.catalog.search.words import pieces, terms


@pytest.mark.parametrize(
    ("text", "concepts", "time"),
    [
        ("近30天活跃用户数据", ["活跃", "用户"], "近30天"),
        ("show me the data of active users in the last 30 days", ["active", "users"], "last 30 days"),
        ("过去两个季度各门店的销售额", ["门店", "销售额"], "过去两个季度"),
        ("2013年的发票总额", ["发票", "总额"], "2013年"),
        ("播放列表名称", ["播放列表", "名称"], ""),
        ("昨天哪张表有库存", ["库存"], "昨天"),
        ("what is the total number of clubs, in alphabetical order?", ["clubs"], ""),
        ("数据", ["数据"], ""),
    ],
)
def test_concepts_and_times(text: str, concepts: list[str], time: str) -> None:
    found = parse(text, load())
    assert [c.text for c in found.concepts if not c.alternatives[0][0][0].startswith("= ")] == concepts
    assert found.time == time


def test_synonyms_count_less_than_the_word_and_translations_nearly_as_much() -> None:
    found = parse("client", load()).concepts[0]
    assert found.alternatives[0] == (("client",), 1.0)
    assert (("customer",), SYNONYM) in found.alternatives
    assert (("客户",), TRANSLATION) in found.alternatives


def test_quoted_and_capital_words_are_looked_for_as_values() -> None:
    texts = {c.alternatives[0][0][0] for c in parse("albums by 'the band' from New York City", load()).concepts}
    assert {"= the band", "= new york city"} <= texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tblOrderItems_v2", ("tbl", "order", "items", "v", "2")),
        ("HTTPServerIDs", ("http", "server", "ids")),
        ("Café", ("cafe",)),
        ("客户order编号", ("客户", "order", "编号")),
    ],
)
def test_pieces(text: str, found: tuple[str, ...]) -> None:
    assert pieces(text) == found


def test_terms_are_stems_and_pairs() -> None:
    assert list(terms("The Categories")) == ["category"]
    assert list(terms("订单明细")) == ["订单", "单明", "明细", "订单明细"]
