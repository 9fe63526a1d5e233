"""The plan of a transformation in two languages: per step one or several named streams, in the order of the graph."""

import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from assets.kettle.convert.expressions import Both, CannotConvertError, NoSql, column, known, quoted, table
from assets.kettle.engine.run import EngineSettings
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import new_run
from assets.kettle.engine.step import Step
from assets.kettle.errors import KettleError
from assets.kettle.model import Transformation
from assets.kettle.values.fields import Layout

Query = exp.Query | NoSql


@dataclass(slots=True)
class Stream:
    """Rows that leave a step, for all its targets or for one.

    Attributes:
        name: of the Python variable and of the common table expression.
        code: the polars expression that makes it (lines).
        query: the SELECT that makes it.
        order: fields by which the rows are known to be sorted, ascending; null first.
        target: the one step that gets it, None for all.
    """

    name: str
    code: str
    query: Query
    layout: Layout
    order: tuple[str, ...] = ()
    target: str | None = None


@dataclass(slots=True)
class Write:
    """A table or a file that an end step writes.

    Attributes:
        code: the Python statement that writes, given the collected rows in `{rows}`.
        statement: from the SELECT over the stream to the SQL that writes; None where SQL does not write it.
        place: what the header tells.
    """

    code: str
    statement: Callable[[exp.Query], exp.Expr] | None
    place: str
    table: str = ""
    append: bool = True


@dataclass(slots=True)
class Block:
    """What one step becomes."""

    step: Step
    streams: list[Stream]
    notes: list[str] = field(default_factory=list)
    write: Write | None = None


@dataclass(slots=True)
class Plan:
    """A converted transformation.

    Attributes:
        ends: streams that no step takes.
        used: parameters that the code itself takes as arguments.
        connections: connection -> the argument that holds its URL.
    """

    model: Transformation
    engine: Engine
    blocks: list[Block]
    ends: dict[str, Stream]
    used: dict[str, str]
    connections: dict[str, str]

    @property
    def notes(self) -> list[str]:
        """What differs from Kettle, without repetition."""
        return list(dict.fromkeys(f"{b.step.name}: {note}" for b in self.blocks for note in b.notes))


class Context:
    """What a generator sees of the plan: the streams that come in, parameters, connections, and a place for notes."""

    def __init__(self, planner: "Planner", step: Step) -> None:
        self._planner = planner
        self.step = step
        self.notes: list[str] = []
        self.before: list[Stream] = []
        self.write: Write | None = None
        self.output = step.output
        self.targets = step.targets

    def note(self, text: str) -> None:
        """Something that differs from Kettle, told in the header."""
        self.notes.append(text)

    def input(self, source: str) -> Stream:
        """The stream from one step."""
        return self._planner.stream(source, self.step.name)

    def main(self) -> Stream:
        """The main input; several inputs one after the other, by position."""
        side = set(self.step.named_inputs())
        streams = [self.input(name) for name in self.step.inputs if name not in side]
        if not streams:
            raise CannotConvertError("no rows come in", "draw a hop to it")
        if len(streams) == 1:
            return streams[0]
        self.note("several inputs are read one after the other; in Kettle their rows mix")
        code, query = stacked(streams)
        united = Stream(self._planner.name(f"{self.step.name} input"), code, query, streams[0].layout)
        self.before.append(united)
        return united

    def text(self, raw: str) -> str:
        """Python code of a text of the file: an f-string where it holds parameters of the transformation."""
        return self._planner.text(raw)

    def connection(self, name: str) -> str:
        """The Python variable that holds the URL of a connection."""
        return self._planner.connection(name)

    def stream(self, code: str, query: Query, order: tuple[str, ...] = (), target: str | None = None) -> Stream:
        """A stream of this step."""
        name = self._planner.name(self.step.name if target is None else f"{self.step.name} to {target}")
        return Stream(name, code, query, self.output, order, target)

    def changed(self, source: Stream, values: Mapping[str, Both], *, order: tuple[str, ...] | None = None) -> Stream:
        """The rows with some columns new or changed, in the layout of the step; others are taken over by name."""
        names = self.output.names
        changed = {name: value for name, value in values.items() if name in names}
        lines = "".join(f"\n    {named(value, name)}," for name, value in changed.items())
        code = source.name + (f".with_columns({lines}\n)" if changed else "")
        straight = [*source.layout.names, *(n for n in changed if n not in source.layout.names)]
        if straight != names:
            code += f".select({', '.join(map(quoted, names))})"
        query = projection(source, {n: changed.get(n, column(n)) for n in names})
        kept = source.order if order is None else order
        still = [n for n in kept if n not in changed and n in names]
        return self.stream(code, query, tuple(kept) if len(still) == len(kept) else ())


