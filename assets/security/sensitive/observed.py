"""Findings in the catalogue: one measurement per table, tags proposed from them, classes along column lineage.

A scan of a source measures them beside profiles and meanings. They hold masked samples alone. A column that is made
from a sensitive one is sensitive until a step masks it or a person refuses the tag.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from assets.catalog.tags.vocabulary import PERSONAL
from assets.security.sensitive.classes import builtin
from assets.security.sensitive.columns import Finding

if TYPE_CHECKING:
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.store.versions import Versions
    from assets.catalog.tags.flow import Flow
    from assets.catalog.tags.propose import Proposal

KIND = "sensitive"  # kind of the measurement; its key is SOURCE/TABLE
GRAVE = 3  # level from which somebody has to say what becomes of a column
Place = tuple[str, str]  # asset or table, and column
Findings = Mapping[str, Finding | None]


def keep(versions: "Versions", source: str, found: Mapping[str, Findings], run: str = "") -> None:
    """Measures the findings of tables, by path, in one transaction."""
    documents = {
        f"{source}/{path}": {
            "columns": {c: f.model_dump(mode="json", exclude_defaults=True) for c, f in findings.items() if f}
        }
        for path, findings in found.items()
    }
    if documents:
        versions.measure(KIND, documents, run)


def known(versions: "Versions") -> dict[str, dict[str, Finding]]:
    """The last findings of every table, by SOURCE/TABLE and column."""
    return {key: _read(document) for key, document in versions.last_measured(KIND)}


def of_table(versions: "Versions", key: str) -> dict[str, Finding]:
    """The last findings of one table; empty where it was not looked at."""
    last = versions.measured(KIND, key)
    return _read(last[0][2]) if last else {}


def _read(document: Mapping[str, object]) -> dict[str, Finding]:
    columns = document.get("columns", {})
    assert isinstance(columns, dict)
    return {name: Finding.model_validate(said) for name, said in columns.items()}


def tag(class_: str) -> str:
    """The tag of a class."""
    return f"{PERSONAL}{class_}"


def proposed(versions: "Versions", assets: Mapping[str, str]) -> "dict[Place, dict[str, Proposal]]":
    """The tags `pii:<class>` of each flagged column, with the finding's evidence, for a person to decide."""
    from assets.catalog.tags.propose import Proposal

    found: dict[Place, dict[str, Proposal]] = {}
    for key, findings in known(versions).items():
        for column, finding in findings.items():
            if finding.flagged:
                by = "content" if finding.by in ("content", "text") else "meaning"
                sure = min(finding.confidence, 0.99)
                found[assets.get(key, key), column] = {
                    tag(c): Proposal(tag=tag(c), confidence=sure, by=by, evidence=finding.evidence)
                    for c in (finding.class_, *finding.within)
                }
    return found


def flown(
    versions: "Versions", lineage: "LineageStore", columns: Mapping[str, Collection[str]] | None = None
) -> "Flow[Place]":
    """Classes of all columns, found or inherited along lineage, with the way they came.

    Args:
        columns: key -> its columns, for edges of all columns; those of the findings when not given.
    """
    from assets.catalog.searchable import assets_of_tables
    from assets.catalog.tags.flow import flow
    from assets.catalog.tags.kept import all_tags
    from assets.catalog.tags.ways import masked, ways

    said = proposed(versions, assets_of_tables(versions))
    mine = {place: {name: p.confidence for name, p in tags.items()} for place, tags in said.items()}
    names: dict[str, set[str]] = {key: set(held) for key, held in (columns or {}).items()}
    for key, column in mine:
        names.setdefault(key, set()).add(column)
    refused = {
        ((key, column), name)
        for key, tags in all_tags(versions).items()
        for column, name, said in tags.each()
        if said.state == "refused"
    }
    return flow(mine, ways(lineage, names), refused=refused, stops=masked)


def classes_of(flowed: "Flow[Place]", key: str) -> dict[str, dict[str, float]]:
    """Column -> class -> confidence, for one asset or table; the flagged classes alone."""
    found: dict[str, dict[str, float]] = {}
    for (held, column), tags in flowed.nodes().items():
        if held == key and column:
            found[column] = {name.removeprefix(PERSONAL): confidence for name, confidence in tags.items()}
    return found


class Undecided(NamedTuple):
    """A column of a grave class about which nobody said anything, and the column that the class came from."""

    place: Place
    class_: str
    confidence: float
    origin: Place


def undecided(versions: "Versions", lineage: "LineageStore", source: str) -> list[Undecided]:
    """Columns of level 3 and 4 that a source holds, or that are made from it unmasked, without a person's word.

    A person's word is a tag about persons or secrets of that column accepted or refused; what was accepted upstream
    counts below it.
    """
    from assets.catalog.searchable import assets_of_tables
    from assets.catalog.tags.kept import GUARDED, all_tags

    assets = assets_of_tables(versions)
    mine = {assets.get(key, key) for key in known(versions) if key.startswith(f"{source}/")}
    said = {
        (key, column)
        for key, tags in all_tags(versions).items()
        for column, name, held in tags.each()
        if held.state != "proposed" and name.startswith(GUARDED)
    }
    flowed = flown(versions, lineage)
    found = []
    for place, tags in flowed.nodes().items():
        for name, confidence in tags.items():
            class_ = name.removeprefix(PERSONAL)
            origin = flowed.path(place, name)[0]
            grave = builtin()[class_].level >= GRAVE and place[1] and place not in said
            if grave and origin[0] in mine:
                found.append(Undecided(place, class_, confidence, origin))
    return sorted(found)
