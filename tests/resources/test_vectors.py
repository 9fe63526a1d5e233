"""Both vector stores keep the same contract."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoreError
from resources.ports import Vectors
from resources.vectors_lancedb import LanceVectors

RNG = np.random.default_rng(7)


@pytest.fixture(params=["lancedb", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vectors]:
    if request.param == "lancedb":
        yield LanceVectors.from_url(f"lancedb://{tmp_path}/vectors")
    else:
        from resources.vectors_postgres import PostgresVectors

        yield PostgresVectors.from_url(request.getfixturevalue("postgres_url"))


def unit(rows: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    vectors = RNG.normal(size=(rows, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.covers("STK-074")
def test_the_nearest_come_first_with_their_cosines(store: Vectors) -> None:
    vectors = unit(1200)
    ids = [f"c'{i}\"; drop" for i in range(1200)]
    assert store.count("handbook_1") is None
    assert store.put("handbook_1", ids, vectors) == 1200
    assert store.count("handbook_1") == 1200
    query = unit(1)[0]
    found = store.search("handbook_1", query, 10)
    cosines = vectors @ query
    expected = np.argsort(-cosines)[:10]
    assert [name for name, _ in found] == [ids[i] for i in expected]
    assert np.allclose([score for _, score in found], cosines[expected], atol=1e-5)


def test_a_collection_is_replaced_whole_and_dropped(store: Vectors) -> None:
    store.put("handbook_1", ["a", "b"], unit(2))
    store.put("handbook_1", ["z"], unit(1))
    store.put("handbook_2", ["y"], unit(1))
    store.put("other", ["y"], unit(1))
    assert store.count("handbook_1") == 1
    assert store.collections("handbook_") == ["handbook_1", "handbook_2"]
    store.drop("handbook_1")
    store.drop("handbook_1")
    assert store.collections("") == ["handbook_2", "other"]
    with pytest.raises(StoreError, match="no vectors handbook_1"):
        store.search("handbook_1", unit(1)[0], 3)


def test_a_reader_sees_the_old_or_the_new_collection(postgres_url: str) -> None:
    from resources.vectors_postgres import PostgresVectors

    store = PostgresVectors.from_url(postgres_url)
    store.put("c", [f"old{i}" for i in range(50)], unit(50))
    stop, seen, errors = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                names = {name[:3] for name, _ in store.search("c", unit(1)[0], 50)}
                seen.append(tuple(names))
            except Exception as error:  # whatever a reader meets is a failure here
                errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(4):
        store.put("c", [f"{'new' if turn % 2 == 0 else 'old'}{i}" for i in range(50)], unit(50))
    stop.set()
    reader.join()
    assert errors == []
    assert set(seen) <= {("old",), ("new",)} and seen


def test_an_unreachable_server_is_named_without_its_password() -> None:
    from resources.vectors_postgres import PostgresVectors

    store: Callable[..., object] = PostgresVectors.from_url("postgresql://u:hidden@127.0.0.1:1/x").count
    with pytest.raises(StoreError, match="cannot reach postgresql") as caught:
        store("c")
    assert "hidden" not in str(caught.value)
