"""One standard or code table as its file says it."""

from typing import Any

from assets.catalog.standards.kept import history
from assets.catalog.standards.model import CODES, FOLDER, CodeTable, Standard
from assets.documents import read_good
from serving.studio import attributes
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

MOST_MOMENTS = 10


def standard(visit: Visit) -> str:
    """The page of `?name=`: what it demands, where, and how the columns keep it."""
    found, _ = read_good(visit.studio.settings.catalog_files / FOLDER, Standard)
    record = found.get(visit["name"])
    if record is None:
        raise MissingError(visit["name"], [])
    listing = visit.studio.shelf.listing()
    places = [p for p in record.columns if listing.sees(p.asset)]
    kept = {p.asset: history(visit.studio.versions, p.asset)[:MOST_MOMENTS] for p in places}
    demands: dict[str, Any] = {
        "meaning": record.meaning,
        "pattern": record.pattern,
        "lengths": record.lengths,
        "range": record.range,
        "codes": record.codes,
        "required": record.required,
    }
    return visit.page(
        "standard.html",
        record.name,
        record=record,
        demands={k: v for k, v in demands.items() if v},
        places=places,
        kept=kept,
        known=listing.by_key,
        attributes=attributes.shown(attributes.defined(visit.studio, "standard"), record.attributes, visit.say),
    )


def codes(visit: Visit) -> str:
    """The page of `?name=`: the codes with their meanings and other writings."""
    found, _ = read_good(visit.studio.settings.catalog_files / CODES, CodeTable)
    record = found.get(visit["name"])
    if record is None:
        raise MissingError(visit["name"], [])
    own = attributes.shown(attributes.defined(visit.studio, "codes"), record.attributes, visit.say)
    return visit.page("codes.html", record.name, record=record, attributes=own)


def address(key: str) -> str:
    """Where the page of an entry is."""
    kind, mark, name = key.partition(":")
    pages = {"metric": "/metric", "dimension": "/dimension", "standard": "/standard", "codes": "/codes"}
    return link(pages[kind], name=name) if mark and kind in pages else link("/entry", key=key)
