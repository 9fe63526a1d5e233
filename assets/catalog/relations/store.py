"""What people said of relations: `relations.yaml`, kept in git, one entry per relation with who, when and why."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

from assets.catalog.model import Value
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, State
from assets.documents import loaded, shaped
from core.atomic import write_text
from core.errors import StoreError
from core.locks import locked

FILE = "relations.yaml"
_HEAD = "# Relations between tables as people decided; written by `heddle catalog`, kept in git.\n"


class Place(Value):
    """One side of a decided relation."""

    source: str
    table: str
    columns: tuple[str, ...]


class Decision(Value):
    """One entry of the file; `at` is ISO 8601, UTC."""

    child: Place
    parent: Place
    kind: Kind = Kind.FOREIGN_KEY
    state: Literal[State.ACCEPTED, State.REFUSED]
    by: str
    at: str
    note: str = ""


def read(folder: Path) -> list[Decision]:
    """The decisions of a folder, none where it has no file.

    Raises:
        StoreError: the file is no YAML or an entry is malformed; the message names the entry and field.
    """
    path = folder / FILE
    if not path.exists():
        return []
    found = loaded(path, StoreError)
    entries = found.get("relations", []) if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise StoreError(f"{path} has no list `relations`", "correct the file, or restore it from git")
    return [shaped(e, Decision, f"{path}: entry {n}", refusal=StoreError) for n, e in enumerate(entries, 1)]


def decide(folder: Path, relation: Relation, state: State, by: str, note: str = "") -> Decision:
    """Remember that a person accepted or refused a relation; a later word replaces an earlier one.

    Raises:
        StoreError: no person is named, or the file cannot be read.
    """
    if not by.strip() or state is State.PROPOSED:
        raise StoreError("a decision on a relation needs a person and `accepted` or `refused`", "name both")
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    decision = Decision(
        child=_place(relation.child), parent=_place(relation.parent), kind=relation.kind, state=state,
        by=by, at=at, note=note,
    )  # fmt: skip
    with locked(folder):
        kept = [d for d in read(folder) if (d.child, d.parent) != (decision.child, decision.parent)]
        _write(folder, [*kept, decision])
    return decision


def forget(folder: Path, relation: Relation) -> bool:
    """Take a decision back; False where there was none."""
    ends = (_place(relation.child), _place(relation.parent))
    with locked(folder):
        known = read(folder)
        kept = [d for d in known if (d.child, d.parent) != ends]
        if len(kept) < len(known):
            _write(folder, kept)
    return len(kept) < len(known)


def apply(relations: Iterable[Relation], decisions: Iterable[Decision]) -> list[Relation]:
    """Relations with their states; accepted ones come first and stay though nothing proposes them any more.

    A refused relation keeps its place at the end, so that it can be shown and taken back.
    """
    known = {(_end(d.child), _end(d.parent)): d for d in decisions}
    found = []
    for relation in relations:
        decision = known.pop((relation.child, relation.parent), None)
        if decision is not None:
            told = f"{decision.state} by {decision.by} at {decision.at}"
            relation = replace(relation, state=decision.state, kind=decision.kind, reasons=(told, *relation.reasons))
        found.append(relation)
    for (child, parent), d in known.items():
        if d.state is State.ACCEPTED:
            why = (f"accepted by {d.by} at {d.at}", "not proposed by the present values")
            found.append(Relation(child, parent, d.kind, 1.0, 0.0, Cardinality.MANY_TO_ONE, why, State.ACCEPTED))
    order = {State.ACCEPTED: 0, State.PROPOSED: 1, State.REFUSED: 2}
    return sorted(found, key=lambda r: order[r.state])


def _place(end: End) -> Place:
    return Place(source=end.source, table=end.table, columns=end.columns)


def _end(place: Place) -> End:
    return End(place.source, place.table, place.columns)


def _write(folder: Path, decisions: list[Decision]) -> None:
    """Sorted, so that two people's entries rarely meet in one place of the file; by rename, so never half of it."""
    ordered = sorted(decisions, key=lambda d: (str(d.child), str(d.parent)))
    entries = [d.model_dump(mode="json", exclude_defaults=True) for d in ordered]
    text = _HEAD + yaml.safe_dump({"relations": entries}, allow_unicode=True, sort_keys=False, width=120)
    write_text(folder / FILE, text)
