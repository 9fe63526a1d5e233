"""Every store of an installation, in the order in which they are erased: what leads to the person goes last."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from assets.security.erasure.model import Policy, Store
from assets.security.erasure.stores.databases import Database, is_sqlite
from assets.security.erasure.stores.files import Files
from assets.security.erasure.stores.index import Indexes
from assets.security.erasure.stores.online import Online
from assets.security.erasure.stores.tables import Tables
from assets.security.erasure.stores.vault import TokenVault
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.scan.references import Address

KEPT = "erasure"  # folder of reports, which hold no values


def stores(settings: Settings, policy: Policy, assets: Mapping[str, str]) -> list[Store]:
    """All stores; sources that are no databases count as files where they are folders of this machine."""
    from resources.open import online, vectors

    tables = list(_tables(settings, policy, assets))
    found: list[Store] = [Online(online(settings), _views(settings))]
    found.append(Indexes(_path(settings.objects), vectors(settings)))
    if settings.protection_keys:
        from assets.security.protect.keys import keyring
        from assets.security.protect.vault import Vault

        vault, ring = Vault(settings.vault), keyring(settings)
        vault.compare(ring)  # under another key nobody would be found
        found.append(TokenVault(vault, ring))
    found.append(_files(settings))
    found += _databases(settings)
    return [*found, *sorted(tables, key=lambda t: _has_persons(t, policy))]


def _has_persons(store: Tables, policy: Policy) -> bool:
    with store.remote.transaction() as session:
        return any(table.key in policy.subjects for table in store.tables(session))


def _tables(settings: Settings, policy: Policy, assets: Mapping[str, str]) -> Iterator[Tables]:
    from assets.catalog.remote.connection import DIALECTS, Remote
    from assets.catalog.scan.references import Address, address
    from assets.catalog.scan.sources import load_sources

    known: dict[str, Address] = {"warehouse": Address(settings.warehouse, settings.warehouse)}
    for source in load_sources(settings):
        where = address(source.url, source.name, settings, os.environ)
        if where.url.partition(":")[0].partition("+")[0] in DIALECTS and where.url not in {
            a.url for a in known.values()
        }:
            known[source.name] = where
    for name, where in known.items():
        if _there(where):
            yield Tables(name, Remote(name, where), policy, assets)


def _there(where: "Address") -> bool:
    """False of a database that is a file which nobody made yet."""
    scheme = where.url.partition(":")[0]
    return scheme not in ("duckdb", "sqlite") or _path(where.url).is_file()


def _files(settings: Settings) -> Files:
    objects = _path(settings.objects)
    folders = {"home": settings.home, "drops": settings.drops, "handbook": settings.handbook}
    folders |= {"kettle": settings.kettle_files}
    if not objects.is_relative_to(settings.home):
        folders["objects"] = objects
    folders = {n: f for n, f in folders.items() if n == "home" or not f.is_relative_to(settings.home)}
    skipped = [_path(settings.trace), settings.home / KEPT, settings.home / "models", _path(settings.vectors)]
    return Files(folders | _source_folders(settings), objects, skipped)


def _source_folders(settings: Settings) -> dict[str, Path]:
    from assets.catalog.scan.references import address
    from assets.catalog.scan.sources import load_sources

    found = {}
    for source in load_sources(settings):
        url = address(source.url, source.name, settings, os.environ).url
        if url.startswith("file:"):
            found[source.name] = _path(url)
    return found


def _databases(settings: Settings) -> list[Store]:
    """SQLite files under home, and PostgreSQL where settings name it; online store and vault are others'."""
    own = {_path(url) for url in (settings.online, settings.vault) if url.startswith("sqlite")}
    urls: dict[str, str] = {}
    for path in sorted(settings.home.rglob("*")) if settings.home.is_dir() else ():
        if path.is_file() and path not in own and path.suffix not in (".parquet", ".jsonl") and is_sqlite(path):
            urls[f"home/{path.relative_to(settings.home)}"] = f"sqlite:///{path}"
    for name in ("catalog", "instance", "tracking"):
        url = getattr(settings, name)
        if url.startswith("postgresql"):
            urls[name] = url
    return [Database(name, url) for name, url in urls.items()]


def _views(settings: Settings) -> dict[str, tuple[str, str]]:
    """View -> the table and column of its only key."""
    from assets.features.registry.files import load_views

    found = {}
    for name, view in load_views(settings).items():
        if len(view.keys) == 1:
            found[name] = (view.source, view.keys[0].name)
    return found


def _path(url: str) -> Path:
    return Path("/" + unquote(urlsplit(url).path).lstrip("/"))
