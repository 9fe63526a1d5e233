"""Foreign keys and joinable columns among tables, of one source or several, from their samples alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from assets.catalog.relations import blocking, names
from assets.catalog.relations.composite import composite_keys
from assets.catalog.relations.evidence import Pair, Side, compare, compete, sides
from assets.catalog.relations.joins import Column, Scored, column, joinable
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, TableSample
from assets.catalog.relations.overlap import overlap
from assets.catalog.relations.scoring import Model, reasons, shipped

LIKELY = 0.5  # a foreign key from this probability on
CONTAINED = 0.5  # less shared values than this are no relation
NAMED = 0.8  # share of the other table's name that a column must carry to refer across sources
TELLING = 0.5  # or how telling its values must be


def find(tables: Iterable[TableSample], model: Model | None = None) -> list[Relation]:
    """Relations among tables that have rows, the likeliest first; foreign keys before joinable columns.

    A column refers to at most one column of each source; of two columns that refer to each other the likelier
    direction stays.
    """
    model = model or shipped()
    tables = [table for table in tables if table.rows]
    known = [side for table in tables for side in sides(table)]
    scored = [(model.score(pair.values), pair) for pair in candidates(known)]
    keys = list(_directed(_best_parents(scored)))
    relations = [_relation(score, pair, Kind.FOREIGN_KEY) for score, pair in keys]
    shared = joinable([pair for _, pair in scored], known, [pair for _, pair in keys])
    joins = [_relation(score, pair, Kind.JOINABLE) for score, pair in shared]
    several = composite_keys(tables)
    return sorted(relations + several, key=_order) + sorted(joins, key=_order)


def candidates(known: Sequence[Side]) -> Iterator[Pair]:
    """Pairs of a column and a unique column that share values, with all their features."""
    parents = [side for side in known if side.unique]
    for number, places in blocking.pairs(known, parents):
        child = known[number]
        groups: dict[str, list[Pair]] = defaultdict(list)
        for place in places:
            parent = parents[place]
            shared = overlap(child.column, parent.column)
            if shared.containment >= CONTAINED:
                groups[parent.table.source].append(compare(child, parent, shared))
        for group in groups.values():
            compete(group)
            yield from group


def _best_parents(scored: Iterable[Scored]) -> list[Scored]:
    """The likeliest parent in each source; one of another source only where it fits as well as the one at home."""
    best: dict[Column, dict[str, Scored]] = defaultdict(dict)
    for score, pair in scored:
        source = pair.parent.table.source
        ours = best[column(pair.child)]
        if score >= LIKELY and _apart(pair) and (source not in ours or score > ours[source][0]):
            ours[source] = (score, pair)
    found = []
    for parents in best.values():
        near = max((pair.of("name") for _, pair in parents.values()), default=0.0)
        for score, pair in parents.values():
            home = parents.get(pair.child.table.source)
            if home is None or home[1] is pair or (pair.of("name") >= near and score >= 0.95 * home[0]):
                found.append((score, pair))
    return found


def _apart(pair: Pair) -> bool:
    """Across sources chance meets more often: the other table's whole name, or values that tell, must speak for it."""
    child, parent = pair.child, pair.parent
    if child.table.source == parent.table.source:
        return True
    if child.best and parent.best and child.subject == parent.subject:
        return False  # the same thing kept in two sources: joined row to row, neither refers to the other
    return names.share(parent.subject, child.core) >= NAMED or (
        pair.of("telling") >= TELLING and pair.overlap.containment >= 0.9
    )


def _directed(found: Sequence[Scored]) -> Iterator[Scored]:
    """Without the less likely of two that point at each other."""
    scores = {(column(p.child), column(p.parent)): score for score, p in found}
    for score, pair in found:
        ours = (column(pair.child), column(pair.parent))
        back = scores.get((ours[1], ours[0]))
        if back is None or (score, ours) > (back, (ours[1], ours[0])):
            yield score, pair


def _relation(score: float, pair: Pair, kind: Kind) -> Relation:
    one = pair.child.column.uniqueness >= 1.0
    cardinality = Cardinality.ONE_TO_ONE if one else Cardinality.MANY_TO_ONE
    if not pair.parent.unique:
        cardinality = Cardinality.MANY_TO_MANY
    containment = round(pair.overlap.containment, 4)
    return Relation(_end(pair.child), _end(pair.parent), kind, round(score, 4), containment, cardinality, reasons(pair))


def _end(side: Side) -> End:
    return End(side.table.source, side.table.table, (side.column.name,))


def _order(relation: Relation) -> tuple[float, str, str]:
    return -relation.score, str(relation.child), str(relation.parent)
