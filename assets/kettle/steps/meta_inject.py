"""ETL metadata injection: fills the options of a template transformation with rows, then runs or saves it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.graph import build_graph
from assets.kettle.engine.result import Counters, Rows
from assets.kettle.engine.run import Run
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import inner_run
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read_transformation, refresh
from assets.kettle.files.write import copied, to_bytes
from assets.kettle.model import Hop, Options, StepNode, Transformation
from assets.kettle.offline import OfflineDatabases
from assets.kettle.steps.meta_apply import Target, as_option
from assets.kettle.steps.meta_child import Emitted, feed_at, output_of
from assets.kettle.steps.registry import step_class
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

# steps that do something elsewhere without naming it as a table or file: what leads to them is not run ahead
ACTING = frozenset(
    (
        *("SetVariable", "ExecSQL", "ExecSQLRow", "DBProc", "RowsToResult", "FilesToResult", "Mail", "ExecProcess"),
        *("SSH", "Abort", "Delay", "HTTP", "HTTPPOST", "Rest", "WebServiceLookup", "MetaInject", "TransExecutor"),
        *("PipelineExecutor", "JobExecutor", "WorkflowExecutor", "Mapping", "SimpleMapping", "ScriptValueMod"),
        *("UserDefinedJavaClass", "ProcessFiles", "KafkaProducerOutput"),
    )
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of the mapping: a key of a template's step gets a field of an input, or `field` itself as a constant."""

    step: str
    key: str
    source: str
    field: str


