"""Group by: adjacent rows with equal keys."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.step import Decision, Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.group_functions import CUMULATIVE, Aggregate, numbers
from assets.kettle.steps.group_layouts import (
    all_rows_field,
    derivations,
    gives_back_row,
    grouped_field,
    read_aggregates,
    zeros,
)
from assets.kettle.steps.group_partial import aggregate_rows, key_name, partials, result_name, states_of
from assets.kettle.values.compare import key_columns
from assets.kettle.values.convert import convert
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType

GROUP = "\x00group"


def group_numbers(frame: pl.DataFrame, fields: list[Field]) -> pl.Series:
    """0, 1, 2, ... for each run of adjacent rows with equal keys; case counts unless the rows were sorted without."""
    if not fields:
        return pl.repeat(0, frame.height, dtype=pl.UInt32, eager=True).alias(GROUP).set_sorted()
    keys = key_columns(frame, fields, [not f.any_case for f in fields])
    runs = keys[0].rle_id() if len(keys) == 1 else pl.DataFrame(keys).to_struct().rle_id()
    return runs.alias(GROUP).set_sorted()


class GroupBase(Step):
    """What both steps share: the table of aggregates, over rows or over states of parts of the groups.

    Attributes:
        states: the aggregates with their states (see `group_partial`); None when one of them needs all values.
        needed: the fields that count.
    """

    blocking = True
    memory = False

    def setup(self) -> None:
        """Reads the names of the keys."""
        self.names = [o.text("name") for o in self.options.rows("group/field")]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The keys and one field per aggregate."""
        layout = self.main(inputs)
        self.keys = [self.field(layout, name, "the group field") for name in self.names]
        self.aggregates = read_aggregates(self, layout, memory=self.memory)
        self.gives_back = gives_back_row(self, self.aggregates)
        output = Layout([*self.keys, *map(grouped_field, self.aggregates)])
        self.results = output.fields[len(self.keys) :]
        used = {f.name for f in self.keys} | {a.subject.name for a in self.aggregates if a.subject is not None}
        self.needed = [name for name in layout.names if name in used] or layout.names[:1]
        self._plan_states()
        return output

    def decides(self) -> list[Decision]:
        """By the group fields."""
        return [Decision("group", tuple(Ref(f.name) for f in self.keys))]

    def _plan_states(self) -> None:
        self.states = partials(self.aggregates)
        self.state_keys = [f.but(name=key_name(n)) for n, f in enumerate(self.keys)]
        if self.states is not None:
            self._columns = [state for partial in self.states for state in partial.states]
            self.state_layout = Layout([*self.state_keys, *(state.field for state in self._columns)])

    def counting(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The fields that count; rows without fields stay what they are."""
        return frame.select(self.needed) if self.needed else frame

    def states_of_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What each row adds to the states."""
        return states_of(self.name, frame, [f.name for f in self.keys], self._columns)

    def joined(self, states: pl.DataFrame, by: list[pl.Series]) -> pl.DataFrame:
        """One row of states per group of the columns `by`."""
        keys = [f.name for f in self.state_keys]
        found = aggregate_rows(self.name, states, by, keys, [c.whole for c in self._columns], memory=self.memory)
        return found.cast(self.state_layout.schema)  # type: ignore[arg-type]  # a schema of types

    def finished(self, states: pl.DataFrame) -> pl.DataFrame:
        """The rows that leave, from the states of whole groups."""
        assert self.states is not None
        made = [s.result().cast(f.dtype).alias(f.name) for s, f in zip(self.states, self.results, strict=True)]
        keys = [pl.col(key_name(n)).alias(f.name) for n, f in enumerate(self.keys)]
        return states.select([*keys, *made]).with_columns(zeros(self, self.results))

    def aggregated(self, frame: pl.DataFrame, by: list[pl.Series], *, with_keys: bool = True) -> pl.DataFrame:
        """One row per group of the columns `by`; those of Group by are in order, others in any."""
        working = [a for a in self.aggregates if a.code not in CUMULATIVE]
        keys = self.keys if with_keys else []
        grouped = aggregate_rows(self.name, frame, by, [f.name for f in keys], working, memory=self.memory)
        made = []
        for aggregate, field in zip(self.aggregates, self.results, strict=True):
            value = pl.lit(None) if aggregate.code in CUMULATIVE else pl.col(result_name(aggregate.number))
            made.append(value.cast(field.dtype).alias(field.name))
        picked = [pl.col(key_name(n)).alias(f.name) for n, f in enumerate(keys)]
        return grouped.select([*picked, *made]).with_columns(zeros(self, self.results))

    def one_by_one(self, held: Buffer) -> pl.DataFrame:
        """The results over all rows of a spilled buffer; of each function only its field is in memory."""
        found = []
        for aggregate, field in zip(self.aggregates, self.results, strict=True):
            name = self.needed[0] if aggregate.subject is None else aggregate.subject.name
            frame = held.lazy().select(name).collect()
            made = aggregate_rows(self.name, frame, [group_numbers(frame, [])], [], [aggregate], memory=self.memory)
            found.append(made.to_series().cast(field.dtype).alias(field.name))
        return pl.DataFrame(found).with_columns(zeros(self, self.results))

    def derive(self) -> dict[str, Derivation]:
        """The results."""
        return derivations(self.aggregates, next(iter(self.inputs), ""), [f.name for f in self.results])


class GroupBy(GroupBase):
    """Groups adjacent rows: an unsorted input gives several groups of one key. The last row of a group gives its keys.

    "Include all rows" repeats the results on each row, with a line number per group and running sums where asked for.
    A group leaves when the next one begins; of the open one its states are kept, or where all values or all rows are
    needed, those.
    """

    types = ("GroupBy",)

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        self.all_rows = self.options.flag("all_rows")
        self.line_field = self.options.text("linenr_fieldname") if self.options.flag("add_linenr") else ""

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Keys and results, or all fields and results."""
        grouped = super().fields(inputs)
        if not self.all_rows:
            return grouped
        layout = self.main(inputs)
        self.states, self.needed = None, layout.names
        output = layout.plus(*(all_rows_field(a, self.name) for a in self.aggregates))
        self.results = output.fields[len(layout) :]
        if self.line_field:
            output = output.plus(Field(self.line_field, ValueType.INTEGER, 10, mask=INTEGER_MASK, origin=self.name))
        return output

    def start(self) -> None:
        """No group is open."""
        self.held: Buffer = self.buffer(self.main(self.inputs).select(self.needed))
        self._open: pl.DataFrame | None = None
        self._none = True

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Sends on the groups that are complete."""
        self._none = False
        if self.states is not None:
            self._reduce(frame)
            return
        frame = self.counting(frame)
        groups = group_numbers(frame, self.keys)
        last = int((groups == groups[-1]).arg_max() or 0)
        if last or (self.held.rows and not self._continues(frame)):
            done = pl.concat([self.held.collect(), frame.head(last)])
            self.held.clear()
            self.emit(self._grouped(done))
        self.held.append(frame.slice(last))
        self._open = frame.tail(1)

    def _continues(self, frame: pl.DataFrame) -> bool:
        """Whether the first row belongs to the open group."""
        assert self._open is not None
        return int(group_numbers(pl.concat([self._open, frame.head(1)]), self.keys)[1]) == 0

    def _reduce(self, frame: pl.DataFrame) -> None:
        """The same with states."""
        states = self.states_of_rows(frame)
        if self._open is not None:
            states = pl.concat([self._open, states])
        states = self.joined(states, [group_numbers(states, self.state_keys)])
        self._open = states[[-1]]
        if states.height > 1:
            self.emit(self.finished(states.head(states.height - 1)))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The group that is still open, or the row for no rows."""
        if self._none:
            if self.gives_back and not self.all_rows:
                yield self._nothing()
        elif self.states is not None and self._open is not None:
            yield self.finished(self._open)
        elif self.held.spilled and not self.keys and not self.all_rows:
            yield self.one_by_one(self.held)
        else:
            yield self._grouped(self.held.collect())
        self.held.clear()

    def _nothing(self) -> pl.DataFrame:
        """The results of no rows, with null keys."""
        layout = self.held.layout
        one = pl.DataFrame({f.name: [None] for f in layout}, schema=layout.schema)
        row = self.aggregated(one, [group_numbers(one, self.keys)])
        counted = [f.name for a, f in zip(self.aggregates, self.results, strict=True) if a.code == "COUNT_ANY"]
        return row.with_columns(pl.lit(0, pl.Int64).alias(name) for name in counted)

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        groups = group_numbers(frame, self.keys)
        if not self.all_rows:
            return self.aggregated(frame, [groups])
        if self.aggregates:
            results = self.aggregated(frame, [groups], with_keys=False)
            frame = frame.with_columns(results[groups].get_columns())
        running = [self._running(frame, groups, a, f) for a, f in zip(self.aggregates, self.results, strict=True)]
        frame = frame.with_columns([c for c in running if c is not None])
        if self.line_field:
            line = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(GROUP)
            frame = frame.with_columns(groups).with_columns(line.alias(self.output.names[-1]))
        return frame.select(self.output.names)

    def _running(self, frame: pl.DataFrame, groups: pl.Series, aggregate: Aggregate, field: Field) -> pl.Series | None:
        """Running sum or average; a null row repeats what was before. BigNumbers run in double precision."""
        if aggregate.code not in CUMULATIVE or aggregate.subject is None:
            return None
        source = aggregate.subject
        column = frame[source.name]
        if not source.is_numeric or source.type is ValueType.BIGNUMBER:
            try:
                column = numbers(column, source)
            except ValueError as error:
                raise StepError(self.name, str(error), "convert the field before") from error
        table = pl.DataFrame([column.alias("v"), groups.alias("g")])
        total = pl.col("v").cum_sum().forward_fill()
        if aggregate.code == "CUM_AVG":
            total = total / pl.col("v").cum_count()
        found = table.select(total.over("g"))["v"]
        if field.type is ValueType.BIGNUMBER:
            return convert(found, Field("v", ValueType.NUMBER), field).values.alias(field.name)
        return found.cast(field.dtype).alias(field.name)
