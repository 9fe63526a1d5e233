"""One column: what it means and why, what was measured of it, and forms that correct both."""

from assets.catalog.card import Card, Line
from assets.catalog.changes.entry import TABLE
from assets.catalog.facts import KIND as ASSET
from serving.studio import attributes, pictures
from serving.studio.studio import Studio
from serving.studio.texts import MissingError
from serving.studio.visit import Visit


def page(visit: Visit) -> str:
    """The page of `?key=&name=`."""
    card = visit.studio.card(visit["key"])
    line = find(card, visit["name"])
    text, meaning = places(visit.studio, card, line.column.name)
    own = attributes.defined(visit.studio, "column")
    return visit.page(
        "column.html",
        line.column.name,
        card=card,
        line=line,
        types=visit.studio.types.types,
        pictures=pictures,
        bars=pictures.histogram(line.profile, 480, 140) if line.profile else [],
        attributes=attributes.shown(own, line.attributes, visit.say),
        defined=own,
        fields=attributes.fields(own, line.attributes),
        ways=attributes,
        text_version=_number(visit.studio, *text),
        meaning_version=_number(visit.studio, *meaning),
    )


def find(card: Card, name: str) -> Line:
    """A column of an entry.

    Raises:
        MissingError: it has none of that name.
    """
    for line in card.lines:
        if line.column.name.strip() == name:
            return line
    raise MissingError(f"{card.key}.{name}", [card.key])


def places(studio: Studio, card: Card, name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Kind and key of the entries that take a column's description and its semantic type.

    The type goes to the scanned table where there is one, whose next scan heeds it; unless the asset has one already.
    """
    made = studio.versions.get(ASSET, card.asset)
    document = (made.document if made else None) or {}
    asset, table = (ASSET, card.asset), (TABLE, card.table)
    in_asset = any(c["name"] == name for c in document.get("columns", []))
    scanned = studio.versions.get(TABLE, card.table) if card.table else None
    columns = (scanned.document or {}).get("table", {}).get("columns", []) if scanned else []
    in_table = any(c["name"] == name for c in columns)
    corrected = name in document.get("written", {}).get("meanings", {})
    return (asset if in_asset else table), (table if in_table and not corrected else asset)


def _number(studio: Studio, kind: str, key: str) -> int:
    found = studio.versions.get(kind, key)
    return found.number if found else 0
