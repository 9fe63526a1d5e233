"""Columns that can be joined though neither is a foreign key of the other."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from assets.catalog.model import Base
from assets.catalog.relations import blocking
from assets.catalog.relations.evidence import Pair, Side, compare, telling
from assets.catalog.relations.overlap import overlap

JOINABLE = 0.6
PER_COLUMN = 5
TELLING = 0.4  # values below are too common for a join of two columns that repeat them
DISTINCT = 5

Scored = tuple[float, Pair]
Column = tuple[str, str]


def column(side: Side) -> Column:
    """What names a column: its table with the source, and its name."""
    return side.table.key, side.column.name


def joinable(pairs: Iterable[Pair], known: Sequence[Side], keys: Sequence[Pair]) -> Iterator[Scored]:
    """Columns of different tables that share telling values or a name, beyond the foreign keys and what these imply."""
    taken = {frozenset((column(p.child), column(p.parent))) for p in keys}
    targets: dict[Column, set[Column]] = defaultdict(set)
    for pair in keys:
        targets[column(pair.child)].add(column(pair.parent))
    amounts: dict[Column, int] = defaultdict(int)
    rated = [(score(pair), pair) for pair in (*pairs, *_repeating(known))]
    for value, pair in sorted(rated, key=lambda item: (-item[0], column(item[1].child), column(item[1].parent))):
        ours, theirs = column(pair.child), column(pair.parent)
        both = frozenset((ours, theirs))
        if value < JOINABLE or both in taken or ours[0] == theirs[0] or targets[ours] & targets[theirs]:
            continue
        taken.add(both)
        amounts[ours] += 1
        if amounts[ours] <= PER_COLUMN:
            yield value, pair


def score(pair: Pair) -> float:
    """0 to 1: shared values count by how little chance explains them; a like name makes up for some of that."""
    named = 0.8 * pair.of("name") * pair.of("same")
    kind = 1.0 if pair.child.column.base is pair.parent.column.base else 0.85
    free = 0.6 if pair.of("longtext") else 1.0
    return pair.overlap.containment * kind * free * (0.35 + 0.65 * max(pair.of("telling"), named))


def _repeating(known: Sequence[Side]) -> Iterator[Pair]:
    """Pairs of columns in which values repeat, such as cities; the column with fewer values is the child."""
    usable = [s for s in known if not s.unique and s.column.distinct >= DISTINCT and telling(s.column) >= TELLING]
    usable = [s for s in usable if s.column.base is not Base.TEXT or s.column.length <= 40]
    for number, places in blocking.by_value(usable, usable).items():
        child = usable[number]
        for place in places:
            parent = usable[place]
            if parent.table is child.table or child.column.distinct > parent.column.distinct:
                continue
            shared = overlap(child.column, parent.column)
            if shared.containment >= JOINABLE:
                yield compare(child, parent, shared)
