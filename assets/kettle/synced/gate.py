"""Holds a Kettle file back while a table that it reads or writes has a breaking change that nobody accepted."""

from pathlib import Path
from typing import NamedTuple

from assets.catalog.changes.diff import Difference
from assets.catalog.record import PENDING, pending
from assets.kettle.described import FileInfo, Place
from assets.kettle.errors import KettleError
from assets.kettle.synced.tables import Tables, targets
from core.settings import Settings

SQLITE = "sqlite:///"


class Waiting(NamedTuple):
    """A place of the file, the key of its table, and what breaks the file there."""

    place: Place
    table: str
    differences: list[Difference]

    def __str__(self) -> str:
        return f"{self.place.id} (step {self.place.step!r}): {'; '.join(map(str, self.differences))}"


def check(settings: Settings, path: Path, info: FileInfo) -> None:
    """Lets a run begin.

    Raises:
        KettleError: a table that the file reads, or writes, has a breaking change for who reads, or writes; names the
            table, the column, and how to accept it.
        StoreError: the catalogue cannot be opened.
    """
    found = waiting(settings, path, info)
    if found:
        keys = " ".join(dict.fromkeys(w.table for w in found))
        raise KettleError(
            f"{info.name} does not run: a breaking change waits at {' and at '.join(map(str, found))}",
            f"`heddle kettle proposals show {info.name}` shows the file for the new structure; "
            f"or, if it runs as it is: `heddle catalog accept {keys}`",
        )


def waiting(settings: Settings, path: Path, info: FileInfo) -> list[Waiting]:
    """What holds the file back; nothing where there is no catalogue yet, or the file's proposal was taken."""
    if not there(settings):
        return []
    from assets.catalog.store.versions import Versions
    from assets.kettle.synced.inputs import seen

    versions = Versions(settings.catalog)
    if not any(versions.latest(PENDING)):
        return []
    tables = Tables(versions, targets(settings, path))
    taken = seen(versions, info.name).taken
    found: dict[tuple[str, str, str], Waiting] = {}
    sides = [(p, "readers") for p in info.reads] + [(o.place, "writers") for o in info.outputs]
    for place, who in sides:
        key = tables.of(place)
        last = versions.history("table", key)[-1:] if key else []
        if not key or (last and taken.get(key) == last[0].number):
            continue
        differences = [d for d in pending(versions, key) if d.breaks == who]
        if differences:
            found.setdefault((place.id, key, who), Waiting(place, key, differences))
    return list(found.values())


def there(settings: Settings) -> bool:
    """Whether there is a catalogue: looking must not make one."""
    if not settings.catalog.startswith(SQLITE):
        return True
    return Path(settings.catalog.removeprefix(SQLITE)).exists()
