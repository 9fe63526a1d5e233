"""Records that people keep as YAML in git, one file each, with every version in the catalogue.

The files are what counts: what was edited, pulled or deleted in git becomes a version of the catalogue at the next
look. A change through `put` is first a version, under the catalogue's lock, then a file; a process that is killed
between the two leaves the former file, and the next look takes the version back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel

from assets.catalog.attributes.edit import check as check_attributes
from assets.catalog.attributes.model import read as read_attributes
from assets.catalog.store.versions import Change, Version, Versions
from assets.documents import read_all, read_good
from core.atomic import write_text
from core.errors import HeddleError, SourceError
from core.locks import locked

T = TypeVar("T", bound=BaseModel)
IN_GIT = "git"  # author of what the files say


class Kept(NamedTuple, Generic[T]):
    """A record and the number of its version."""

    record: T
    number: int


class Records(Generic[T]):
    """The records of one kind.

    Args:
        folder: of their files, `<name>.yaml`.
        kind: of their entries in the catalogue.
        shape: has the field `name`, which is the file's name too.
    """

    def __init__(self, folder: Path, kind: str, shape: type[T], versions: Versions) -> None:
        self.folder, self.kind, self.shape, self.versions = folder, kind, shape, versions

    def all(self) -> dict[str, Kept[T]]:
        """Every record by name, after what the files say went into the catalogue.

        Raises:
            SourceError: a file is wrong; names file and field.
        """
        with locked(self.folder):
            return self._synced()

    def readable(self) -> tuple[dict[str, T], dict[str, SourceError]]:
        """The records whose files can be read, and what is wrong with the others, by name; nothing is taken in."""
        return read_good(self.folder, self.shape)

    def get(self, name: str) -> Kept[T]:
        """One record. Raises HeddleError when there is none."""
        return self._known(self.all(), name)

    def put(
        self,
        record: T,
        author: str,
        *,
        expected: int | None = None,
        cause: str = "edited",
        check: Callable[[dict[str, T]], None] = lambda found: None,
    ) -> Version | None:
        """Writes a record; None when it says so already.

        Args:
            expected: number of the version that was edited, 0 for a new record.
            check: is given all records as they would be; raises to refuse them.

        Raises:
            HeddleError: an attribute is not defined for this kind, does not fit or is missing.
            ConflictError: somebody else changed it since `expected`.
        """
        name = _name(record)
        known, place = read_attributes(self.folder.parent), f"{self.kind} {name}"
        check_attributes(known, self.kind, getattr(record, "attributes", {}), place)
        with locked(self.folder):
            found = {n: kept.record for n, kept in self._synced().items()}
            check(found | {name: record})
            if expected == 0 and name not in found:
                expected = None  # of what was removed there are versions already
            made = self.versions.put(self.kind, name, _document(record), Change(author, cause), expected=expected)
            if made is not None:
                write_text(self.folder / f"{name}.yaml", _text(record))
        return made

    def remove(
        self,
        name: str,
        author: str,
        *,
        expected: int | None = None,
        check: Callable[[dict[str, T]], None] = lambda found: None,
    ) -> None:
        """Takes a record away; its versions stay. Raises as `put` does."""
        with locked(self.folder):
            known = self._synced()
            self._known(known, name)
            check({n: kept.record for n, kept in known.items() if n != name})
            self.versions.put_all([(self.kind, name, None)], Change(author, "removed"), expected=expected)
            (self.folder / f"{name}.yaml").unlink(missing_ok=True)

    def history(self, name: str) -> list[Version]:
        """Every version, also of what was removed."""
        self.all()
        return list(self.versions.history(self.kind, name))

    def _synced(self) -> dict[str, Kept[T]]:
        files = read_all(self.folder, self.shape)
        latest = {v.key: v for v in self.versions.latest(self.kind)}
        texts = {name: _document(record) for name, record in files.items()}
        other = [(self.kind, n, d) for n, d in texts.items() if n not in latest or latest[n].document != d]
        gone = [(self.kind, n, None) for n in latest if n not in files]
        for made in self.versions.put_all([*other, *gone], Change(IN_GIT, "read from its file")):
            latest[made.key] = made
        return {name: Kept(record, latest[name].number) for name, record in files.items()}

    def _known(self, found: dict[str, Kept[T]], name: str) -> Kept[T]:
        if name not in found:
            known = ", ".join(found) or "none"
            raise HeddleError(f"no {self.kind} {name} in {self.folder}", f"there are: {known}")
        return found[name]


def _name(record: BaseModel) -> str:
    name: str = getattr(record, "name")  # noqa: B009 - every shape has it; BaseModel does not say so
    return name


def _document(record: BaseModel) -> dict[str, object]:
    return record.model_dump(mode="json", exclude_defaults=True)


def _text(record: BaseModel) -> str:
    return yaml.safe_dump(_document(record), allow_unicode=True, sort_keys=False, width=120)
