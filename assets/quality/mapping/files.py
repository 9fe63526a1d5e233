"""Mapping files: one YAML file per mapping, kept in git, changed by people and by commands, never half written."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from assets.quality.mapping.model import NAME, FieldMap, Mapping_, Status
from core.atomic import write_text
from core.errors import SourceError

FOLDER = "mappings"
_HEAD = "# Which source columns fill which target columns; proposed and decided by `heddle map` (docs/mapping.md).\n"


class MappingFiles:
    """The mappings of a project.

    Args:
        folder: setting `quality`; mappings are in its folder `mappings`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def path(self, name: str) -> Path:
        """The file of a mapping. Raises SourceError for what is no name."""
        if not NAME.match(name):
            raise SourceError(f"{name!r} is no name of a mapping", "write lower-case letters, digits and _")
        return self.folder / f"{name}.yaml"

    def names(self) -> list[str]:
        """All mappings."""
        return [path.stem for path in sorted(self.folder.glob("*.yaml"))]

    def read(self, name: str, *, transforms: bool = True) -> Mapping_:
        """One mapping; `transforms` as in `Mapping_.read`.

        Raises:
            SourceError: there is none, or the file is wrong; names file and field.
        """
        path = self.path(name)
        if not path.exists():
            known = ", ".join(self.names()) or "none"
            raise SourceError(f"there is no mapping {name!r}: {path}", f"there are: {known}; `heddle map suggest`")
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            raise SourceError(f"{path} cannot be read: {error}", "correct the file, or restore it from git") from None
        found = Mapping_.read(content, str(path), transforms=transforms)
        if found.name != name:
            raise SourceError(f"{path}: field name: is {found.name!r}", f"write {name!r}, or rename the file")
        return found

    def merge(self, proposed: Mapping_) -> Mapping_:
        """Writes a proposal; fields of a mapping that is there and that people decided stay as they are.

        Raises:
            SourceError: the mapping that is there has another source or target.
        """

        def change(old: Mapping_ | None) -> Mapping_:
            if old is None:
                return proposed
            if (old.source, old.target) != (proposed.source, proposed.target):
                said = f"the mapping {old.name!r} is of {old.source} to {old.target}"
                raise SourceError(said, "give this one another name")
            decided = {f.target: f for f in old.fields if f.status != "proposed"}
            fields = [decided.pop(f.target, f) for f in proposed.fields]
            kept = {"failing": old.failing, "asset": old.asset}
            return proposed.model_copy(update=kept | {"fields": (*fields, *decided.values())})

        return self._change(proposed.name, change)

    def decide(self, name: str, targets: Sequence[str], status: Status, by: str, note: str = "") -> list[FieldMap]:
        """Accepts or refuses fields, with who and when. Raises SourceError for a target that is not there."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        said = {"status": status, "by": by, "at": at} | ({"note": note} if note else {})
        found = self._change(name, lambda old: _with(old, name, {t: said for t in targets}))
        return [f for f in found.fields if f.target in targets]

    def edit(self, name: str, target: str, changes: dict[str, Any], by: str) -> FieldMap:
        """Another choice for a field, accepted by who makes it. Raises SourceError for wrong columns or parameters."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        said = changes | {"status": "accepted", "by": by, "at": at, "confidence": 1.0}
        found = self._change(name, lambda old: _with(old, name, {target: said}))
        return next(f for f in found.fields if f.target == target)

    def _change(self, name: str, change: Callable[[Mapping_ | None], Mapping_]) -> Mapping_:
        """One read, change and write, alone among processes."""
        path = self.path(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder / ".lock"):
            found = change(self.read(name) if path.exists() else None)
            content = {"name": found.name} | found.model_dump(mode="json", exclude_defaults=True)
            content["fields"] = [_plain(f) for f in found.fields]
            Mapping_.read(content, str(path))
            write_text(path, _HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110))
        return found


def _plain(field: FieldMap) -> dict[str, Any]:
    """As it is written: target and decision first, then what differs from the default."""
    first = {"target": field.target, "sources": list(field.sources), "transform": field.transform}
    rest = field.model_dump(mode="json", exclude_defaults=True)
    return first | rest | {"confidence": round(field.confidence, 4), "status": field.status}


def _with(old: Mapping_ | None, name: str, changes: dict[str, dict[str, Any]]) -> Mapping_:
    if old is None:
        raise SourceError(f"there is no mapping {name!r}", "propose one: `heddle map suggest`")
    known = {f.target for f in old.fields}
    for target in changes:
        if target not in known:
            raise SourceError(f"{name}: there is no target {target!r}", f"there are: {', '.join(sorted(known))}")
    fields = [f.model_dump() | changes.get(f.target, {}) for f in old.fields]
    return Mapping_.read(old.model_dump() | {"fields": fields}, f"mapping {name}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
