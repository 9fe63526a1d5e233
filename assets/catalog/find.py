"""Search over the whole catalogue, as one person may see it."""

from assets.catalog.people import sees, teams
from assets.catalog.search.index import Index
from assets.catalog.search.model import Hit
from assets.catalog.searchable import entries
from assets.catalog.semantics import registry
from assets.catalog.store.versions import Versions
from core.settings import Settings


def find(settings: Settings, versions: Versions, question: str, who: str, limit: int = 10) -> list[Hit]:
    """The entries that fit a question best and that a person may see.

    Raises:
        SourceError: teams.yaml is wrong.
    """
    found = list(entries(versions, registry.load(settings.catalog_files)))
    may = sees(who, teams(settings.catalog_files))
    seen = {e.key: may(e.tags, e.owner.split(", ")) for e in found}
    return Index.build(found).search(question, limit, lambda key: seen[key])
