"""What a run wrote goes back into the catalogue: columns and types as a version, rows and null shares as figures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.catalog.bases import base_of
from assets.catalog.changes.diff import Difference, of_entries
from assets.catalog.changes.entry import TableEntry
from assets.catalog.facts import KIND, AssetFacts
from assets.catalog.model import ColumnInfo, TableInfo
from assets.catalog.record import ACCEPTED, PENDING
from assets.catalog.store.versions import Change, Version, Versions
from assets.kettle.described import Output
from core.naming import Key

if TYPE_CHECKING:
    from assets.kettle.publish import Published

AUTHOR = "kettle"


def take_back(
    versions: Versions, file: str, found: Mapping[Key, "Sequence[Published]"], run: str
) -> dict[Key, Version | None]:
    """Takes the outputs of a run into the catalogue; the new version of each, None where its columns are as before.

    Columns that break who reads the output wait against the accepted ones: see `record.pending`.

    Args:
        file: that ran.
        run: Dagster's run id, the cause that each new version names.
    """
    change = Change(AUTHOR, f"run of {file}", run)
    made = {}
    for key, shared in found.items():
        told = [p for p in shared if p.output.fields and all(f.type for f in p.output.fields)]
        if told:
            made[key] = _take(versions, str(key), told, change)
    return made


def _take(versions: Versions, key: str, found: "Sequence[Published]", change: Change) -> Version | None:
    former = versions.get(KIND, key)
    document = dict((former.document if former else None) or {})
    columns = _columns(found[0].output)
    facts = AssetFacts(key=key, columns=columns).model_dump(mode="json", exclude_defaults=True)
    version = versions.put(KIND, key, document | {"columns": facts["columns"]}, change)
    now = version or former
    if now is not None:
        _judge(versions, key, now, change)
    last = versions.measured(KIND, key)
    figures = (dict(last[0][2]) if last else {}) | _figures(found) | {"run": change.run}
    versions.measure(KIND, {key: figures}, change.run)
    return version


def _columns(output: Output) -> tuple[ColumnInfo, ...]:
    return tuple(
        ColumnInfo(name=f.name, type=f.type_text, base=base_of(f.type_text), place=place)
        for place, f in enumerate(output.fields, 1)
    )


def _figures(found: "Sequence[Published]") -> dict[str, Any]:
    """Rows in the whole, rows of this load, and the share of nulls of each column among these."""
    figures: dict[str, Any] = {"loaded": sum(p.loaded for p in found), "nulls": {}}
    if found[0].rows is not None:
        figures["rows"] = found[0].rows
    for one in found:
        figures["nulls"] |= one.column_nulls
    return figures


def _judge(versions: Versions, key: str, now: Version, change: Change) -> None:
    """What waits to be accepted: everything that breaks readers, against the accepted version."""
    accepted = versions.get(ACCEPTED, key)
    number = accepted.document["number"] if accepted and accepted.document else 0
    old = versions.get(KIND, key, number) if number else None
    breaking: list[Difference] = []
    if old is not None:
        breaking = [d for d in of_entries(_entry(key, old), _entry(key, now)) if d.breaks]
    if breaking:
        said = {"differences": [d.model_dump(mode="json") for d in breaking]}
        versions.put_all([(PENDING, key, said)], change)
    else:
        versions.put_all([(ACCEPTED, key, {"number": now.number}), (PENDING, key, None)], change)


def _entry(key: str, version: Version) -> TableEntry:
    return TableEntry(table=TableInfo(name=key, columns=(version.document or {}).get("columns", ())))
