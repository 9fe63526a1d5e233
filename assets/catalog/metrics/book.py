"""The metrics of the platform: dbt's and the records, edited, searched, turned into SQL and traced to columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.catalog.metrics.compile import manifest, parts
from assets.catalog.metrics.model import KIND, MetricRecord, metric_records
from assets.catalog.records import Kept
from assets.catalog.store.versions import Version, Versions
from core.errors import HeddleError
from core.naming import TableName, table_key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.search.index import Index
    from assets.catalog.search.model import Hit
    from assets.tables.metrics import Metrics, Question


@dataclass(frozen=True)
class Source:
    """A column that a metric rests on; `how` is value, filter, join or group."""

    asset: str
    column: str
    how: str


class MetricBook:
    """All metric records, with the semantic layer they are compiled into.

    Args:
        versions: of the catalogue.
    """

    def __init__(self, settings: Settings, versions: Versions) -> None:
        self.settings = settings
        self.records = metric_records(settings, versions)

    def all(self) -> dict[str, Kept[MetricRecord]]:
        """Every record by name. Raises SourceError when a file is wrong."""
        return self.records.all()

    def put(self, record: MetricRecord, author: str, expected: int | None = None, cause: str = "edited") -> bool:
        """Writes a record that compiles together with all others; False when it said so already.

        Raises:
            HeddleError: it does not compile; see compile.manifest.
            ConflictError: somebody else changed it since version `expected`.
        """
        done = self.records.put(record, author, expected=expected, cause=cause, check=self._compiles)
        return done is not None

    def remove(self, name: str, author: str, expected: int | None = None) -> None:
        """Takes a record away. Raises HeddleError while others are made of it, and as `put` does."""
        users = [n for n, kept in self.all().items() if n != name and name in parts(kept.record)]
        if users:
            raise HeddleError(f"metric {name}: {', '.join(users)} is made of it", "change or remove that one first")
        self.records.remove(name, author, expected=expected, check=self._compiles)

    def history(self, name: str) -> list[Version]:
        """Every version of a record."""
        return self.records.history(name)

    def semantics(self) -> tuple[str, dict[str, HeddleError]]:
        """The semantic manifest with all records that are right, and by name what is wrong with the others."""
        records, unread = self.records.readable()
        if not unread:
            self.all()  # what git brought is taken in
        wrong: dict[str, HeddleError] = dict(unread)
        used = {p for r in records.values() for p in _parts(r)}
        wanted = {n: r for n, r in records.items() if r.status != "retired" or n in used}
        prepared = _prepared()
        try:
            return manifest(prepared, wanted), wrong
        except HeddleError:
            good, bad = _sorted_out(prepared, wanted)
            placed = {n: HeddleError(f"{self.records.folder / n}.yaml: {e.what}", e.fix) for n, e in bad.items()}
            return manifest(prepared, good), wrong | placed

    def layer(self, dialect: str) -> "Metrics":
        """The semantic layer of dbt's metrics and the records.

        Args:
            dialect: duckdb or postgres.
        """
        from assets.tables.metrics import Metrics

        records = self._in_use()
        allowed = {n: r.dimensions for n, r in records.items() if r.dimensions}
        return Metrics(dialect, semantics=manifest(_prepared(), records), allowed=allowed)

    def sql(self, question: "Question") -> str:
        """The SELECT for the project's warehouse. Raises HeddleError; see Metrics.sql."""
        return self.layer(self._dialect()).sql(question)

    def lineage(self, name: str) -> list[Source]:
        """The columns that a metric's SQL reads, down to the tables of the warehouse.

        Raises:
            HeddleError: there is no such metric.
        """
        from assets.catalog.lineage.sql.script import script_lineage
        from assets.tables.metrics import Question

        dialect = self._dialect()
        told = script_lineage(self.layer(dialect).sql(Question((name,))), dialect).statements
        found = [
            Source(_asset(table), column, "value") for s in told for table, column in sorted(s.columns.get(name, ()))
        ]
        found += [
            Source(_asset(table), column, how)
            for s in told
            for (table, column), hows in sorted(s.influences.items())
            for how in sorted(hows)
        ]
        return list(dict.fromkeys(found))

    def search(
        self, words: str = "", *, kind: str = "", owner: str = "", status: str = "", dimension: str = ""
    ) -> "list[tuple[Kept[MetricRecord], Hit | None]]":
        """Records that fit, the best first; by name where no words are given. Words may be English or Chinese."""
        fitting = {
            name: kept
            for name, kept in self.all().items()
            if kind in ("", kept.record.kind)
            and owner in ("", kept.record.owner)
            and status in ("", kept.record.status)
            and (not dimension or dimension in kept.record.dimensions)
        }
        if not words.strip():
            return [(kept, None) for kept in fitting.values()]
        return [(fitting[hit.key], hit) for hit in _index(k.record for k in fitting.values()).search(words)]

    def _in_use(self) -> Mapping[str, MetricRecord]:
        records = {n: kept.record for n, kept in self.all().items()}
        used = {p for r in records.values() for p in parts(r)}
        return {n: r for n, r in records.items() if r.status != "retired" or n in used}

    def _compiles(self, records: Mapping[str, MetricRecord]) -> None:
        """The records become a layer, and each dimension of theirs is one."""
        from assets.tables.metrics import Metrics

        layer = Metrics(self._dialect(), semantics=manifest(_prepared(), records))
        known = {m.name: m.dimensions for m in layer.list()}
        for name, record in records.items():
            for dimension in record.dimensions:
                if dimension not in known[name]:
                    told = ", ".join(known[name]) or "none"
                    raise HeddleError(
                        f"metric {name}: field dimensions: {dimension!r} is not known", f"there are: {told}"
                    )

    def _dialect(self) -> str:
        return "duckdb" if self.settings.warehouse.startswith("duckdb") else "postgres"


def _parts(record: MetricRecord) -> list[str]:
    try:
        return parts(record)
    except HeddleError:  # it is told when the record is compiled
        return []


def _sorted_out(
    prepared: str, records: Mapping[str, MetricRecord]
) -> tuple[dict[str, MetricRecord], dict[str, HeddleError]]:
    """The records that compile, each after what it is made of, and what is wrong with the others."""
    good: dict[str, MetricRecord] = {}
    wrong: dict[str, HeddleError] = {}
    waiting = dict(records)
    progress = True
    while waiting and progress:
        progress, wrong = False, {}
        for name, record in list(waiting.items()):
            try:
                manifest(prepared, good | {name: record})
            except HeddleError as error:
                wrong[name] = error
            else:
                good[name], progress = waiting.pop(name), True
    return good, wrong


def _prepared() -> str:
    from assets.tables.specs import PREPARED, SEMANTICS, load

    load()  # prepares again if the dbt project has changed
    return (PREPARED / SEMANTICS).read_text(encoding="utf-8")


def _asset(table: str) -> str:
    """The asset of a table that SQL names."""
    from assets.catalog.lineage.sql.identifiers import split

    names = split(table)
    try:
        return str(table_key(TableName(*names[-2:])))
    except (HeddleError, TypeError):
        return table


def _index(records: Iterable[MetricRecord]) -> "Index":
    from assets.catalog.search.index import Index
    from assets.catalog.search.model import Column, Entry

    return Index.build(
        Entry(
            key=r.name,
            kind=KIND,
            title=r.name,
            description=r.calibre,
            owner=r.owner,
            synonyms=tuple(filter(None, (r.label.en, r.label.zh))),
            columns=tuple(Column(name=d) for d in r.dimensions),
            tags=(r.kind, r.status),
        )
        for r in records
    )
