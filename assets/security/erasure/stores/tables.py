"""Tables of the warehouse and of the databases of sources.yaml."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assets.security.erasure.fold import as_text, exactly, holding, pattern, prepare
from assets.security.erasure.model import KEYED, NAMED, WHOLE, Found, Key, Policy, Subject
from core.errors import SourceError

if TYPE_CHECKING:
    from assets.catalog.remote.connection import Remote, Session

_LISTED = {
    "sqlite": "SELECT '', m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
    "mysql": "SELECT '', c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
    " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
    " WHERE t.table_type = 'BASE TABLE' AND c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position",
}
_STANDARD = (
    "SELECT c.table_schema, c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
    " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
    " WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('information_schema', 'pg_catalog')"
    " ORDER BY c.table_schema, c.table_name, c.ordinal_position"
)
_WORDS = ("char", "text", "string", "clob", "json", "enum")
_NOT_SEARCHED = ("blob", "bytea", "binary", "vector")


Texts = Mapping[str, str | None]  # the cells of a row as the engine writes them


@dataclass(frozen=True)
class _Table:
    key: str  # asset key, or source/schema.table
    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]


@dataclass
class _Hit:
    """Rows of a table: the texts of cells by column or columns of a key, by how they hold the person, and how many."""

    table: _Table
    whole: dict[str, set[str]] = field(default_factory=dict)
    named: dict[str, set[str]] = field(default_factory=dict)
    keyed: dict[tuple[str, ...], set[Key]] = field(default_factory=dict)  # by all columns of a key
    counts: dict[str, int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    texts: list[Texts] = field(default_factory=list)  # of these rows


class Tables:
    """The tables of one database; one transaction erases them all.

    Args:
        assets: source/schema.table -> asset key.
    """

    def __init__(self, name: str, remote: "Remote", policy: Policy, assets: Mapping[str, str]) -> None:
        self.name, self.remote, self.policy, self.assets = name, remote, policy, assets

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Key -> columns of all tables. Raises SourceError where the database cannot be looked at."""
        with self._session() as session:
            return {table.key: table.columns for table in self.tables(session)}

    def find(self, subject: Subject) -> Iterator[Found]:
        """See Store."""
        with self._session() as session:
            for hit in self._hits(session, subject):
                do = self.policy.of(hit.table.key)
                keyed = {c for columns in hit.keyed for c in columns}
                for how, cells in ((WHOLE, hit.whole), (KEYED, keyed), (NAMED, hit.named)):
                    if cells:
                        ways = {subject.ways.get((hit.table.key, c), "") for c in hit.keyed} if how == KEYED else set()
                        called = "" if hit.table.name.lower() in hit.table.key else f"table {hit.table.name}"
                        note = "; ".join(sorted(filter(None, {called, do if do != "delete" else "", *ways})))
                        yield Found(self.name, hit.table.key, tuple(sorted(cells)), how, hit.counts[how], note)

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """See Store."""
        with self._session() as session:
            for hit in self._hits(session, subject):
                for row in hit.rows:
                    yield hit.table.key, row

    def erase(self, subject: Subject) -> None:
        """Rows that hang on the person's first, the person's own last, so that a killed run finds its way again."""
        touched: list[_Table] = []
        with self._session() as session:
            found = [h for h in self._hits(session, subject) if not self.policy.untouched(h.table.key)]
            for hit in sorted(found, key=lambda h: (h.table.key in self.policy.subjects, not h.keyed)):
                self._erase(session, hit, subject)
                touched.append(hit.table)
        if touched:
            self._purge(touched)

    @contextmanager
    def _session(self) -> "Iterator[Session]":
        with self.remote.transaction() as session:
            prepare(getattr(session.driver, "connection", None))
            yield session

    def _hits(self, session: "Session", subject: Subject) -> Iterator[_Hit]:
        for table in self.tables(session):
            hit = self._hit(session, table, subject)
            if hit.rows:
                yield hit

    def tables(self, session: "Session") -> Iterator[_Table]:
        """All tables."""
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for schema, name, column, type_ in session.query(session.text(_LISTED.get(session.dialect, _STANDARD))):
            found.setdefault((schema, name), []).append((column, str(type_).lower()))
        for (schema, name), columns in found.items():
            names, types = zip(*columns, strict=True)
            yield _Table(key_of(self.assets, self.name, schema, name), schema, name, names, types)

    def rows_of(self, table: str, subject: Subject) -> list[Texts]:
        """The rows of one table that hold the person, as texts; none where it is not of this database."""
        with self._session() as session:
            found = [t for t in self.tables(session) if t.key == table]
            return self._hit(session, found[0], subject).texts if found else []

    def _hit(self, session: "Session", table: _Table, subject: Subject) -> _Hit:
        tests: list[str] = []
        params: list[str] = []
        cores = subject.needles.cores
        for column, type_ in zip(table.columns, table.types, strict=True):
            if cores and not any(word in type_ for word in _NOT_SEARCHED):
                tests.append(holding(session.name(column), session.dialect, cores, [session.mark] * len(cores)))
                params += map(pattern, cores)
        for columns, keys in subject.keys_in(table.key):
            if set(columns) <= set(table.columns):
                tests += [_equal(session, columns)] * len(keys)
                params += [part for key in sorted(keys) for part in key]
        hit = _Hit(table)
        if not tests:
            return hit
        texts = ", ".join(as_text(session.name(c), session.dialect) for c in table.columns)
        sql = f"SELECT *, {texts} FROM {_name(session, table)} WHERE {' OR '.join(tests)}"
        width = len(table.columns)
        for values in session.query(sql, params):
            row = dict(zip(table.columns, values[:width], strict=True))
            self._take(hit, row, dict(zip(table.columns, values[width:], strict=True)), subject)
        return hit

    def _take(self, hit: _Hit, row: dict[str, Any], texts: Texts, subject: Subject) -> None:
        """Notes how a row holds the person.

        Args:
            texts: its cells as the engine writes them, and so as `_equal` finds them again.
        """
        seen = set()
        for columns, keys in subject.keys_in(hit.table.key):
            mine = key_in(texts, columns)
            if mine in keys:
                hit.keyed.setdefault(columns, set()).add(mine)
                seen.add(KEYED)
        for column, shown in texts.items():
            if shown is None or isinstance(row[column], bytes | bytearray | memoryview):
                continue
            if subject.needles.whole(shown):
                hit.whole.setdefault(column, set()).add(shown)
                seen.add(WHOLE)
            elif subject.needles.within(shown):
                hit.named.setdefault(column, set()).add(shown)
                seen.add(NAMED)
        if seen:
            hit.rows.append(row)
            hit.texts.append(texts)
        for how in seen:
            hit.counts[how] = hit.counts.get(how, 0) + 1

    def _erase(self, session: "Session", hit: _Hit, subject: Subject) -> None:
        table, name, mark = hit.table, _name(session, hit.table), session.mark
        types = dict(zip(table.columns, table.types, strict=True))
        for column, cells in hit.named.items():
            for cell in sorted(cells):
                quoted = session.name(column)
                new = subject.needles.redacted(cell) if any(w in types[column] for w in _WORDS) else None
                session.execute(f"UPDATE {name} SET {quoted} = {mark} WHERE {_equal(session, (column,))}", [new, cell])
        mine: list[tuple[tuple[str, ...], Key]] = [
            ((column,), (cell,)) for column, cells in hit.whole.items() for cell in sorted(cells)
        ]
        mine += [(columns, key) for columns, keys in hit.keyed.items() for key in sorted(keys)]
        if not mine:
            return
        where = " OR ".join(_equal(session, columns) for columns, _ in mine)
        values = [part for _, key in mine for part in key]
        if self.policy.of(table.key) == "delete":
            session.execute(f"DELETE FROM {name} WHERE {where}", values)
            return
        said = dict(self.policy.columns.get(table.key, {}))
        keyed = [c for columns in hit.keyed for c in columns]
        new_values: dict[str, str | None] = {**dict.fromkeys((*hit.whole, *keyed), None), **said}
        sets = ", ".join(f"{session.name(c)} = {mark}" for c in new_values)
        session.execute(f"UPDATE {name} SET {sets} WHERE {where}", [*new_values.values(), *values])

    def _purge(self, tables: list[_Table]) -> None:
        """Lets the engine write the tables anew, so that no old bytes of the rows stay in its files."""
        from assets.security.erasure.stores.purge import purge

        try:
            purge(self.remote, [(t.schema, t.name) for t in tables])
        except SourceError as error:
            raise SourceError(
                f"{self.name}: rows are erased, their old bytes are not: {error.what}", "run it again"
            ) from (error)


def key_in(row: Texts, columns: tuple[str, ...]) -> Key | None:
    """The key that a row has in these columns; None where a part is missing, for that names nobody."""
    parts = [part for c in columns if (part := row.get(c)) is not None]
    return tuple(parts) if parts and len(parts) == len(columns) else None


def key_of(assets: Mapping[str, str], source: str, schema: str, name: str) -> str:
    """The asset key of a table of a source."""
    from assets.catalog.keys import asset_of
    from assets.catalog.model import TableInfo

    for path in (f"{source}/{schema}.{name}", f"{source}/{name}"):
        if path in assets:
            return assets[path]
    bare = "" if schema in ("main", "public") else schema
    return str(asset_of(source, TableInfo(name=name, schema_name=bare)))


def _equal(session: "Session", columns: tuple[str, ...]) -> str:
    """A test for one key, all of its parts."""
    return f"({' AND '.join(exactly(session.name(c), session.dialect, session.mark) for c in columns)})"


def _name(session: "Session", table: _Table) -> str:
    return session.name(table.schema, table.name)
