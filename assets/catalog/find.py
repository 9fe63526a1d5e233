"""Search over the whole catalogue, as one person may see it."""

from collections.abc import Collection

from assets.catalog.attributes.model import readable
from assets.catalog.kinds import records
from assets.catalog.people import sees, teams
from assets.catalog.search.index import Index
from assets.catalog.search.model import Hit
from assets.catalog.searchable import entries
from assets.catalog.semantics import registry
from assets.catalog.store.versions import Versions
from core.settings import Settings


def find(
    settings: Settings, versions: Versions, question: str, who: str, limit: int = 10, kinds: Collection[str] = ()
) -> list[Hit]:
    """The entries that fit a question best and that a person may see: assets, tables, metrics, dimensions, standards.

    Args:
        kinds: of the entries that are wanted, such as table, metric, standard; none for all.

    Raises:
        SourceError: teams.yaml is wrong.
    """
    types = registry.load(settings.catalog_files)
    attributes = readable(settings.catalog_files)
    found = [*entries(versions, types, attributes), *records(settings.catalog_files, types)]
    may = sees(who, teams(settings.catalog_files))
    seen = {e.key: (not kinds or e.kind in kinds) and may(e.tags, e.owner.split(", ")) for e in found}
    return Index.build(found).search(question, limit, lambda key: seen[key])
