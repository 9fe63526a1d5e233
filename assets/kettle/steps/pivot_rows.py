"""Row normaliser and row flattener: columns into rows, and rows into columns by their count."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.values.fields import Field, Layout, ValueType


class Normaliser(RowStep):
    """One row per distinct type value, in order of first appearance, for each input row.

    The fields of a type value fill the new columns from left to right, as Kettle does, whatever column each line of
    the table names; a type value with fewer fields leaves the last columns null.
    """

    types = ("Normaliser",)

    def setup(self) -> None:
        """Reads the table: field, type value, new field."""
        rows = self.options.rows("fields/field")
        self.lines = [(o.text("name"), self.resolve(o.text("value")), o.text("norm")) for o in rows]
        if not self.lines:
            raise StepError(self.name, "it has no fields", "name the fields to turn into rows")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The other fields, the type field, and one field per new name."""
        layout = self.main(inputs)
        sources = [self.field(layout, name) for name, _, _ in self.lines]
        gone = {f.name for f in sources}
        self.kept = [f.name for f in layout if f.name not in gone]
        longest = max(len(value) for _, value, _ in self.lines)
        made: dict[str, Field] = {}
        for source, (_, _, norm) in zip(sources, self.lines, strict=True):
            made.setdefault(norm, source.but(name=norm, origin=self.name))
        typed = Field(self.text("typefield"), ValueType.STRING, longest, origin=self.name)
        output = layout.select(self.kept).plus(typed, *made.values())
        self.made = output.fields[len(self.kept) + 1 :]
        self.by_value: dict[str, list[Field]] = {}
        for source, (_, value, _) in zip(sources, self.lines, strict=True):
            self.by_value.setdefault(value, []).append(source)
        for value, fields in self.by_value.items():
            if len(fields) > len(self.made) or any(f.type != m.type for f, m in zip(fields, self.made, strict=False)):
                names = [f.name for f in fields]
                raise StepError(
                    self.name,
                    f"the fields {names} of {value!r} do not fit the new fields {[m.name for m in self.made]}",
                    "give each type value one field of the same type per new field",
                )
        return output

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of one input row stand together."""
        typed, number = self.output.names[len(self.kept)], len(self.by_value)
        parts = []
        for position, (value, fields) in enumerate(self.by_value.items()):
            order = pl.int_range(position, position + number * frame.height, number, dtype=pl.Int64).alias("\x00order")
            columns = [pl.lit(value or None, pl.String).alias(typed)]
            for index, made in enumerate(self.made):
                source = pl.col(fields[index].name) if index < len(fields) else pl.lit(None, made.dtype)
                columns.append(source.alias(made.name))
            kept = [pl.col(name) for name in self.kept if name not in {c.meta.output_name() for c in columns}]
            parts.append(frame.select([*kept, *columns, order]))
        return pl.concat(parts).sort("\x00order").select(self.output.names)

    def derive(self) -> dict[str, Derivation]:
        """The new fields, with all the fields that feed them."""
        step = next(iter(self.inputs), "")
        found = {}
        for index, made in enumerate(self.made):
            sources = tuple(Ref(f[index].name, step) for f in self.by_value.values() if index < len(f))
            found[made.name] = Derivation(sources, f"one row per value of {self.output.names[len(self.kept)]}")
        return found


class Flattener(Step):
    """Puts one field of each n consecutive rows side by side; the other fields are those of the last of the n rows."""

    types = ("Flattener", "Flatterner")

    def setup(self) -> None:
        """Reads the field and its targets."""
        self.names = [o.text("name") for o in self.options.rows("fields/field")]
        if not self.names:
            raise StepError(self.name, "it has no target fields", "name at least one")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The other fields, then the targets as copies of the field."""
        layout = self.main(inputs)
        self.flat = self.field(layout, self.text("field_name"), "the field to flatten")
        rest = layout.without(self.flat.name)
        self.kept = rest.names
        return rest.plus(*(self.flat.but(name=name, origin=self.name) for name in self.names))

    def start(self) -> None:
        """No row is left over."""
        self._left: pl.DataFrame | None = None

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Emits the full groups of n rows and keeps the rest."""
        frame = frame if self._left is None else pl.concat([self._left, frame])
        full = frame.height - frame.height % len(self.names)
        self._left = frame.slice(full)
        if full:
            self.emit(self._flattened(frame.head(full)))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The last rows, fewer than n."""
        if self._left is not None and self._left.height:
            yield self._flattened(self._left)

    def _flattened(self, frame: pl.DataFrame) -> pl.DataFrame:
        size = len(self.names)
        groups = -(-frame.height // size)
        last = pl.Series([min((g + 1) * size, frame.height) - 1 for g in range(groups)], dtype=pl.UInt32)
        column = frame[self.flat.name]
        padded = column.extend_constant(None, groups * size - frame.height)
        targets = self.output.names[len(self.kept) :]
        flat = [padded.gather_every(size, n).alias(name) for n, name in enumerate(targets)]
        return pl.DataFrame([*frame.select(self.kept)[last].get_columns(), *flat])

    def derive(self) -> dict[str, Derivation]:
        """The targets."""
        ref = Ref(self.flat.name, next(iter(self.inputs), ""))
        targets = self.output.names[len(self.kept) :]
        return {n: Derivation((ref,), f"value of row {i + 1} of {len(targets)}") for i, n in enumerate(targets)}
