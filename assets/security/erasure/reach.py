"""From what is known of a person to the person: other identifiers, and the keys by which tables hold them.

Tables of persons are named in erasure.yaml. A row of one of these that has the identifier gives its other identifiers
and its key; accepted relations and column lineage say which columns of other tables hold the same key. Lineage is
followed to columns of the same name only: a count of keys is made from keys and is none. A key of several columns is
one key: only rows that have all of its parts are the person's. Of a table without a key the whole row counts; what
columns name such a row is followed nowhere.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assets.security.erasure.match import SHORTEST, Needles
from assets.security.erasure.model import Key, Place, Policy, Subject
from assets.security.erasure.stores.tables import Tables, key_in, key_of
from core.errors import HeddleError

if TYPE_CHECKING:
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.relations.model import Relation

Rows = Sequence[tuple[str, str]]  # tables, and keys of the person's rows there
Row = tuple[tuple[str, str | None], ...]  # a row of a table without a key: all its cells
_ROUNDS = 5  # of identifiers that lead to other rows of the same person


def resolve(
    values: Sequence[str],
    rows: Rows,
    stores: Sequence[Tables],
    policy: Policy,
    relations: "Sequence[Relation]",
    lineage: "LineageStore",
    assets: Mapping[str, str],
) -> Subject:
    """The person.

    Args:
        values: identifiers.
        rows: tables and keys of the person's rows there; a key of several columns is a JSON list, and a row of a table
            without a key a JSON object of columns and values.
        assets: source/schema.table -> asset key.

    Raises:
        HeddleError: nobody is named, a table is none of persons, a key has not all of its parts, or an identifier also
            stands in the row of what may be somebody else.
    """
    if not values and not rows:
        raise HeddleError("nobody is named", "give an identifier, or --row TABLE KEY")
    own: dict[Place, set[Key]] = {}
    for table, key in rows:
        place, mine = _named(policy, table, key)
        own.setdefault(place, set()).add(mine)
        wrong = next((c for s in stores for c in place[1] if c not in s.columns().get(table, place[1])), "")
        if wrong:
            raise HeddleError(f"{table} has no column {wrong}", "look at the spelling")
    named = {place: set(keys) for place, keys in own.items()}
    known = list(dict.fromkeys(values))
    loose: dict[str, set[Row]] = {}
    for _ in range(_ROUNDS):
        size = len(known) + sum(map(len, own.values()))
        for store in stores:
            _known_in(store, policy, known, own, loose)
        if size == len(known) + sum(map(len, own.values())):
            break
    _one_person(policy, named, own, loose)
    keys, ways = dict(own), dict.fromkeys(own, "the person's own row")
    _follow(
        keys, ways, [place for place in own if place[1] == policy.subjects[place[0]][0]], relations, lineage, assets
    )
    return Subject(Needles(known), {c: frozenset(v) for c, v in keys.items()}, ways)


def _named(policy: Policy, table: str, text: str) -> tuple[Place, Key]:
    """The key of a row as it was given; of a table without a key, columns with their values."""
    if table not in policy.subjects:
        raise HeddleError(f"{table} has no key in erasure.yaml", f"name it there: subjects: {table}: {{key: [id]}}")
    columns = policy.subjects[table][0]
    parts: object = [text]
    if len(columns) != 1:
        try:
            parts = json.loads(text)
        except ValueError:
            parts = None
    if not columns and isinstance(parts, dict):
        columns, parts = tuple(parts), list(parts.values())
    if not columns:
        raise HeddleError(
            f"{table} has no key in erasure.yaml", f'name the row by its cells: --row {table} \'{{"name": "…"}}\''
        )
    if not isinstance(parts, list) or len(parts) != len(columns):
        names = ", ".join(columns)
        raise HeddleError(f"{table} has the key {names}", f'give all {len(columns)} as a JSON list: \'["…", "…"]\'')
    if any(isinstance(p, bool) or not isinstance(p, str | int) or p == "" for p in parts):
        raise HeddleError(f"a part of the key of {table} is empty, or neither text nor whole number", "give its value")
    return (table, columns), tuple(map(str, parts))


def _known_in(
    store: Tables, policy: Policy, known: list[str], own: dict[Place, set[Key]], loose: dict[str, set[Row]]
) -> None:
    """Takes in what a store's tables of persons tell: identifiers, keys, and rows that have none."""
    needles = Needles(known)
    subject = Subject(needles, {c: frozenset(v) for c, v in own.items()})
    for table, (key, identifiers) in policy.subjects.items():
        for row in store.rows_of(table, subject):
            by_key = any(key_in(row, columns) in keys for columns, keys in subject.keys_in(table))
            if not by_key and not any(needles.whole(row.get(c)) for c in identifiers):
                continue  # the row only mentions the person
            for column in identifiers:
                text = (row.get(column) or "").strip()
                if len(text) >= SHORTEST and text not in known:
                    known.append(text)
            mine = key_in(row, key)
            if mine is not None:
                own.setdefault((table, key), set()).add(mine)
            elif not key:
                loose.setdefault(table, set()).add(tuple(row.items()))


