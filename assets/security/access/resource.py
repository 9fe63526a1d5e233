"""What the catalogue knows of a table that decisions need: its names, its columns, and their tags."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from assets.catalog.changes.entry import TABLE
from assets.catalog.facts import KIND as ASSET
from assets.catalog.tags.kept import of_asset
from assets.security.access.kinds import Kind, kind_of
from assets.security.access.model import SECRET_TAGS

if TYPE_CHECKING:
    from assets.catalog.store.versions import Versions


@dataclass(frozen=True)
class Resource:
    """A table or a document.

    Attributes:
        keys: all keys it has: of the asset, of the scanned table.
        columns: name -> kind, in their order.
        tags: column ("" for the table as a whole) -> tags that nobody refused.
        view: whether a scan found it to be a view, whose rows are those of other tables.
    """

    keys: tuple[str, ...]
    columns: Mapping[str, Kind] = field(default_factory=dict)
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    view: bool = False

    @property
    def key(self) -> str:
        """The key it is called by."""
        return self.keys[0]

    def named(self, patterns: Collection[str]) -> bool:
        """Whether one of its keys fits one of the patterns."""
        return any(fnmatchcase(k.lower(), p.lower()) for k in self.keys for p in patterns)

    def tagged(self, patterns: Collection[str]) -> bool:
        """Whether it or a column has a tag that fits."""
        return any(fnmatchcase(t.lower(), p.lower()) for tags in self.tags.values() for t in tags for p in patterns)

    def of_column(self, name: str) -> frozenset[str]:
        """The tags of a column, spelled in any case.

        A tag of the table as a whole is one of its columns' where they have it, and otherwise guards them all.
        """
        own = next((t for c, t in self.tags.items() if c.lower() == name.lower() and c), frozenset())
        placed = {t for c, tags in self.tags.items() if c for t in tags}
        return own | {t for t in self.tags.get("", ()) if t.startswith(SECRET_TAGS) and t not in placed}

    def secret(self, name: str) -> bool:
        """Whether a tag guards a column."""
        return any(t.startswith(SECRET_TAGS) for t in self.of_column(name))

    @property
    def guarded(self) -> bool:
        """Whether a tag guards any of it."""
        return any(t.startswith(SECRET_TAGS) for tags in self.tags.values() for t in tags)


def resource(versions: "Versions", keys: Sequence[str], columns: Sequence[tuple[str, str]] | None = None) -> Resource:
    """A table by its keys.

    Args:
        columns: (name, type), where they are at hand; otherwise those that the catalogue knows.
    """
    known = tuple(dict.fromkeys(k for k in keys if k))
    document: dict[str, Any] = {}
    scanned: dict[str, Any] = {}
    for key in known:
        if (found := versions.get(ASSET, key)) is not None:
            document |= found.document or {}
        if "/" in key and (found := versions.get(TABLE, key)) is not None:
            scanned = (found.document or {}).get("table", {})
    if columns is None:
        said = document.get("columns") or scanned.get("columns") or ()
        columns = [(c["name"], c.get("type", "")) for c in said]
    tags: dict[str, set[str]] = {}
    for key in known:
        for column, name, tag in of_asset(versions, key).tags.each():
            if tag.state != "refused" and (tag.in_force or name.startswith(SECRET_TAGS)):
                tags.setdefault(column, set()).update((name, *tag.implies))
    tags.setdefault("", set()).update(_written(document))
    kinds = {n: kind_of(t) for n, t in columns}
    return Resource(known, kinds, {c: frozenset(t) for c, t in tags.items() if t}, scanned.get("kind") == "view")


def _written(document: dict[str, Any]) -> set[str]:
    """Tags that people or the definition gave the asset as a whole."""
    written, own = document.get("written"), document.get("tags")
    said = written.get("tags", ()) if isinstance(written, dict) else ()
    return {*said, *(f"{k}={v}" if v else k for k, v in own.items())} if isinstance(own, dict) else set(said)
