"""Row denormaliser: key/value rows of a group into columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import polars as pl

from assets.kettle.engine.buffers import Buffer
from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.steps.group_by import GROUP, group_numbers
from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.java_numbers import add, big_decimal, divide, plain
from assets.kettle.values.ordering import order_key


@dataclass(frozen=True, slots=True)
class Target:
    """One target field: the rows with `key` give their `source` value."""

    key: str
    source: Field
    field: Field
    null_text: str
    code: str


class Denormaliser(Step):
    """Per run of rows with equal group fields one row: the fields of its last row, then the targets.

    Measured: without a function the last value wins; missing is null; COUNT_ALL counts rows, also null ones; CONCAT
    joins with a bare comma; SUM skips nulls; AVERAGE into an Integer is cut; MIN skips nulls (9.3).
    """

    types = ("Denormaliser",)
    blocking = True

    def setup(self) -> None:
        """Reads the names of the group fields."""
        self.names = [o.text("name") for o in self.options.rows("group/field")]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """All fields but the key and the values, then the targets."""
        layout = self.main(inputs)
        self.key = self.field(layout, self.text("key_field"), "the key field")
        self.groups = [self.field(layout, name, "the group field") for name in self.names]
        self.pivots = [self._target(layout, option) for option in self.options.rows("fields/field")]
        rest = layout.without(self.key.name, *(t.source.name for t in self.pivots))
        self.kept = rest.names
        return rest.plus(*(t.field for t in self.pivots))

    def _target(self, layout: Layout, option: Options) -> Target:
        source = self.field(layout, option.text("field_name"), "the value field")
        if source.name == self.key.name:
            raise StepError(self.name, f"the value field {source.name!r} is the key field", "choose another field")
        field = Field(
            option.text("target_name"),
            ValueType.parse(option.text("target_type")),
            int(option.text("target_length", default="-1")),
            int(option.text("target_precision", default="-1")),
            option.text("target_format") or None,
            option.text("target_decimal_symbol") or None,
            option.text("target_grouping_symbol") or None,
            option.text("target_currency_symbol") or None,
            origin=self.name,
        )
        code = option.text("target_aggregation_type", default="-").strip().upper()
        if code not in FUNCTIONS:
            raise StepError(self.name, f"there is no function {code!r}", f"choose one of {', '.join(FUNCTIONS)}")
        key = self.resolve(option.text("key_value"))
        return Target(key, source, field, option.text("target_null_string"), code)

    def start(self) -> None:
        """Opens the buffer."""
        self.held: Buffer = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held.append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row per run of equal group fields."""
        if not self.held.spilled:
            if self.held.rows:
                yield self._pivoted(self.held.collect())
            return
        opened: pl.DataFrame | None = None
        for batch in self.held.batches(self.run.settings.batch_rows):
            frame = batch if opened is None else pl.concat([opened, batch])
            numbers = group_numbers(frame, self.groups)
            last = int((numbers == numbers[-1]).arg_max() or 0)
            if last:
                yield self._pivoted(frame.head(last))
            opened = frame.slice(last)
        if opened is not None:
            yield self._pivoted(opened)
        self.held.clear()

    def _pivoted(self, frame: pl.DataFrame) -> pl.DataFrame:
        numbers = group_numbers(frame, self.groups)
        # numbers are compared in their plain form, whatever mask and length the key field has
        key = to_text(frame[self.key.name], self.key.but(length=-1, mask=None))
        base = frame.select(self.kept).with_columns(numbers)
        grouped = base.group_by(GROUP, maintain_order=True).last() if self.kept else base.unique(maintain_order=True)
        names = self.output.names[len(self.kept) :]
        columns = [self._column(frame, key, numbers, grouped.height, target) for target in self.pivots]
        named = [c.alias(n) for c, n in zip(columns, names, strict=True)]
        return grouped.drop(GROUP).hstack(named) if self.kept else pl.DataFrame(named)

    def _column(
        self, frame: pl.DataFrame, key: pl.Series, numbers: pl.Series, height: int, target: Target
    ) -> pl.Series:
        """The target's value per group; null where the group has no row with its key."""
        here = ((key == target.key) & (key != "")).fill_null(False)
        values, group = frame[target.source.name].filter(here), numbers.filter(here)
        if target.null_text:
            words = to_text(values, target.source.but(length=-1)).str.to_lowercase()
            values = values.set((words == target.null_text.lower()).fill_null(False), None)
        source = target.source
        converted = convert(values, source, target.field)
        if converted.reasons and target.code != "COUNT_ALL":
            raise StepError(
                self.name, f"field {source.name!r}: {next(iter(converted.reasons.values()))}", "correct the data"
            )
        table = pl.DataFrame([group, converted.values.alias("v"), values.alias("s")])
        if target.code in ("MIN", "MAX"):
            table = table.with_columns(order_key(values, source, case_sensitive=True).alias("k"))
        found = table.group_by(GROUP, maintain_order=True).agg(FUNCTIONS[target.code](target).alias("v"))
        empty = pl.DataFrame({GROUP: pl.int_range(height, dtype=pl.UInt32, eager=True)})
        column = empty.join(found, on=GROUP, how="left", maintain_order="left")["v"]
        if target.code == "COUNT_ALL":
            column = convert(column.fill_null(0), Field("n", ValueType.INTEGER), target.field.but(mask=None)).values
        return column.cast(target.field.dtype)

    def derive(self) -> dict[str, Derivation]:
        """The targets; the key only chooses rows."""
        step, names = next(iter(self.inputs), ""), self.output.names[len(self.kept) :]
        return {
            name: Derivation(
                (Ref(t.source.name, step),),
                f"{t.source.name} where {self.key.name} is {t.key!r}" + ("" if t.code == "-" else f" ({t.code})"),
            )
            for name, t in zip(names, self.pivots, strict=True)
        }


