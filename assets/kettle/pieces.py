"""Cuts a transformation into pieces that run as separate ops, without changing what comes out.

A step runs alone when it only turns the rows it gets into rows it sends, or reads. Everything that changes something
outside (tables, files, variables, result rows) and what comes after such a step stays together in one final piece with
one transaction: so outputs are all or nothing, and a retry that starts in the middle never loses a write. No polars
here: the definitions are cut while they load.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[str, str]

# types of Kettle and of Hop that neither write, nor ask another step, nor keep anything between two runs
SEPARABLE = frozenset(
    """
    Dummy DummyTrans SelectValues FilterRows Constant Calculator Formula ScriptValueMod ScriptValue Janino JavaFilter
    SortRows Unique UniqueRowsByHashSet GroupBy MemoryGroupBy MergeJoin JoinRows MergeRows MultiwayMergeJoin
    StreamLookup StringOperations StringCut ReplaceString IfNull NullIf SetValueField SetValueConstant ValueMapper
    NumberRange SwitchCase SplitFieldToRows3 SplitFieldToRows FieldSplitter ConcatFields Denormaliser Normaliser
    Flattener Flatterner RegexEval FieldsChangeSequence AnalyticQuery CheckSum UnivariateStats Append PrioritizeStreams
    SampleRows Validator CreditCardValidator FuzzyMatch RowGenerator DataGrid TableInput CsvInput CSVInput
    TextFileInput TextFileInput2 TextFileInputV2 OldTextFileInput ExcelInput JsonInput getXMLData GetXMLData
    FixedInput PropertyInput LoadFileInput GetFileNames GetSubFolders GetTableNames FileExists TableExists
    ColumnExists DBLookup DBJoin ClosureGenerator StepMetastructure FileMetadata SymmetricCryptoTrans XBaseInput
    YamlInput LDAPInput GetFilesRowsCount MergeRowsPlugin
    """.split()  # noqa: SIM905  # a list of eighty names reads better as text
)


@dataclass(frozen=True, slots=True)
class Op:
    """One op: its steps, the ops whose rows it takes, the assets that it waits for.

    Attributes:
        final: it commits, and waits for all others.
    """

    name: str
    steps: tuple[str, ...]
    sources: tuple[str, ...]
    waits: tuple[str, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class Pieces:
    """Steps that run alone, in order, and those of the final piece, in order."""

    alone: tuple[str, ...]
    last: tuple[str, ...]


def cut(
    order: Sequence[str], targets: Mapping[str, Sequence[str]], separable: Iterable[str], limit: int | None
) -> Pieces:
    """The pieces of a graph.

    Args:
        order: steps, topologically sorted.
        targets: step -> all steps its hops lead to, error hops included.
        separable: steps that may run alone.
        limit: more steps than this run in one piece; None sets no limit, 0 makes one piece always.
    """
    if limit is not None and len(order) > limit:
        return Pieces((), tuple(order))
    may = set(separable)
    last: set[str] = set()
    for name in order:
        if name in last or name not in may:
            last |= {name, *_after(name, targets)}
    last = last or set(order[-1:])  # something has to end the run
    return Pieces(tuple(n for n in order if n not in last), tuple(n for n in order if n in last))


def _after(name: str, targets: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(targets.get(name, ()))
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += targets.get(step, ())
    return found


def together(ops: Sequence[Op], first: Op, present: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The steps that can run with the first: those whose rows all come from it, over any number of ops.

    Args:
        ops: of the graph, topologically sorted.
        present: names of the ops that the same process runs -> what these wait for, beside ops of the graph.
    """
    members = {first.name: first}
    there = set(present[first.name])
    for op in ops:
        if op.final or op.name not in present or not op.sources:
            continue
        if members.keys() >= set(op.sources) and there.issuperset(present[op.name]):
            members[op.name] = op
    return tuple(step for op in members.values() for step in op.steps)


def without(steps: Sequence[str], failed: str, hops: Iterable[Edge]) -> tuple[str, ...]:
    """The steps that need nothing of the failed one."""
    targets: dict[str, list[str]] = {}
    for source, target in hops:
        targets.setdefault(source, []).append(target)
    gone = {failed, *_after(failed, targets)}
    return tuple(step for step in steps if step not in gone)


def with_sources(steps: Sequence[str], order: Sequence[str], hops: Iterable[Edge]) -> tuple[str, ...]:
    """The steps and all that send them rows, over any number of hops, in the order given."""
    sources: dict[str, list[str]] = {}
    for source, target in hops:
        sources.setdefault(target, []).append(source)
    wanted = set(steps).union(*(_after(step, sources) for step in steps))
    return tuple(step for step in order if step in wanted)


def hop_order(
    order: Sequence[str],
    inputs: Mapping[str, Sequence[str]],
    targets: Mapping[str, Sequence[str]],
    holding: Iterable[str],
    side: Mapping[str, Sequence[str]],
) -> list[Edge]:
    """The hops in the order in which a whole run first sends rows along them.

    The runtime's order of work with one batch per source: the deepest step with waiting rows first, then the first
    step that may say more.

    Args:
        holding: steps that say nothing before all their inputs have ended.
        side: step -> inputs that it reads on the side, which say nothing by themselves.
    """
    return _Rehearsal(order, inputs, targets, set(holding), side).hops()


class _Rehearsal:
    """A run in which one token stands for all rows that a step sends."""

    def __init__(
        self,
        order: Sequence[str],
        inputs: Mapping[str, Sequence[str]],
        targets: Mapping[str, Sequence[str]],
        holding: set[str],
        side: Mapping[str, Sequence[str]],
    ) -> None:
        self.order = order
        self.inputs = inputs
        self.targets = targets
        self.holding = holding
        self.side = side
        self.rank = {name: number for number, name in enumerate(order)}
        feeders = {s for sources in side.values() for s in sources}
        before = {n for n in order if n in feeders or feeders & _after(n, targets)}
        self.producers = sorted(order, key=lambda n: (n not in before, self.rank[n]))
        self.queues: dict[str, deque[tuple[str, bool]]] = {n: deque() for n in order}
        self.open_inputs = {n: set(inputs.get(n, ())) for n in order}
        self.held = {n: not inputs.get(n) for n in order}
        self.done: set[str] = set()
        self.found: dict[Edge, None] = {}

    def hops(self) -> list[Edge]:
        """The hops as they were first used, then those that no token reached."""
        while self._turn():
            pass
        every = ((n, t) for n in self.order for t in self.targets.get(n, ()))
        return [*self.found, *(hop for hop in every if hop not in self.found)]

    def _turn(self) -> bool:
        waiting = [n for n in self.order if self.queues[n]]
        if waiting:
            self._work(max(waiting, key=self.rank.__getitem__))
            return True
        ready = [n for n in self.producers if n not in self.done and not self.open_inputs[n]]
        if ready:
            self._advance(next((n for n in ready if self.inputs.get(n)), ready[0]))
        return bool(ready)

    def _work(self, name: str) -> None:
        source, rows = self.queues[name].popleft()
        if not rows:
            self.open_inputs[name].discard(source)
        elif name in self.holding:
            self.held[name] = True
        elif source not in self.side.get(name, ()):
            self._send(name)

    def _advance(self, name: str) -> None:
        if self.held[name]:
            self.held[name] = False
            self._send(name)
            return
        self.done.add(name)
        for target in self.targets.get(name, ()):
            self.queues[target].append((name, False))

    def _send(self, name: str) -> None:
        for target in self.targets.get(name, ()):
            self.found.setdefault((name, target))
            self.queues[target].append((name, True))
