"""Runs a transformation: plans the layouts, then pushes batches of rows along the hops until nothing is left.

One thread: polars uses all cores inside a batch. The deepest step with waiting rows always goes first, so little waits
anywhere; a step that keeps rows (sort, join) keeps them in buffers that spill. There is no row-set limit between steps
and so none of Kettle's deadlocks.
"""

from collections.abc import Generator, Iterator
from time import monotonic

import polars as pl

from assets.kettle.engine.background import ahead
from assets.kettle.engine.blame import blamed, in_file
from assets.kettle.engine.buffers import slices
from assets.kettle.engine.graph import Graph, build_graph
from assets.kettle.engine.node import Node
from assets.kettle.engine.result import Result, Stopwatch
from assets.kettle.engine.run import Run
from assets.kettle.engine.step import Step
from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import KettleError, StepError
from assets.kettle.steps.registry import step_class
from assets.kettle.values.fields import Layout

PROGRESS_SECONDS = 1.0
MAX_COPIES = 1_000


class Engine:
    """The running graph of one transformation."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.graph: Graph = build_graph(run.transformation)
        self.nodes: dict[str, Node] = {}
        self._rank = {name: number for number, name in enumerate(self.graph.order)}
        self._waiting: set[str] = set()
        self._told = monotonic()

    # -- planning

    def plan(self) -> None:
        """Makes all steps and computes every layout. Raises the errors that show without rows."""
        transformation = self.run.transformation
        file = str(transformation.path or transformation.name)
        for name in self.graph.order:
            node = transformation.steps[name]
            kind = step_class(node.type, name, file)
            # partitioned copies never share a key: together they do what one copy does
            parts = node.options.text("partitioning/method", default="none").lower() != "none"
            copies = 1 if parts else self._copies(kind, node.copies, name)
            with blamed(name):
                steps = [kind(node, self.run) for _ in range(copies)]
            self.nodes[name] = Node(
                steps, self.run, self.graph.targets[name], self.graph.errors.get(name), self._deliver
            )
        for name in self.graph.order:
            self._plan_step(name)
        for name, placed in self.nodes.items():
            # of a part of a transformation not all neighbours are there
            near = [s for s in self.graph.inputs[name] if s in self.nodes]
            placed.copied = {s for s in near if name in self.nodes[s].common and not self._deals(s)}
            placed.parts = {t: len(self.nodes[t].steps) if t in self.nodes else 1 for t in placed.targets}

    def _plan_step(self, name: str) -> None:
        """Computes the layouts of one step.

        A step that no row can reach does nothing in Kettle, whatever its options say: fields are looked for with the
        first row only.
        """
        node = self.nodes[name]
        try:
            with blamed(name):
                node.plan(self.layouts_into(name))
        except StepError:
            if not self._starved(name):
                raise
            node.idle(self.layouts_into(name))

    def _starved(self, name: str) -> bool:
        """Whether the step only takes rows and gets none: it has no input, or only such as are starved.

        A step that may also say something without input (Table input takes parameters) is a source: its error counts.
        """
        node = self.nodes.get(name)
        if node is None:  # runs elsewhere: its rows are fed
            return False
        kind = type(node.step)
        takes = kind.rows is not Step.rows and (kind.produce is Step.produce or kind.blocking)
        return (takes or node.idled) and all(
            source in self.nodes and self._starved(source) for source in self.graph.inputs[name]
        )

    def layouts_into(self, name: str) -> dict[str, Layout]:
        """The layouts that reach a step, by sending step."""
        return {source: self.nodes[source].layout_to(name) for source in self.graph.inputs[name]}

    def _copies(self, kind: type[Step], text: str, name: str) -> int:
        resolved = self.run.variables.resolve(text or "1").strip() or "1"
        if not resolved.isdigit():
            raise StepError(name, f"the number of copies is {resolved!r}", "give a whole number or set the variable")
        if int(resolved) > MAX_COPIES:
            raise StepError(name, f"{resolved} copies are more than {MAX_COPIES}", "give a smaller number")
        sources = self.graph.inputs[name]
        dealt = all(self._deals(source) for source in sources)
        return 1 if kind.copies_as_one and sources and dealt else max(1, int(resolved))

    def _deals(self, name: str) -> bool:
        """Whether the step deals its rows out one by one instead of copying them."""
        return self.run.transformation.steps[name].distribute

    # -- running

    def execute(self) -> None:
        """Starts all steps, runs until every step has finished or one ends the run, closes all steps.

        Raises:
            KettleError: a step failed.
        """
        run = self.run
        try:
            with in_file(str(run.transformation.path or run.transformation.name)):
                self._start()
                self._loop()
        except StopRun as stop:
            run.result.stopped = True
            run.result.errors += stop.errors
            run.log(run.transformation.name, str(stop), "MINIMAL")
        finally:
            for node in self.nodes.values():
                if isinstance(node.producing, Generator):
                    node.producing.close()  # ends a thread that reads ahead
                for step in node.steps:
                    step.close()
            run.observer.progress(run.counters)
        run.result.ok = run.result.errors == 0
        run.result.steps = run.counters
        run.result.log_text = "\n".join(run.log_lines)

    def _start(self) -> None:
        for name in self.graph.order:
            node = self.nodes[name]
            node.open_inputs = set(self.graph.inputs[name])
            for step in node.steps:
                with Stopwatch(node.counters), blamed(name):
                    step.start()

    def _loop(self) -> None:
        producers = self._source_order()
        while self._turn(producers):
            if monotonic() - self._told > PROGRESS_SECONDS:
                self._told = monotonic()
                self.run.observer.progress(self.run.counters)
        stuck = [n for n in self.graph.order if not self.nodes[n].finished]
        if stuck:
            raise KettleError(
                f"{self.run.transformation.name}: the steps {', '.join(stuck)} wait for each other",
                "remove one of the waits (Block until steps finish)",
            )

    def _turn(self, producers: list[str]) -> bool:
        """One batch through one step; False when there is nothing left to do."""
        try:
            if self._waiting:
                self._work(max(self._waiting, key=self._rank.__getitem__))
                return True
            name = self._next_producer(producers)
            if name is not None:
                self._advance(name)
            return name is not None
        except StopRun as stop:
            if not stop.drain:
                raise
            self.run.result.errors += stop.errors
            self.run.log(self.run.transformation.name, str(stop), "MINIMAL")
            for name in self.graph.order:
                if not self.graph.inputs[name]:
                    self.nodes[name].producing = iter(())
            return True

    def _source_order(self) -> list[str]:
        """Producers in the order in which they are asked: what feeds look-up streams first, then the file's order."""
        side = {(s, n) for n in self.graph.order for s in self.nodes[n].step.named_inputs()}
        feeds = {name for name in self.graph.order if any(name == s or self.graph.between(name, s) for s, _ in side)}
        return sorted(self.graph.order, key=lambda n: (n not in feeds, self._rank[n]))

    def _next_producer(self, order: list[str]) -> str | None:
        """The step that may say more: those in the middle of the graph before sources, look-up sources first."""
        ready = [n for n in order if self._may_produce(self.nodes[n])]
        return next((n for n in ready if self.graph.inputs[n]), ready[0] if ready else None)

    def _may_produce(self, node: Node) -> bool:
        if node.finished or node.open_inputs:
            return False
        return all(self.nodes[w].finished for w in node.step.waits_for() if w in self.nodes)

    def _work(self, name: str) -> None:
        node = self.nodes[name]
        source, frame = node.queue.popleft()
        if not node.queue:
            self._waiting.discard(name)
        with Stopwatch(node.counters), blamed(name):
            if frame is None:
                node.ended(source)
            else:
                node.take(source, frame)

    def _advance(self, name: str) -> None:
        """Takes one batch from a producer, or ends it."""
        node = self.nodes[name]
        with Stopwatch(node.counters), blamed(name):
            if node.producing is None:
                alone = not self.graph.inputs[name] and node.error is None and len(node.steps) == 1
                frames = node.produce()
                node.producing = self._sliced(ahead(frames) if alone and node.step.reads_ahead else frames)
            frame = next(node.producing, None)
            if frame is not None:
                if frame.height:
                    node.send(frame, None)
                return
        node.finished = True
        self.run.observer.finished(name, node.counters)
        error = [node.error] if node.error else []
        for target in [*self.graph.targets[name], *error]:
            self._end(name, target)

    def _end(self, source: str, target: str) -> None:
        """Tells a step that one of its inputs has no more rows."""
        self.nodes[target].queue.append((source, None))
        self._waiting.add(target)

    def _sliced(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in frames:
            if frame.height <= 2 * self.run.settings.batch_rows:
                yield frame
            else:
                yield from slices(frame, self.run.settings.batch_rows)

    def _deliver(self, source: str, target: str, frame: pl.DataFrame) -> None:
        if target not in self.nodes:
            raise StepError(source, f"it sends rows to {target!r}, which is not connected", "draw the hop")
        self.nodes[target].queue.append((source, frame))
        self._waiting.add(target)


def execute(run: Run) -> Result:
    """Plans and runs; the result says how it went. Outputs and databases are the caller's to commit.

    Raises:
        KettleError: it could not be planned, or a step failed.
    """
    engine = Engine(run)
    with in_file(str(run.transformation.path or run.transformation.name)):
        engine.plan()
    engine.execute()
    return run.result
