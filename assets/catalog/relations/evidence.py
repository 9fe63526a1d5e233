"""The evidence for a foreign key from one column to another: names, values, places, and how others compare.

The value features are those that Rostin et al. (2009) and Zhang et al. (2010) found to matter, counted on sketches;
the name features work on words, so that `cust_no` and `Customers.ID` can be the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Base
from assets.catalog.relations import keys, names
from assets.catalog.relations.model import ColumnSketch, TableSample
from assets.catalog.relations.overlap import Overlap, overlap

FEATURES = (
    "containment",  # share of the child's values found in the parent
    "whole",  # all of them
    "coverage",  # share of the parent's values the child uses
    "support",  # different values of the child, logarithmic, 1 at 1024
    "telling",  # contained values that are not just small numbers
    "name",  # the child's words against the parent's table and column
    "head",  # the child's last word is the parent's
    "same",  # both columns have the same name, and it is not just `id`
    "referring",  # the child is named as an identifier
    "foreign",  # ... and not as its own table's
    "own",  # the child is its own table's key by name
    "parent_key",  # how good a key the parent is
    "parent_best",  # the best one of its table
    "child_key",  # the child is the best key of its table
    "child_unique",
    "types",  # same kind of values
    "middle",  # the parent column lies not at its table's beginning
    "longtext",  # text too long to refer to something
    "within",  # tables whose names share words
    "rival",  # how much better the best other parent's name fits
    "choice",  # other parents that have all its values, logarithmic
    "rows",  # the child's table has more rows
    "self",  # both in one table
    "back",  # the parent's values are all in the child too, and the child is a key
)
Vector = npt.NDArray[np.float64]
_REFERRING = (Base.INTEGER, Base.TEXT, Base.NUMBER)


@dataclass(slots=True)
class Side:
    """A column with what is asked of it again and again."""

    table: TableSample
    place: int
    column: ColumnSketch
    key: float
    best: bool
    fit: float
    unique: bool
    core: tuple[str, ...] = field(default=())
    subject: tuple[str, ...] = field(default=())


@dataclass(slots=True)
class Pair:
    """A child and a parent with their features; `values` is filled by `compare` and `compete`."""

    child: Side
    parent: Side
    overlap: Overlap
    values: Vector

    def of(self, feature: str) -> float:
        """The value of a feature."""
        return float(self.values[FEATURES.index(feature)])


def sides(table: TableSample) -> list[Side]:
    """The columns of a table that could take part in a relation."""
    found = keys.candidates(table, limit=len(table.columns) + 5)
    scores = {k.columns[0]: k.score for k in found if len(k.columns) == 1}
    best = found[0].columns if found else ()
    return [
        Side(
            table,
            place,
            column,
            scores.get(column.name, 0.0),
            best == (column.name,),
            keys.name_fit(table.table, column.name),
            keys.is_unique(column),
            names.core(column.name),
            names.subject(table.table),
        )
        for place, column in enumerate(table.columns)
        if column.base in _REFERRING and column.filled
    ]


def name_evidence(child: Side, parent: Side) -> float:
    """How well the child's name points at the parent, 0 to 1."""
    words = child.core
    if not words:
        return 0.0
    target = parent.subject
    found = [names.similarity(words, target), names.similarity(words, parent.core)]
    if parent.core:
        found.append(names.similarity(words, target + parent.core))
    if len(target) > 1:
        found.append(0.9 * (words[-1] == names.initials(target)))
    # host_city_id points at city: the child's further words say the part it plays
    found.append(0.85 * names.share(target, words))
    found.append(0.8 * names.share(parent.core, words) if parent.core else 0.0)
    found.append(0.7 * names.share(words, target + parent.core))
    return max(found)


def compare(child: Side, parent: Side, shared: Overlap | None = None) -> Pair:
    """Every feature that needs these two columns alone."""
    shared = shared or overlap(child.column, parent.column)
    c, p = child.column, parent.column
    near = name_evidence(child, parent)
    known = names.identifies(c.name)
    same = bool(child.core) and names.tokens(c.name) == names.tokens(p.name)
    values = {
        "containment": shared.containment,
        "whole": float(shared.containment >= 0.999),
        "coverage": shared.coverage,
        "support": min(1.0, math.log2(c.distinct + 1) / 10),
        "telling": telling(c) * (shared.containment >= 0.95),
        "name": near,
        "head": _head(child, parent),
        "same": float(same),
        "referring": float(known),
        "foreign": float(known and bool(child.core) and child.fit < 0.5),
        "own": child.fit if child.unique else 0.0,
        "parent_key": parent.key,
        "parent_best": float(parent.best),
        "child_key": float(child.best),
        "child_unique": float(child.unique),
        "types": float(c.base is p.base),
        "middle": float(parent.place > 1),
        "longtext": float(c.base is Base.TEXT and c.length > 25),
        "within": names.share(parent.subject, child.subject),
        "rows": float(child.table.rows > parent.table.rows),
        "self": float(child.table is parent.table),
        "back": float(child.unique and shared.coverage >= 0.999 and shared.containment >= 0.999),
    }
    return Pair(child, parent, shared, np.array([values.get(f, 0.0) for f in FEATURES]))


def compete(pairs: Sequence[Pair]) -> None:
    """Fill the features that compare the possible parents of one child, in place."""
    # a column goes to the table whose own key it is, not to another that refers there under the same name
    near = np.array([(pair.of("name") + 0.5 * pair.of("same")) * (0.5 + 0.5 * pair.of("parent_key")) for pair in pairs])
    full = np.array([pair.of("whole") for pair in pairs])
    rival, choice = FEATURES.index("rival"), FEATURES.index("choice")
    for number, pair in enumerate(pairs):
        others = np.delete(near, number)
        pair.values[rival] = max(0.0, float(others.max()) - near[number]) if len(others) else 0.0
        pair.values[choice] = min(1.0, math.log2(1 + full.sum() - full[number]) / 4)


def telling(column: ColumnSketch) -> float:
    """How little chance explains that values are found elsewhere: texts and large numbers; 1, 2, 3 are everywhere."""
    many = min(1.0, column.distinct / 8)
    if column.base is Base.TEXT:
        return many * min(1.0, column.length / 4)
    low, high = column.low or 0.0, column.high or 0.0
    if high <= 1000:
        return 0.0
    dense = min(1.0, column.distinct / (high - low + 1))  # numbers without gaps are counted up, in any table
    return many * min(1.0, math.log10(high + 1) / 5) * (1 - dense)


def _head(child: Side, parent: Side) -> float:
    if not child.core:
        return 0.0
    last = child.core[-1]
    return max(names.alike(last, word) for word in (parent.subject[-1], *parent.core[-1:]))
