"""What people said columns mean: a YAML file in git, which wins over everything that is computed and is never lost.

    - {source: shop, table: public.customer, column: c7, type: cn_mobile, who: ann, when: "2026-03-01T09:00:00+00:00"}

An entry without a type says: none of the known types.
"""

from datetime import UTC, datetime
from pathlib import Path

from assets.catalog.model import Meaning, Value
from assets.catalog.semantics.registry import Registry
from assets.catalog.semantics.spec import SemanticsError
from assets.documents import loaded, shaped
from core.atomic import write_text
from core.locks import locked

FILE = "meanings.yaml"


class Correction(Value):
    """One person's word about one column; `type` "" means that no type fits."""

    source: str
    table: str
    column: str
    type: str
    who: str
    when: str
    note: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Which column it is about."""
        return self.source, self.table, self.column


class Corrections:
    """The corrections of one file; the latest about a column counts."""

    def __init__(self, entries: tuple[Correction, ...] = ()) -> None:
        self.entries = entries
        self._by_place = {entry.place: entry for entry in entries}

    def apply(self, source: str, table: str, column: str, meaning: Meaning | None) -> Meaning | None:
        """The corrected meaning, with what had been computed as `others`, also where it is the same: see said.unsay."""
        entry = self._by_place.get((source, table, column))
        if entry is None:
            return meaning
        if not entry.type:
            return None
        others: tuple[tuple[str, float], ...] = ()
        if meaning is not None:
            own = () if meaning.by == "user" else ((meaning.type, meaning.confidence),)
            others = (*own, *meaning.others)
        said = f"{entry.who} said so on {entry.when[:10]}" + (f": {entry.note}" if entry.note else "")
        return Meaning(type=entry.type, confidence=1.0, evidence=(said,), by="user", others=others)

    def with_entry(self, entry: Correction) -> "Corrections":
        """These and one more, which replaces an earlier one about the same column."""
        kept = tuple(e for e in self.entries if e.place != entry.place)
        return Corrections((*kept, entry))


def read(folder: Path, types: Registry | None = None) -> Corrections:
    """The corrections in `<folder>/meanings.yaml`; none when there is no such file.

    Raises:
        SemanticsError: naming the entry and field that is wrong, or a type that `types` does not know.
    """
    path = folder / FILE
    if not path.exists():
        return Corrections()
    document = loaded(path, SemanticsError) or []
    if not isinstance(document, list):
        raise SemanticsError(f"{path} is not a list of corrections", "start each entry with `- source:`")
    return Corrections(tuple(_entry(path, place, item, types) for place, item in enumerate(document, 1)))


def correct(folder: Path, entry: Correction, types: Registry) -> Corrections:
    """Writes one more correction into the file, which is replaced in one step; `when` is filled in where it is "".

    Raises:
        SemanticsError: the type does not exist, or the file is not readable as it is.
    """
    if entry.type:
        types[entry.type]
    stamped = (
        entry if entry.when else entry.model_copy(update={"when": datetime.now(UTC).isoformat(timespec="seconds")})
    )
    with locked(folder):
        result = read(folder, types).with_entry(stamped)
        _write(folder, result)
    return result


def remove(folder: Path, place: tuple[str, str, str], types: Registry) -> bool:
    """Takes the word about a column (source, table, column) out of the file; False where there is none."""
    with locked(folder):
        known = read(folder, types)
        kept = Corrections(tuple(e for e in known.entries if e.place != place))
        if len(kept.entries) < len(known.entries):
            _write(folder, kept)
    return len(kept.entries) < len(known.entries)


def _write(folder: Path, said: Corrections) -> None:
    import yaml

    entries = [e.model_dump(exclude_defaults=True) for e in said.entries]
    write_text(folder / FILE, yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=200))


def _entry(path: Path, place: int, item: object, types: Registry | None) -> Correction:
    found = shaped(item, Correction, f"{path}, entry {place}", refusal=SemanticsError)
    if types is not None and found.type:
        try:
            types[found.type]
        except SemanticsError as error:
            raise SemanticsError(f"{path}, entry {place}: {error.what}", error.fix) from error
    return found
