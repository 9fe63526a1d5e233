"""Steps that give other rows than they get: Metadata structure of stream, Closure generator, Univariate statistics."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step, WholeStep
from assets.kettle.errors import StepError
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

INTEGER_MASK = "####0;-####0"
NUMBER_MASK = "####0.0#########;-####0.0#########"
_MAX_DEPTH = 50
_SMALLEST = 5e-324  # the original begins its maximum at Java's Double.MIN_VALUE

# tag of the field's name in Hop, default name, tag that includes it, type, on by default, what it says of a field
_COLUMNS: tuple[tuple[str, str, str, ValueType, bool], ...] = (
    ("positionFieldname", "Position", "includePositionField", ValueType.INTEGER, True),
    ("fieldFieldname", "Fieldname", "includeFieldnameField", ValueType.STRING, True),
    ("commentsFieldname", "Comments", "includeCommentsField", ValueType.STRING, True),
    ("typeFieldname", "Type", "includeTypeField", ValueType.STRING, True),
    ("lengthFieldname", "Length", "includeLengthField", ValueType.INTEGER, True),
    ("precisionFieldname", "Precision", "includePrecisionField", ValueType.INTEGER, True),
    ("maskFieldname", "Mask", "includeMaskField", ValueType.STRING, False),
    ("originFieldname", "Origin", "includeOriginField", ValueType.STRING, True),
)


class StepMetastructure(Step):
    """One row for each field of the input, given when the input has ended; nothing when no row came."""

    types = ("StepMetastructure", "TransformMetaStructure")
    blocking = True

    def setup(self) -> None:
        """No row has been seen."""
        self.seen = 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fields that describe a field, and the number of rows."""
        self.described = self.main(inputs)
        self.columns = [c for c in _COLUMNS if self.options.flag(c[2], default=c[4])]
        items = []
        for tag, name, _, kind, _ in self.columns:
            mask = INTEGER_MASK if kind is ValueType.INTEGER else None
            # the comments field has no origin, as measured
            origin = None if name == "Comments" else self.name
            items.append(Field(self.text(tag, default=name), kind, mask=mask, origin=origin))
        if self.options.flag("outputRowcount"):
            items.append(Field(self.text("rowcountField"), ValueType.INTEGER, mask=INTEGER_MASK, origin=self.name))
        return Layout(items)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Counts the rows."""
        self.seen += frame.height

    def produce(self) -> Iterator[pl.DataFrame]:
        """The description."""
        if not self.seen:
            return
        rows = []
        for number, item in enumerate(self.described, 1):
            says: dict[str, Any] = {
                "Position": number,
                "Fieldname": item.name,
                "Comments": None,
                "Type": item.type.value,
                "Length": item.length,
                "Precision": item.precision,
                "Mask": item.mask,
                "Origin": item.origin,
            }
            row = [says[name] for _, name, *_ in self.columns]
            rows.append([*row, self.seen] if len(self.output) > len(self.columns) else row)
        yield pl.DataFrame(rows, schema=self.output.schema, orient="row")


class ClosureGenerator(Step):
    """All ancestors of each node of a tree, with their distance; each node is its own ancestor at distance 0.

    The last row of a child counts. More than 50 levels stop the run: the tree holds a loop.
    """

    types = ("ClosureGenerator",)
    blocking = True

    def setup(self) -> None:
        """The tree is empty."""
        self.parents: dict[Any, Any] = {}

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Parent, child and distance."""
        base = self.main(inputs)
        self.parent = self.field(base, self.options.text("parent_id_field"), "the parent field")
        self.child = self.field(base, self.options.text("child_id_field"), "the child field")
        distance = Field(self.text("distance_field"), ValueType.INTEGER, 10, 0, INTEGER_MASK, origin=self.name)
        return Layout([self.parent, self.child, distance])

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Adds to the tree."""
        self.parents |= dict(zip(frame[self.child.name], frame[self.parent.name], strict=True))

    def produce(self) -> Iterator[pl.DataFrame]:
        """The closure."""
        root = 0 if self.options.flag("is_root_zero") else None
        rows = []
        for child in self.parents:
            node, distance = child, 0
            while node is not None and (node != root or node == child):
                if distance > _MAX_DEPTH:
                    raise StepError(self.name, f"the tree holds a loop at {child!r}", "remove the loop")
                rows.append((node, child, distance))
                node, distance = self.parents.get(node), distance + 1
        yield pl.DataFrame(rows, schema=self.output.schema, orient="row")

    def derive(self) -> dict[str, Derivation]:
        """All come from parent and child."""
        start = next(iter(self.inputs), "")
        source = (Ref(self.parent.name, start), Ref(self.child.name, start))
        return {item.name: Derivation(source, "closure of the tree") for item in self.output}


class UnivariateStats(WholeStep):
    """One row of statistics of Number fields: N, mean, standard deviation of the sample, min, max, median, percentile.

    Sums are taken in the order of the rows, as the original does, so that the last digits agree.
    """

    types = ("UnivariateStats",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The chosen statistics of each field."""
        base = self.main(inputs)
        self.wanted: list[tuple[Field, list[str], float, bool]] = []
        items = []
        for option in self.options.rows("univariate_stats"):
            source = self.field(base, option.text("source_field_name"))
            if not source.is_numeric:
                raise StepError(self.name, f"field {source.name!r} is not numeric", "convert it before")
            names = [n for n in ("N", "mean", "stdDev", "min", "max", "median") if option.flag(n)]
            percentile = float(option.text("percentile", default="-1"))
            if percentile >= 0:
                names.append(f"{round(percentile * 100, 2):g}th percentile")
            self.wanted.append((source, names, percentile, option.flag("interpolate", default=True)))
            items += [
                Field(f"{source.name}({name})", ValueType.NUMBER, mask=NUMBER_MASK, origin=self.name) for name in names
            ]
        return Layout(items)

    def whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The one row; none when nothing came in."""
        if not frame.height:
            return self.output.empty()
        row: list[float] = []
        for source, names, percentile, interpolate in self.wanted:
            values = convert(frame[source.name], source, Field("n", ValueType.NUMBER)).values.drop_nulls().to_numpy()
            found = _statistics(values)
            ordered = np.sort(values)
            for name in names:
                if name == "median":
                    row.append(_percentile(0.5, ordered, found, interpolate))
                elif name.endswith("percentile"):
                    row.append(_percentile(percentile, ordered, found, interpolate))
                else:
                    row.append(found[name])
        return pl.DataFrame([row], schema=self.output.schema, orient="row")

    def derive(self) -> dict[str, Derivation]:
        """Each statistic comes from its field."""
        start = next(iter(self.inputs), "")
        return {
            f"{source.name}({name})": Derivation((Ref(source.name, start),), name)
            for source, names, *_ in self.wanted
            for name in names
        }


def _statistics(values: "np.ndarray[Any, Any]") -> dict[str, float]:
    count = len(values)
    if not count:
        return {"N": 0.0, "mean": math.nan, "stdDev": math.nan, "min": 1.7976931348623157e308, "max": _SMALLEST}
    total, squares = float(np.cumsum(values)[-1]), float(np.cumsum(values * values)[-1])
    spread = math.inf
    if count > 1:
        spread = math.sqrt(max(0.0, (squares - total * total / count) / (count - 1)))
    return {
        "N": float(count),
        "mean": total / count,
        "stdDev": spread,
        "min": float(values.min()),
        "max": max(float(values.max()), _SMALLEST),
    }


def _percentile(p: float, ordered: "np.ndarray[Any, Any]", found: Mapping[str, float], interpolate: bool) -> float:
    count = len(ordered)
    place = p * (count + 1) if interpolate else p * count
    if place <= (1 if interpolate else 0):
        return found["min"]
    if place >= count:
        return found["max"]
    low = math.floor(place)
    if interpolate:
        share = low + 1 - place
        return float(share * ordered[low - 1] + (1.0 - share) * ordered[low])
    return float(ordered[low] if place > low else (ordered[low - 1] + ordered[low]) / 2.0)
