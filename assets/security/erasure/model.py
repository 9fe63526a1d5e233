"""What a search for a person takes and gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from assets.security.erasure.match import Needles

T = TypeVar("T")
Place = tuple[str, tuple[str, ...]]  # a table, and the columns of a key in it
Key = tuple[str, ...]  # the texts of a key, a part for each column
WHOLE, NAMED, KEYED, LISTED = "is", "names", "key", "by hand"  # how a place holds the person
UNSEEN, REFUSED = "not looked at", "not erased"  # of a store as a whole: nobody knows what it holds; it refused


@dataclass(frozen=True)
class Subject:
    """A person.

    Attributes:
        needles: identifiers, looked for everywhere.
        keys: (table, columns) -> the keys that the person has there, by relations and lineage; all parts count.
        ways: (table, columns) -> why: relation or lineage.
    """

    needles: Needles
    keys: Mapping[Place, frozenset[Key]] = field(default_factory=dict)
    ways: Mapping[Place, str] = field(default_factory=dict)

    def keys_in(self, table: str) -> list[tuple[tuple[str, ...], frozenset[Key]]]:
        """Columns and keys of the person in one table."""
        return [(columns, keys) for (name, columns), keys in self.keys.items() if name == table]


@dataclass(frozen=True)
class Found:
    """A place that holds the person.

    Attributes:
        store: warehouse, a source's name, files, online, …
        place: table, file, view.
        columns: by which the person was found.
        how: is: a cell is the identifier; names: a text names it; key: by the person's key; by hand: it cannot be
            changed by the platform; not looked at, not erased: the store could not be read or changed.
        count: rows, lines, entries.
        note: way, or what has to be done.
    """

    store: str
    place: str
    columns: tuple[str, ...]
    how: str
    count: int
    note: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON; no values."""
        return {**vars(self), "columns": list(self.columns)}


@dataclass(frozen=True)
class Policy:
    """What becomes of tables; see `policy.read`.

    Attributes:
        subjects: table -> (key columns, columns that identify the person).
        tables: table -> delete, anonymise, keep or (`waiting`) wait.
        columns: table -> column -> what stands there afterwards, for anonymise.
    """

    subjects: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    def of(self, table: str) -> str:
        """What becomes of the rows of a table."""
        return self.tables.get(table, "delete")

    def renamed(self, assets: Mapping[str, str]) -> "Policy":
        """The same by asset keys, also of tables that are named as a scan names them: source/schema.table."""

        def named(part: Mapping[str, T]) -> dict[str, T]:
            return {assets.get(name, name): said for name, said in part.items()}

        return Policy(named(self.subjects), named(self.tables), named(self.columns))

    def untouched(self, table: str) -> bool:
        """Whether its rows stay as they are."""
        return self.of(table) in ("keep", "wait")

    def waiting(self) -> "Policy":
        """The same, but rows of tables of persons stay for now: what could not be erased is found by them."""
        return replace(self, tables={**self.tables, **dict.fromkeys(self.subjects, "wait")})


class Store(Protocol):
    """A place in which persons are found and erased; erasing is all or nothing, and again the same."""

    name: str

    def find(self, subject: Subject) -> Iterator[Found]:
        """Where the person is."""
        ...

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """Place and content of each row or line about the person, for the person's own copy."""
        ...

    def erase(self, subject: Subject) -> None:
        """Takes the person out."""
        ...
