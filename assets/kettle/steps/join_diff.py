"""Merge rows (diff): compares two sorted streams and flags each row."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from assets.kettle.engine.step import Derivation
from assets.kettle.errors import StepError
from assets.kettle.steps.join_merge import SortedJoin
from assets.kettle.steps.join_pairs import NONE, Numbers, is_sorted, pairs, ranks, with_occurrence
from assets.kettle.values.compare import key_columns
from assets.kettle.values.fields import Field, Layout, ValueType

KEEP_REFERENCE = "KETTLE_COMPATIBILITY_MERGE_ROWS_USE_REFERENCE_STREAM_WHEN_IDENTICAL"
FLAGS = ["identical", "changed", "new", "deleted"]


class MergeRows(SortedJoin):
    """Flags rows identical, changed, new or deleted; both inputs must be sorted by the keys.

    Deleted rows are those of the reference, all others those of the compare stream: also the identical ones, which
    may differ in the fields that are not compared, unless Kettle's compatibility variable is on. Null equals ''. Rows
    are read by position; the reference names the fields. Equal keys pair up one to one.
    """

    types = ("MergeRows",)

    def setup(self) -> None:
        """Reads streams, keys and values."""
        options = self.options
        self.sources = [options.text("reference"), options.text("compare")]
        self.keys = [options.texts("keys/key")] * 2
        self.values = options.texts("values/value")
        self.reference_when_identical = (self.run.variables.get(KEEP_REFERENCE) or "N").upper() != "N"
        if options.text("diff-json-field") or options.rows("passthrough-fields/field"):
            raise StepError(
                self.name, "the JSON difference and pass-through fields of Hop are not there", "remove them"
            )

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The reference's fields and the flag."""
        missing = [s for s in self.sources if s not in inputs]
        if missing:
            raise StepError(self.name, f"the step {missing[0]!r} sends it no rows", "draw the hop")
        reference, compare = (inputs[s] for s in self.sources)
        if [f.type for f in reference] != [f.type for f in compare]:
            raise StepError(self.name, f"its inputs differ: {reference} and {compare}", "give both the same fields")
        self.layouts = [reference, reference]
        fields = [self.field(reference, name, "the key") for name in self.keys[0]]
        self.key_fields = [fields, fields]
        self.value_fields = [self.field(reference, name, "the value") for name in self.values]
        return reference.plus(Field(self.text("flag_field"), origin=self.name))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the batch under the reference's names."""
        names = self.layouts[0].names
        for number, name in enumerate(self.sources):
            if name == source:
                self.held[number].append(frame.rename(dict(zip(frame.columns, names, strict=True))))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The flagged rows in the order of the keys."""
        for met in self.met(_one_to_one, keep=(True, True)):
            yield self._flagged(met.left, met.right, met.a, met.b)
        for buffer in self.held:
            buffer.clear()

    def _flagged(self, one: pl.DataFrame, two: pl.DataFrame, a: Numbers, b: Numbers) -> pl.DataFrame:
        differs = np.zeros(a.size, dtype=bool)
        for x, y in zip(key_columns(one, self.value_fields), key_columns(two, self.value_fields), strict=True):
            differs |= x.ne_missing(y).to_numpy()
        flag = np.select([a == NONE, b == NONE, differs], [2, 3, 1], 0)
        from_compare = pl.Series((flag == 1) | (flag == 2) | ((flag == 0) & (not self.reference_when_identical)))
        columns = [y.zip_with(from_compare, x) for x, y in zip(one, two, strict=True)]
        flags = pl.Series(FLAGS)[pl.Series(flag, dtype=pl.UInt32)].alias(self.output.names[-1])
        return pl.DataFrame([*columns, flags])

    def derive(self) -> dict[str, Derivation]:
        """The flag."""
        words = f"identical, changed, new or deleted: {self.sources[1]} compared with {self.sources[0]}"
        return {self.output.names[-1]: Derivation((), words)}


def _one_to_one(left: Numbers, right: Numbers) -> tuple[Numbers, Numbers]:
    """Rows that meet, each at most once, in the order of the walk."""
    if is_sorted(left) and is_sorted(right):
        repeats = [with_occurrence(rank) for rank in (left, right)]
        if not any(r.any() for r in repeats):
            return pairs(left, right, True, True)
        one, two = ranks(
            [[pl.Series(k), pl.Series(r)] for k, r in zip((left, right), repeats, strict=True)],
            [Field("rank", ValueType.INTEGER), Field("repeat", ValueType.INTEGER)],
        )
        return pairs(one, two, True, True)
    found: list[tuple[int, int]] = []
    lefts, rights = left.tolist(), right.tolist()
    a = b = 0
    while a < len(lefts) or b < len(rights):
        below = b == len(rights) or (a < len(lefts) and lefts[a] < rights[b])
        above = a == len(lefts) or (b < len(rights) and lefts[a] > rights[b])
        found.append((NONE if above else a, NONE if below else b))
        a, b = a + (not above), b + (not below)
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
