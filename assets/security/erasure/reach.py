"""From what is known of a person to the person: other identifiers, and the keys by which tables hold them.

Tables of persons are named in erasure.yaml. A row of one of these that has the identifier gives its other identifiers
and its key; accepted relations and column lineage say which columns of other tables hold the same key. Lineage is
followed to columns of the same name only: a count of keys is made from keys and is none.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assets.security.erasure.match import SHORTEST, Needles
from assets.security.erasure.model import Column, Policy, Subject
from assets.security.erasure.stores.tables import Tables, key_of
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.relations.model import Relation

_ROUNDS = 5  # of identifiers that lead to other rows of the same person


def resolve(
    values: Sequence[str],
    rows: Mapping[str, str],
    stores: Sequence[Tables],
    policy: Policy,
    relations: "Sequence[Relation]",
    lineage: "LineageStore",
    assets: Mapping[str, str],
) -> Subject:
    """The person.

    Args:
        values: identifiers.
        rows: table -> key of the person's row there.
        assets: source/schema.table -> asset key.

    Raises:
        HeddleError: a table is none of persons, or nothing is known of the person.
    """
    if not values and not rows:
        raise HeddleError("nobody is named", "give an identifier, or --row TABLE KEY")
    own: dict[Column, set[str]] = {}
    for table, key in rows.items():
        if not policy.subjects.get(table, ((), ()))[0]:
            raise HeddleError(f"{table} has no key in erasure.yaml", f"name it there: subjects: {table}: {{key: [id]}}")
        own.setdefault((table, policy.subjects[table][0][0]), set()).add(key)
    known = list(dict.fromkeys(values))
    for _ in range(_ROUNDS):
        size = len(known) + sum(map(len, own.values()))
        for store in stores:
            _known_in(store, policy, known, own)
        if size == len(known) + sum(map(len, own.values())):
            break
    keys, ways = dict(own), dict.fromkeys(own, "the person's own row")
    _follow(keys, ways, relations, lineage, assets)
    return Subject(Needles(known), {c: frozenset(v) for c, v in keys.items()}, ways)


def _known_in(store: Tables, policy: Policy, known: list[str], own: dict[Column, set[str]]) -> None:
    needles = Needles(known)
    subject = Subject(needles, {c: frozenset(v) for c, v in own.items()})
    for table, (key, identifiers) in policy.subjects.items():
        for row in store.rows_of(table, subject):
            mine = any(needles.whole(row.get(c)) for c in identifiers)
            mine |= any(str(row.get(c)) in own.get((table, c), ()) for c in key)
            if not mine:
                continue  # the row only mentions the person
            for column in identifiers:
                text = str(row[column]).strip() if row.get(column) is not None else ""
                if len(text) >= SHORTEST and text not in known:
                    known.append(text)
            for column in key:
                own.setdefault((table, column), set()).add(str(row[column]))


def _follow(
    keys: dict[Column, set[str]],
    ways: dict[Column, str],
    relations: "Sequence[Relation]",
    lineage: "LineageStore",
    assets: Mapping[str, str],
) -> None:
    """To the columns that hold the same keys, and on from there."""
    from assets.catalog.relations.model import State

    accepted = [r for r in relations if r.state is State.ACCEPTED and len(r.parent.columns) == 1]
    waiting = list(keys)
    while waiting:
        table, column = waiting.pop()
        reached: dict[Column, str] = {}
        for r in accepted:
            if (_table(r.parent.source, r.parent.table, assets), r.parent.columns[0]) == (table, column):
                reached[_table(r.child.source, r.child.table, assets), r.child.columns[0]] = f"relation to {table}"
        for below in _made_from(lineage, table, column):
            reached[below, column] = f"lineage of {table}"
        for place, way in reached.items():
            if not keys[table, column] <= keys.get(place, set()):
                keys[place] = keys.get(place, set()) | keys[table, column]
                ways[place] = way
                waiting.append(place)


def _made_from(lineage: "LineageStore", table: str, column: str) -> list[str]:
    """Tables with a column of the same name that is made from this one."""
    from assets.catalog.lineage.model import DATA, Point
    from assets.catalog.lineage.walk import Lineage

    try:
        answer = Lineage(lineage).down(Point(table, column))
    except HeddleError:  # the graph has no such table
        return []
    return [r.point.key for r in answer.reached if r.how == DATA and r.point.column.lower() == column.lower()]


def models_below(lineage: "LineageStore", places: Sequence[str]) -> list[str]:
    """Models that were made from any of these assets."""
    from assets.catalog.lineage.model import Point
    from assets.catalog.lineage.walk import Lineage

    found: set[str] = set()
    for place in places:
        try:
            answer = Lineage(lineage).down(Point(place))
        except HeddleError:
            continue
        found |= {r.point.key for r in answer.reached if r.point.key.startswith("model/")}
    return sorted(found)


def _table(source: str, path: str, assets: Mapping[str, str]) -> str:
    schema, _, name = path.rpartition(".")
    return key_of(assets, source, schema, name)
