"""What the person at the command line may see."""

import getpass
from typing import TYPE_CHECKING

import click

from core import settings as config

if TYPE_CHECKING:
    from assets.catalog.store.versions import Versions
    from assets.security.access.access import Access
    from resources.ports import WarehouseReader

PURPOSE = click.option("--purpose", default="", help="What you ask for, where the access policy wants to know.")


def access_of(entry: str, versions: "Versions | None" = None, purpose: str = "") -> "Access":
    """The access of who runs the command.

    Args:
        entry: the command, for the log.
    """
    from assets.catalog.store.versions import Versions
    from assets.security.access.access import Access

    settings = config.load()
    return Access(settings, versions or Versions(settings.catalog), getpass.getuser(), purpose, entry=entry)


def warehouse_of(entry: str, purpose: str = "") -> "WarehouseReader":
    """The warehouse as who runs the command may read it."""
    from assets.security.access.warehouse import GuardedWarehouse
    from resources.open import warehouse

    return GuardedWarehouse(warehouse(config.load()), access_of(entry, purpose=purpose))
