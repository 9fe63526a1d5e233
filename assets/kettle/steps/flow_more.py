"""Files from result, Repeat fields, and streams of different layouts put together."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from assets.kettle.engine.outputs import local_path
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import Derivation, Ref, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.values.compare import key_columns
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

KINDS = {"GENERAL": "General", "LOG": "Log", "ERRORLINE": "Error line", "ERROR": "Error", "WARNING": "Warning"}


class FilesFromResult(Step):
    """One row per result file that the calling job hands in."""

    types = ("FilesFromResult",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """What is known of a result file."""
        names = ("type", "filename", "path", "parentorigin", "origin", "comment")
        texts = [Field(name, origin=self.name) for name in names]
        return Layout([*texts, Field("timestamp", ValueType.DATE, origin=self.name)])

    def produce(self) -> Iterator[pl.DataFrame]:
        """The files in the order in which they were added."""
        rows = [self._row(file) for file in self.run.previous.files]
        if rows:
            yield pl.DataFrame(rows, schema=self.output.schema, orient="row")

    @staticmethod
    def _row(file: ResultFile) -> tuple[object, ...]:
        local = local_path(file.path)
        path = file.path if local is None else f"file://{local.absolute()}"
        name = Path(path).name
        changed = None
        if local is not None and local.exists():
            changed = datetime.fromtimestamp(local.stat().st_mtime, UTC).replace(tzinfo=None)
        kind = KINDS.get(file.type, file.type)
        return kind, name, path, file.origin_parent or None, file.origin or None, file.comment or None, changed


class RepeatFields(RowStep):
    """New fields with the values of others, where those of the previous row are kept on; Hop's "Repeat fields".

    A new group (a change of the group fields from row to row; every row without group fields is of one group) starts
    with its own value. The rows before a batch are remembered.
    """

    types = ("RepeatFields",)
    copies_as_one = False

    def setup(self) -> None:
        """Reads groups and repeats."""
        holder = self.options.element.find("group_fields")
        self.group_names = [self.resolve(str(e.text or "")) for e in (holder if holder is not None else ())]
        self.repeats = [
            (
                o.text("type", default="previous").lower(),
                self.resolve(o.text("source_field")),
                self.resolve(o.text("target_field")),
                self.resolve(o.text("indicator_field_name")),
                o.text("indicator_value"),
            )
            for o in self.options.rows("repeats/field")
        ]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The new fields behind the others, like their sources."""
        layout = self.main(inputs)
        self.groups = [self.field(layout, name, "the group field") for name in self.group_names]
        found = []
        for kind, source, target, indicator, _ in self.repeats:
            if kind not in ("previous", "previous_when_null", "current_when_indicated"):
                raise StepError(self.name, f"there is no way to repeat called {kind!r}", "choose one that there is")
            if kind == "current_when_indicated":
                self.field(layout, indicator, "the indicator field")
            found.append(self.field(layout, source, "the field to repeat").but(name=target, origin=self.name))
        output = layout.plus(*found)
        self.targets_of = output.fields[len(layout) :]
        return output

    def start(self) -> None:
        """No row has come."""
        self.last: pl.DataFrame | None = None

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the new fields; the last of them is kept in front of the next batch."""
        joined = frame if self.last is None else pl.concat([self.last.select(frame.columns), frame])
        group = _runs(key_columns(joined, self.groups), joined.height)
        made = [self._made(joined, group, number) for number in range(len(self.repeats))]
        result = joined.with_columns(made)
        result = result if self.last is None else result[1:]
        self.last = result.tail(1)
        return result

    def _made(self, joined: pl.DataFrame, group: pl.Series, number: int) -> pl.Series:
        kind, source, _, indicator, wanted = self.repeats[number]
        item = self.targets_of[number]
        values = joined[self.field(self.main(self.inputs), source).name].alias(item.name)
        if self.last is not None:  # the row before this batch counts with what was made of it
            values = pl.concat([self.last[item.name], values[1:]])
        first = group != group.shift(1).fill_null(-1)
        if kind == "previous":
            keep = first
        elif kind == "previous_when_null":
            keep = values.is_not_null() | first
        else:
            field = self.field(self.main(self.inputs), indicator)
            keep = (to_text(joined[field.name], field) == wanted).fill_null(False) | first
        chosen = pl.int_range(len(values), eager=True).set(~keep, None)
        if self.last is not None:
            chosen[0] = 0
        return values.gather(chosen.forward_fill()).alias(item.name)

    def derive(self) -> dict[str, Derivation]:
        """Each new field from its source."""
        words = {"previous": "the group's first value", "previous_when_null": "the last value that is not null"}
        return {
            item.name: Derivation((Ref(source, next(iter(self.inputs), "")),), words.get(kind, "repeated"))
            for item, (kind, source, *_) in zip(self.targets_of, self.repeats, strict=True)
        }


def _runs(keys: Sequence[pl.Series], height: int) -> pl.Series:
    """A number per row that changes where a key changes from one row to the next; nulls are equal."""
    changed = pl.Series([False]).new_from_index(0, height)
    for key in keys:
        changed = changed | key.ne_missing(key.shift(1))
    if height:
        changed[0] = False
    return changed.cast(pl.Int64).cum_sum()


class StreamSchemaMerge(Step):
    """Streams of different layouts in one: all fields by name, null where a stream lacks one.

    A field that comes with different types becomes text. The rows are in the order in which they arrive.
    """

    types = ("StreamSchema", "StreamSchemaStep")
    joins = True

    def setup(self) -> None:
        """Reads the names of the streams, which give the order of the fields."""
        rows = self.options.rows("transforms/transform") + self.options.rows("steps/step")
        self.named = [o.text("name") for o in rows]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fields of the first stream, then what each other adds."""
        order = [name for name in self.named if name in inputs] or list(inputs)
        merged: dict[str, Field] = {}
        for name in order:
            for item in inputs[name]:
                known = merged.setdefault(item.name, item)
                if known.type != item.type:
                    merged[item.name] = Field(known.name, origin=known.origin)
        return Layout(merged.values())

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Hands the rows on in the common layout."""
        layout = self.inputs[source]
        columns = []
        for item in self.output:
            if item.name not in layout.names:
                columns.append(pl.Series(item.name, [None] * frame.height, dtype=item.dtype))
            elif layout[item.name].type != item.type:
                columns.append(to_text(frame[item.name], layout[item.name]).alias(item.name))
            else:
                columns.append(frame[item.name])
        self.emit(pl.DataFrame(columns))
