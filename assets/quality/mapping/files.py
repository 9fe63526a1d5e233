"""Mapping files: one YAML file per mapping, kept in git, changed by people and by commands, never half written."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.documents import decision, loaded, saved
from assets.quality.mapping.model import NAME, FieldMap, Mapping_, Status
from core.errors import SourceError
from core.locks import locked
from core.near import near

if TYPE_CHECKING:
    import polars as pl

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
            fix = f"{near(name, self.names())}; `heddle map suggest` makes one"
            raise SourceError(f"there is no mapping {name!r}: {path}", fix)
        found = Mapping_.read(loaded(path), str(path), transforms=transforms)
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
        said = decision(status, by, note)
        found = self._change(name, lambda old: _with(old, name, {t: said for t in targets}))
        return [f for f in found.fields if f.target in targets]

    def edit(
        self,
        name: str,
        target: str,
        changes: dict[str, Any],
        by: str,
        schema: "Mapping[str, pl.DataType] | None" = None,
    ) -> FieldMap:
        """Another choice for a field, accepted by who makes it.

        Args:
            schema: the source's columns and types; None where they are not known, which leaves them unchecked.

        Raises:
            SourceError: there is no such target; wrong columns or parameters.
        """
        said = changes | decision("accepted", by) | {"confidence": 1.0}

        def change(old: Mapping_ | None) -> Mapping_:
            from assets.quality.mapping.apply import fitted

            found = _with(old, name, {target: said})
            if schema is not None:
                fitted(found.field(target), schema, name)
            return found

        return self._change(name, change).field(target)

    def _change(self, name: str, change: Callable[[Mapping_ | None], Mapping_]) -> Mapping_:
        """One read, change and write, alone among processes."""
        path = self.path(name)
        with locked(self.folder):
            found = change(self.read(name) if path.exists() else None)
            content = {"name": found.name} | found.model_dump(mode="json", exclude_defaults=True)
            content["fields"] = [_plain(f) for f in found.fields]
            Mapping_.read(content, str(path))
            saved(path, content, _HEAD)
        return found


def _plain(field: FieldMap) -> dict[str, Any]:
    """As it is written: target and decision first, then what differs from the default."""
    first = {"target": field.target, "sources": list(field.sources), "transform": field.transform}
    rest = field.model_dump(mode="json", exclude_defaults=True)
    return first | rest | {"confidence": round(field.confidence, 4), "status": field.status}


def _with(old: Mapping_ | None, name: str, changes: dict[str, dict[str, Any]]) -> Mapping_:
    if old is None:
        raise SourceError(f"there is no mapping {name!r}", "propose one: `heddle map suggest`")
    for target in changes:
        old.field(target)
    fields = [f.model_dump() | changes.get(f.target, {}) for f in old.fields]
    return Mapping_.read(old.model_dump() | {"fields": fields}, f"mapping {name}")
