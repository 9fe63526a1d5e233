"""Join rows: the product of all inputs, filtered by a condition."""

from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.step import Decision, Ref, Step
from assets.kettle.steps.conditions import Atom, Composite, fields_of, read_condition
from assets.kettle.values.compare import key_columns
from assets.kettle.values.fields import Field, Layout

ROWS_AT_ONCE = 1 << 18


class JoinRows(Step):
    """Every row of the main stream with every row of the others; the last stream turns fastest.

    The main stream comes first, in the place of the stream that came first. Streams other than the main one are held
    in memory. Conditions that ask for equal fields are joined by key instead of by trying all pairs.
    """

    types = ("JoinRows",)
    joins = True
    blocking = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """All fields of all streams; names that are taken get `_1`, `_2`."""
        self.sources = list(inputs)
        main = next((n for n, s in enumerate(self.sources) if s.lower() == self.options.text("main").lower()), 0)
        self.sources[0], self.sources[main] = self.sources[main], self.sources[0]
        layouts = [inputs[s] for s in self.sources]
        output = Layout([f for layout in layouts for f in layout])
        self.renamed: dict[str, list[str]] = {}
        start = 0
        for source, layout in zip(self.sources, layouts, strict=True):
            self.renamed[source] = output.names[start : start + len(layout)]
            start += len(layout)
        found = self.options.rows("compare/condition")
        given = bool(found) and (bool(found[0].text("leftvalue")) or bool(found[0].rows("conditions/condition")))
        self.condition = read_condition(found[0], output, self) if given else None
        first = set(self.renamed[self.sources[0]]) if self.sources else set()
        self.equal = [] if self.condition is None else equal_fields(self.condition, first)
        return output

    def decides(self) -> list[Decision]:
        """By the fields of the condition, each as its stream has it."""
        used = set() if self.condition is None else fields_of(self.condition)
        refs = [
            Ref(field.name, source)
            for source, names in self.renamed.items()
            for field, name in zip(self.inputs[source], names, strict=True)
            if name in used
        ]
        return [Decision("join", tuple(refs))]

    def start(self) -> None:
        """Opens a buffer per stream."""
        self.held = {source: self.buffer(self.inputs[source]) for source in self.sources}

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch."""
        self.held[source].append(frame)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The pairs that meet the condition."""
        others = pl.DataFrame()
        for number, source in enumerate(self.sources[1:]):
            frame = self._renamed(self.held[source].collect(), source)
            others = frame if number == 0 else others.join(frame, how="cross")
        first = self.sources[0]
        size = ROWS_AT_ONCE if self.equal else max(1, ROWS_AT_ONCE // max(1, others.height))
        for batch in self.held[first].batches(size):
            main = self._renamed(batch, first)
            for product in self._products(main, others):
                yield product if self.condition is None else product.filter(self.condition.evaluate(product))
        for buffer in self.held.values():
            buffer.clear()

    def _renamed(self, frame: pl.DataFrame, source: str) -> pl.DataFrame:
        return frame.rename(dict(zip(frame.columns, self.renamed[source], strict=True)))

    def _products(self, main: pl.DataFrame, others: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if len(self.sources) == 1:
            yield main
        elif self.equal:
            left, right = (_with_keys(f, [p[n] for p in self.equal]) for n, f in enumerate((main, others)))
            keys = [f"\x00{n}" for n in range(len(self.equal))]
            joined = left.join(right, on=keys, how="inner", nulls_equal=True, maintain_order="left_right")
            yield joined.select(self.output.names)
        else:
            for part in others.iter_slices(ROWS_AT_ONCE):
                yield main.join(part, how="cross", maintain_order="left_right")


def _with_keys(frame: pl.DataFrame, fields: list[Field]) -> pl.DataFrame:
    return frame.with_columns(c.alias(f"\x00{n}") for n, c in enumerate(key_columns(frame, fields)))


def equal_fields(condition: Atom | Composite, first: set[str]) -> list[tuple[Field, Field]]:
    """Pairs (field of the first stream, field of another) that must be equal wherever the condition is true."""
    if isinstance(condition, Composite):
        if condition.negated or any(operator != "AND" for operator, _ in condition.parts[1:]):
            return []
        return [pair for _, part in condition.parts for pair in equal_fields(part, first)]
    left, right = condition.left, condition.right
    if condition.negated or condition.function != "=" or left is None or right is None or left.type != right.type:
        return []
    if (left.name in first) == (right.name in first):
        return []
    return [(left, right) if left.name in first else (right, left)]
