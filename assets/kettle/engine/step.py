"""The base of all steps. One step type is one subclass with its own test.

Life of a step: made from its node; `fields` declares the layout that leaves it, from the layouts that come in (no row
has flowed yet); `start` opens what it needs; `rows` gets each batch; when all inputs have ended `produce` yields what
is left to say (all that a source says); `close` is called in any case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.result import Counters
from assets.kettle.errors import StepError, without_passwords
from assets.kettle.model import StepNode
from assets.kettle.values.fields import Field, Layout

if TYPE_CHECKING:
    from assets.kettle.engine.run import Run


@dataclass(frozen=True, slots=True)
class Ref:
    """A column somewhere: of an input step (`step` is its name), or of a data set outside ("" step).

    Attributes:
        dataset: for an outside column `connection:schema.table` or a file path with variables resolved; passwords
            of URLs are ***, as what is read here is shown.
    """

    field: str
    step: str = ""
    dataset: str = ""

    def __post_init__(self) -> None:
        """Hides passwords."""
        object.__setattr__(self, "dataset", without_passwords(self.dataset))


@dataclass(frozen=True, slots=True)
class Derivation:
    """Where a field that leaves a step comes from, and what happened to it, in words."""

    sources: tuple[Ref, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Fields by which a step decides which rows leave it; their values need not be in any of these.

    Attributes:
        kind: filter, join or group.
    """

    kind: str
    fields: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Something outside that a step reads or writes.

    Attributes:
        kind: "table" or "file".
        connection: name of the database connection, "" for files.
        name: schema-qualified table name, or path; variables resolved as far as they are known, passwords of URLs ***.
        columns: outside column -> field of the stream (written: the field it gets; read: the field it becomes).
    """

    kind: str
    connection: str
    name: str
    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        """Hides passwords."""
        object.__setattr__(self, "name", without_passwords(self.name))


class Port(Protocol):
    """What the runtime gives a step to speak through."""

    counters: Counters

    def send(self, frame: pl.DataFrame, target: str | None) -> None:
        """Rows to all normal targets (None) or to the named one."""

    def reject(
        self,
        frame: pl.DataFrame,
        description: str | pl.Series,
        fields: str | pl.Series,
        code: str,
        count: int | pl.Series,
    ) -> None:
        """Rows to the error hop; raises StepError where there is none. A series holds one value per row."""


class Step:
    """A step with its options read. Subclasses set `types` and override what they need.

    Class attributes:
        types: the type ids of Kettle and of Hop.
        copies_as_one: several copies give the same rows as one (no state across rows).
        joins: the inputs have layouts of their own (else all must agree with the first, by position).
        blocking: `produce` needs all rows: the planner cuts there.
        reads_ahead: as a source without an error hop it may be asked for rows on a thread of its own.
    """

    types: ClassVar[tuple[str, ...]] = ()
    copies_as_one: ClassVar[bool] = False
    joins: ClassVar[bool] = False
    blocking: ClassVar[bool] = False
    reads_ahead: ClassVar[bool] = False

    port: Port
    inputs: dict[str, Layout]
    output: Layout
    targets: list[str]

    def __init__(self, node: StepNode, run: "Run") -> None:
        self.node = node
        self.name = node.name
        self.options = node.options
        self.run = run
        self.setup()

    # -- for subclasses to override

    def setup(self) -> None:
        """Reads the options. Raises StepError for options that cannot work."""

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout that leaves this step, given those that come in by name of the sending step."""
        return self.main(inputs)

    def fields_to(self, target: str) -> Layout:
        """The layout on the hop to `target`, for steps that say different things to different targets."""
        return self.output

    def named_inputs(self) -> list[str]:
        """Steps whose rows are read on the side (look-up streams); they run first where that is possible."""
        return []

    def named_targets(self) -> list[str]:
        """Steps that rows are sent to by name; they get nothing of what is sent to all."""
        return []

    def waits_for(self) -> list[str]:
        """Steps that must have finished before this step's `produce` is called."""
        return []

    def start(self) -> None:
        """Opens what is needed; runs before any row flows, in the order of the graph."""

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes a batch from `source` and calls `emit`, or keeps it. An empty batch never comes."""
        raise StepError(self.name, f"a {self.node.type} step takes no input", f"remove the hop from {source!r}")

    def ended(self, source: str) -> None:
        """The input `source` has no more rows."""

    def produce(self) -> Iterator[pl.DataFrame]:
        """What the step says once all inputs have ended; batches are sent to all targets."""
        return iter(())

    def close(self) -> None:
        """Releases what `start` opened, also after a failure."""

    def derive(self) -> dict[str, Derivation]:
        """Where the changed or new fields of `output` come from; fields not named pass through unchanged."""
        return {}

    def decides(self) -> list[Decision]:
        """What the rows that leave depend on besides those that come."""
        return []

    def reads(self) -> list[DataSet]:
        """The tables and files that this step reads."""
        return []

    def writes(self) -> list[DataSet]:
        """The tables and files that this step writes."""
        return []

    # -- for subclasses to use

    def main(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout of the main input: the first that is not read on the side; empty for a source."""
        side = set(self.named_inputs())
        return next((layout for name, layout in inputs.items() if name not in side), Layout())

    def text(self, *tags: str, default: str = "") -> str:
        """An option with its variables resolved."""
        return self.run.variables.resolve(self.options.text(*tags, default=default))

    def resolve(self, text: str) -> str:
        """A text with its variables resolved."""
        return self.run.variables.resolve(text)

    def integer(self, *tags: str, default: int = 0) -> int:
        """A whole number option. Raises StepError naming the option when it is none."""
        text = self.text(*tags).strip()
        if not text:
            return default
        try:
            return int(float(text))
        except ValueError:
            raise StepError(self.name, f"{tags[0]} is {text!r}, not a whole number", "correct the option") from None

    def field(self, layout: Layout, name: str, what: str = "field") -> Field:
        """The field of that name. Raises StepError naming what is there."""
        found = layout.get(name)
        if found is None:
            raise StepError(self.name, f"{what} {name!r} is not in the input", f"there are: {', '.join(layout.names)}")
        return found

    def emit(self, frame: pl.DataFrame, target: str | None = None) -> None:
        """Sends rows on; the columns must be those of the declared layout."""
        if frame.height:
            self.port.send(frame, target)

    def reject(
        self,
        frame: pl.DataFrame,
        description: str | pl.Series,
        fields: str | pl.Series = "",
        code: str = "",
        count: int | pl.Series = 1,
    ) -> None:
        """Sends input rows to the error hop. Raises StepError where there is none."""
        if frame.height:
            self.port.reject(frame, description, fields, code, count)

    def split(self, frame: pl.DataFrame, reasons: Mapping[int, str], fields: str = "", code: str = "") -> pl.Series:
        """Rejects the rows whose number is in `reasons`; a Boolean mask of those that stay."""
        keep = pl.Series([True]).new_from_index(0, frame.height)
        if reasons:
            positions = sorted(reasons)
            keep = keep.scatter(positions, False)
            self.reject(frame[positions], pl.Series([reasons[i] for i in positions]), fields, code)
        return keep

    def count(self, **amounts: int) -> None:
        """Adds to this step's counters (input, output, updated, errors, ...)."""
        self.port.counters.add(**amounts)

    def log(self, text: str, level: str = "BASIC") -> None:
        """A line in the run's log."""
        self.run.log(self.name, text, level)

    def buffer(self, layout: Layout | None = None) -> Buffer:
        """A buffer for rows of `layout` (the main input's by default) within the run's memory limit."""
        return Buffer(layout if layout is not None else self.main(self.inputs), self.run.memory)


class RowStep(Step):
    """A step that turns each batch into one batch; `transform` may reject rows by `split`."""

    copies_as_one = True

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that go on."""
        raise NotImplementedError

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Sends on what `transform` gives."""
        self.emit(self.transform(frame))


class WholeStep(Step):
    """A step that needs all rows of its main input at once."""

    blocking = True

    def start(self) -> None:
        """Opens the buffer."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that go on, given all input rows."""
        raise NotImplementedError

    def produce(self) -> Iterator[pl.DataFrame]:
        """What `whole` makes of all rows."""
        frame = self.held.collect()
        self.held.clear()
        yield self.whole(frame)
