"""Sorting and splitting of buffers that do not fit in memory."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.kettle.engine import external
from assets.kettle.engine.buffers import Buffer, Memory
from assets.kettle.values.compare import SortKey, sort_columns
from assets.kettle.values.fields import Field, Layout, ValueType

LAYOUT = Layout([Field("id", ValueType.INTEGER), Field("k"), Field("x", ValueType.NUMBER)])


def filled(memory: Memory, rows: int) -> tuple[Buffer, pl.DataFrame]:
    random = np.random.default_rng(7)
    words = pl.Series(["a", "B", None, "b", "", "\uffee", "\U0001f600"])
    frame = pl.DataFrame(
        {
            "id": np.arange(rows),
            "k": words[pl.Series(random.integers(0, 7, rows))],
            "x": random.integers(-3, 3, rows) * -0.0 + random.integers(-2, 3, rows),
        },
        schema=LAYOUT.schema,
    )
    buffer = Buffer(LAYOUT, memory)
    for part in frame.iter_slices(500):
        buffer.append(part)
    return buffer, frame


def test_a_spilled_sort_gives_the_order_of_the_one_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "LEAST", 4096)
    memory = Memory(16_384, tmp_path)
    buffer, frame = filled(memory, 20_000)
    assert buffer.spilled
    keys = [SortKey("k", ascending=False, case_sensitive=False), SortKey("x")]
    batches = list(external.sorted_batches(buffer, memory, LAYOUT, keys, 300))
    assert max(batch.height for batch in batches) <= 300
    assert pl.concat(batches).equals(sort_columns(frame, LAYOUT, keys))
    memory.close()
    assert list(tmp_path.iterdir()) == []


def test_parts_hold_all_rows_of_a_key_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "LEAST", 4096)
    memory = Memory(16_384, tmp_path)
    buffer, frame = filled(memory, 5_000)
    parts = list(external.parts_by_key(buffer, memory, lambda f: [f["x"]], 300))
    assert len(parts) > 1 and sum(part.height for part in parts) == 5_000
    owners = [set(part["x"].unique()) for part in parts]
    assert sum(map(len, owners)) == len(set().union(*owners))
    assert all(part["id"].is_sorted() for part in parts)
    assert set(pl.concat(parts)["id"]) == set(frame["id"])
