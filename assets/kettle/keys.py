"""Asset keys of what Kettle files read and write. Nothing heavy: the definitions load it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from assets.kettle.described import FileInfo, Place
from core.errors import HeddleError
from core.hashing import digest
from core.naming import Key, TableName, table_key
from core.slug import slug

FILES = "files"  # domain of files
RUNS = "kettle"  # domain of what stands for a file itself


def nouns(infos: Iterable[FileInfo]) -> dict[str, str]:
    """File -> a noun that is its alone: its path, with the kind or a digest where two would be called alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for info in infos:
        path = PurePosixPath(info.name)
        stem = path.with_suffix("").as_posix()
        ways = (stem, f"{stem}_{path.suffix[1:]}", f"{stem[:50]}_{digest([info.name])[:8]}")
        found[info.name] = next(noun for way in ways if (noun := slug(way)) not in taken)
        taken.add(found[info.name])
    return found


def own_key(noun: str) -> Key:
    """The key that stands for a file itself, where it writes nothing that is an asset of its own."""
    return Key("report", RUNS, noun)


class Keys:
    """Place -> key, over all files of a folder, so that a table that two files use is one asset.

    A table of the warehouse that is named as Heddle names tables (`table_retail.baskets`) has that asset's key. Other
    places are `table/...` when one of the files writes them, else `raw/...`: the domain is the connection, or `files`.

    Args:
        folder: paths under it are named from there.
    """

    def __init__(self, infos: Iterable[FileInfo], folder: str) -> None:
        self.folder = folder.rstrip("/")
        infos = list(infos)
        written = [output.place for info in infos for output in info.outputs]
        read = [place for info in infos for place in info.reads]
        self._written = {self._identity(place) for place in written}
        self._keys: dict[tuple[str, str, str], Key] = {}
        taken: dict[Key, tuple[str, str, str]] = {}
        for place in sorted([*written, *read], key=self._identity):
            identity = self._identity(place)
            if identity in self._keys:
                continue
            key = self._named(place, identity)
            if taken.setdefault(key, identity) != identity:
                key = key._replace(noun=slug(f"{key.noun[:50]}_{digest(identity)[:6]}"))
            self._keys[identity] = key

    def of(self, place: Place) -> Key:
        """The key of a place of these files."""
        return self._keys[self._identity(place)]

    def _identity(self, place: Place) -> tuple[str, str, str]:
        if place.kind == "table":
            return "table", "" if place.warehouse else place.connection.lower(), place.name.lower()
        name = place.name.removeprefix("file://")
        return "file", "", name.removeprefix(f"{self.folder}/")

    def _named(self, place: Place, identity: tuple[str, str, str]) -> Key:
        if place.warehouse:
            schema, _, table = place.name.lower().rpartition(".")
            try:
                return table_key(TableName(schema, table))
            except HeddleError:
                pass  # a table that Heddle did not name
        layer = "table" if identity in self._written else "raw"
        domain = FILES if place.kind == "file" else slug(place.connection or "database")
        return Key(layer, domain, slug(identity[2]))
