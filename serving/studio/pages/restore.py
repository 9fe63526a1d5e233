"""Brings back what a former version of an entry said."""

from assets.catalog.changes.entry import TABLE
from assets.catalog.edit import revert
from assets.catalog.facts import KIND as ASSET
from assets.catalog.people import sees, teams
from core.errors import HeddleError
from serving.studio.forms import Form
from serving.studio.pages.save import expected
from serving.studio.visit import Visit, link


def save(visit: Visit, form: Form) -> str:
    """Makes the words of version `number` the present ones, as a new version made of the one that was shown.

    Raises:
        HeddleError: there is no such version, or the writer would not see the entry any more.
        StoreError: somebody else changed it meanwhile.
    """
    studio = visit.studio
    card, kind, number = studio.card(form.get("key", "")), form.get("kind", ""), form.get("number", "")
    if kind not in (TABLE, ASSET) or not (number.isascii() and number.isdigit()):
        raise HeddleError("the form names no version", "open the page again")
    key = card.table if kind == TABLE else card.asset
    old = studio.versions.get(kind, key, int(number[:9]))
    said = (old.document if old else None) or {}
    words = said if kind == TABLE else said.get("written", {})
    owners = words.get("owners", card.owners) if kind == ASSET else words.get("owner", "").split(", ")
    may = sees(studio.who, teams(studio.settings.catalog_files))
    if not may(words.get("tags", ()), owners):
        raise HeddleError(f"you ({studio.who}) would not see {card.key} any more", "restore another version")
    revert(studio.versions, kind, key, int(number[:9]), studio.who, expected(form))
    return link("/entry", key=card.key) + "#history"
