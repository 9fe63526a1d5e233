"""All dimensions: their definitions, their tables, and a log of every change of their rows."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from assets.catalog.dimensions.load import How, ImportRefusedError, Loaded, load
from assets.catalog.dimensions.model import Dimension, dimension_records
from assets.catalog.dimensions.table import Counts, DimensionTable
from assets.catalog.dimensions.values import Cell, cell, text_of
from assets.catalog.keys import asset_of
from assets.catalog.remote.connection import Remote, source_of, spoken
from assets.catalog.store.versions import Change, Version, Versions
from core.naming import Key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.security.access.access import Access

LOG = "dimension_change"  # kind of the entries whose versions are the changes of a dimension's rows


class DimensionBook:
    """The dimensions of the folder HEDDLE_CATALOG_FILES.

    Args:
        versions: of the catalogue.
        via: by which way changes come: cli, api, studio.
        access: of who reads rows; without it, the platform itself reads.
    """

    def __init__(
        self, settings: Settings, versions: Versions, via: str = "cli", access: "Access | None" = None
    ) -> None:
        self.settings, self.versions, self.via, self.access = settings, versions, via, access
        self.records = dimension_records(settings, versions)

    @contextmanager
    def table(self, name: str) -> Iterator[DimensionTable]:
        """The table of a dimension, connected.

        Raises:
            HeddleError: there is no such dimension or source.
        """
        dimension = self.records.get(name).record
        with Remote.of(self.settings, dimension.source) as remote:
            yield DimensionTable(dimension, remote, self._seen(dimension, remote.dialect))

    def _seen(self, dimension: Dimension, dialect: str) -> str:
        """The SELECT of what the reader may see; "" where that is all, or nobody reads."""
        if self.access is None or self.access.policy is None:
            return ""
        from assets.security.access.whole import selected

        info = dimension.info(dialect)
        keys = (str(self.asset(dimension)), f"{dimension.source}/{info.path}")
        columns = [(c.name, c.type) for c in info.columns]
        return selected(self.access, keys, (info.schema_name, info.name), columns, dialect)

    def define(self, dimension: Dimension, author: str, expected: int | None = None) -> bool:
        """Writes a definition whose source takes it; False when it says so already. The table is not touched."""
        dimension.ddl(self.dialect(dimension))
        return self.records.put(dimension, author, expected=expected, cause="defined") is not None

    def dialect(self, dimension: Dimension) -> str:
        """sqlglot's name of the engine that the dimension lives in."""
        return spoken(self.settings, source_of(self.settings, dimension.source))

    def asset(self, dimension: Dimension) -> Key:
        """The asset of its table: the same as a scan of the source gives it."""
        return asset_of(dimension.source, dimension.info(self.dialect(dimension)))

    def create(self, name: str, author: str) -> None:
        """Makes the table. Raises SourceError when it is there already."""
        with self.table(name) as table:
            table.create()
        self.note(name, "create", Counts(), author)

    def add(self, name: str, values: dict[str, Cell], author: str) -> Counts:
        """A new row; see DimensionTable.add."""
        with self.table(name) as table:
            counts = table.add(values)
        return self.note(name, "add", counts, author, keys=[self._key(name, values)])

    def change(
        self, name: str, key: dict[str, Cell], values: dict[str, Cell], expected: str | None, author: str
    ) -> Counts:
        """Other values in a row; see DimensionTable.change."""
        with self.table(name) as table:
            counts = table.change(key, values, expected)
        return self.note(name, "set", counts, author, keys=[self._key(name, key), self._key(name, key | values)])

    def remove(self, name: str, key: dict[str, Cell], expected: str | None, author: str) -> Counts:
        """Takes a row away; see DimensionTable.change."""
        with self.table(name) as table:
            counts = table.remove(key, expected)
        return self.note(name, "remove", counts, author, keys=[self._key(name, key)])

    def clear(self, name: str, confirmed: str, author: str) -> Counts:
        """Takes all rows away; `confirmed` is the name once more."""
        with self.table(name) as table:
            counts = table.clear(confirmed)
        return self.note(name, "clear", counts, author)

    def load(
        self,
        name: str,
        path: Path,
        author: str,
        *,
        run: str = "",
        called: str = "",
        **how: Unpack[How],
    ) -> Loaded:
        """Imports a file; see load.load.

        Args:
            run: Dagster's run id, "" where none does it.
            called: the file's name for the log; default its own.
        """
        with self.table(name) as table:
            try:
                done = load(table, path, **how)
            except ImportRefusedError as error:
                counts = Counts(rejected=error.problems.count, rows=table.count())
                self.note(name, "refused import", counts, author, run, called or path.name)
                raise
        self.note(name, f"import ({how.get('mode', 'upsert')})", done.counts, author, run, called or path.name)
        return done

    def note(
        self,
        name: str,
        action: str,
        counts: Counts,
        author: str,
        run: str = "",
        file: str = "",
        keys: Sequence[Sequence[Cell]] | None = None,
    ) -> Counts:
        """Logs and traces a change of rows, for the history and as a materialization; what changed nothing is not one.

        Args:
            keys: of the rows that changed, as the engine writes them; None where it is not known.
        """
        from assets.security.trace.edits import edited

        if action == "set" and not counts.changed:
            return counts
        said: dict[str, Any] = {"action": action, "file": file, "id": uuid.uuid4().hex, "via": self.via}
        self.versions.put(LOG, name, said | asdict(counts), Change(author, f"{action} {file}".strip(), run))
        edited(self, name, keys)
        return counts

    def _key(self, name: str, values: Mapping[str, Cell]) -> list[Cell]:
        """The key of a row as its values are kept."""
        dimension = self.records.get(name).record
        columns = {c.name: c for c in dimension.columns}
        return [text_of(cell(values[k], columns[k], dimension.key), columns[k].kind) for k in dimension.key]

    def log(self, name: str) -> list[Version]:
        """The changes of a dimension's rows, the first one first."""
        return sorted(self.versions.history(LOG, name), key=lambda v: v.number)
