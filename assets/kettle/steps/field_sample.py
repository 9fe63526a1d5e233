"""Steps that choose or repeat rows: Reservoir sampling, Sample rows, Clone row, Detect last row."""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, RowStep, Step
from assets.kettle.errors import StepError
from assets.kettle.text.java_random import JavaRandom
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

MASK = "####0;-####0"
_WARM_UP = 100


class ReservoirSampling(Step):
    """A random sample of a fixed size (Vitter's algorithm R with java.util.Random, as the original).

    Size 0 lets all rows pass; a negative size takes one row and ends without giving any.
    """

    types = ("ReservoirSampling",)
    blocking = True

    def setup(self) -> None:
        """Reads size and seed."""
        self.size = self.integer("reservoir_sampling/sample_size", default=100)
        self.random = JavaRandom(self.integer("reservoir_sampling/seed", default=1))
        for _ in range(_WARM_UP):
            self.random.next_double()
        self.seen = 0
        self.sample: pl.DataFrame | None = None

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Lets rows pass, or puts some of them in the places of the sample."""
        if self.size == 0:
            self.emit(frame)
            return
        if self.size < 0:
            # only the first row is taken from the input
            self.count(read=-(frame.height if self.seen else frame.height - 1))
            self.seen += 1
            return
        places: dict[int, int] = {}
        for row in range(frame.height):
            place = self._place()
            if place is not None:
                places[place] = row
            self.seen += 1
        if places:
            self._take(frame, places)

    def _place(self) -> int | None:
        if self.seen < self.size:
            return self.seen
        if self.random.next_double() < self.size / self.seen:
            return int(self.size * self.random.next_double())
        return None

    def _take(self, frame: pl.DataFrame, places: dict[int, int]) -> None:
        """Puts row `places[p]` of the frame at place p of the sample."""
        kept = self.sample.height if self.sample is not None else 0
        both = frame if self.sample is None else pl.concat([self.sample, frame])
        order = [places[p] + kept if p in places else p for p in range(max(kept, max(places) + 1))]
        self.sample = both[order]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The sample, in the order of its places."""
        if self.sample is not None:
            yield self.sample


class SampleRows(Step):
    """The rows with the given numbers: `1..5,10` means the first five and the tenth."""

    types = ("SampleRows",)

    def setup(self) -> None:
        """Reads the ranges; parts that are no number or range are passed over, as in the original."""
        self.ranges: list[tuple[int, int]] = []
        for part in self.text("linesrange", default="1").split(","):
            found = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", part.strip())
            if found:
                self.ranges.append((int(found[1]), int(found[2] or found[1])))
        self.number_field = self.text("linenumfield")
        self.seen = 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, and the row number when it has a name."""
        layout = self.main(inputs)
        if self.number_field:
            layout = layout.plus(Field(self.number_field, ValueType.INTEGER, mask=MASK, origin=self.name))
            self.number_field = layout.fields[-1].name
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Emits the chosen rows."""
        numbers = pl.int_range(frame.height, eager=True) + (self.seen + 1)
        self.seen += frame.height
        chosen = pl.Series([False]).new_from_index(0, frame.height)
        for low, high in self.ranges:
            chosen |= numbers.is_between(low, high)
        if self.number_field:
            frame = frame.with_columns(numbers.alias(self.number_field))
        self.emit(frame.filter(chosen))


class CloneRow(RowStep):
    """Each row and behind it its clones: a fixed number, or as many as a field says (null: as many as before)."""

    types = ("CloneRow",)

    def setup(self) -> None:
        """Reads the number of clones."""
        text = self.text("nrclones").strip()
        self.clones = int(text) if text.isdigit() else 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, the clone flag and the clone number."""
        base = self.main(inputs)
        layout = base
        self.flag = self.number = ""
        self.counted: Field | None = None
        if self.options.flag("nrcloneinfield"):
            self.counted = self.field(base, self.options.text("nrclonefield"), "the field with the number of clones")
        if self.options.flag("addcloneflag"):
            layout = layout.plus(Field(self._named("cloneflagfield"), ValueType.BOOLEAN, origin=self.name))
            self.flag = layout.fields[-1].name
        if self.options.flag("addclonenum"):
            layout = layout.plus(Field(self._named("clonenumfield"), ValueType.INTEGER, mask=MASK, origin=self.name))
            self.number = layout.fields[-1].name
        return layout

    def _named(self, tag: str) -> str:
        name = self.text(tag)
        if not name:
            raise StepError(self.name, f"{tag} is empty", "name the field")
        return name

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with their clones."""
        if self.counted is None:
            counts = pl.Series([self.clones], dtype=pl.Int64).new_from_index(0, frame.height)
        else:
            counts = convert(frame[self.counted.name], self.counted, Field("count", ValueType.INTEGER)).values
            counts = counts.forward_fill().fill_null(self.clones)
            self.clones = int(counts[-1])
        counts = counts.clip(lower_bound=0)
        rows = pl.DataFrame({"row": pl.int_range(frame.height, eager=True), "n": counts})
        rows = rows.with_columns(pl.int_ranges(pl.col("n") + 1).alias("nr")).explode("nr")
        grown = frame[rows["row"]]
        extra = []
        if self.flag:
            extra.append((rows["nr"] > 0).alias(self.flag))
        if self.number:
            extra.append(rows["nr"].alias(self.number))
        return grown.with_columns(extra)

    def derive(self) -> dict[str, Derivation]:
        """The new fields have no source."""
        words = {self.flag: "whether the row is a clone", self.number: "number of the clone"}
        return {name: Derivation((), text) for name, text in words.items() if name}


class DetectLastRow(Step):
    """Adds a Boolean that is true for the last row only."""

    types = ("DetectLastRow",)

    def setup(self) -> None:
        """Nothing is held yet."""
        self.held: pl.DataFrame | None = None

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and the flag."""
        layout = self.main(inputs).plus(Field(self.text("resultfieldname"), ValueType.BOOLEAN, origin=self.name))
        self.flag = layout.fields[-1].name
        return layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Emits all but the last row, which is held until it is known whether more come."""
        ready = frame if self.held is None else pl.concat([self.held, frame])
        self.held = ready.tail(1)
        self.emit(self._flagged(ready.head(ready.height - 1), last=False))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The last row."""
        if self.held is not None:
            yield self._flagged(self.held, last=True)

    def _flagged(self, frame: pl.DataFrame, *, last: bool) -> pl.DataFrame:
        return frame.with_columns(pl.lit(last).alias(self.flag))

    def derive(self) -> dict[str, Derivation]:
        """The flag has no source."""
        return {self.flag: Derivation((), "whether it is the last row")}
