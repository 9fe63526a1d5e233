"""Proposed files, kept beside the project until a person decides: HEDDLE_HOME/proposals/<file> and <file>.json."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from assets.catalog.changes.entry import TABLE
from assets.catalog.record import ACCEPTED, PENDING, pending
from assets.catalog.store.versions import Change, Versions
from assets.kettle.catalog import files, load
from assets.kettle.described import FileInfo
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes, write
from assets.kettle.synced import inputs
from assets.kettle.synced.follow import followed
from assets.kettle.synced.tables import Tables, dialects, targets
from core.atomic import write_bytes, write_text
from core.hashing import digest, file_digest
from core.settings import Settings

FOLDER = "proposals"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed file.

    Attributes:
        name: of the file inside HEDDLE_KETTLE_FILES.
        made_from: digest of the file that it was made from.
        notes: what each change does, in words.
        text: what differs, in the words of the file.
        tables: key -> number of the version that it is for.
        breaking: the file as it is would fail or give other values.
        blocked: it does not run until somebody decides.
        changes: whether the proposed file differs; else a person has to change it.
    """

    name: str
    made_from: str
    at: str
    notes: list[str]
    text: str
    tables: dict[str, int]
    breaking: bool
    blocked: bool
    changes: bool


def propose(settings: Settings, versions: Versions) -> list[Proposal]:
    """Makes the proposals for all files whose tables changed since; those that are there and still fit stay.

    Returns what is new.
    """
    present = files(settings.kettle_files) if settings.kettle_files.is_dir() else {}
    _clear(settings, set(present))
    made = []
    for info in load(settings.kettle_files, settings):
        if info.kind != "ktr" or info.error:
            continue
        found = _of_file(settings, versions, present[info.name], info)
        if found is not None:
            made.append(found)
    return made


def state(settings: Settings, versions: Versions) -> str:
    """Differs when a table, a standard or a Kettle file changed: then proposals may have to be made."""
    from sqlalchemy import func, select

    e = versions.tables.ENTRIES
    with versions.engine.connect() as connection:
        kinds = e.c.kind.in_((TABLE, PENDING, ACCEPTED, inputs.KIND))
        rows = connection.execute(select(e.c.kind, func.count(), func.sum(e.c.number)).where(kinds).group_by(e.c.kind))
        counted = sorted(tuple(row) for row in rows)
    rules = sorted(settings.catalog_files.rglob("*.yaml")) if settings.catalog_files.is_dir() else []
    kettle = files(settings.kettle_files).values() if settings.kettle_files.is_dir() else ()
    stamps = [(str(p), stat.st_size, stat.st_mtime_ns) for p in [*rules, *kettle] for stat in [p.stat()]]
    return digest([str(counted), str(stamps)])


def read(settings: Settings) -> list[Proposal]:
    """The proposals that wait, by name."""
    return sorted(_waiting(settings), key=lambda p: p.name)


def named(settings: Settings, name: str) -> Proposal:
    """One of them. Raises KettleError when there is none for the file."""
    waiting = {p.name: p for p in _waiting(settings)}
    if name not in waiting:
        raise KettleError(f"no proposal waits for {name}", f"there are: {', '.join(sorted(waiting)) or 'none'}")
    return waiting[name]


def proposed_bytes(settings: Settings, name: str) -> bytes:
    """The proposed file."""
    return _place(settings, name).read_bytes()


def accept(settings: Settings, versions: Versions, name: str, author: str) -> Proposal:
    """Writes the proposed file in the place of the file, which then runs on the changed tables.

    Raises:
        KettleError: there is none; the file was changed since; it has to be changed by hand.
    """
    found = named(settings, name)
    path = settings.kettle_files / name
    if not path.is_file() or file_digest(path) != found.made_from:
        raise KettleError(f"{name} was changed since the proposal was made", "`heddle kettle proposals make` anew")
    if not found.changes and found.breaking:
        raise KettleError(f"the proposal for {name} changes nothing", "change the steps that it names by hand")
    write(read_transformation(_place(settings, name)), path)
    change = Change(author, f"proposal for {_what(found)} accepted")
    inputs.remember(versions, name, found.tables, found.tables, change)
    _remove(settings, name)
    return found


def refuse(settings: Settings, versions: Versions, name: str, author: str) -> Proposal:
    """Takes the proposal away; it is made again when a table changes again. A breaking change still waits.

    Raises KettleError when there is none.
    """
    found = named(settings, name)
    change = Change(author, f"proposal for {_what(found)} refused")
    inputs.remember(versions, name, found.tables, {}, change, refused=digest([found.text]))
    _remove(settings, name)
    return found


def _what(proposal: Proposal) -> str:
    return ", ".join(proposal.tables) or "steps that follow the catalogue"


def _of_file(settings: Settings, versions: Versions, path: Path, info: FileInfo) -> Proposal | None:
    """A new proposal for a file; None where there is none, or it is there already."""
    target = targets(settings, path)
    tables = Tables(versions, target)
    places = [(place, key) for place in info.reads if (key := tables.of(place))]
    found = inputs.moved(versions, info, places, inputs.written_at(path))
    model = read_transformation(path)
    made = inputs.proposed(model, found, dialects([p.connection for p, _ in places], target))
    proposed, notes = (made.model, made.notes) if made else (model, [])
    after = followed(settings, versions, proposed, path)
    data = to_bytes(after.model)
    text = inputs.told(model, after.model)
    refused = inputs.seen(versions, info.name).refused
    if made is None and (data == path.read_bytes() or refused == digest([text])):
        _remove(settings, info.name)
        return None
    proposal = Proposal(
        info.name,
        file_digest(path),
        datetime.now(UTC).isoformat(timespec="seconds"),
        [*notes, *after.notes],
        text,
        made.tables if made else {},
        made.breaking if made else False,
        any(d.breaks == "readers" for one in found for d in pending(versions, one.table)),
        data != path.read_bytes(),
    )
    former = next((p for p in _waiting(settings) if p.name == info.name), None)
    if former is not None and (former.made_from, former.tables, former.text) == (
        proposal.made_from,
        proposal.tables,
        proposal.text,
    ):
        return None
    place = _place(settings, info.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, data)
    write_text(_summary(place), json.dumps(asdict(proposal), ensure_ascii=False, indent=1))
    return proposal


def _waiting(settings: Settings) -> Iterator[Proposal]:
    for path in (settings.home / FOLDER).rglob("*.json"):
        if path.with_suffix("").is_file():
            yield Proposal(**json.loads(path.read_text(encoding="utf-8")))


def _place(settings: Settings, name: str) -> Path:
    return settings.home / FOLDER / name


def _summary(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


def _remove(settings: Settings, name: str) -> None:
    place = _place(settings, name)
    _summary(place).unlink(missing_ok=True)  # first: without it, there is no proposal
    place.unlink(missing_ok=True)


def _clear(settings: Settings, names: set[str]) -> None:
    """Takes away the proposals for files that are gone."""
    for proposal in list(_waiting(settings)):
        if proposal.name not in names:
            _remove(settings, proposal.name)
