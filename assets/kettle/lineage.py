"""Column lineage of a planned transformation: source column -> steps -> target column, each step's part in words."""

from collections.abc import Iterable, Iterator

from assets.kettle.described import FieldInfo, Hop, Influence, Output, Place, Source
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.step import DataSet, Derivation, Step
from assets.kettle.values.fields import Field, Layout

UNCHANGED = "unchanged"
REJECTED = "failing rows"
MOST = 200  # sources of one column that are told


class Tracer:
    """Follows fields backwards through the steps of an engine.

    A step of which the layout is not known (`unknown`) counts as passing everything on under its name.

    Args:
        unknown: step -> why nothing is known of its fields.
        fed: steps whose fields come from outside of the transformation; their name is the place of these.
    """

    def __init__(self, engine: Engine, unknown: dict[str, str], fed: Iterable[str] = ()) -> None:
        self._fed = set(fed)
        self.engine = engine
        self.unknown = unknown
        self._derived: dict[str, dict[str, Derivation]] = {}
        self._read: dict[str, dict[str, tuple[str, str]]] = {}
        self._known: dict[tuple[str, str, bool], tuple[Source, ...]] = {}
        for name in engine.graph.order:  # in order, so that no look-up goes deep
            for field in self._layout(name) or ():
                self.leaving(name, field.name, "")

    def outputs(self, places: Iterable[Place]) -> list[Output]:
        """Each place that is written, with its fields and their lineage."""
        found = []
        for place in places:
            fields = {f.name.lower(): f for layout in self._inputs(place.step).values() for f in layout}
            lineage = {column: self.entering(place.step, name) for column, name in place.columns.items()}
            infos = [info(fields[n.lower()], column) for column, n in place.columns.items() if n.lower() in fields]
            rows = tuple(self._influences(place.step))
            found.append(Output(place=place, fields=tuple(infos), lineage=lineage, rows=rows))
        return found

    def _influences(self, target: str) -> Iterator[Influence]:
        """What the steps before `target`, and itself, decide by; each column of a step and kind once."""
        before, waiting = {target}, [target]
        seen: set[tuple[str, str, str, str]] = set()
        while waiting:
            new = [s for s in self.engine.graph.inputs[waiting.pop()] if s not in before]
            before.update(new)
            waiting += new
        for name in (n for n in self.engine.graph.order if n in before and n not in self.unknown):
            step = self._step(name)
            for decision in step.decides() if step is not None else ():
                for ref in decision.fields:
                    come = self.leaving(ref.step, ref.field, name) if ref.step else self.entering(name, ref.field)
                    for s in come:
                        told = (s.place, s.column, name, decision.kind)
                        if s.place and s.column and told not in seen and len(seen) < MOST:
                            seen.add(told)
                            yield Influence(place=s.place, column=s.column, step=name, kind=decision.kind)

    def entering(self, step: str, field: str) -> tuple[Source, ...]:
        """Where a field comes from as it reaches a step, by its main inputs (inputs on the side only look up)."""
        inputs = self.engine.graph.inputs[step]
        node = self.engine.nodes.get(step)
        side = set(node.step.named_inputs()) if node is not None else set()
        found: dict[Source, None] = {}
        for source in [s for s in inputs if s not in side] or inputs:
            layout = self._sent(source, step)
            if layout is None or layout.get(field) is not None:
                found |= dict.fromkeys(self.leaving(source, field, step))
        return tuple(found)[:MOST]

    def leaving(self, step: str, field: str, target: str) -> tuple[Source, ...]:
        """Where a field comes from as it leaves a step for `target` ("" for a normal one)."""
        rejected = bool(target) and self.engine.graph.errors.get(step) == target
        key = (step, field.lower(), rejected)
        if key not in self._known:
            self._known[key] = ()  # what a step sees of itself
            found = self._rejected(step, field) if rejected else self._sources(step, field)
            self._known[key] = tuple(dict.fromkeys(found))[:MOST]
        return self._known[key]

    def _sources(self, step: str, field: str) -> list[Source]:
        if step in self._fed:
            return [Source(place=step, column=field, way=())]
        derived = self._derivations(step).get(field.lower())
        if derived is not None:
            return self._from(step, derived)
        read = self._reads(step).get(field.lower())
        if read is not None:
            return [Source(place=read[0], column=read[1], way=(Hop(step=step, words="read"),))]
        joined = self._joined(step).get(field.lower())
        if joined is not None:
            return [_longer(s, Hop(step=step, words="joined")) for s in self.leaving(*joined, step)]
        if any(layout is None or field in layout for layout in self._sendings(step)):
            return self._through(step, field, UNCHANGED)
        return [Source(place="", column="", way=(Hop(step=step, words="made here"),))]

    def _rejected(self, step: str, field: str) -> list[Source]:
        return self._through(step, field, REJECTED) or [
            Source(place="", column="", way=(Hop(step=step, words="describes the error"),))
        ]

    def _from(self, step: str, derived: Derivation) -> list[Source]:
        hop = Hop(step=step, words=derived.words)
        found = []
        for ref in derived.sources:
            if ref.dataset:
                found.append(Source(place=ref.dataset, column=ref.field, way=(hop,)))
            elif ref.step:
                found += [_longer(s, hop) for s in self.leaving(ref.step, ref.field, step)]
            else:
                found += self._through(step, ref.field, derived.words)
        return found or [Source(place="", column="", way=(hop,))]

    def _through(self, step: str, field: str, words: str) -> list[Source]:
        return [_longer(s, Hop(step=step, words=words)) for s in self.entering(step, field)]

    def _sendings(self, step: str) -> list[Layout | None]:
        return [self._sent(source, step) for source in self.engine.graph.inputs[step]]

    def _joined(self, step: str) -> dict[str, tuple[str, str]]:
        """Of a join: field -> step and field of the side it comes from; of equal names one has `_1`, `_2`."""
        node = self._step(step)
        if node is None or step in self.unknown or not node.joins or not hasattr(node, "sources"):
            return {}
        renamed = getattr(node, "renamed", None) or dict(zip(node.sources, getattr(node, "names", ()), strict=False))
        return {
            name.lower(): (source, field.name)
            for source, names in renamed.items()
            for field, name in zip(node.inputs[source], names, strict=True)
        }

    # -- what steps say, kept

    def _layout(self, name: str) -> Layout | None:
        return None if name in self.unknown else self.engine.nodes[name].step.output

    def _sent(self, source: str, target: str) -> Layout | None:
        return None if source in self.unknown else self.engine.nodes[source].layout_to(target)

    def _inputs(self, step: str) -> dict[str, Layout]:
        sent = {source: self._sent(source, step) for source in self.engine.graph.inputs[step]}
        return {source: layout for source, layout in sent.items() if layout is not None}

    def _step(self, name: str) -> Step | None:
        node = self.engine.nodes.get(name)
        return None if node is None else node.step

    def _derivations(self, name: str) -> dict[str, Derivation]:
        if name not in self._derived:
            step = self._step(name)
            said = step.derive() if step is not None and name not in self.unknown else {}
            self._derived[name] = {field.lower(): derivation for field, derivation in said.items()}
        return self._derived[name]

    def _reads(self, name: str) -> dict[str, tuple[str, str]]:
        if name not in self._read:
            step = self._step(name)
            said: list[DataSet] = step.reads() if step is not None and name not in self.unknown else []
            self._read[name] = {
                field.lower(): (dataset_id(d), column) for d in said for column, field in d.columns.items()
            }
        return self._read[name]


def dataset_id(dataset: DataSet) -> str:
    """As `Ref.dataset` and `Place.id` name it."""
    return f"{dataset.connection}:{dataset.name}" if dataset.kind == "table" else dataset.name


def info(field: Field, name: str = "") -> FieldInfo:
    """A field as a stored value, under another name if one is given."""
    return FieldInfo(
        name=name or field.name,
        type=field.type.value,
        length=field.length,
        precision=field.precision,
        mask=field.mask or "",
    )


def _longer(source: Source, hop: Hop) -> Source:
    return source.model_copy(update={"way": (*source.way, hop)})