class MetaInject(Step):
    """Inputs give the values; rows of one of them may be streamed into the template, whose rows come back.

    Layouts are known before rows flow, so what leads to this step is run ahead once where that has no effect outside;
    otherwise the declared output fields count, and without these the fields of the template as it is.
    As measured, the step's own counters stay 0 except where the template's log table names steps.
    """

    types = ("MetaInject",)
    joins = True

    def setup(self) -> None:
        """Reads the mapping and the template."""
        self.collect = self.run.collects.get(self.name)
        self.assignments = [
            Assignment(
                o.text("target_step_name", "target_transform_name"),
                o.text("target_attribute_key"),
                o.text("source_step", "source_transform"),
                o.text("source_field"),
            )
            for o in self.options.rows("mappings/mapping")
        ]
        self.reads_from = self.text("source_step", "source_transform")
        self.executes = not self.options.flag("no_execution")
        self.stream_into = self.text("stream_target_step", "stream_target_transform")
        named = self.text("stream_source_step", "stream_source_transform")
        self.stream_from = named if self.stream_into else ""
        self.template = self._load()

    def _load(self) -> Transformation:
        try:
            return read_transformation(locate(self.options, self.run.variables, self.run.transformation.path))
        except KettleError as error:
            raise StepError(self.name, error.what, error.fix) from error

    # -- layouts

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the template's step that is read from."""
        if self.collect is not None or not self.reads_from or not self.executes:
            return Layout()
        values = self._ahead(inputs)
        wanted = self._declared()
        if values is None and len(wanted):
            return wanted
        try:
            return self._planned(self._filled(values or {}), inputs)
        except KettleError:
            if values is not None or not len(wanted):
                raise
            return wanted

    def _declared(self) -> Layout:
        def field(option: Options) -> Field:
            number = {tag: option.text(f"source_output_field_{tag}", default="-1") for tag in ("length", "precision")}
            return Field(
                option.text("source_output_field_name"),
                ValueType.parse(option.text("source_output_field_type")),
                int(number["length"]),
                int(number["precision"]),
                origin=self.name,
            )

        return Layout(field(o) for o in self.options.rows("source_output_fields/source_output_field"))

    def _planned(self, model: Transformation, inputs: Mapping[str, Layout]) -> Layout:
        feeds = {name: Rows(layout, layout.empty()) for name, layout in self._fed(model, inputs).items()}
        engine = Engine(self._child(model, feeds))
        engine.plan()
        return output_of(self.name, engine, self.reads_from)

    def _fed(self, model: Transformation, inputs: Mapping[str, Layout]) -> dict[str, Layout]:
        """Step that rows are fed at -> their layout."""
        layout = next((v for k, v in inputs.items() if k.lower() == self.stream_from.lower()), None)
        if not self.stream_from or layout is None:
            return {}
        return {feed_at(self.name, model, self.stream_into): layout}

    def _ahead(self, inputs: Mapping[str, Layout]) -> dict[str, Rows] | None:
        """The injected rows, from running what leads to this step; None where that would have effects."""
        run = self.run
        if run.databases.planning_only or isinstance(run.databases, OfflineDatabases):
            return None
        senders = {name for name in inputs if name.lower() != self.stream_from.lower()}
        upstream = _upstream(run.transformation, senders)
        if any(_acts(node) for node in upstream.values()):
            return None
        hops = [h for h in run.transformation.hops if h.target in upstream]
        hops += [Hop(name, self.name) for name in senders]
        steps = {**upstream, self.name: run.transformation.steps[self.name]}
        part = replace(run.transformation, steps=steps, hops=hops)
        found = {name: Buffer(inputs[name], run.memory) for name in senders}
        child = inner_run(run, part, feeds=run.feeds, previous=run.previous)
        child.collects[self.name] = lambda source, frame: found[source].append(frame)
        try:
            engine = Engine(child)
            engine.plan()
            engine.execute()
        except KettleError as error:
            self.log(f"could not look ahead: {error}", "DETAILED")
            return None
        return {name: Rows(inputs[name], buffer.collect()) for name, buffer in found.items()}

    # -- rows

    def start(self) -> None:
        """Opens a buffer per input."""
        self.held = {name: self.buffer(layout) for name, layout in self.inputs.items()}

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        if self.collect is not None:
            self.collect(source, frame)
        else:
            self.held[source].append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """Injects, runs, saves; the rows that come back."""
        if self.collect is not None:
            return
        given = {name: Rows(self.inputs[name], buffer.collect()) for name, buffer in self.held.items()}
        model = self._filled({k: v for k, v in given.items() if k.lower() != self.stream_from.lower()})
        saved = copied(model) if self.text("target_file") else None
        if self.executes:
            yield from self._run(model, given)
        if saved is not None:
            self._save(saved)

    def _run(self, model: Transformation, given: Mapping[str, Rows]) -> Iterator[pl.DataFrame]:
        fed = self._fed(model, self.inputs)
        rows = next((r for name, r in given.items() if name.lower() == self.stream_from.lower()), None)
        feeds = {name: rows for name in fed if rows is not None}
        run = self._child(model, feeds)
        engine = Engine(run)
        engine.plan()
        buffer: Buffer | None = None
        if self.reads_from:
            layout = output_of(self.name, engine, self.reads_from)
            self._compare(layout)
            buffer = self.buffer(layout)
            run.observer = Emitted(self.reads_from, buffer)
        engine.execute()
        if run.result.errors:
            raise StepError(self.name, f"{self.template.path} ended with {run.result.errors} errors")
        for frame in buffer.batches(self.run.settings.batch_rows) if buffer is not None else ():
            yield frame.rename(dict(zip(frame.columns, self.output.names, strict=True)))
        counters = self.port.counters
        for name in ("read", "written", "input", "output", "updated", "rejected"):
            setattr(counters, name, getattr(Counters(), name))

    def _compare(self, layout: Layout) -> None:
        if [f.dtype for f in layout] != [f.dtype for f in self.output]:
            raise StepError(
                self.name,
                f"the template gives {layout!r}, expected was {self.output!r}",
                "declare the output fields as the injected template gives them",
            )

    def _child(self, model: Transformation, feeds: dict[str, Rows]) -> Run:
        """The template's own parameters take the values that the caller's variables of these names have."""
        known = {p.name: self.run.variables.get(p.name) for p in model.parameters}
        values = {name: value for name, value in known.items() if value}
        run = inner_run(self.run, model, parameters=values, feeds=feeds)
        outermost = self.run.variables.root
        for name in outermost:  # variables of the whole JVM that a step beside this one has set
            if name not in run.variables:
                run.variables.set(name, outermost.get(name))
        return run

    def _save(self, model: Transformation) -> None:
        """Writes the filled template, named after its file."""
        path = self.text("target_file")
        name = path.replace("\\", "/").rsplit("/", 1)[-1].replace(".ktr", "")
        tag = model.document.root.find("info/name")
        if tag is not None:
            tag.text = name
        make = self.options.flag("create_parent_folder", default=True)
        self.run.outputs.stage(path, make_folder=make).write_bytes(to_bytes(model))

    # -- injection

    def _filled(self, given: Mapping[str, Rows]) -> Transformation:
        """A copy of the template with the values put in: those of rows first, then the constants."""
        model = copied(self.template)
        targets = self._targets(model)
        values = {name.lower(): rows for name, rows in given.items()}
        for one in self.assignments:
            rows = values.get(one.source.lower())
            target = self._target(targets, one)
            if target is None or not one.source or rows is None or not rows.frame.height:
                continue
            field = rows.layout.get(one.field)
            if field is None:
                self.log(f"the field {one.field!r} is not in the rows of {one.source!r}: nothing injected", "ERROR")
                continue
            target.put_rows(one.key, _texts(rows.frame[field.name], field))
        for one in self.assignments:
            target = None if one.source else self._target(targets, one)
            if target is not None:
                target.put_constant(one.key, one.field)
        refresh(model)
        return model

    @staticmethod
    def _targets(model: Transformation) -> dict[str, Target]:
        used = set(build_graph(model).order)
        return {n.name.lower(): Target(n.options.element, model.kind) for n in model.steps.values() if n.name in used}

    def _target(self, targets: Mapping[str, Target], one: Assignment) -> Target | None:
        """The element to fill; a step or key that is not there is told in the log, as PDI does."""
        target = targets.get(one.step.lower())
        if target is None:
            self.log(f"the template has no used step {one.step!r}: nothing injected", "ERROR")
        elif target.path(one.key) is None:
            self.log(f"step {one.step!r} ({target.type}) has no key {one.key!r}: nothing injected", "ERROR")
            return None
        return target

    def derive(self) -> dict[str, Derivation]:
        """What comes back was made in the template."""
        streamed = self.inputs.get(self.stream_from)
        sources = tuple(Ref(f.name, self.stream_from) for f in streamed or ())
        where = self.template.path.name if self.template.path else self.template.name
        return {f.name: Derivation(sources, f"made in {where} by {f.origin}") for f in self.output}


def _texts(column: pl.Series, field: Field) -> list[str | None]:
    """Values as texts of options."""
    if field.type in (ValueType.STRING, ValueType.BOOLEAN, ValueType.INTEGER, ValueType.NUMBER):
        return [as_option(value) for value in column]
    return to_text(column, field).to_list()


def _upstream(transformation: Transformation, names: set[str]) -> dict[str, StepNode]:
    """These steps and all that lead to them, in the file's order."""
    found, waiting = set(names), list(names)
    while waiting:
        name = waiting.pop()
        for hop in transformation.hops:
            if hop.enabled and hop.target == name and hop.source not in found:
                found.add(hop.source)
                waiting.append(hop.source)
    return {name: node for name, node in transformation.steps.items() if name in found}


def _acts(node: StepNode) -> bool:
    """Whether a step does more than read."""
    return node.type in ACTING or step_class(node.type, node.name).writes is not Step.writes
