"""The catalogue and its entries, as the commands open them."""

from typing import TYPE_CHECKING

from core import settings as config

if TYPE_CHECKING:
    from assets.catalog.store.versions import Versions


def opened() -> "Versions":
    """The catalogue of the settings in force."""
    from assets.catalog.store.versions import Versions

    return Versions(config.load().catalog)


def entry_of(key: str) -> tuple[str, str, "Versions"]:
    """Kind and key of an entry, by either of its keys. Raises HeddleError with the nearest ones when there is none."""
    from assets.catalog.card import card

    versions = opened()
    for kind in ("table", "asset"):
        if versions.history(kind, key):
            return kind, key, versions
    found = card(versions, key)
    return ("table", found.table, versions) if found.table == key else ("asset", found.asset, versions)
