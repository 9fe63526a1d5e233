"""What is known of a Kettle file without running it, as values that can be stored. Light: the definitions load it."""

from pydantic import BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ParameterInfo(_Value):
    """A named parameter."""

    name: str
    default: str = ""
    description: str = ""


class FieldInfo(_Value):
    """A field of a layout: Kettle's type, its length and precision (-1 open) and mask."""

    name: str
    type: str
    length: int = -1
    precision: int = -1
    mask: str = ""

    @property
    def type_text(self) -> str:
        """`String(30)`, `Number(10, 2)`; "?" where only a run tells."""
        sizes = [str(n) for n in (self.length, self.precision) if n > 0]
        return f"{self.type}({', '.join(sizes)})" if self.type and sizes else self.type or "?"


class Place(_Value):
    """Something outside that a step reads or writes.

    Attributes:
        kind: table or file.
        connection: name of the database connection, "" for files.
        name: `schema.table`, `table`, or the path.
        step: which step does it.
        warehouse: the connection leads to the warehouse of the settings.
        columns: column outside -> field of the stream.
    """

    kind: str
    connection: str
    name: str
    step: str
    warehouse: bool = False
    columns: dict[str, str] = {}

    @property
    def id(self) -> str:
        """As column references name it: `connection:table`, or the path."""
        return f"{self.connection}:{self.name}" if self.kind == "table" else self.name


class Hop(_Value):
    """One step on the way of a column, and what it does with it, in words."""

    step: str
    words: str


class Source(_Value):
    """Where a column's values come from: a column of a place outside, and the steps on the way, first to last.

    `place` and `column` are empty for values made by a step.
    """

    place: str
    column: str
    way: tuple[Hop, ...]


class Influence(_Value):
    """A column outside by which a step on the way decides which rows there are; kind: filter, join or group."""

    place: str
    column: str
    step: str
    kind: str


class Output(_Value):
    """A place that is written, with the fields of its columns and where these come from.

    Attributes:
        rows: what decides which rows come, apart from the values in them.
    """

    place: Place
    fields: tuple[FieldInfo, ...] = ()
    lineage: dict[str, tuple[Source, ...]] = {}
    rows: tuple[Influence, ...] = ()


class StepInfo(_Value):
    """A step or job entry.

    Attributes:
        fields: what leaves it; None when that could not be told.
        problem: why it cannot run, or why its fields are not known.
        alone: it may run as an op of its own, see pieces.py.
    """

    name: str
    type: str
    supported: bool = True
    fields: tuple[FieldInfo, ...] | None = None
    problem: str = ""
    alone: bool = False


class FileInfo(_Value):
    """A .ktr, .hpl, .kjb or .hwf file.

    Attributes:
        name: path inside its folder.
        error: why the file cannot be read or run at all, "" otherwise.
        order: the steps that run, sorted so that rows flow forwards.
        hops: all hops between these, error hops included, in the order in which a run fills them.
        error_hops: those of `hops` that carry failing rows.
        calls: files that it calls, inside the folder, by the entry or step that does.
        cron: of a job's START, "" for none.
    """

    name: str
    kind: str
    title: str = ""
    description: str = ""
    error: str = ""
    parameters: tuple[ParameterInfo, ...] = ()
    steps: tuple[StepInfo, ...] = ()
    order: tuple[str, ...] = ()
    hops: tuple[tuple[str, str], ...] = ()
    error_hops: tuple[tuple[str, str], ...] = ()
    reads: tuple[Place, ...] = ()
    outputs: tuple[Output, ...] = ()
    calls: dict[str, str] = {}
    cron: str = ""

    @property
    def is_job(self) -> bool:
        """A job or workflow."""
        return self.kind in ("kjb", "hwf")

    @property
    def problems(self) -> list[str]:
        """What is wrong, in words."""
        return [self.error] * bool(self.error) + [f"step {s.name!r}: {s.problem}" for s in self.steps if s.problem]

    @property
    def unsupported(self) -> list[str]:
        """Steps that the native engine does not have: `name (type)`."""
        return [f"{s.name} ({s.type})" for s in self.steps if not s.supported]
