"""What people decide about tags, and the snapshot from which Dagster's definitions take those in force."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from assets.catalog.facts import KIND as ASSET
from assets.catalog.searchable import assets_of_tables
from assets.catalog.store.versions import Change, Version, Versions, insist
from assets.catalog.tags.kept import KIND, SNAPSHOT, Tag, Tags, all_tags, document, of_asset
from assets.catalog.tags.refresh import refresh
from assets.catalog.tags.vocabulary import Vocabulary, check
from core.atomic import write_text
from core.errors import HeddleError
from core.settings import Settings


def decide(
    settings: Settings,
    versions: Versions,
    place: tuple[str, str],
    tag: str,
    accepted: bool,
    who: str,
    note: str = "",
    expected: int | None = None,
) -> list[Version]:
    """Accepts or refuses a tag of a column, or of an asset where the column is ""; then it flows anew.

    A tag that nothing proposed may be accepted too: then it is the person's own. Who refuses a tag refuses its narrower
    ones (pii:phone: pii:mobile); who accepts one takes back that a wider one was refused.

    Args:
        place: asset key or SOURCE/TABLE, and the column.
        expected: number of the version of the asset's tags that was looked at; without it the decision is added to
            whatever is there.

    Raises:
        HeddleError: no such asset or column, or no name of a tag.
        ConflictError: somebody else decided meanwhile.
    """
    from assets.catalog.semantics import registry  # numpy, which definitions do without
    from assets.catalog.tags.vocabulary import load as words

    check(tag)
    key = asset_key(versions, place[0])
    column = place[1]
    known = columns_of(versions, key)
    if column and column not in known:
        raise HeddleError(f"{key} has no column {column!r}", f"its columns are {', '.join(known) or 'not known'}")
    change = Change(who, f"{'accepted' if accepted else 'refused'} {tag}" + (f" of {column}" if column else ""))
    vocabulary = words(settings.catalog_files, registry.load(settings.catalog_files))

    def write() -> Version | None:
        before, number = of_asset(versions, key)
        own = before.columns.get(column, {})
        said = _said(own.get(tag), accepted, who, note)
        columns = before.columns | {column: _with_it(own, tag, accepted, who, vocabulary) | {tag: said}}
        seen = number if expected is None else expected
        return versions.put(KIND, key, document(Tags(columns=columns)) or {}, change, expected=seen)

    made = insist(write) if expected is None else write()
    others = refresh(settings, versions, change)
    publish(settings, versions)
    return [*([made] if made else []), *others]


def _with_it(own: Mapping[str, Tag], tag: str, accepted: bool, who: str, known: Vocabulary) -> dict[str, Tag]:
    """What a decision makes of the other tags of the column."""
    if accepted:
        wider = known.implied(tag)
        return {name: t for name, t in own.items() if not (name in wider and t.state == "refused")}
    note = f"with {tag}"
    return {name: _said(t, False, who, note) if tag in known.implied(name) else t for name, t in own.items()}


def _said(found: Tag | None, accepted: bool, who: str, note: str) -> Tag:
    known = found or Tag(state="proposed", confidence=1.0, by="user")
    words = (f"{who}: {note}",) if note else ()
    return known.model_copy(
        update={
            "state": "accepted" if accepted else "refused",
            "evidence": (*known.evidence, *words),
            "who": who,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )


def asset_key(versions: Versions, key: str) -> str:
    """The key under which the tags of an entry are. Raises HeddleError when there is none."""
    found = assets_of_tables(versions).get(key, key)
    if versions.get(ASSET, found) is None and not of_asset(versions, found).number and not columns_of(versions, found):
        raise HeddleError(f"no entry {key} in the catalogue", "`heddle catalog search WORDS` finds entries")
    return found


def columns_of(versions: Versions, asset: str) -> list[str]:
    """The columns that the scan, the definition or its tags know of an asset."""
    from assets.catalog.changes.entry import TABLE

    found: dict[str, None] = {}
    for table, key in assets_of_tables(versions).items():
        if key == asset and (scanned := versions.get(TABLE, table)) is not None:
            found |= dict.fromkeys(c["name"] for c in (scanned.document or {})["table"].get("columns", ()))
    made = versions.get(ASSET, asset)
    found |= dict.fromkeys(c["name"] for c in ((made.document if made else None) or {}).get("columns", ()))
    found |= dict.fromkeys(c for c in of_asset(versions, asset).tags.columns if c)
    return list(found)


def publish(settings: Settings, versions: Versions) -> Path:
    """Writes the tags in force to the file that definitions read; replaced in one step, untouched when it says so."""
    path = settings.home / SNAPSHOT
    found = {key: in_force for key, tags in all_tags(versions).items() if (in_force := tags.in_force())}
    text = json.dumps(found, ensure_ascii=False, sort_keys=True, indent=1)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return path
