"""Search in two languages: the right table first, reasons, and nothing of what the asker may not see."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from assets.catalog.search import glossary
from assets.catalog.search.index import Index
from assets.catalog.search.keep import read, save
from assets.catalog.search.model import Column, Entry, Hit
from assets.catalog.search.postings import Floats
from core.errors import StoreError
from tests.assets.catalog.search.library import ENTRIES, LABELLED


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.build(ENTRIES)


def keys(hits: list[Hit]) -> list[str]:
    return [hit.key for hit in hits]


@pytest.mark.covers("DATA-062")
def test_labelled_questions_in_two_languages(index: Index) -> None:
    ranks = []
    for question, right in LABELLED:
        hits = index.search(question)
        assert right in keys(hits[:3]), question
        assert hits[0].reasons, question
        ranks.append(1 / (keys(hits).index(right) + 1))
    assert sum(ranks) / len(ranks) >= 0.9


@pytest.mark.covers("DATA-062")
def test_what_is_hidden_is_neither_hit_nor_reason(index: Index) -> None:
    for hidden in combinations([e.key for e in ENTRIES], 3):
        for question, _ in LABELLED:
            hits = index.search(question, allowed=lambda key: key not in hidden)  # noqa: B023 - called at once
            told = " ".join(reason for hit in hits for reason in hit.reasons)
            assert not {*keys(hits)} & {*hidden}
            assert not any(key in told for key in hidden)


def test_a_hidden_neighbour_lends_no_score(index: Index) -> None:
    question = "author and due date of loans"
    seen = {hit.key: hit for hit in index.search(question)}
    assert "“author” is in lib/books, which it is joined to" in seen["lib/loans"].reasons
    alone = {hit.key: hit for hit in index.search(question, allowed=lambda key: key == "lib/loans")}
    assert 0 < alone["lib/loans"].score < seen["lib/loans"].score


def test_no_more_is_asked_than_is_looked_at() -> None:
    many = Index.build(Entry(key=f"t/{n}", title="orders") for n in range(3000))
    asked: list[str] = []
    hits = many.search("orders", 5, allowed=lambda key: not asked.append(key) and key.endswith("7"))  # type: ignore[func-returns-value]
    assert len(hits) == 5
    assert len(many.search("orders", 5, allowed=lambda key: key == "t/2999")) == 1


def test_a_time_is_a_reason_and_no_word(index: Index) -> None:
    first = index.search("近30天活跃用户数据")[0]
    assert first.reasons == (
        "“用户” (as user) in the name",
        "“活跃” (as activity) in the name",
        "“近30天”: has dates (activity_date)",
        "“近30天”: last changed 2031-04-02",
    )
    assert keys(index.search("最近一周的图书数据")) == keys(index.search("图书"))


NOTHING = ["", "   ", "的", "数据", "the", "zzzqqq", "' OR 1=1 --", "\x00", "😀", "a" * 5000]


@pytest.mark.parametrize("question", NOTHING)
def test_questions_without_meaning_find_nothing(index: Index, question: str) -> None:
    assert index.search(question) == []


def test_an_update_is_what_building_again_would_give(index: Index) -> None:
    changed = ENTRIES[2].model_copy(update={"title": "volumes", "related": ("lib/loans", "lib/new")})
    new = Entry(key="lib/new", title="branches", source="lib", columns=(Column(name="city"),))
    updated = index.update([changed, new], removed=["shop/payments", "unknown"])
    rebuilt = Index.build([*(e for e in ENTRIES if e.key not in ("shop/payments", "lib/books")), changed, new])
    assert len(updated) == len(ENTRIES)
    for question, _ in (*LABELLED, ("branches and their volumes", ""), ("books", "")):
        assert updated.search(question) == rebuilt.search(question)
    assert "lib/new" in keys(updated.search("city of volumes"))


def test_a_saved_index_answers_the_same(index: Index, tmp_path: Path) -> None:
    save(index, tmp_path / "search.npz")
    again = read(tmp_path / "search.npz")
    assert [again.search(q) for q, _ in LABELLED] == [index.search(q) for q, _ in LABELLED]
    assert [p.name for p in tmp_path.iterdir()] == ["search.npz"]
    empty = Index.build([])
    save(empty, tmp_path / "empty.npz")
    assert read(tmp_path / "empty.npz").search("books") == []
    assert keys(empty.update(ENTRIES).search("books"))[0] == "lib/books"


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half", None])
def test_a_damaged_index_is_told_by_name(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "search.npz"
    if damage is not None:
        path.write_bytes(damage)
    with pytest.raises(StoreError, match=r"search\.npz cannot be read"):
        read(path)


def test_an_index_of_another_version_is_refused(index: Index, tmp_path: Path) -> None:
    save(index, tmp_path / "search.npz")
    with np.load(tmp_path / "search.npz") as arrays:
        content = dict(arrays)
    np.savez(tmp_path / "search.npz", **(content | {"format": np.array([0, 0])}))
    with pytest.raises(StoreError, match="another version"):
        read(tmp_path / "search.npz")


def test_the_user_s_words_join_the_general_ones(tmp_path: Path) -> None:
    path = tmp_path / "glossary.yaml"
    path.write_text("terms:\n- [借书证, reader card, readers]\n", encoding="utf-8")
    assert keys(Index.build(ENTRIES, glossary.load(path)).search("借书证"))[:1] == ["lib/readers"]
    path.write_text("terms:\n- [a]\n- 7\n", encoding="utf-8")
    with pytest.raises(StoreError, match="row 2"):
        glossary.build(glossary._rows(path))


class Letters:
    """Vectors of letters: enough to see that they are asked for, kept and fused."""

    def embed(self, texts: list[str]) -> Floats:
        found = np.array([[text.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts], np.float32)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def test_vectors_are_fused_kept_and_changed_with_their_entries(tmp_path: Path) -> None:
    embedder = Letters()
    index = Index.build(ENTRIES, embedder=embedder).update([ENTRIES[0]])
    assert index.content.vectors is not None
    assert index.content.vectors.shape == (len(ENTRIES), 26)
    save(index, tmp_path / "search.npz")
    again = read(tmp_path / "search.npz", embedder=embedder)
    assert again.search("books of the readers") == index.search("books of the readers")
    assert again.search("books of the readers") != Index.build(ENTRIES).search("books of the readers")
