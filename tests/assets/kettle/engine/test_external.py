"""Buffers, sorting and splitting of rows that do not fit in memory."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.kettle.engine import buffers, external
from assets.kettle.engine.buffers import Buffer, Memory, frame_bytes
from assets.kettle.engine.external import SortBuffer, parts_by_key
from assets.kettle.values.compare import SortKey, sort_columns
from assets.kettle.values.fields import Field, Layout, ValueType

LAYOUT = Layout([Field("id", ValueType.INTEGER), Field("k"), Field("x", ValueType.NUMBER)])
LIMIT = 65_536


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A small limit, of which work on spilled rows takes a small part."""
    monkeypatch.setattr(buffers, "LEAST", 4096)
    monkeypatch.setattr(buffers, "RECORD_ROWS", 64)
    monkeypatch.setattr(external, "ENTRIES", 16)
    return Memory(LIMIT, tmp_path)


def rows_of(rows: int) -> pl.DataFrame:
    random = np.random.default_rng(7)
    words = pl.Series(["a", "B", None, "b", "", "\uffee", "\U0001f600"])
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "k": words[pl.Series(random.integers(0, 7, rows))],
            "x": random.integers(-3, 3, rows) * -0.0 + random.integers(-2, 3, rows),
        },
        schema=LAYOUT.schema,
    )


def fill(buffer: Buffer, rows: int) -> pl.DataFrame:
    frame = rows_of(rows)
    for part in frame.iter_slices(500):
        buffer.append(part)
    return frame


@pytest.mark.parametrize(
    "keys",
    [
        [SortKey("k", ascending=False, case_sensitive=False), SortKey("x")],
        [SortKey("id", ascending=False)],
        [SortKey("k"), SortKey("k", ascending=False)],
    ],
    ids=["two", "reversed", "twice"],
)
def test_a_spilled_sort_gives_the_order_of_the_one_in_memory(
    tmp_path: Path, memory: Memory, keys: list[SortKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def counted(frame: pl.DataFrame, layout: Layout, by: list[SortKey]) -> pl.DataFrame:
        held.append(frame_bytes(frame))
        return sort_columns(frame, layout, by)

    monkeypatch.setattr(external, "sort_columns", counted)
    buffer = SortBuffer(LAYOUT, memory, keys)
    frame = fill(buffer, 20_000)
    assert buffer.spilled and memory.spills > 10
    batches = list(buffer.sorted_batches(300))
    assert max(batch.height for batch in batches) <= 300
    assert pl.concat(batches).equals(sort_columns(frame, LAYOUT, keys))
    # no run and no piece of the merge is more than the limit allows; what is left of a piece is sorted once more
    assert max(held) < LIMIT and sum(held) < 10 * frame_bytes(frame)
    assert memory.used == 0 and memory.most <= LIMIT + 3 * 500 * frame_bytes(frame.head(1))
    memory.close()
    assert list(tmp_path.iterdir()) == []


def test_a_buffer_keeps_to_the_limit_and_reads_no_more_than_asked_for(memory: Memory) -> None:
    buffer = Buffer(LAYOUT, memory)
    frame = fill(buffer, 10_000)
    assert buffer.spilled and memory.most <= LIMIT + frame_bytes(frame.head(500))
    assert pl.concat(buffer.batches(77)).equals(frame) and max(b.height for b in buffer.batches(77)) <= 77
    for low, high in ((0, 1), (1_990, 6_010), (9_000, 10_000), (0, 10_000), (5, 5)):
        assert buffer.between(low, high).equals(frame.slice(low, high - low))
    assert buffer.collect().equals(frame)
    buffer.clear()
    assert memory.used == 0


def test_kept_rows_do_not_keep_the_texts_of_their_batch(memory: Memory) -> None:
    batch = pl.DataFrame({"id": range(1000), "k": [f"{n}" * 100 for n in range(1000)], "x": [0.5] * 1000})
    buffer = Buffer(LAYOUT, memory)
    buffer.append(batch.filter(pl.col("id") == 7))
    kept = buffer.collect()
    assert kept.rows() == [(7, "7" * 100, 0.5)]
    assert kept["k"].to_arrow(compat_level=pl.CompatLevel.newest()).get_total_buffer_size() < 1000


def test_short_texts_count_with_their_views() -> None:
    short, long = pl.DataFrame({"s": ["ab", None, ""]}), pl.DataFrame({"s": ["x" * 100] * 3})
    assert frame_bytes(short) == 3 * 16 and frame_bytes(long) >= 3 * (16 + 100)


def test_parts_hold_all_rows_of_a_key_in_their_order(memory: Memory) -> None:
    buffer = Buffer(LAYOUT, memory)
    frame = fill(buffer, 5_000)
    parts = list(parts_by_key(buffer, memory, lambda f: [f["x"]], 300))
    assert len(parts) > 1 and sum(part.height for part in parts) == 5_000
    owners = [set(part["x"].unique()) for part in parts]
    assert sum(map(len, owners)) == len(set().union(*owners))
    assert all(part["id"].is_sorted() for part in parts)
    assert set(pl.concat(parts)["id"]) == set(frame["id"])
