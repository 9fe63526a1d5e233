"""Runs some of a transformation's steps alone: rows of the hops that lead in are fed, of those that lead out captured.

Each step sees the rows in the order in which the whole transformation would send them: hops that lead in are fed one
after the other, in the order in which the whole run fills them (`hop_order`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from assets.kettle.engine.buffers import slices
from assets.kettle.engine.result import Result
from assets.kettle.engine.run import Run
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import committed
from assets.kettle.errors import KettleError, StepError
from assets.kettle.values.fields import Layout

Edge = tuple[str, str]


@dataclass(slots=True)
class Portion:
    """The rows of one hop: frames in memory, or functions that load them one by one.

    Attributes:
        bytes: of the frames in memory, as polars estimates them.
    """

    layout: Layout
    frames: list[pl.DataFrame | Callable[[], pl.DataFrame]] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def append(self, frame: pl.DataFrame) -> int:
        """Adds a batch; gives its bytes."""
        size = int(frame.estimated_size())
        self.frames.append(frame)
        self.rows += frame.height
        self.bytes += size
        return size

    def spill(self, folder: Path, name: str) -> None:
        """Writes the frames that are in memory to files in the folder. Frames without columns stay."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(self.frames):
            if isinstance(frame, pl.DataFrame) and frame.width:
                path = folder / f"{name}-{number}.arrow"
                frame.write_ipc(path)
                self.frames[number] = partial(pl.read_ipc, path)

    def batches(self) -> Iterator[pl.DataFrame]:
        """The batches in order."""
        for frame in self.frames:
            yield frame if isinstance(frame, pl.DataFrame) else frame()


class Part(Engine):
    """The engine with a subset of the steps.

    Args:
        steps: which run; the rows of hops from other steps are in `feeds`.
        feeds: in the order in which they are to be read.
        spill: the folder that takes captured rows when they pass the run's memory limit.
    """

    def __init__(
        self, run: Run, steps: Sequence[str], feeds: Mapping[Edge, Portion], spill: Path | None = None
    ) -> None:
        super().__init__(run)
        chosen = set(steps)
        self._whole = self.graph.order
        self.graph.order = [name for name in self.graph.order if name in chosen]
        self.sent: dict[Edge, Portion] = {}
        self._feeds = dict(feeds)
        missing = [(s, n) for n in self.graph.order for s in self.graph.inputs[n] if s not in chosen]
        for edge in missing:
            if edge not in self._feeds:
                raise KettleError(f"the rows from {edge[0]!r} to {edge[1]!r} are missing", "run the steps before again")
        self._pending = iter([(edge, portion) for edge, portion in self._feeds.items() if edge[1] in chosen])
        self._spill = spill
        self._held = 0
        self._batches: tuple[Edge, Iterator[pl.DataFrame]] | None = None

    def layouts_into(self, name: str) -> dict[str, Layout]:
        """The layouts that reach a step: computed, or those of the rows that are fed."""
        return {
            source: self.nodes[source].layout_to(name) if source in self.nodes else self._feeds[source, name].layout
            for source in self.graph.inputs[name]
        }

    def plan(self) -> None:
        """Plans the chosen steps, and opens a portion for each hop that leads out."""
        super().plan()
        for name in self.graph.order:
            error = self.graph.errors.get(name)
            for target in [*self.graph.targets[name], *([error] if error else [])]:
                if target not in self.nodes:
                    self.sent[name, target] = Portion(self.nodes[name].layout_to(target))

    def _turn(self, producers: list[str]) -> bool:
        if not self._waiting and self._feed():
            return True
        return super()._turn(producers)

    def _feed(self) -> bool:
        """Puts one batch, or the end, of the next hop that leads in before its step."""
        if self._batches is None:
            following = next(self._pending, None)
            if following is None:
                return False
            self._batches = following[0], self._sliced_feed(following[1])
        edge, batches = self._batches
        frame = next(batches, None)
        if frame is None:
            self._batches = None
            self._end(*edge)
        else:
            super()._deliver(*edge, frame)
        return True

    def _sliced_feed(self, portion: Portion) -> Iterator[pl.DataFrame]:
        for frame in portion.batches():
            yield from slices(frame, self.run.settings.batch_rows)

    def _deliver(self, source: str, target: str, frame: pl.DataFrame) -> None:
        portion = self.sent.get((source, target))
        if portion is None:
            super()._deliver(source, target, frame)
            return
        self._held += portion.append(frame)
        if self._spill is not None and self._held > self.run.settings.memory_bytes:
            for number, held in enumerate(self.sent.values()):
                held.spill(self._spill, f"spill-{number}")
            self._held = 0

    def _end(self, source: str, target: str) -> None:
        if target in self.nodes:
            super()._end(source, target)


@dataclass(slots=True)
class PartResult:
    """What some steps did: the run's result and the rows of the hops that lead out."""

    result: Result
    sent: dict[Edge, Portion]
    engine: Part


def run_part(run: Run, steps: Sequence[str], feeds: Mapping[Edge, Portion], spill: Path | None = None) -> PartResult:
    """Runs the steps and commits what they wrote.

    Raises:
        KettleError: they could not be planned, or one failed; nothing that can be rolled back has changed.
    """
    with committed(run):
        part = Part(run, steps, feeds, spill)
        part.plan()
        part.execute()
    if not run.result.ok:
        raise StepError(failed_step(run), f"the run ended with {run.result.errors} errors: {last_words(run)}", "")
    return PartResult(run.result, part.sent, part)


def failed_step(run: Run) -> str:
    """The step that counted errors, or the transformation's name."""
    return next((name for name, c in run.counters.items() if c.errors), run.transformation.name)


def last_words(run: Run) -> str:
    """The last line of the log."""
    return run.log_lines[-1] if run.log_lines else "no log"