def named(value: Both, name: str) -> str:
    """A polars expression under a name."""
    text = value.polars
    return f"{text}.alias({quoted(name)})" if text != column(name).polars else text


def projection(source: Stream, values: Mapping[str, Both]) -> Query:
    """SELECT of expressions under names from a stream."""
    if isinstance(source.query, NoSql):
        return source.query
    made = []
    for name, value in values.items():
        if isinstance(value.sql, NoSql):
            return value.sql
        same = isinstance(value.sql, exp.Column) and value.sql.name == name
        made.append(value.sql.copy() if same else exp.alias_(value.sql.copy(), name, quoted=True))
    return exp.select(*made).from_(table(source.name))


def everything(source: Stream) -> Query:
    """SELECT * from a stream."""
    return source.query if isinstance(source.query, NoSql) else exp.select("*").from_(table(source.name))


def stacked(streams: list[Stream]) -> tuple[str, Query]:
    """Streams one after the other, by position, under the names of the first."""
    first = streams[0]
    parts = []
    queries: list[Query] = []
    for stream in streams:
        pairs = list(zip(stream.layout.names, first.layout.names, strict=True))
        inside = ", ".join(f"{quoted(old)}: {quoted(new)}" for old, new in pairs if old != new)
        parts.append(f"{stream.name}.rename({{{inside}}})" if inside else stream.name)
        queries.append(projection(stream, {new: column(old) for old, new in pairs}))
    return f"pl.concat([{', '.join(parts)}])", united(queries)


def united(queries: list[Query]) -> Query:
    """UNION ALL, or why not."""
    whole: Query = queries[0]
    for query in queries[1:]:
        if isinstance(whole, NoSql) or isinstance(query, NoSql):
            return whole if isinstance(whole, NoSql) else query
        whole = exp.union(whole, query, distinct=False)
    return whole


Generator = Callable[[Step, Context], "Stream | list[Stream]"]


# what the script itself is made of
RESERVED = (
    "pl", "sa", "datetime", "flow", "read_table", "table_of", "insert", "merge", "write", "main", "rows", "options",
    "argparse", "int", "float", "range", "help", "h",
)  # fmt: skip


def _tables(engine: Engine) -> Iterator[str]:
    """Names of the tables that are read or written: no common table expression may hide them."""
    for node in engine.nodes.values():
        step = node.steps[0]
        for dataset in [*step.reads(), *step.writes()]:
            if dataset.kind == "table":
                yield dataset.name.rpartition(".")[2].lower()


