"""One entry: what it is, its columns, who wrote what when, what it is related to."""

from collections.abc import Iterable, Sequence
from typing import Any

from assets.catalog.card import Card
from assets.catalog.changes.diff import Difference
from assets.catalog.changes.entry import TABLE
from assets.catalog.edit import ddl, difference
from assets.catalog.facts import KIND as ASSET
from assets.catalog.facts import Check
from assets.catalog.hits import hits
from assets.catalog.relate import of_table
from assets.catalog.scan.sources import load_sources
from assets.catalog.standards.model import FOLDER, Standard
from assets.documents import read_all
from core.errors import HeddleError
from core.hashing import digest
from serving.studio import attributes, pictures
from serving.studio.pages.tags import shown
from serving.studio.shelf import Listing
from serving.studio.studio import Studio
from serving.studio.visit import Visit

PAGE = 100  # columns of a page
MOST_VERSIONS = 50
DIALECTS = ("postgres", "mysql", "duckdb", "sqlite", "hive")
MOST_MOMENTS = 12  # of compliance
MEASURED = dict.fromkeys(("rows", "rows_exact", "size", "made", "run", "changed", "table_at", "score", "parts"))


def page(visit: Visit) -> str:
    """The page of `?key=`; `&columns=2` and `&find=` for columns, `&kind=&one=&other=` for a difference."""
    studio = visit.studio
    card = studio.card(visit["key"])
    listing = studio.shelf.listing()
    studio.looked(card.asset)
    lines = [line for line in card.lines if visit["find"].lower() in line.column.name.lower()]
    number = visit.number("columns", 1)
    own = attributes.defined(studio, card.kind)
    return visit.page(
        "entry.html",
        card.key,
        card=card,
        measured=MEASURED | card.measured,
        checks=[Check.model_validate(c) for c in card.measured.get("checks", [])],
        lines=lines[(number - 1) * PAGE : number * PAGE],
        found=len(lines),
        number=number,
        more=len(lines) > number * PAGE,
        types=studio.types.types,
        pictures=pictures,
        upstream=[k for k in card.upstream if listing.sees(k)],
        downstream=[k for k in card.downstream if listing.sees(k)],
        versions=_versions(card),
        history=card.history[::-1][:MOST_VERSIONS],
        written=_written(studio, card),
        compared=_compared(visit, card, listing),
        pending=_with_hits(studio, card, card.pending, listing),
        pending_mark=mark(card.pending),
        relations=of_table(studio.relations(listing), card.table) if card.table else [],
        standards=_standards(studio, card),
        compliance=card.compliance[:MOST_MOMENTS],
        tagged=shown(visit, card),
        ddl=_ddl(visit, card),
        attributes=attributes.shown(own, card.attributes, visit.say),
        defined=own,
        fields=attributes.fields(own, card.attributes),
        ways=attributes,
        in_graph=bool(studio.lineage.keys(card.asset)),
        live=card.table.partition("/")[0] in {s.name for s in load_sources(studio.settings)},
    )


def _versions(card: Card) -> dict[str, int]:
    """Kind -> number of the version that is shown, which an edit is made of."""
    last: dict[str, int] = {}
    for version in card.history:
        last[version.kind] = max(last.get(version.kind, 0), version.number)
    return last


def _written(studio: Studio, card: Card) -> dict[str, Any]:
    """What a person wrote, as the form shows it; the rest is of the definition."""
    kind, key = edited(card)
    found = studio.versions.get(kind, key)
    document = (found.document if found else None) or {}
    said = document.get("written", {}) if kind == ASSET else document
    owners = said.get("owners", []) if kind == ASSET else filter(None, [said.get("owner", "")])
    return {
        "kind": kind,
        "description": said.get("description", ""),
        "owners": ", ".join(owners),
        "tags": ", ".join(said.get("tags", [])),
    }


def edited(card: Card) -> tuple[str, str]:
    """Kind and key of what takes words about the entry as a whole: the asset, where it is one."""
    return (TABLE, card.table) if card.key == card.table else (ASSET, card.asset)


def _compared(visit: Visit, card: Card, listing: Listing) -> dict[str, Any] | None:
    kind = visit.choice("kind", *dict.fromkeys([v.kind for v in card.history[::-1]] or [ASSET]))
    one, other = visit.number("one", 0), visit.number("other", 0)
    if not (one and other):
        return None
    key = card.table if kind == TABLE else card.asset
    found = difference(visit.studio.versions, kind, key, one, other)
    told = _with_hits(visit.studio, card, found, listing) if kind == TABLE else [(d, ()) for d in found]
    return {"kind": kind, "one": one, "other": other, "told": told}


def _with_hits(
    studio: Studio, card: Card, found: Sequence[Difference], listing: Listing
) -> list[tuple[Difference, tuple[str, ...]]]:
    """Differences with the assets they hit, as far as the reader may see these."""
    if not found:
        return []
    hit = hits(studio.lineage, card.table.split("/", 1)[0], found)
    return [(d, tuple(k for k in hit.get(d, ()) if listing.sees(k))) for d in found]


def _standards(studio: Studio, card: Card) -> list[tuple[Standard, str, bool | None]]:
    """(standard, column, whether its last check passed) of the standards that name the asset."""
    passed = {c["name"]: c.get("passed") for c in card.measured.get("checks", [])}
    known = read_all(studio.settings.catalog_files / FOLDER, Standard).values()
    return [
        (standard, place.column, passed.get(f"standard_{standard.name}"))
        for standard in known
        for place in standard.columns
        if place.asset == card.asset and standard.status != "refused"
    ]


def _ddl(visit: Visit, card: Card) -> dict[str, Any] | None:
    """The statements that bring back the structure of `?ddl=NUMBER` in `&dialect=`, or why there are none."""
    number, dialect = visit.number("ddl", 0), visit.choice("dialect", *DIALECTS)
    if not number or not card.table:
        return None
    told: dict[str, Any] = {"number": number, "dialect": dialect, "dialects": DIALECTS, "statements": (), "refused": ""}
    try:
        return told | {"statements": ddl(visit.studio.versions, card.table, number, dialect)}
    except HeddleError as error:
        return told | {"refused": f"{error.what}. {error.fix}"}


def mark(changes: Iterable[Difference]) -> str:
    """Differs when the changes do, so that nobody accepts others than those that were shown."""
    return digest(sorted(map(str, changes)))
