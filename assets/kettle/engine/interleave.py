"""The order of rows where several hops meet in one step.

PDI takes one row from each input in turn, in the order of the hops, as long as rows wait there; an input that has ended
is left out. What waits is at most one row set (10,000 rows): an input that is further ahead is read alone.
"""

from collections import deque
from collections.abc import Iterator

import polars as pl

ROW_SET = 10_000


class Interleave:
    """Takes batches per input and gives them back row by row in turn."""

    def __init__(self, sources: list[str]) -> None:
        self.sources = set(sources)
        self._waiting: dict[str, deque[pl.DataFrame]] = {source: deque() for source in sources}
        self._open = set(sources)

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
        self._open.discard(source)
        yield from self._turns()

    def _turns(self) -> Iterator[pl.DataFrame]:
        while all(self._waiting[source] for source in self._open):
            queues = [queue for queue in self._waiting.values() if queue]
            if not queues:
                return
            rows = min(queue[0].height for queue in queues)
            parts = [self._cut(queue, rows) for queue in queues]
            yield _zipped(parts, rows)

    @staticmethod
    def _cut(queue: deque[pl.DataFrame], rows: int) -> pl.DataFrame:
        frame = queue.popleft()
        if frame.height > rows:
            queue.appendleft(frame[rows:])
            frame = frame[:rows]
        return frame


def _zipped(parts: list[pl.DataFrame], rows: int) -> pl.DataFrame:
    if len(parts) == 1:
        return parts[0]
    if not parts[0].width:
        return pl.DataFrame(height=rows * len(parts))
    turn = pl.int_range(rows * len(parts), eager=True)
    return pl.concat(parts)[(turn % len(parts)) * rows + turn // len(parts)]