class Planner:
    """Walks the graph and asks the generator of each step."""

    def __init__(self, engine: Engine, generators: Mapping[str, Generator]) -> None:
        self.engine = engine
        self.generators = generators
        self.streams: dict[str, list[Stream]] = {}
        self.names: set[str] = set(RESERVED) | set(_tables(engine))
        parameters = engine.run.transformation.parameters
        # one whose default names other variables is resolved now
        self.parameters = {p.name: self.name(p.name) for p in parameters if not re.search(r"\$[{\[]|%%", p.default)}
        self.used: dict[str, str] = {}
        self.connections: dict[str, str] = {}

    def name(self, text: str) -> str:
        """A free identifier made of a text."""
        base = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_") or "step"
        if base[0].isdigit() or keyword.iskeyword(base):
            base = f"s_{base}"
        found, number = base, 2
        while found in self.names:
            found, number = f"{base}_{number}", number + 1
        self.names.add(found)
        return found

    def text(self, raw: str) -> str:
        """See Context.text."""
        scope = self.engine.run.variables
        pieces, dynamic = "", False
        for part in re.split(r"(\$\{[^{}]+\}|%%[^%\s]+%%)", raw):
            name = part[2:-1] if part.startswith("${") else part[2:-2]
            if part[:2] in ("${", "%%") and name in self.parameters:
                self.used[name] = self.parameters[name]
                pieces += f"{{{self.parameters[name]}}}"
                dynamic = True
            else:
                pieces += quoted(scope.resolve(part))[1:-1].replace("{", "{{").replace("}", "}}")
        return f'f"{pieces}"' if dynamic else quoted(scope.resolve(raw))

    def connection(self, name: str) -> str:
        """See Context.connection."""
        resolved = self.engine.run.variables.resolve(name)
        if resolved not in self.connections:
            self.connections[resolved] = self.name(f"{resolved} url")
        return self.connections[resolved]

    def stream(self, source: str, target: str) -> Stream:
        """The stream that flows along a hop."""
        streams = self.streams[source]
        found = next((s for s in streams if s.target == target), None) or next(
            (s for s in streams if s.target is None), None
        )
        if found is None:
            raise CannotConvertError(f"{source!r} sends it nothing", "remove the hop")
        return found

    def block(self, name: str) -> Block:
        """What one step becomes. Raises CannotConvertError."""
        node = self.engine.nodes[name]
        step = node.steps[0]
        generator = self.generators.get(step.node.type)
        if generator is None:
            raise CannotConvertError(f"there is no generator for {step.node.type}")
        if type(step) is Step:
            raise CannotConvertError("the engine does not run it here", "")
        if step.node.options.text("partitioning/method", default="none").lower() != "none":
            raise CannotConvertError("its rows are partitioned", "take the partitioning off")
        if len(node.steps) > 1:
            raise CannotConvertError("it runs in several copies", "set the copies to 1")
        if name in self.engine.graph.errors:
            raise CannotConvertError("it has an error hop", "convert the step without error handling")
        free = [t for t in step.targets if t not in step.named_targets()]
        if step.node.distribute and len(free) > 1:
            raise CannotConvertError("it deals its rows out to several steps", "let it copy them")
        for item in step.output:
            try:
                known(item.type)
            except CannotConvertError as error:
                raise CannotConvertError(f"field {item.name!r}: {error.what}") from error
        context = Context(self, step)
        made = generator(step, context)
        streams = made if isinstance(made, list) else [made]
        self.streams[name] = streams
        return Block(step, [*context.before, *streams], context.notes, context.write)


@contextmanager
def plan(
    model: Transformation,
    generators: Mapping[str, Generator],
    *,
    parameters: Mapping[str, str] | None = None,
    settings: EngineSettings | None = None,
    connect: bool = True,
) -> Iterator[Plan]:
    """The converted steps of a transformation; nothing runs.

    Raises:
        KettleError: it cannot be planned, or steps have no counterpart: all of them are named.
    """
    run = new_run(model, parameters=parameters, settings=settings)
    run.databases.planning_only = True
    try:
        engine = Engine(run)
        engine.plan()
        yield _planned(engine, Planner(engine, generators))
    finally:
        run.databases.rollback()
        run.databases.close()
        run.memory.close()


def _planned(engine: Engine, planner: Planner) -> Plan:
    blocks: list[Block] = []
    problems: list[str] = []
    lost: set[str] = set()
    for name in engine.graph.order:
        if any(source in lost for source in engine.graph.inputs[name]):
            lost.add(name)
            kind = engine.nodes[name].steps[0].node.type
            if kind not in planner.generators:
                problems.append(f"step {name!r}: there is no generator for {kind}")
            continue
        try:
            blocks.append(planner.block(name))
        except KettleError as error:
            lost.add(name)
            problems.append(f"step {name!r}: {getattr(error, 'reason', error.what)}")
    if problems:
        file = engine.run.transformation.path or engine.run.transformation.name
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise KettleError(f"{file} cannot be converted:{listed}", "run it with the engine: heddle kettle run")
    ends = {
        b.step.name: s for b in blocks for s in b.streams if s.target is None and not engine.graph.targets[b.step.name]
    }
    return Plan(engine.run.transformation, engine, blocks, ends, planner.used, planner.connections)
