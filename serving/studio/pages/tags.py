"""Tags on an entry's page, as far as the reader may see where they came from."""

from typing import NamedTuple

from assets.catalog.card import Card
from assets.catalog.tags.kept import Tag
from assets.catalog.tags.vocabulary import load
from serving.studio.shelf import Listing
from serving.studio.visit import Visit

HIDDEN = "…"  # stands for a column of an entry that the reader may not see


class Shown(NamedTuple):
    """A tag of a column ("" for the entry as a whole); `tag.path` and `tag.evidence` name nothing hidden."""

    column: str
    name: str
    label: str
    tag: Tag


def shown(visit: Visit, card: Card) -> list[Shown]:
    """The tags of an entry, those that wait for a decision first."""
    studio = visit.studio
    words, listing = load(studio.settings.catalog_files, studio.types), studio.shelf.listing()
    found = [
        Shown(column, name, words.label(name, visit.say.lang), _seen(tag, listing))
        for column, name, tag in card.tagged.each()
    ]
    return sorted(found, key=lambda s: (s.tag.state != "proposed", s.column, s.name))


def _seen(tag: Tag, listing: Listing) -> Tag:
    path = tuple(place if _may(place, listing) else HIDDEN for place in tag.path)
    if HIDDEN not in path:
        return tag
    return tag.model_copy(update={"path": path, "evidence": ()})


def _may(place: str, listing: Listing) -> bool:
    """Whether the key before some dot of a place is nothing hidden; names of columns may have dots too."""
    parts = place.split(".")
    return all(listing.sees(".".join(parts[:i])) for i in range(1, len(parts) + 1))
