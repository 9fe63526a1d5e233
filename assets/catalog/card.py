"""One entry of the catalogue as people see it: definition, scan, what people wrote and what was measured, together.

A table of the warehouse is both an asset that Heddle makes and a table that a scan found: its card shows both. The
command line and the pages show cards and know nothing of how they are put together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assets.catalog.attributes.model import Value
from assets.catalog.changes.diff import Difference
from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.describe import Sentence, of_table
from assets.catalog.facts import KIND as ASSET
from assets.catalog.model import ColumnInfo, Meaning, Profile
from assets.catalog.narrate.narrate import Told, told_of
from assets.catalog.record import pending
from assets.catalog.scan.profile.withhold import withhold
from assets.catalog.searchable import assets_of_tables
from assets.catalog.standards.kept import Moment
from assets.catalog.standards.kept import history as compliance
from assets.catalog.store.versions import Version, Versions
from assets.catalog.tags.kept import Tags, of_asset
from core.errors import HeddleError
from core.near import nearest


@dataclass(frozen=True)
class Line:
    """A column with everything known of it; `text` is a person's description, else the comment.

    `owner` is "" where it is the entry's.
    """

    column: ColumnInfo
    text: str
    meaning: Meaning | None
    profile: Profile | None
    owner: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """Everything about one entry.

    Attributes:
        key: of the entry in the catalogue; `asset` is Dagster's key for the same thing, `table` the scanned table's.
        written: a person's description, "" when nobody wrote one.
        sentences: what was written from evidence, each with it.
        measured: what the last run and scan said; see register.measured.
        tagged: tags with where they come from and what was decided; `tags_number` is the number of their version.
        told: what a language model said, beside what templates and people say; `told_note` why it said nothing new.
        compliance: how its columns kept their standards, the newest moment first.
    """

    key: str
    kind: str
    asset: str
    table: str
    written: str
    description: str
    sentences: tuple[Sentence, ...]
    lines: tuple[Line, ...]
    tags: dict[str, str]
    owners: tuple[str, ...]
    upstream: tuple[str, ...]
    downstream: tuple[str, ...]
    measured: dict[str, Any]
    pending: tuple[Difference, ...] = ()
    history: tuple[Version, ...] = ()
    tagged: Tags = field(default_factory=Tags)
    tags_number: int = 0
    told: Told | None = None
    told_note: str = ""
    compliance: tuple[Moment, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Value] = field(default_factory=dict)


def card(versions: Versions, key: str, below: Mapping[str, Sequence[str]] | None = None) -> Card:
    """The card of an asset key (`table/retail/baskets`) or a scanned table (`shop/public.orders`).

    Args:
        below: asset -> the assets made from it, where the caller has it: else all assets are read for it.

    Raises:
        HeddleError: there is no such entry; the message names the nearest keys.
    """
    tables = assets_of_tables(versions)
    asset = tables.get(key, key)
    # names that differ only in signs have one asset key: who asks for a table gets that table
    table = key if key in tables else next((t for t, a in tables.items() if a == asset), "")
    made = versions.get(ASSET, asset)
    scanned = versions.get(TABLE, table) if table else None
    if made is None and scanned is None:
        raise HeddleError(f"no entry {key} in the catalogue", _near(versions, key, tables))
    entry = TableEntry.model_validate(scanned.document) if scanned else None
    document = (made.document if made else None) or {}
    measured = _last(versions, TABLE, table) | _last(versions, ASSET, asset)
    written, tagged = document.get("written", {}), of_asset(versions, asset)
    told, note = told_of(versions, asset)
    history = [*versions.history(ASSET, asset), *(versions.history(TABLE, table) if table else [])]
    return Card(
        key=asset if made else table,
        kind=asset.split("/", 1)[0] if made else TABLE,
        asset=asset,
        table=table,
        written=written.get("description", "") or (entry.description if entry else ""),
        description=document.get("description", "") or (entry.table.comment if entry else ""),
        sentences=_sentences(document, entry),
        lines=_lines(document, entry, written, measured.get("profiles", {}), tagged.tags.guarded()),
        tagged=tagged.tags,
        tags_number=tagged.number,
        told=told,
        told_note=note,
        compliance=tuple(compliance(versions, asset)),
        tags=document.get("tags", {}) | dict.fromkeys([*written.get("tags", []), *(entry.tags if entry else ())], ""),
        owners=tuple(written.get("owners", [])) or tuple(document.get("owners", [])) or _owner(entry),
        upstream=tuple(document.get("upstream", [])),
        downstream=_downstream(versions, asset) if below is None else tuple(sorted(below.get(asset, ()))),
        measured=measured,
        pending=tuple(pending(versions, table)) if table else (),
        history=tuple(sorted(history, key=lambda v: (v.change.at, v.kind, v.number))),
        attributes=(entry.attributes if entry else {}) | written.get("attributes", {}),
        facts={
            k: document[k] for k in ("group", "kinds", "table", "file", "code_version", "external") if k in document
        },
    )


def _downstream(versions: Versions, asset: str) -> tuple[str, ...]:
    return tuple(v.key for v in versions.latest(ASSET) if asset in (v.document or {}).get("upstream", ()))


def _sentences(document: dict[str, Any], entry: TableEntry | None) -> tuple[Sentence, ...]:
    said = [Sentence(d["en"], d["zh"], d["evidence"]) for d in document.get("described", [])]
    return tuple(said or (of_table(entry.table) if entry else []))


def _lines(
    document: dict[str, Any],
    entry: TableEntry | None,
    written: dict[str, Any],
    profiles: dict[str, Any],
    guarded: set[str],
) -> tuple[Line, ...]:
    columns = {c.name: c for c in entry.table.columns} if entry else {}
    # the definition's comment is better than the engine's, which a dbt or Kettle table has none of
    columns |= {c["name"]: ColumnInfo.model_validate(c) for c in document.get("columns", [])}
    texts = (entry.columns if entry else {}) | written.get("columns", {})
    meanings = (entry.meanings if entry else {}) | {
        name: Meaning(type=type_, confidence=1.0, by="user") for name, type_ in written.get("meanings", {}).items()
    }
    owners = (entry.column_owners if entry else {}) | written.get("column_owners", {})
    attributes = (entry.column_attributes if entry else {}) | written.get("column_attributes", {})
    return tuple(
        Line(
            column,
            texts.get(name, "") or column.comment,
            meanings.get(name),
            _profile(profiles[name], name in guarded) if name in profiles else None,
            owners.get(name, ""),
            attributes.get(name, {}),
        )
        for name, column in columns.items()
    )


def _profile(said: dict[str, Any], guarded: bool) -> Profile:
    """A profile; without its values where a tag says that they are personal or secret, whatever the scan thought."""
    found = Profile.model_validate(said)
    return withhold(found) if guarded and not found.withheld else found


def _owner(entry: TableEntry | None) -> tuple[str, ...]:
    return (entry.owner,) if entry and entry.owner else ()


def _last(versions: Versions, kind: str, key: str) -> dict[str, Any]:
    found = versions.measured(kind, key) if key else []
    return found[0][2] | {f"{kind}_at": found[0][0]} if found else {}


def _near(versions: Versions, key: str, tables: dict[str, str]) -> str:
    known = [*(v.key for v in versions.latest(ASSET)), *tables]
    noun = key.rsplit("/", 1)[-1]
    near = nearest(key, known) or [k for k in known if noun and noun in k][:3]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return (
        "`heddle catalog search WORDS` finds entries" if known else "the catalogue is empty: run `heddle catalog scan`"
    )
