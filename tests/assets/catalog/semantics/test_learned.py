"""The trainable classifier learns types that nobody wrote a rule for, and is kept without pickle."""

import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.catalog.semantics import classify, learned, learned_store
from assets.catalog.semantics.corrections import Correction, Corrections
from assets.catalog.semantics.learned_features import Column
from core.errors import ModelError
from tests.assets.catalog.semantics.made import column


def _columns(n: int, seed: int) -> tuple[list[Column], list[str]]:
    """Three made-up types that no recogniser knows."""
    r = random.Random(seed)
    make = {
        "ward": lambda: f"{r.choice(('North', 'South'))} Ward {r.randint(1, 40)}",
        "batch": lambda: f"{r.choice('KQZ')}{r.randint(10, 99)}~{r.randint(100, 999)}",
        "mood": lambda: r.choice(("rather cheerful", "quite gloomy", "somewhat tired", "very calm")),
    }
    labels = [list(make)[i % 3] for i in range(n)]
    return [Column(tuple(make[label]() for _ in range(6)), f"t{i // 3}") for i, label in enumerate(labels)], labels


def _embed(texts: list[str]) -> np.ndarray:
    """Stands for an embedder: unit vectors from characters."""
    vectors = np.array([[t.count(c) + 0.1 for c in "aeiou~W0"] for t in texts], dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("embedded", [False, True])
def test_it_learns_new_types_and_survives_a_file(tmp_path: Path, embedded: bool) -> None:
    embed = _embed if embedded else None
    model = learned.train(*_columns(30, 1), embed=embed, embedder="chars")
    unseen, labels = _columns(30, 2)
    found = model.predict(unseen, embed)
    assert [p.type for p in found] == labels
    assert all(0.5 < p.confidence <= 1 and len(p.others) == 2 for p in found)
    learned_store.save(model, tmp_path / "model")
    learned_store.save(model, tmp_path / "model")
    again = learned_store.load(tmp_path / "model")
    assert [p.type for p in again.predict(unseen, embed)] == labels
    assert again.embedder == ("chars" if embedded else "") and again.trained == 30
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert again.predict([], embed) == []


def test_two_types_are_enough_and_one_is_not() -> None:
    columns, labels = _columns(12, 3)
    pairs = [(c, label) for c, label in zip(columns, labels, strict=True) if label != "mood"]
    model = learned.train([c for c, _ in pairs], [label for _, label in pairs])
    assert [p.type for p in model.predict([c for c, _ in pairs])] == [label for _, label in pairs]
    with pytest.raises(ModelError, match="fewer than two types"):
        learned.train(columns[:1], labels[:1])
    with pytest.raises(ModelError, match="labels"):
        learned.train(columns, labels[:1])


def test_another_embedder_or_a_damaged_file_is_refused(tmp_path: Path) -> None:
    model = learned.train(*_columns(12, 4))
    with pytest.raises(ModelError, match="without embeddings"):
        model.predict(_columns(3, 5)[0], _embed)
    with pytest.raises(ModelError, match="holds no classifier"):
        learned_store.load(tmp_path / "none")
    learned_store.save(model, tmp_path / "model")
    said = json.loads((tmp_path / "model" / "model.json").read_text(encoding="utf-8"))
    (tmp_path / "model" / "model.json").write_text(json.dumps(said | {"format": 0}), encoding="utf-8")
    with pytest.raises(ModelError, match="format 0"):
        learned_store.load(tmp_path / "model")
    (tmp_path / "model" / "arrays.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ModelError, match="holds no classifier"):
        learned_store.load(tmp_path / "model")


def test_a_trained_classifier_is_asked_where_the_types_know_nothing() -> None:
    columns, labels = _columns(60, 7)
    model = classify.Model(learned.train(columns, labels))
    unseen, said = _columns(6, 8)
    frame = {f"c{i}": pl.Series(c.values * 3) for i, c in enumerate(unseen[:3])} | {"c9": column("email")}
    without, found = classify.table(frame), classify.table(frame, model=model)
    assert without["c1"] is None or without["c1"].type not in said
    assert [m and m.type for m in found.values()] == [*said[:3], "email"]
    assert "60 labelled columns" in found["c1"].evidence[0]  # type: ignore[union-attr]
    assert classify.table({"c": pl.Series(["", None])}, model=model) == {"c": None}


def test_it_trains_from_corrections() -> None:
    columns, labels = _columns(30, 6)
    entries = tuple(
        Correction(source="s", table=c.table, column=str(i), type=label, who="ann", when="2026-01-01")
        for i, (c, label) in enumerate(zip(columns, labels, strict=True))
    )
    gone = Correction(source="s", table="x", column="gone", type="ward", who="ann", when="2026-01-01")
    values = {str(i): c.values for i, c in enumerate(columns)}
    given, said = learned.from_corrections(Corrections((*entries, gone)), lambda s, t, c: values.get(c))
    assert said == labels and given[0].table == "s/t0"
    assert learned.train(given, said).predict([Column(("North Ward 3", "South Ward 9"))])[0].type == "ward"
