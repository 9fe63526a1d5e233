"""The warehouse and the sources of sources.yaml as stores: databases, folders, and what cannot be looked at."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assets.security.erasure.model import Policy
from assets.security.erasure.stores.tables import Tables
from assets.security.erasure.stores.unseen import Unseen
from core.address import local_path
from core.errors import HeddleError, SourceError
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.scan.references import Address

_BY_HAND = "look through it by hand"
_FIX = "make it readable, or take it out of sources.yaml when it is gone for good, and run it again"


@dataclass
class Sources:
    """What there is, and by whom it is looked at.

    Attributes:
        tables: open databases -> the keys of their tables, each with its columns.
        folders: name -> folder, or a single file.
    """

    tables: dict[Tables, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    unseen: list[Unseen] = field(default_factory=list)


def of(settings: Settings, policy: Policy, assets: Mapping[str, str]) -> Sources:
    """All of them; each database once, under the first name it has.

    Raises:
        SourceError: sources.yaml cannot be read.
    """
    from assets.catalog.scan.references import Address, address
    from assets.catalog.scan.sources import load_sources

    found, known = Sources(), set()
    if local_path(settings.warehouse).is_file() or not _embedded(settings.warehouse):  # otherwise nobody made it yet
        known.add(settings.warehouse)
        _open(found, "warehouse", Address(settings.warehouse, settings.warehouse), policy, assets)
    for source in load_sources(settings):
        try:
            where = address(source.url, source.name, settings, os.environ)
        except HeddleError as error:
            found.unseen.append(Unseen(source.name, error))
            continue
        if where.url.startswith("file:"):
            _folder(found, source.name, local_path(where.url))
        elif where.url not in known:
            known.add(where.url)
            _open(found, source.name, where, policy, assets)
    return found


def _open(found: Sources, name: str, where: "Address", policy: Policy, assets: Mapping[str, str]) -> None:
    from assets.catalog.remote.connection import DIALECTS, Remote

    scheme = where.url.partition(":")[0].partition("+")[0].lower()
    try:
        if scheme not in DIALECTS:
            raise SourceError(f"source {name}: {scheme} is neither a database that is searched nor a folder", _BY_HAND)
        if _embedded(where.url) and not local_path(where.url).is_file():
            raise SourceError(f"source {name}: there is no file {local_path(where.url)}", _FIX)
        store = Tables(name, Remote(name, where), policy, assets)
        found.tables[store] = store.columns()
    except HeddleError as error:
        found.unseen.append(Unseen(name, error))


def _folder(found: Sources, name: str, path: Path) -> None:
    if path.exists():
        found.folders[name] = path
    else:
        found.unseen.append(Unseen(name, SourceError(f"source {name}: there is nothing at {path}", _FIX)))


def _embedded(url: str) -> bool:
    """Whether a database is a file of this machine."""
    return url.partition(":")[0].lower() in ("duckdb", "sqlite")
