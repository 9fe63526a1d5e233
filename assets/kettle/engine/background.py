"""Reading ahead and writing behind on a thread of their own: polars lets the threads run side by side."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeAlias

import polars as pl

DEPTH = 2
POLL_SECONDS = 0.1
Item: TypeAlias = pl.DataFrame | BaseException | None


class _Ready:
    """A short queue that stops taking when its reader has gone."""

    def __init__(self) -> None:
        self.queue: Queue[Item] = Queue(DEPTH)
        self.stopped = Event()

    def put(self, item: Item) -> None:
        """Waits for room, unless nobody reads any more."""
        while not self.stopped.is_set():
            try:
                self.queue.put(item, timeout=POLL_SECONDS)
                return
            except Full:
                continue

    def fill(self, frames: Iterator[pl.DataFrame]) -> None:
        """All frames, then None; or the error that ended them."""
        try:
            for frame in frames:
                self.put(frame)
                if self.stopped.is_set():
                    return
            self.put(None)
        except BaseException as error:  # whatever it is, it belongs to the run's own thread
            self.put(error)
        finally:
            if isinstance(frames, Generator):
                frames.close()  # here, so that a thread below this one ends with it


def ahead(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same frames, with up to `DEPTH` of them made in advance. Errors come out where the frame would have."""
    ready = _Ready()
    thread = Thread(target=ready.fill, args=(frames,), daemon=True, name="kettle-read-ahead")
    thread.start()
    try:
        while (item := ready.queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        ready.stopped.set()
        _emptied(ready.queue)
        thread.join()


def _emptied(ready: "Queue[Item]") -> None:
    while True:
        try:
            ready.get_nowait()
        except Empty:
            return


class Behind:
    """Runs calls one after the other on a thread; at most `DEPTH` wait. An error comes out of the next call."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="kettle-write-behind")
        self._waiting: deque[Future[None]] = deque()

    def call(self, function: Callable[[], None]) -> None:
        """Queues a call; waits while too many are queued."""
        while len(self._waiting) >= DEPTH:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(function))

    def finish(self) -> None:
        """Waits until all calls are done. Raises the error of the first that failed."""
        while self._waiting:
            self._waiting.popleft().result()

    def close(self) -> None:
        """Forgets what has not begun, waits for what has."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._waiting.clear()
