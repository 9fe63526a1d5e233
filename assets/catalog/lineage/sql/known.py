"""The tables that are known while a script is read: those of the schema, and those that it made itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assets.catalog.lineage.sql.identifiers import Schemas, join, split
from assets.catalog.lineage.sql.result import Leaves


@dataclass
class Known:
    """Tables by name.

    Attributes:
        tables: parts -> columns -> type.
        default: database and schema of names that have none.
        temporary: table -> its columns' leaves; such tables vanish from the lineage.
        opened: temporary table -> groups of tables of unknown columns that all its further columns come from.
    """

    tables: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)
    default: tuple[str, ...] = ()
    temporary: dict[str, dict[str, Leaves]] = field(default_factory=dict)
    opened: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_last: dict[str, list[tuple[str, ...]]] = {}
        for parts in self.tables:
            self._by_last.setdefault(parts[-1].lower(), []).append(parts)

    @classmethod
    def of(cls, schemas: Schemas, default: str = "") -> "Known":
        """From `database.schema.table` -> column -> type, with as many parts as the caller likes."""
        tables = {split(name): dict(columns) for name, columns in schemas.items()}
        return cls({parts: columns for parts, columns in tables.items() if parts}, split(default))

    def add(self, name: str, columns: Mapping[str, str]) -> None:
        """A table that the script made."""
        parts = split(name)
        known = self._by_last.setdefault(parts[-1].lower(), [])
        if parts not in known:
            known.append(parts)
        self.tables[parts] = dict(columns)

    def forget(self, name: str) -> None:
        """A table that the script dropped."""
        parts = split(name)
        self.temporary.pop(name, None)
        self.opened.pop(name, None)
        if self.tables.pop(parts, None) is not None:
            self._by_last[parts[-1].lower()].remove(parts)

    def name(self, parts: tuple[str, ...]) -> str:
        """What a table is called: as the schema calls it, else with the defaults in front."""
        found = self._match(parts)
        return join(found if found is not None else self._full(parts))

    def columns(self, name: str) -> dict[str, str] | None:
        """Column -> type; None for a table that is not known."""
        return self.tables.get(split(name))

    def _full(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        whole = len(self.default) + 1
        return (*self.default[: max(0, whole - len(parts))], *parts) if len(parts) < whole else parts

    def _match(self, parts: tuple[str, ...]) -> tuple[str, ...] | None:
        """The known table: the same name, or one of the two with more parts in front."""
        full = self._full(parts)
        candidates = self._by_last.get(parts[-1].lower(), [])
        for want in (full, tuple(p.lower() for p in full)):
            exact = want is full
            names = [(c if exact else tuple(p.lower() for p in c), c) for c in candidates]
            fitting = [c for n, c in names if n == want] or [
                c for n, c in names if min(len(n), len(want)) > 1 and (n == want[-len(n) :] or want == n[-len(want) :])
            ]
            if len(fitting) == 1:
                return fitting[0]
        return None
