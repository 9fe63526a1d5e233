"""Changed sources as proposals: which inputs of which files read what changed, and the files as they would be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from assets.catalog.changes.diff import Difference, What, of_entries
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.model import Profile
from assets.catalog.record import ACCEPTED, pending
from assets.catalog.store.versions import KEPT_MEASURES, Change, Version, Versions
from assets.kettle.described import FileInfo, Place
from assets.kettle.diff import diff, render
from assets.kettle.generate.proposal import propose
from assets.kettle.generate.uses import uses
from assets.kettle.model import Transformation
from assets.kettle.synced.kinds import changes, source_column

KIND = "kettle_file"  # of the entries that say which versions of its tables a file was made for
EDITED = ("TableInput",)  # inputs whose settings can follow


class Seen(NamedTuple):
    """Table -> number of the version that a file is in order with; `taken` of those by a proposal.

    `refused` is the digest of what the last refused proposal would have changed, "" when none was.
    """

    known: Mapping[str, int]
    taken: Mapping[str, int]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A table that changed since a file was made for it."""

    table: str
    place: Place
    before: TableEntry
    now: TableEntry | None
    number: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A file for the changed tables; `notes` say in words what each change does to it."""

    model: Transformation
    notes: list[str]
    tables: dict[str, int]
    breaking: bool


def seen(versions: Versions, name: str) -> Seen:
    """What is kept of a file."""
    found = versions.get(KIND, name)
    document: dict[str, Any] = (found.document if found else None) or {}
    return Seen(document.get("known", {}), document.get("taken", {}), document.get("refused", ""))


def remember(
    versions: Versions,
    name: str,
    known: Mapping[str, int],
    taken: Mapping[str, int],
    change: Change,
    refused: str = "",
) -> None:
    """Keeps that a file is in order with these versions of its tables, or what a person refused for it."""
    former = seen(versions, name)
    document = {"known": {**former.known, **known}, "taken": {**former.taken, **taken}}
    versions.put(KIND, name, document | ({"refused": refused} if refused else {}), change)


def moved(versions: Versions, info: FileInfo, places: Iterable[tuple[Place, str]], written: str) -> list[Moved]:
    """The tables that a file reads and that changed since it was made.

    Args:
        places: what it reads, with the keys of the tables.
        written: ISO 8601 moment of the file's last change: it knows what the catalogue knew then, where nothing else
            is kept of it.
    """
    former = seen(versions, info.name).known
    found = []
    for place, key in places:
        history = versions.history(TABLE, key)
        if not history:
            continue
        start = max(former.get(key, 0), _known_at(versions, key, history, written))
        before, now = history[start - 1], history[-1]
        if before.number == now.number or before.document is None:
            continue
        one = TableEntry.model_validate(before.document)
        other = TableEntry.model_validate(now.document) if now.document is not None else None
        different = differences(versions, key, one, other)
        found.append(Moved(key, place, one, other, now.number, different))
    return found


def proposed(model: Transformation, found: Iterable[Moved], dialects: Mapping[str, str]) -> Proposed | None:
    """The file for the tables as they now are; None where the changes are none of its business.

    Args:
        dialects: connection -> sqlglot's name of its SQL.
    """
    result, notes, tables, breaking = model, [], {}, False
    for one in found:
        tables[one.table] = one.number
        if one.now is None:
            moves_to = next((f": it is {d.after} now" for d in one.differences if d.what is What.TABLE_RENAMED), "")
            notes.append(f"BREAKS: step {one.place.step!r} reads {one.table}, which is gone{moves_to}")
            breaking = True
            continue
        moves = changes(one.before.table, one.now.table, one.differences)
        step = one.place.step
        if model.steps[step].type not in EDITED:
            told = [_by_hand(model, one, d) for d in one.differences if d.breaks == "readers"]
            notes += told
            breaking |= bool(told)
            continue
        was, now = ([source_column(c) for c in t.columns] for t in (one.before.table, one.now.table))
        made = propose(result, step, was, now, dialects.get(one.place.connection, ""), moves)
        result = made.model
        breaking |= made.blocking
        notes += [f"{one.table}, step {step!r}: {effect}" for effect in made.effects]
    return Proposed(result, notes, tables, breaking) if notes else None


def told(before: Transformation, after: Transformation) -> str:
    """What differs, in the words of the file."""
    return render(diff(before, after))


def _by_hand(model: Transformation, one: Moved, change: Difference) -> str:
    step = one.place.step
    users = ", ".join(dict.fromkeys(u.step for u in uses(model, step, change.before or change.column)))
    used = f"; used in {users}" if users else ""
    return f"BREAKS: {change}; change step {step!r} ({model.steps[step].type}) by hand{used}"


def _known_at(versions: Versions, key: str, history: list[Version], written: str) -> int:
    """The version that was the last one when the file was written; never one after the accepted."""
    then = [v.number for v in history if v.change.at < written]  # moments are whole seconds
    accepted = versions.get(ACCEPTED, key)
    limit = accepted.document["number"] if accepted and accepted.document else history[-1].number
    return min(then[-1] if then else history[0].number, limit)


def differences(versions: Versions, key: str, before: TableEntry, after: TableEntry | None) -> list[Difference]:
    """Between the two, with the profiles of then and now, so that renames are told by their values too."""
    if after is None:
        return pending(versions, key)
    measured: list[dict[str, Any]] = [m.get("profiles", {}) for _, _, m in versions.measured(TABLE, key, KEPT_MEASURES)]
    names = {c.name for c in before.table.columns}
    older = next((profiles for profiles in measured if set(profiles) == names), {})
    newest = measured[0] if measured else {}
    profiles = [{c: Profile.model_validate(p) for c, p in found.items()} for found in (older, newest)]
    return of_entries(before, after, *profiles)


def written_at(path: Path) -> str:
    """When a file was last changed, as the catalogue writes moments."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
