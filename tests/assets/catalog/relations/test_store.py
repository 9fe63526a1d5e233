"""People's decisions on relations: remembered, in git's reach, never half written."""

from multiprocessing import get_context
from pathlib import Path

import pytest

from assets.catalog.relations import store
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, State
from core.errors import StoreError


def relation(column: str) -> Relation:
    child, parent = End("erp", "订单", (column,)), End("erp", "customers", ("id",))
    return Relation(child, parent, Kind.FOREIGN_KEY, 0.8, 1.0, Cardinality.MANY_TO_ONE, ("named",))


def test_accepted_and_refused_are_remembered_with_who_and_when(tmp_path: Path) -> None:
    store.decide(tmp_path, relation("a"), State.REFUSED, "li", "only looks like it")
    store.decide(tmp_path, relation("b"), State.ACCEPTED, "mo")
    store.decide(tmp_path, relation("gone"), State.ACCEPTED, "mo")
    found = store.apply([relation("a"), relation("b"), relation("c")], store.read(tmp_path))
    assert [(r.child.columns[0], r.state) for r in found] == [
        ("b", State.ACCEPTED),
        ("gone", State.ACCEPTED),
        ("c", State.PROPOSED),
        ("a", State.REFUSED),
    ]
    assert found[0].reasons[0].startswith("accepted by mo at 20")
    assert "订单" in (tmp_path / store.FILE).read_text(encoding="utf-8")


def test_a_later_word_replaces_an_earlier_one_and_can_be_taken_back(tmp_path: Path) -> None:
    store.decide(tmp_path, relation("a"), State.REFUSED, "li")
    store.decide(tmp_path, relation("a"), State.ACCEPTED, "mo")
    assert [(d.state, d.by) for d in store.read(tmp_path)] == [(State.ACCEPTED, "mo")]
    assert store.forget(tmp_path, relation("a"))
    assert not store.forget(tmp_path, relation("a"))
    assert store.read(tmp_path) == []


def test_a_failed_write_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.decide(tmp_path, relation("a"), State.ACCEPTED, "li")
    before = (tmp_path / store.FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("core.atomic.os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        store.decide(tmp_path, relation("b"), State.ACCEPTED, "li")
    assert (tmp_path / store.FILE).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [store.FILE]


def test_two_processes_lose_no_decision(tmp_path: Path) -> None:
    context = get_context("fork")
    workers = [context.Process(target=_decide_ten, args=(tmp_path, start)) for start in (0, 10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(store.read(tmp_path)) == 20


def _decide_ten(folder: Path, start: int) -> None:
    for number in range(start, start + 10):
        store.decide(folder, relation(f"c{number}"), State.ACCEPTED, "li")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("relations: [", "relations.yaml cannot be read"),
        ("- a", "no list `relations`"),
        ("relations:\n- {child: {source: a, table: b, columns: [c]}}", "entry 1: field parent"),
    ],
)
def test_a_broken_file_is_told_by_name(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / store.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=told):
        store.read(tmp_path)


def test_a_decision_needs_a_person(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="needs a person"):
        store.decide(tmp_path, relation("a"), State.ACCEPTED, " ")
