"""Reading ahead and writing behind."""

import threading
from collections.abc import Iterator

import polars as pl
import pytest

from assets.kettle.engine.background import DEPTH, Behind, ahead


def test_frames_come_in_order_and_only_a_few_are_made_in_advance() -> None:
    made: list[int] = []

    def frames() -> Iterator[pl.DataFrame]:
        for number in range(20):
            made.append(number)
            yield pl.DataFrame({"n": [number]})

    reading = ahead(frames())
    first = next(reading)
    assert first["n"][0] == 0
    threading.Event().wait(0.2)
    assert len(made) <= DEPTH + 2
    assert [f["n"][0] for f in reading] == list(range(1, 20))


def test_an_error_comes_out_and_the_thread_ends() -> None:
    def frames() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"n": [1]})
        raise ValueError("broken")

    reading = ahead(frames())
    next(reading)
    with pytest.raises(ValueError, match="broken"):
        next(reading)
    assert not [t for t in threading.enumerate() if t.name == "kettle-read-ahead"]


def test_closing_early_ends_the_thread() -> None:
    reading = ahead(iter([pl.DataFrame({"n": [i]}) for i in range(100)]))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name == "kettle-read-ahead"]


def test_calls_run_in_order_and_a_failure_is_told() -> None:
    done: list[int] = []
    behind = Behind()
    for number in range(5):
        behind.call(lambda n=number: done.append(n))  # type: ignore[misc]
    behind.finish()
    assert done == [0, 1, 2, 3, 4]

    def fail() -> None:
        raise OSError("disk full")

    behind.call(fail)
    with pytest.raises(OSError, match="disk full"):
        behind.finish()
    behind.close()