VALUE = pl.col("v")


def _big(function: Callable[[list[Decimal]], Decimal]) -> pl.Expr:
    def of_list(values: pl.Series) -> str | None:
        found = [big_decimal(text) for text in values.drop_nulls().to_list()]
        return plain(function(found)) if found else None

    return VALUE.implode().map_elements(of_list, return_dtype=pl.String)


def _sum(target: Target) -> pl.Expr:
    if target.field.type is ValueType.BIGNUMBER:
        return _big(lambda values: reduce(add, values))
    return pl.when(VALUE.count() > 0).then(VALUE.sum()) if target.field.is_numeric else VALUE.last()


def _average(target: Target) -> pl.Expr:
    if target.field.type is ValueType.BIGNUMBER:
        return _big(lambda values: divide(reduce(add, values), Decimal(len(values))))
    total, count = VALUE.sum(), VALUE.count().cast(pl.Int64)
    if target.field.type is ValueType.INTEGER:
        return pl.when(count > 0).then((total - total.sign() * (total.abs() % count)) // count)
    return pl.when(count > 0).then(total / count)


def _extreme(target: Target) -> pl.Expr:
    place = pl.col("k").arg_min() if target.code == "MIN" else pl.col("k").arg_max()
    return VALUE.get(place, null_on_oob=True)


FUNCTIONS: dict[str, Callable[[Target], pl.Expr]] = {
    "-": lambda _: VALUE.last(),
    "": lambda _: VALUE.last(),
    "SUM": _sum,
    "AVERAGE": _average,
    "MIN": _extreme,
    "MAX": _extreme,
    "COUNT_ALL": lambda _: pl.len().cast(pl.Int64),
    "CONCAT_COMMA": lambda _: (
        pl.when(VALUE.first().is_null() & (VALUE.count() == 0))
        .then(None)
        .otherwise(VALUE.drop_nulls().cast(pl.String).str.join(","))
    ),
}
