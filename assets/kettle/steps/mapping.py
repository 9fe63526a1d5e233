"""Mapping (sub-transformation) and Simple mapping: another file's steps as one step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from assets.kettle.described import Source
from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.result import Counters, Rows
from assets.kettle.engine.run import Run
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import inner_run
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_transformation
from assets.kettle.lineage import UNCHANGED, Tracer
from assets.kettle.model import Options, Transformation
from assets.kettle.values.fields import Layout


@dataclass(frozen=True, slots=True)
class Link:
    """One input or output definition.

    Attributes:
        outside: the step of the calling transformation ("" = the main hop).
        inside: the mapping input or output step of the called one ("" = the only one).
        renames: field of the sending side -> field of the receiving side.
    """

    outside: str
    inside: str
    renames: dict[str, str]
    rename_back: bool


class MappingOutput(Step):
    """The place where rows leave a sub-transformation."""

    types = ("MappingOutput",)
    copies_as_one = True

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """To the calling mapping, and on to whatever follows."""
        collect = self.run.collects.get(self.name)
        if collect is not None:
            collect(self.name, frame)
        self.emit(frame)


class MappingStep(Step):
    """Runs the sub-transformation on all rows of its inputs.

    Layouts come from planning the sub-transformation with the layouts that go in. Counters named by the
    sub-transformation's log table are those of its steps, as Kettle shows them.
    """

    types = ("Mapping", "SimpleMapping")
    joins = True

    def setup(self) -> None:
        """Reads the definitions and the file."""
        base = "mappings" if self.options.has("mappings") else "."
        self.into = [self._link(o, "input_step", "output_step") for o in self.options.rows(f"{base}/input/mapping")]
        self.out = [self._link(o, "output_step", "input_step") for o in self.options.rows(f"{base}/output/mapping")]
        self.inherit = self.options.flag(f"{base}/parameters/inherit_all_vars", default=True)
        pairs = self.options.rows(f"{base}/parameters/variablemapping")
        self.parameters = {o.text("variable"): self.resolve(o.text("input")) for o in pairs}
        self.child = self._load()

    def _link(self, option: Options, outside: str, inside: str) -> Link:
        renames = {c.text("parent"): c.text("child") for c in option.rows("connector")}
        main = option.flag("main_path", default=True)
        named = "" if main else option.text(outside)
        return Link(named, option.text(inside), renames, option.flag("rename_on_output"))

    def _load(self) -> Transformation:
        try:
            path = locate(self.options, self.run.variables, self.run.transformation.path)
            return read_transformation(path)
        except KettleError as error:
            raise StepError(self.name, error.what, error.fix) from error

    def _inside(self, link: Link, kinds: tuple[str, ...]) -> str:
        names = [n for n, s in self.child.steps.items() if s.type in kinds]
        if link.inside:
            if link.inside not in self.child.steps:
                raise StepError(self.name, f"{self.child.path} has no step {link.inside!r}", f"it has {names}")
            return link.inside
        if len(names) != 1:
            raise StepError(self.name, f"{self.child.path} has {len(names)} steps of type {kinds[0]}", "name one")
        return names[0]

    def named_targets(self) -> list[str]:
        """Steps that one output definition names."""
        return [link.outside for link in self.out if link.outside in self.targets]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the main output: plans the sub-transformation."""
        self.feeding: dict[str, tuple[Link, str]] = {}
        unnamed = [name for name in inputs if name not in {link.outside for link in self.into}]
        feeds: dict[str, Rows] = {}
        back: dict[str, str] = {}
        for link in self.into or ([Link("", "", {}, False)] if inputs else []):
            sender = link.outside or (unnamed[0] if unnamed else "")
            if sender not in inputs:
                continue
            step = self._inside(link, ("MappingInput",))
            layout = renamed(inputs[sender], link.renames)
            feeds[step] = Rows(layout, layout.empty())
            self.feeding[sender] = (link, step)
            if link.rename_back:
                back |= {new: old for old, new in link.renames.items()}
        engine = Engine(self._child_run(feeds))
        engine.plan()
        self.layouts: dict[str, Layout] = {}
        self.outputs: dict[str, tuple[str, dict[str, str]]] = {}
        for link in self.out or [Link("", "", {}, False)]:
            if not link.inside and not any(s.type == "MappingOutput" for s in self.child.steps.values()):
                continue
            step = self._inside(link, ("MappingOutput",))
            # a connector of an output is written parent = the sub-transformation's field, child = the caller's
            renames = back | link.renames
            self.layouts[link.outside] = renamed(engine.nodes[step].step.output, renames)
            self.outputs[link.outside] = (step, renames)
        self.traced = Tracer(engine, {}, fed=feeds)
        return self.layouts.get("", Layout())

    def fields_to(self, target: str) -> Layout:
        """The layout of the output that goes to this target."""
        return self.layouts.get(target, self.output)

    def _child_run(self, feeds: dict[str, Rows]) -> Run:
        return inner_run(
            self.run, self.child, parameters=self.parameters, inherit=self.inherit, feeds=feeds, collects={}
        )

    def start(self) -> None:
        """Opens a buffer per input."""
        self.held = {name: self.buffer(layout) for name, layout in self.inputs.items()}

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held[source].append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Runs the sub-transformation; its output rows go to the targets."""
        feeds: dict[str, Rows] = {}
        for sender, (link, step) in self.feeding.items():
            layout = renamed(self.inputs[sender], link.renames)
            frame = self.held[sender].collect()
            self.held[sender].clear()
            feeds[step] = Rows(layout, frame.rename(dict(zip(frame.columns, layout.names, strict=True))))
        run = self._child_run(feeds)
        taken: dict[str, Buffer] = {}
        for target, (step, _) in self.outputs.items():
            taken[target] = self.buffer(self.layouts[target])
            run.collects[step] = self._collector(taken[target])
        engine = Engine(run)
        engine.plan()
        engine.execute()
        if run.result.errors:
            raise StepError(self.name, f"{self.child.path} ended with {run.result.errors} errors")
        for target, buffer in taken.items():
            for frame in buffer.batches(self.run.settings.batch_rows):
                if target:
                    self.emit(frame, target)
                else:
                    yield frame
        self._show(run.counters)

    @staticmethod
    def _collector(buffer: Buffer) -> Callable[[str, pl.DataFrame], None]:
        names = buffer.layout.names

        def take(_: str, frame: pl.DataFrame) -> None:
            buffer.append(frame.rename(dict(zip(frame.columns, names, strict=True))))

        return take

    def _show(self, counters: dict[str, Counters]) -> None:
        """Takes over the counters that the sub-transformation's log table names steps for."""
        named = {o.text("id"): o.text("subject") for o in self.child.info.rows("log/trans-log-table/field")}
        for code, (tag, counter) in LOGGED.items():
            # files before 4.0 name the steps directly under <log>
            subject = counters.get(named.get(code) or self.child.info.text(f"log/{tag}"))
            if subject is not None:
                setattr(self.port.counters, counter, getattr(subject, counter))

    def derive(self) -> dict[str, Derivation]:
        """Each field of the outputs, traced through the sub-transformation to the fields that went in."""
        outside = {step: sender for sender, (_, step) in self.feeding.items()}
        found: dict[str, Derivation] = {}
        for target, (step, renames) in self.outputs.items():
            inner = {new.lower(): old for old, new in renames.items() if new}
            for field in self.layouts[target]:
                sources = self.traced.leaving(step, inner.get(field.name.lower(), field.name), "")
                refs = tuple(self._ref(s, outside.get(s.place, "")) for s in sources if s.column)
                words = "; ".join(dict.fromkeys(hop.words for s in sources for hop in s.way if hop.words != UNCHANGED))
                name = Path(str(self.child.path)).name
                found.setdefault(field.name, Derivation(refs, f"in {name}: {words or UNCHANGED}"))
        return found

    def _ref(self, source: Source, sender: str) -> Ref:
        """A source inside as the caller sees it: a field of the step that sends it, or a column outside."""
        if not sender:
            return Ref(source.column, dataset=source.place)
        link, _ = self.feeding[sender]
        back = {new.lower(): old for old, new in link.renames.items() if new}
        return Ref(back.get(source.column.lower(), source.column), sender)


LOGGED = {
    "LINES_READ": ("read", "read"),
    "LINES_WRITTEN": ("write", "written"),
    "LINES_INPUT": ("input", "input"),
    "LINES_OUTPUT": ("output", "output"),
    "LINES_UPDATED": ("update", "updated"),
    "LINES_REJECTED": ("rejected", "rejected"),
}


def renamed(layout: Layout, renames: Mapping[str, str]) -> Layout:
    """The layout with some fields under other names."""
    by_name = {old.lower(): new for old, new in renames.items() if new}
    return Layout([f.but(name=by_name[f.name.lower()]) if f.name.lower() in by_name else f for f in layout])
