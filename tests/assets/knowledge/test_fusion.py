"""Tokens, BM25, fusion and its figures against values computed another way."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.knowledge import fusion, sparse, tokens
from assets.knowledge.evidence import NO_RULE, calibrate


def test_tokens() -> None:
    assert tokens.bigrams("优惠券ＡＢ 1,718 券") == ["优惠", "惠券", "ab", "1718", "券"]
    assert tokens.words("The Coupons redeemed in 2017, 优惠券 29.49 USD") == [
        "coupon",
        "redeem",
        "2017",
        "29.49",
        "usd",
    ]
    assert tokens.content("防损部的分机号是多少？") == ["防损", "损部", "分机", "机号"]
    assert [tokens.stem(w) for w in ("categories", "boxes", "stopped", "validity", "prices", "price", "bus")] == [
        "category", "box", "stop", "valid", "pric", "pric", "bus",
    ]  # fmt: skip


@settings(deadline=None)  # the first call imports bm25s
@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=12), min_size=1, max_size=12),
    st.lists(st.sampled_from("abcdefg"), max_size=4),
)
def test_bm25_is_the_published_formula(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], asked: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("bm25")
    sparse.build(texts, folder)
    found = sparse.Sparse(folder, len(texts)).scores(asked)
    mean = sum(map(len, texts)) / len(texts)
    for text, score in zip(texts, found, strict=True):
        expected = 0.0
        for token in asked:
            n = sum(token in other for other in texts)
            idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
            tf = text.count(token)
            if tf:
                norm = sparse.K1 * (1 - sparse.B + sparse.B * len(text) / mean)
                expected += idf * tf / (tf + norm)
        assert score == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_ranks_and_figures() -> None:
    scores = np.array([[3, 2, 1, 0], [1, 1, 1, 0], [0, 1, 2, 3]], dtype=np.float32)
    relevant = np.array([[0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
    ranks = fusion.first_ranks(scores, relevant)
    assert ranks.tolist() == [2, 3, 5]
    assert fusion.figures(ranks) == {"recall@1": 0.0, "recall@5": 1.0, "mrr": round((1 / 2 + 1 / 3 + 1 / 5) / 3, 4)}


def test_the_grid_finds_the_route_that_knows() -> None:
    rng = np.random.default_rng(1)
    relevant = np.eye(20, dtype=bool)
    noise = {r: rng.random((20, 20)).astype(np.float32) for r in fusion.ROUTES}
    weights = fusion.choose(noise | {"word": relevant.astype(np.float32)}, relevant)
    assert weights["word"] >= 0.5 and sum(weights.values()) == pytest.approx(1)
    assert weights == fusion.choose(noise | {"word": relevant.astype(np.float32)}, relevant)


def test_scaling_keeps_the_order_and_ignores_a_common_cosine() -> None:
    cosines = np.array([[0.5, 0.6, 0.9]], dtype=np.float32)
    assert fusion.scaled("dense", cosines)[0].tolist() == pytest.approx([0, 0, 1], abs=1e-6)
    assert fusion.scaled("word", np.zeros((1, 3), dtype=np.float32)).tolist() == [[0, 0, 0]]
    ranked = fusion.reciprocal_ranks({r: np.array([[2.0, 0.0, 1.0]], dtype=np.float32) for r in fusion.ROUTES})
    assert ranked[0].tolist() == pytest.approx([3 / 61, 0, 3 / 62])


def test_calibration_separates_what_can_be_separated() -> None:
    found = [(0.9, 0.1), (0.7, 0.9), (0.3, 0.95), (0.2, 0.1)]
    rule = calibrate(found, [True, True, False, False])
    assert rule["mix"] == 1.0 and 0.3 < rule["threshold"] < 0.7
    assert calibrate(found, [True] * 4) == NO_RULE


def test_an_index_without_latin_words_scores_nothing(tmp_path: Path) -> None:
    sparse.build([[], []], tmp_path)
    assert sparse.Sparse(tmp_path, 2).scores(["x"]).tolist() == [0, 0]
