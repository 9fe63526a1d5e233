"""Linkage finds planted duplicates without labels, learns from labels, and never chains."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.quality.linkage import cluster, forest, levels
from assets.quality.linkage.block import Limits, block
from assets.quality.linkage.compare import Comparer
from assets.quality.linkage.kinds import Kind, kind_of, kinds_of
from assets.quality.linkage.link import REFINED, Labels, Options, link
from assets.quality.linkage.measure import clusters_score, estimate, figures, pairs_score
from assets.quality.linkage.prepare import prepare
from core.errors import ModelError
from tests.assets.quality.linkage.people import chinese, english


@pytest.mark.parametrize("made", [english, chinese])
def test_duplicates_are_found_without_labels(made: object) -> None:
    frame, truth = made()  # type: ignore[operator]
    said: list[str] = []
    found = link({"people": frame}, dict.fromkeys(frame.columns), say=said.append)
    score = clusters_score(found.cluster, truth)
    assert score.precision >= 0.97 and score.recall >= 0.95
    assert abs(found.estimate.precision - score.precision) < 0.1
    assert found.candidates < len(truth) * (len(truth) - 1) / 2
    assert "candidate pairs" in said[1]


def test_the_same_rows_give_the_same_clusters() -> None:
    frame, _ = english()
    first, second = (link({"p": frame}, dict.fromkeys(frame.columns)).cluster for _ in "ab")
    assert (first == second).all()


def test_blocking_keeps_its_budget_and_tells_what_it_left_out(tmp_path: Path) -> None:
    frame = pl.DataFrame({"name": ["same name"] * 500 + [f"{n:05d} other" for n in range(500)], "city": ["x"] * 1000})
    records = prepare({"p": frame}, {"name": Kind.NAME, "city": Kind.NAME})
    with block(records, Limits(pairs=5, largest=50, folder=tmp_path)) as found:
        assert sum(p.pairs for p in found.predicates) <= 5 * 1000
        assert found.count < 40_000
        assert any("500 records in too large blocks left out" in str(p) for p in [*found.predicates, *found.refused])
        pairs = np.concatenate(list(found.batches()))
        assert (pairs[:, 0] < pairs[:, 1]).all() and len(np.unique(pairs, axis=0)) == len(pairs) == found.count
    assert not list(tmp_path.iterdir())


def test_only_pairs_of_different_sources_one_to_one() -> None:
    frame, truth = english(60)
    _, first = np.unique(truth, return_index=True)
    left = np.isin(np.arange(len(truth)), first)
    sources = {"a": frame.filter(left), "b": frame.filter(~left)}
    found = link(sources, dict.fromkeys(frame.columns), Options(one_to_one=True))
    order = np.concatenate([truth[left], truth[~left]])
    assert clusters_score(found.cluster, order).f1 >= 0.95
    source = found.records.source
    for members in (np.flatnonzero(found.cluster == c) for c in np.unique(found.cluster)):
        assert len(members) == len(set(source[members]))


def test_labels_teach_a_forest_and_hold_whatever_it_thinks() -> None:
    frame, truth = english(80)
    same = {(a, b) for a in range(160) for b in range(a + 1, 160) if truth[a] == truth[b]}
    chosen = sorted(same)[:20] + [(a, b) for a in range(10) for b in range(50, 55) if truth[a] != truth[b]]
    pairs = np.array(chosen)
    matches = np.array([p in same for p in chosen])
    wrong = len(chosen)  # a person says that two strangers are the same
    strangers = next((a, b) for a in range(160) for b in range(a + 1, 160) if (a, b) not in same)
    pairs = np.vstack([pairs, strangers])
    labels = Labels(pairs[:, 0], pairs[:, 1], np.append(matches, True))
    found = link({"p": frame}, dict.fromkeys(frame.columns), Options(labels=labels))
    assert found.model == "learned" and wrong == len(labels.same) - 1
    assert found.cluster[strangers[0]] == found.cluster[strangers[1]]
    score = clusters_score(found.cluster, truth)
    assert score.precision > 0.9 and score.recall > 0.85
    with pytest.raises(ModelError, match="too few to learn from"):
        forest.learn(np.zeros((3, 2), dtype=np.float32), np.array([True, False, False]), ["a", "b"])


def test_a_chain_of_likely_pairs_does_not_make_its_ends_one() -> None:
    left, right = np.array([0, 1, 2]), np.array([1, 2, 3])
    odds = np.array([4.0, 0.5, 4.0])
    found = cluster.clusters(4, left, right, odds, lambda a, b: np.full(len(a), -6.0))
    assert found.tolist() == [0, 0, 2, 2]
    together = cluster.clusters(4, left, right, odds, lambda a, b: np.full(len(a), 3.0))
    assert together.tolist() == [0, 0, 0, 0]


def test_large_connected_groups_are_cut_and_not_looked_at_whole() -> None:
    size = 3 * cluster.LARGEST
    left, right = np.arange(size - 1), np.arange(1, size)
    odds = np.where(np.arange(size - 1) % 2 == 0, 6.0, 0.5)
    found = cluster.clusters(size, left, right, odds, lambda a, b: np.full(len(a), -6.0))
    assert np.bincount(found).max() == 2


def test_unsure_pairs_come_first_and_no_record_twice() -> None:
    frame, _ = english()
    found = link({"p": frame}, dict.fromkeys(frame.columns))
    unsure = found.unsure(10)
    doubt = [abs(p - 0.5) for _, _, p in unsure]
    assert doubt == sorted(doubt)
    records = [r for a, b, _ in unsure for r in (a, b)]
    assert len(records) == len(set(records))


def test_em_finds_the_share_of_matches_that_was_planted() -> None:
    chance = np.random.default_rng(1)
    match = chance.random(20_000) < 0.08
    agree = np.where(match[:, None], chance.random((20_000, 4)) < 0.9, chance.random((20_000, 4)) < 0.1)
    found = np.where(agree, 5, 0).astype(np.uint8)
    found[chance.random(found.shape) < 0.1] = levels.MISSING
    model = levels.fit(found, [Kind.NAME] * 4)
    assert model.prior == pytest.approx(0.08, abs=0.01)
    assert model.u[0][5] == pytest.approx(0.1, abs=0.02)
    said = model.weights(found) > 0
    assert (said & match).sum() / said.sum() > 0.9


def test_values_are_made_comparable() -> None:
    frame = pl.DataFrame(
        {
            "company": ["华信科技有限公司", "Ａｃｍｅ, Inc."],
            "born": ["18-May-15", "May 18 , 2015"],
            "length": ["3:05", "185"],
            "name": ["José &amp; Co", "张伟"],
            "phone": ["(020) 123-456", "020123456"],
        }
    )
    kinds = {"company": Kind.COMPANY, "born": Kind.DATE, "length": Kind.NUMBER, "name": Kind.NAME, "phone": Kind.CODE}
    columns = {c.name: c for c in prepare({"x": frame}, kinds).columns}
    assert columns["company"].text.to_list() == ["华信科技", "acme"]
    assert columns["born"].code[0] == columns["born"].code[1]
    assert columns["length"].number is not None and columns["length"].number.tolist() == [185.0, 185.0]
    assert columns["name"].text.to_list() == ["jose co", "张伟"]
    assert columns["name"].sound is not None and columns["name"].sound[1] == "zhang wei"
    assert columns["phone"].code[0] == columns["phone"].code[1]


def test_kinds_are_told_from_headers_and_values() -> None:
    assert kind_of("dob", ["1980-01-02", "1975-11-30"]) is Kind.DATE
    assert kind_of("geb", ["19800102", "19751130"]) is Kind.DATE
    assert kind_of("手机", ["13800138000"]) is Kind.CODE
    assert kind_of("price", ["$ 1.29", "$ 0.99"]) is Kind.NUMBER
    assert kind_of("公司名称", ["华信科技"]) is Kind.COMPANY
    assert kind_of("note", ["a long text of several words"]) is Kind.TEXT
    frame = pl.DataFrame({"x": [1.5, 2.5], "y": [None, None]}, schema={"x": pl.Float64, "y": pl.String})
    assert kinds_of([frame], ["x", "y"]) == {"x": Kind.NUMBER, "y": Kind.NAME}


def test_words_said_in_another_column_are_no_difference() -> None:
    frame = pl.DataFrame(
        {"beer": ["sanibel red ale", "point ybel sanibel red ale"], "brewery": ["point ybel", "point ybel"]}
    )
    comparer = Comparer(prepare({"x": frame}, {"beer": Kind.TEXT, "brewery": Kind.COMPANY}))
    values = dict(zip(comparer.names, comparer.features(np.array([0]), np.array([1]))[0], strict=True))
    assert values["beer.unsaid"] == 0
    assert values["beer.ratio"] < 0.9


def pairs_of(size: int) -> tuple[np.ndarray, np.ndarray]:
    left, right = zip(*combinations(range(size), 2), strict=True)
    return np.array(left), np.array(right)


@pytest.mark.parametrize("said", [np.inf, -np.inf])
def test_what_a_person_said_outweighs_many_pairs(said: float) -> None:
    left, right = pairs_of(5)  # the model is sure that all are one, or that the fifth is another one
    odds = np.where(right == 4, np.sign(-said) * 7.0, 7.0)
    odds[(left == 0) & (right == 4)] = said
    found = cluster.clusters(5, left, right, odds, lambda a, b: np.full(len(a), 7.0))
    assert found.tolist() == ([0, 1, 1, 1, 0] if said > 0 else [0, 0, 0, 0, 4])


def test_one_person_says_the_contrary_of_another() -> None:
    odds = np.array([np.inf, -np.inf, np.inf])  # 0 = 1, 0 is not 2, 1 = 2
    found = cluster.clusters(3, np.array([0, 0, 1]), np.array([1, 2, 2]), odds, lambda a, b: np.zeros(len(a)))
    assert len(set(found.tolist())) == 2


def test_many_judged_records_are_one_however_many_they_are() -> None:
    left = np.arange(cluster.LARGEST + 50)
    far = lambda a, b: np.full(len(a), -6.0)  # noqa: E731
    found = cluster.clusters(len(left) + 1, left, left + 1, np.full(len(left), np.inf), far)
    assert not found.any()


def test_one_to_one_heeds_what_people_said() -> None:
    left, right, source = np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([0, 1, 2], dtype=np.int32)
    odds = np.array([5.0, 4.0, -np.inf])
    assert cluster.one_to_one(3, source, left, right, odds).tolist() == [0, 0, 2]
    same = np.array([0, 0, 1], dtype=np.int32)
    assert cluster.one_to_one(3, same, left[:1], right[:1], odds[:1]).tolist() == [0, 1, 2]
    assert cluster.one_to_one(3, same, left[:1], right[:1], np.array([np.inf])).tolist() == [0, 0, 2]


def test_unsure_pairs_have_their_probability_whatever_the_threshold() -> None:
    frame, _ = english(40)
    found = link({"p": frame}, dict.fromkeys(frame.columns), Options(threshold=0.9))
    assert len(found.odds) and np.allclose(found.share, 1 / (1 + np.exp(-found.odds) / 9))
    a, b, share = found.unsure(1)[0]
    assert share == found.share[(found.left == a) & (found.right == b)].item()
    told = Labels(np.array([a]), np.array([b]), np.array([True]))
    again = link({"p": frame}, dict.fromkeys(frame.columns), Options(threshold=0.9, labels=told))
    assert again.cluster[a] == again.cluster[b]
    assert {a, b} not in [{c, d} for c, d, _ in again.unsure(1000)]


def test_a_low_threshold_loses_no_likely_pair() -> None:
    frame, _ = english(200)
    low = link({"p": frame}, dict.fromkeys(frame.columns), Options(Limits(pairs=60), threshold=0.001))
    assert low.candidates > REFINED and low.share.min() < 1 / (1 + np.exp(6))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_where_nothing_is_linked_nothing_is_measured(rows: int) -> None:
    said: list[str] = []
    found = link(
        {"x": pl.DataFrame({"a": ["one", "zwei", "3"][:rows]}, schema={"a": pl.String})}, {"a": None}, say=said.append
    )
    assert np.isnan([found.estimate.precision, found.estimate.recall]).all()
    assert "nothing to measure" in said[-1] and "1.000" not in said[-1]
    none = pairs_score([False], np.array([False]))
    assert np.isnan([none.precision, none.recall, none.f1]).all()
    assert figures(math.nan, 0.5) == "recall 0.500"


@pytest.mark.timeout(60)
def test_texts_of_a_megabyte_are_compared_by_their_beginning() -> None:
    frame = pl.DataFrame(
        {"name": [f"{name} {'x' * 1_000_000}" for name in ("anna", "anna", "boris", "clara")] + ["dmitri"]}
    )
    frame = frame.with_columns(other="a text of " + pl.col("name"))
    found = link({"x": frame}, dict.fromkeys(frame.columns))
    assert found.records.columns[0].text.str.len_chars().max() == 1000
    assert found.cluster[0] == found.cluster[1]


def test_empty_and_hopeless_input() -> None:
    none = pl.DataFrame({"a": [None, None, None]}, schema={"a": pl.String})
    assert link({"x": none}, {"a": None}).cluster.tolist() == [0, 1, 2]
    assert link({"x": none.head(0)}, {"a": None}).cluster.tolist() == []
    assert link({"x": pl.DataFrame({"a": ["one"]})}, {"a": None}).cluster.tolist() == [0]


def test_expected_quality_is_the_mean_of_probabilities() -> None:
    left, right = np.array([0, 2, 0]), np.array([1, 3, 3])
    found = estimate(left, right, np.array([0.9, 0.8, 0.3]), np.array([0, 0, 2, 2]))
    assert (found.precision, found.recall) == (pytest.approx(0.85), pytest.approx(1.7 / 2.0))
