"""Group by (adjacent rows) and Memory group by (equal keys anywhere)."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.external import parts_by_key
from assets.kettle.engine.step import Derivation, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.group_functions import CUMULATIVE, Aggregate, expression, numbers, prepared
from assets.kettle.steps.group_layouts import (
    all_rows_field,
    derivations,
    gives_back_row,
    grouped_field,
    read_aggregates,
    zeros,
)
from assets.kettle.values.compare import SortKey, key_columns, sort_columns
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
    """What both steps share: the table of aggregates over a buffered input."""

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
        return output

    def start(self) -> None:
        """Opens the buffer."""
        self.held: Buffer = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def aggregated(self, frame: pl.DataFrame, by: list[pl.Series], *, with_keys: bool = True) -> pl.DataFrame:
        """One row per group of the columns `by`; those of Group by are in order, others in any."""
        working = [a for a in self.aggregates if a.code not in CUMULATIVE]
        try:
            columns = [c for c in (prepared(frame, a) for a in working) if c is not None]
        except ValueError as error:
            raise StepError(self.name, str(error), "aggregate numbers, or convert the field before") from error
        helpers = {c.name for c in columns}
        table = frame.with_columns([*columns, *by])
        keys = self.keys if with_keys else []
        picked = [(pl.first if self.memory else pl.last)(f.name).alias(f"\x03{f.name}") for f in keys]
        picked += [expression(a, helpers).alias(f"\x01{a.number}") for a in working]
        grouped = table.group_by([c.name for c in by], maintain_order=not self.memory).agg(picked)
        return self._named(grouped)

    def _named(self, grouped: pl.DataFrame) -> pl.DataFrame:
        made = []
        for aggregate, field in zip(self.aggregates, self.results, strict=True):
            has = aggregate.code not in CUMULATIVE
            made.append(
                (pl.col(f"\x01{aggregate.number}") if has else pl.lit(None)).cast(field.dtype).alias(field.name)
            )
        keys = [pl.col(f"\x03{f.name}").alias(f.name) for f in self.keys if f"\x03{f.name}" in grouped.columns]
        named = grouped.select([*keys, *made])
        return named.with_columns(zeros(self, self.results))

    def derive(self) -> dict[str, Derivation]:
        """The results."""
        return derivations(self.aggregates, next(iter(self.inputs), ""), [f.name for f in self.results])


class GroupBy(GroupBase):
    """Groups adjacent rows: an unsorted input gives several groups of one key. The last row of a group gives its keys.

    "Include all rows" repeats the results on each row, with a line number per group and running sums where asked for.
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
        output = layout.plus(*(all_rows_field(a, self.name) for a in self.aggregates))
        self.results = output.fields[len(layout) :]
        if self.line_field:
            output = output.plus(Field(self.line_field, ValueType.INTEGER, 10, mask=INTEGER_MASK, origin=self.name))
        return output

    def produce(self) -> Iterator[pl.DataFrame]:
        """The groups in order."""
        if not self.held.rows:
            if self.gives_back and not self.all_rows:
                yield self._nothing()
            return
        if not self.held.spilled:
            yield self._grouped(self.held.collect())
        elif not self.keys and not self.all_rows:
            names = list({a.subject.name for a in self.aggregates if a.subject is not None})
            needed = names or self.held.layout.names[:1]
            yield self._grouped(self.held.lazy().select(needed).collect())
        else:
            yield from self._in_pieces()
        self.held.clear()

    def _nothing(self) -> pl.DataFrame:
        """The results of no rows, with null keys."""
        layout = self.held.layout
        one = pl.DataFrame({f.name: [None] for f in layout}, schema=layout.schema)
        row = self.aggregated(one, [group_numbers(one, self.keys)])
        counted = [f.name for a, f in zip(self.aggregates, self.results, strict=True) if a.code == "COUNT_ANY"]
        return row.with_columns(pl.lit(0, pl.Int64).alias(name) for name in counted)

    def _in_pieces(self) -> Iterator[pl.DataFrame]:
        """Group after group of a spilled input; at least one whole group is in memory."""
        opened: list[pl.DataFrame] = []
        for batch in self.held.batches(self.run.settings.batch_rows):
            groups = group_numbers(batch, self.keys)
            last = int((groups == groups[-1]).arg_max() or 0)
            closes = last > 0 or (opened and not self._continues(opened[-1], batch))
            if not closes:
                opened.append(batch)
                continue
            done = pl.concat([*opened, batch.head(last)])
            opened = [batch.slice(last)]
            yield self._grouped(done)
        yield self._grouped(pl.concat(opened))

    def _continues(self, before: pl.DataFrame, batch: pl.DataFrame) -> bool:
        return int(group_numbers(pl.concat([before.tail(1), batch.head(1)]), self.keys)[1]) == 0

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


class MemoryGroupBy(GroupBase):
    """Groups equal keys wherever they are; the first row of a group gives its keys.

    Kettle gives the groups in the order of a hash map; here they come in the order of their keys.
    Measured: for an empty input Kettle describes the results of the row it gives back as if each aggregated the first
    field (all are null or 0); here they keep the types that they have otherwise.
    """

    types = ("MemoryGroupBy",)
    memory = True

    def start(self) -> None:
        """Opens a buffer for the fields that count; the others do not leave the step."""
        layout = self.main(self.inputs)
        used = {f.name for f in self.keys} | {a.subject.name for a in self.aggregates if a.subject is not None}
        self.needed = [name for name in layout.names if name in used] or layout.names[:1]
        self.held = self.buffer(layout.select(self.needed))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps what counts of the batch."""
        self.held.append(frame.select(self.needed) if self.needed else frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The groups."""
        if not self.held.rows:
            if self.gives_back:
                row = {f.name: [0 if a.code.startswith("COUNT") else None] for a, f in self._pairs()}
                yield pl.DataFrame({f.name: [None] for f in self.keys} | row, schema=self.output.schema)
            return
        if not self.held.spilled or not self.keys:
            yield self._grouped(self.held.collect())
        else:
            rows = self.run.settings.batch_rows
            for part in parts_by_key(self.held, self.run.memory, lambda f: key_columns(f, self.keys), rows):
                if part.height:
                    yield self._grouped(part)
        self.held.clear()

    def _pairs(self) -> list[tuple[Aggregate, Field]]:
        return list(zip(self.aggregates, self.results, strict=True))

    def _grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not self.keys:
            return self.aggregated(frame, [group_numbers(frame, [])])
        by = [c.alias(f"\x02{n}") for n, c in enumerate(key_columns(frame, self.keys))]
        found = self.aggregated(frame, by)
        return sort_columns(found, self.output, [SortKey(f.name) for f in self.keys])
