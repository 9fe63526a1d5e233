"""The index of the project's own handbook: quality, incremental builds, the gate, atomic publishing, kills."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from assets.knowledge import evaluate, index
from assets.knowledge.questions import load_questions, questions_path
from assets.knowledge.search import KEY, HandbookIndex, collection
from core.errors import DocumentError, StoreError
from core.settings import PROJECT, variables
from resources.embed_minilm import MiniLm
from tests.fakes.handbook import Handbook


def test_fusion_is_at_least_as_good_as_each_route_on_held_out_questions(published: Handbook) -> None:
    routes = published.live().manifest["held_out"]["routes"]
    for language in ("zh", "en"):
        ways = routes[language]
        assert ways["fused"]["recall@5"] >= 0.9
        for route in ("bigram", "word", "dense"):
            assert ways["fused"]["mrr"] >= ways[route]["mrr"]


def test_every_labelled_passage_exists_and_both_parts_hold_both_kinds(published: Handbook) -> None:
    questions = load_questions(questions_path(published.settings))
    found = evaluate.relevant([q for q in questions if q.answerable], published.live().chunks)
    assert found.any(axis=1).all()
    kinds = {(q.part, q.language, q.answerable) for q in questions}
    assert len(kinds) == 8


# the last ids of the first question set; what came later was written after failures were seen, and is harder
FIRST_SET = {"en": 51, "zh": 41, "en-none": 24, "zh-none": 24}


def test_it_knows_what_it_does_not_know(published: Handbook) -> None:
    live = published.live()
    questions = load_questions(questions_path(published.settings))
    first = [q for q in questions if int(q.id.rpartition("-")[2]) <= FIRST_SET[q.id.rpartition("-")[0]]]
    assert len(first) == 140
    for asked, refusal in (
        (first, evaluate.refusal_figures(live, first)),
        (questions, live.manifest["held_out"]["refusal"]),
    ):
        for language in ("zh", "en"):
            assert refusal[language]["answerable accepted"] >= 0.9
            floor = 0.75 if asked is first or language == "zh" else 0.7  # the first set's bound stands
            assert refusal[language]["unanswerable refused"] >= floor


def test_exact_search_agrees_with_the_vector_store(published: Handbook) -> None:
    live = published.live()
    [query] = live.embedder.embed(["How many coupons may be used in one basket?"])
    stored = published.vectors.search(collection(live.version), query, 5)
    cosines = live.vectors @ query
    best = np.argsort(-cosines)[:5]
    assert [name for name, _ in stored] == [live.chunks[i].id for i in best]
    assert np.allclose([score for _, score in stored], cosines[best], atol=1e-4)


def test_a_large_index_asks_the_vector_store(published: Handbook, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "How long may registers work without a network?"
    exact = [hit.chunk.id for hit in published.live().search(question, 3)]
    monkeypatch.setattr("assets.knowledge.search.EXACT", 10)
    assert next(hit.chunk.id for hit in published.live().search(question, 3)) == exact[0]


@pytest.mark.covers("MLP-234")
def test_only_new_passages_are_embedded(copied: Handbook, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied.folder / "metrics.md"
    path.write_text(path.read_text().replace("29.49 USD in 2017", "29.49 USD in the year 2017"))
    (copied.folder / "returns.html").unlink()
    embedded: list[str] = []
    original = MiniLm.embed

    def watched(self: MiniLm, texts: list[str]) -> np.ndarray:
        embedded.extend(texts)
        return original(self, texts)

    before = copied.live()
    assert len(before.known) > 20, "the labelled questions"
    assert copied.read().parsed == ("metrics.md",)
    monkeypatch.setattr(MiniLm, "embed", watched)
    built = copied.build()
    assert copied.live().version == before.version, "nothing is live before the gate"
    copied.publish()
    assert built.embedded == 1 and len(embedded) == 1 and "year 2017" in embedded[0], "no question is embedded again"
    assert built.removed == 8 and built.chunks == len(before.chunks) - 7
    fresh = HandbookIndex(copied.objects.path(KEY, built.version), copied.settings.home / "models")
    again = original(fresh.embedder, [chunk.searched for chunk in fresh.chunks])
    assert np.abs(again - fresh.vectors).max() < 1e-5


def test_a_worse_index_does_not_go_live(copied: Handbook) -> None:
    live = copied.live().version
    (copied.folder / "门店运营常见问题.html").unlink()
    copied.read()
    built = copied.build()
    verdict = copied.publish()
    assert not verdict.passed and "under the floor" in verdict.reason
    assert verdict.live_recall is not None and verdict.recall is not None and verdict.recall < verdict.live_recall
    assert sorted(verdict.lost) == [f"zh-{n}" for n in (12, 14, 16, 18, 20, 22, 47, 49)]
    assert copied.live().version == live != built.version


def test_old_versions_go_but_three(copied: Handbook) -> None:
    path = copied.folder / "metrics.md"
    for turn in range(4):
        path.write_text(path.read_text() + f"\n## Extra {turn}\n\nNumber {turn}.\n")
        copied.read()
        copied.build()
        assert copied.publish().passed
    versions = copied.objects.versions(KEY)
    assert len(versions) == index.KEEP == 3
    assert copied.vectors.collections("retail_handbook_") == sorted(collection(v) for v in versions)
    assert copied.live().version == versions[-1]


def test_a_question_meets_the_old_or_the_new_index(copied: Handbook) -> None:
    old = copied.live().version
    stop, seen, errors = threading.Event(), set(), []

    def ask() -> None:
        while not stop.is_set():
            try:
                live = copied.live()
                assert live.search("防损部的分机号是多少？", 1)[0].chunk.document == "门店运营常见问题.html"
                seen.add(live.version)
            except Exception as error:  # whatever a reader meets is a failure here
                errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        path = copied.folder / "metrics.md"
        path.write_text(path.read_text() + "\n## New\n\nNew.\n")
        copied.read()
        new = copied.build().version
        copied.publish()
        copied.live()
    finally:
        stop.set()
        asking.join()
    assert errors == [] and old in seen and seen <= {old, new}


KILLED = """
import os, signal, sys
from assets.knowledge import documents, index, publish
from core.settings import load
from resources import open as ports
from resources.objects_file import FileObjects
settings = load()
at = sys.argv[1]
original = FileObjects.set_alias
def set_alias(self, key, name, version):
    if at == f"before {key.layer} {name}":
        os.kill(os.getpid(), signal.SIGKILL)
    original(self, key, name, version)
    if at == f"after {key.layer} {name}":
        os.kill(os.getpid(), signal.SIGKILL)
