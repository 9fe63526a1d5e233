"""Generated parts of a file that follow the catalogue: a changed table, standard or code table changes their steps."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assets.catalog.changes.diff import What
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.keys import asset_of
from assets.catalog.store.versions import Versions
from assets.kettle.connections import connection_urls
from assets.kettle.describe import describe_transformation
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.marks import parts
from assets.kettle.generate.part import Part
from assets.kettle.generate.place import Before, Between, Spot, put
from assets.kettle.generate.sinks import Sink, ToDummy, ToFile, ToTable
from assets.kettle.generate.structure import structure_part
from assets.kettle.model import StepNode, Transformation
from assets.kettle.synced.inputs import differences
from assets.kettle.synced.rules import From, Rules, columns
from assets.kettle.synced.tables import entry_of
from core.settings import Settings

PART = "catalog "  # ids of these parts: the key of the table follows


@dataclass(frozen=True, slots=True)
class Followed:
    """A file as the catalogue now has its tables; `notes` say what a person should know."""

    model: Transformation
    notes: list[str]


def followed(
    settings: Settings, versions: Versions, model: Transformation, path: Path, *, overwrite: bool = False
) -> Followed:
    """Makes all parts that follow the catalogue again. A part that cannot be made stays, and a note says why.

    Args:
        path: of the file, for what stands beside it.
        overwrite: also steps that were changed by hand.
    """
    notes: list[str] = []
    rules: Rules | None = None
    for part in [p for p in parts(model) if p.startswith(PART)]:
        rules = rules or Rules.of(settings)
        key = part.removeprefix(PART)
        try:
            model = _again(settings, versions, model, key, rules, notes, overwrite)
        except KettleError as error:
            notes.append(f"{key}: the steps stay as they are: {error.what} ({error.fix})")
    return Followed(model, notes)


def attach(
    settings: Settings,
    versions: Versions,
    model: Transformation,
    key: str,
    at: Spot,
    target: ToTable,
    *,
    filled: Mapping[str, From] | None = None,
    rejects: Sink | None = None,
) -> Followed:
    """Puts the steps for a table into a file: fields, mappings, checks and Table output, which follow it from then on.

    Args:
        key: `source/schema.table`.
        filled: column -> field; default: the fields that are called like columns.

    Raises:
        KettleError: the catalogue does not have the table; none of its columns is in the stream; see `put`.
    """
    entry = entry_of(versions, key)
    notes: list[str] = []
    fields = _fields(settings, model, _sources(model, at))
    chosen = _filled(entry, dict(filled or {}), {}, fields, key, notes)
    part = _part(key, entry, Rules.of(settings), chosen, target, rejects, entry.table.name)
    return Followed(put(model, part, at), notes)


def text_diff(before: Transformation, after: Transformation, name: str) -> str:
    """The lines of the file that differ, as a unified diff; "" where none does."""
    one, other = (to_bytes(m).decode("utf-8", "replace").splitlines(keepends=True) for m in (before, after))
    return "".join(difflib.unified_diff(one, other, f"a/{name}", f"b/{name}"))


def _again(
    settings: Settings,
    versions: Versions,
    model: Transformation,
    key: str,
    rules: Rules,
    notes: list[str],
    overwrite: bool,
) -> Transformation:
    names = parts(model)[PART + key]
    entry = entry_of(versions, key)
    select = model.steps[names["select"]]
    present = _present(select)
    renamed = _renamed(versions, key, set(present), entry)
    before = [h.source for h in model.hops if h.enabled and h.target == select.name]
    fields = _fields(settings, model, before)
    filled = _filled(entry, present, renamed, fields, key, notes)
    rejects = _sink(model.steps[names["select rejects"]])
    target = _sink(model.steps[names["write"]])
    assert isinstance(target, ToTable)
    part = _part(key, entry, rules, filled, target, rejects, select.name.removesuffix(": fields"))
    return put(model, part, overwrite=overwrite)


def _sources(model: Transformation, at: Spot) -> list[str]:
    """The steps that the stream comes from."""
    if isinstance(at, Before):
        return [h.source for h in model.hops if h.enabled and h.target.lower() == at.step.lower()]
    return [at.source if isinstance(at, Between) else at.step]


def _part(
    key: str,
    entry: TableEntry,
    rules: Rules,
    filled: Mapping[str, From],
    target: ToTable,
    rejects: Sink | None,
    name: str,
) -> Part:
    if not filled:
        raise KettleError(f"no field of the stream is called like a column of {key}", "say which field fills which")
    source = key.partition("/")[0]
    made = columns(entry, str(asset_of(source, entry.table)), rules, filled)
    return structure_part(PART + key, made, target, rejects, name=name)


def _filled(
    entry: TableEntry,
    present: Mapping[str, From],
    renamed: Mapping[str, str],
    fields: Mapping[str, str] | None,
    key: str,
    notes: list[str],
) -> dict[str, From]:
    """Column -> what fills it: as before, under its former name, or the field of its name."""
    found = {}
    for column in entry.table.columns:
        name = column.name
        former = present.get(name) or present.get(renamed.get(name, ""))
        if former is not None:
            found[name] = former
        elif fields is not None and name.lower() in fields:
            found[name] = From(fields[name.lower()])
        else:
            needed = " and the table needs it" if not column.nullable and not column.default else ""
            notes.append(f"{key}.{name} is not written: no field of the stream is called so{needed}")
    return found


def _present(select: StepNode) -> dict[str, From]:
    """Column -> what fills it, as the generated Select values says."""
    masks = {o.text("name"): o.text("conversion_mask") for o in select.options.rows("fields/meta")}
    found = {}
    for field in select.options.rows("fields/field"):
        column = field.text("rename") or field.text("name")
        found[column] = From(field.text("name"), masks.get(column, ""))
    return found


def _renamed(versions: Versions, key: str, names: set[str], now: TableEntry) -> dict[str, str]:
    """New name -> former name, against the last version that had all columns of the file."""
    if names <= {c.name for c in now.table.columns}:
        return {}
    for version in reversed(versions.history(TABLE, key)):
        before = TableEntry.model_validate(version.document) if version.document else None
        if before is not None and names <= {c.name for c in before.table.columns}:
            found = differences(versions, key, before, now)
            return {d.after: d.before for d in found if d.what is What.COLUMN_RENAMED}
    return {}


def _fields(settings: Settings, model: Transformation, steps: list[str]) -> dict[str, str] | None:
    """Lower-case name -> field that comes from these steps; None where it is not known."""
    engine = EngineSettings(connections=connection_urls(settings))
    info = describe_transformation(model, model.name, settings=engine, warehouse=settings.warehouse)
    found: dict[str, str] = {}
    for step in info.steps:
        if step.name.lower() in {s.lower() for s in steps}:
            if step.fields is None:
                return None
            found |= {f.name.lower(): f.name for f in step.fields}
    return found


def _sink(step: StepNode) -> Sink:
    """What a generated step writes to."""
    options = step.options
    if step.type == "TableOutput":
        truncate = options.flag("truncate")
        return ToTable(options.text("connection"), options.text("table"), options.text("schema"), truncate)
    if step.type == "TextFileOutput":
        return ToFile(options.text("file/name"), options.text("file/extention"))
    return ToDummy()
