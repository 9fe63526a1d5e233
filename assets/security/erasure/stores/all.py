"""Every store of an installation, in the order in which they are erased: what leads to the person goes last."""

from collections.abc import Mapping
from pathlib import Path

from assets.security.erasure.model import Policy, Store
from assets.security.erasure.policy import FILE
from assets.security.erasure.stores import sources
from assets.security.erasure.stores.databases import Database, is_sqlite
from assets.security.erasure.stores.files import Files
from assets.security.erasure.stores.index import Indexes
from assets.security.erasure.stores.online import Online
from assets.security.erasure.stores.sources import Sources
from assets.security.erasure.stores.unseen import Unseen
from assets.security.erasure.stores.vault import TokenVault
from core.address import local_path
from core.errors import HeddleError
from core.near import nearest
from core.settings import Settings

KEPT = "erasure"  # folder of reports, which hold no values


def stores(settings: Settings, policy: Policy, assets: Mapping[str, str]) -> list[Store]:
    """All stores, and those that should be there and cannot be looked at.

    Raises:
        HeddleError: erasure.yaml names a table or column that no database has: what it says would be of no effect.
    """
    from resources.open import online, vectors

    found = sources.of(settings, policy, assets)
    _all_known(settings, policy, found)
    made: list[Store] = [*found.unseen, Online(online(settings), _views(settings))]
    made.append(Indexes(local_path(settings.objects), vectors(settings)))
    if settings.protection_keys:
        made.append(_vault(settings))
    made.append(_files(settings, found.folders))
    made += _databases(settings)
    return [*made, *sorted(found.tables, key=lambda store: not policy.subjects.keys().isdisjoint(found.tables[store]))]


def _all_known(settings: Settings, policy: Policy, found: Sources) -> None:
    there = {key: columns for tables in found.tables.values() for key, columns in tables.items()}
    said = {name: (*key, *identifiers) for name, (key, identifiers) in policy.subjects.items()}
    for name in (*policy.subjects, *policy.tables):
        columns = (*said.get(name, ()), *policy.columns.get(name, ()))
        wrong = next((c for c in columns if name in there and c not in there[name]), "")
        # a table that nobody has may be in a database that cannot be looked at
        if wrong or (name not in there and not found.unseen):
            what = f"names {name}.{wrong}, which is not there" if wrong else f"names {name}, which no database has"
            near = nearest(wrong or name, there[name] if wrong else there)
            fix = "correct the name, or take it out" + (f"; perhaps {', '.join(near)} is meant" if near else "")
            raise HeddleError(f"{settings.protection / FILE} {what}", fix)


def _vault(settings: Settings) -> Store:
    from assets.security.protect.keys import keyring
    from assets.security.protect.vault import Vault

    try:
        return TokenVault(Vault(settings.vault), keyring(settings))
    except HeddleError as error:
        return Unseen(TokenVault.name, error)


def _files(settings: Settings, folders: Mapping[str, Path]) -> Files:
    objects = local_path(settings.objects)
    own = {"home": settings.home, "drops": settings.drops, "handbook": settings.handbook}
    own |= {"kettle": settings.kettle_files}
    if not objects.is_relative_to(settings.home):
        own["objects"] = objects
    own = {n: f for n, f in own.items() if n == "home" or not f.is_relative_to(settings.home)}
    skipped = [
        local_path(settings.trace),
        settings.home / KEPT,
        settings.home / "models",
        local_path(settings.vectors),
    ]
    return Files({**own, **folders}, objects, skipped)


def _databases(settings: Settings) -> list[Store]:
    """SQLite files under home, and PostgreSQL where settings name it; online store and vault are others'."""
    others = {local_path(url) for url in (settings.online, settings.vault) if url.startswith("sqlite")}
    urls: dict[str, str] = {}
    for path in sorted(settings.home.rglob("*")) if settings.home.is_dir() else ():
        if path.is_file() and path not in others and path.suffix not in (".parquet", ".jsonl") and is_sqlite(path):
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