FileObjects.set_alias = set_alias
if at == "writing":
    from assets.knowledge import sparse
    sparse.build = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
objects, vectors = ports.objects(settings), ports.vectors(settings)
documents.build(settings, objects)
index.build(settings, objects, vectors)
publish.publish(settings, objects, vectors)
"""


@pytest.mark.parametrize("at", ["before doc current", "writing", "before index candidate", "before index live"])
def test_a_kill_leaves_the_former_index_and_a_second_run_ends_as_if_nothing_happened(copied: Handbook, at: str) -> None:
    live = copied.live()
    found = [hit.chunk.id for hit in live.search("自助收银最多能结多少件商品？")]
    path = copied.folder / "metrics.md"
    path.write_text(path.read_text() + "\n## Shrinkage\n\nShrinkage is stock that is missing at a count.\n")
    environment = os.environ | variables(copied.settings)
    killed = subprocess.run([sys.executable, "-c", KILLED, at], env=environment, cwd=PROJECT, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    after = copied.live()
    assert after.version == live.version
    assert [hit.chunk.id for hit in after.search("自助收银最多能结多少件商品？")] == found
    copied.read()
    built = copied.build()
    assert built.chunks == len(live.chunks) + 1
    assert copied.publish().passed
    [best] = copied.live().search("What is shrinkage?", 1)
    assert best.chunk.heading[-1] == "Shrinkage"
    leftovers = [p.name for p in Path(copied.settings.home / "objects").rglob("*.tmp")]
    assert leftovers == [] or at == "writing"


def test_no_index_yet_says_what_to_do(empty_handbook: Handbook) -> None:
    with pytest.raises(StoreError, match="no published index"):
        empty_handbook.live()
    with pytest.raises(StoreError, match="not parsed yet"):
        empty_handbook.build()
    with pytest.raises(StoreError, match="no candidate"):
        empty_handbook.publish()


def test_a_handbook_without_questions_is_indexed_with_default_weights(empty_handbook: Handbook) -> None:
    (empty_handbook.folder / "a.md").write_text(
        "# Bikes\n\nThe red bike costs 300 USD.\n\n# Cars\n\nCars are not sold.\n"
    )
    empty_handbook.read()
    built = empty_handbook.build()
    verdict = empty_handbook.publish()
    assert verdict.passed and "no held-out questions" in verdict.reason
    assert built.manifest["weights"]["en"] == evaluate.EQUAL
    assert empty_handbook.live().search("price of the red bike", 1)[0].chunk.text == "The red bike costs 300 USD."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("questions: 3", "not a question set"),
        ("questions: [{id: a, language: en, part: tune, question: x, phrase: y}]", "come together"),
        (json.dumps({"questions": [{"id": "a", "language": "en", "part": "tune", "question": "x"}] * 2}), "twice"),
        ("questions: [", "not a question set"),
    ],
)
def test_a_malformed_question_set_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "handbook_questions.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=message) as caught:
        load_questions(path)
    assert str(path) in str(caught.value)