def _one_person(
    policy: Policy, named: Mapping[Place, set[Key]], own: Mapping[Place, set[Key]], loose: Mapping[str, set[Row]]
) -> None:
    """Raises HeddleError where rows were reached that may be somebody else's, and nobody said that they are not."""
    for (table, columns), found in own.items():
        others = found - named.get((table, columns), set())
        if len(found) > 1 and others:
            raise _shared(table, len(others), len(found), "KEY")
    for table, rows in loose.items():
        places = [(columns, keys) for (name, columns), keys in named.items() if name == table]
        unnamed = [row for row in rows if not any(key_in(dict(row), columns) in keys for columns, keys in places)]
        if len(rows) > 1 and unnamed:
            raise _shared(table, len(unnamed), len(rows), '\'{"name": "…"}\' by its cells')


def _shared(table: str, others: int, rows: int, how: str) -> HeddleError:
    return HeddleError(
        f"{others} of {rows} rows of {table} with an identifier of the person were not named",
        f"name each row that is the same person's: --row {table} {how}; where persons share an identifier, take"
        " its column out of `identifiers` in erasure.yaml",
    )


def _follow(
    keys: dict[Place, set[Key]],
    ways: dict[Place, str],
    waiting: list[Place],
    relations: "Sequence[Relation]",
    lineage: "LineageStore",
    assets: Mapping[str, str],
) -> None:
    """To the columns that hold the same keys, and on from there; a key only as a whole."""
    while waiting:
        table, columns = waiting.pop()
        reached: dict[Place, tuple[str, list[int]]] = {}  # way, and which part of the key each column has
        for place, order in _related(relations, assets, table, columns):
            reached[place] = f"relation to {table}", order
        for below in _made_from(lineage, table, columns):
            reached[below, columns] = f"lineage of {table}", list(range(len(columns)))
        for place, (way, order) in reached.items():
            found = {tuple(key[i] for i in order) for key in keys[table, columns]}
            if not found <= keys.get(place, set()):
                keys[place] = keys.get(place, set()) | found
                ways[place] = way
                waiting.append(place)


def _related(
    relations: "Sequence[Relation]", assets: Mapping[str, str], table: str, columns: tuple[str, ...]
) -> list[tuple[Place, list[int]]]:
    """Children by accepted relations to exactly these columns, and the part of the key that each of theirs has."""
    from assets.catalog.relations.model import State

    found = []
    for r in relations:
        parent, child = r.parent, r.child
        if r.state is not State.ACCEPTED or sorted(parent.columns) != sorted(columns):
            continue
        if _table(parent.source, parent.table, assets) == table:
            place = _table(child.source, child.table, assets), tuple(child.columns)
            found.append((place, [columns.index(c) for c in parent.columns]))
    return found


def _made_from(lineage: "LineageStore", table: str, columns: tuple[str, ...]) -> set[str]:
    """Tables with columns of the same names that are made from these, each from its own."""
    from assets.catalog.lineage.model import DATA, Point
    from assets.catalog.lineage.walk import Lineage

    below: list[set[str]] = []
    for column in columns:
        try:
            answer = Lineage(lineage).down(Point(table, column))
        except HeddleError:  # the graph has no such table
            return set()
        reached = (r.point for r in answer.reached if r.how == DATA)
        below.append({p.key for p in reached if p.column.lower() == column.lower()})
    return set.intersection(*below)


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
