"""Documents that a person may read, before anything is looked for in them."""

from collections.abc import Iterable

from assets.security.access.access import Access

TEXT = "text"  # the one column of a document


def readable(access: Access, collection: str, names: Iterable[str]) -> set[str] | None:
    """Of a collection's documents those that the person may read as a whole; None for all.

    A rule of a document (`doc/retail/handbook/hr/*`) goes before one of the collection (`doc/retail/handbook`). A
    collection that is tagged private is read by its owners alone, as everywhere.

    Args:
        collection: key of the asset; a document's key is below it.
    """
    if not _visible(access, collection):
        return set()
    if access.policy is None:
        return None
    return {n for n in set(names) if access.decided((f"{collection}/{n}", collection), [(TEXT, TEXT)])[1].whole}


def _visible(access: Access, collection: str) -> bool:
    from assets.catalog.facts import KIND
    from assets.catalog.people import sees, teams
    from assets.catalog.tags.kept import of_asset

    made = access.versions.get(KIND, collection)
    if made is None:
        return True
    document = made.document or {}
    written = document.get("written", {})
    decided = of_asset(access.versions, collection).tags.in_force().get("", ())
    tags = {*written.get("tags", ()), *document.get("tags", {}), *decided}
    owners = written.get("owners", []) or document.get("owners", [])
    return sees(access.person, teams(access.settings.catalog_files))(tags, owners)
