"""The order of rows where several hops meet in one step.

PDI 9.3 reads a block of 500 rows from an input, in the order of the hops, then goes to the next input that has rows
(501 from there: the look ahead counts extra). An input that has ended is taken out of the list and the one after the
next is read: single rows from four inputs come as 1, 3, 2, 4 (measured). Here rows of all inputs count as waiting; what
really waits is at most one row set (10,000 rows): an input that is further ahead is read alone.
"""

from collections import deque
from collections.abc import Iterator

import polars as pl

ROW_SET = 10_000
BLOCK = 500


class Interleave:
    """Takes batches per input and gives them back in PDI's turns."""

    def __init__(self, sources: list[str]) -> None:
        self.sources = set(sources)
        self._streams = list(sources)
        self._waiting: dict[str, deque[pl.DataFrame]] = {source: deque() for source in sources}
        self._ended: set[str] = set()
        self._current = 0
        self._taken = 0

    def add(self, source: str, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """A batch has come; what can go on now."""
        self._waiting[source].append(frame)
        yield from self._turns()
        queue = self._waiting[source]
        if sum(f.height for f in queue) > ROW_SET:
            yield from queue
            queue.clear()

    def end(self, source: str) -> Iterator[pl.DataFrame]:
        """An input has ended; what can go on now."""
        self._ended.add(source)
        yield from self._turns()

    def _turns(self) -> Iterator[pl.DataFrame]:
        while self._streams:
            source = self._streams[self._current]
            queue = self._waiting[source]
            if queue:
                frame = self._cut(queue, BLOCK - self._taken) if len(self._streams) > 1 else queue.popleft()
                self._taken += frame.height
                yield frame
                if self._taken >= BLOCK and len(self._streams) > 1:
                    self._switch()
            elif source in self._ended:
                del self._streams[self._current]
                self._next()
            else:
                return

    def _switch(self) -> None:
        """After a block: the next input that has rows or may still have some; its first row does not count."""
        for _ in range(len(self._streams)):
            self._next()
            source = self._streams[self._current]
            if self._waiting[source] or source not in self._ended:
                break
        self._taken = -1

    def _next(self) -> None:
        self._taken = 0
        if len(self._streams) < 2:
            self._current = 0
        else:
            self._current = (self._current + 1) % len(self._streams)

    @staticmethod
    def _cut(queue: deque[pl.DataFrame], rows: int) -> pl.DataFrame:
        frame = queue.popleft()
        if frame.height > rows:
            queue.appendleft(frame[rows:])
            frame = frame[:rows]
        return frame
