"""Relations over all scanned sources: sampled, found, joined with what people decided, kept in the catalogue."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.catalog.record import SOURCE
from assets.catalog.relations.find import find
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, State, TableSample
from assets.catalog.relations.sources import sample_frame
from assets.catalog.relations.store import apply, read
from assets.catalog.scan.references import address
from assets.catalog.scan.registry import open_reader
from assets.catalog.scan.scanner import Progress, wanted
from assets.catalog.scan.sources import Source
from assets.catalog.store.versions import Change, Versions
from core.errors import HeddleError
from core.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.scan.reader import Content

KIND, KEY = "relations", "all"  # of their one entry
LEAST = 0.5  # score from which a relation is kept
ROWS = 1_000_000  # of a table that are looked at; more make no difference to a sketch, fewer may miss keys


class Related(NamedTuple):
    """The relations found and what could not be read (table or source, reason)."""

    relations: list[Relation]
    errors: list[tuple[str, str]]


def relate(
    settings: Settings,
    versions: Versions,
    sources: Sequence[Source],
    environ: dict[str, str],
    change: Change,
    progress: Progress | None = None,
) -> Related:
    """Looks for keys and joins within and between sources, and keeps them as a version of the catalogue.

    Raises:
        StoreError: relations.yaml is wrong, or the catalogue's database refuses.
    """
    errors: list[tuple[str, str]] = []
    samples = [s for source in sources for s in _samples(settings, source, environ, errors, progress)]
    found = [r for r in find(samples) if r.score >= LEAST]
    asked, failed = {s.name for s in sources}, {place for place, _ in errors}
    found += _kept(versions, found, {(s.source, s.table) for s in samples}, asked, failed)
    decided = apply(found, read(settings.catalog_files))
    versions.put(KIND, KEY, {"relations": [_plain(r) for r in decided]}, change)
    return Related(decided, errors)


def related(versions: Versions, settings: Settings) -> list[Relation]:
    """The relations as last found, with what people decided since."""
    known = _before(versions)
    return apply([r for r in known if r.state is State.PROPOSED or r.containment], read(settings.catalog_files))


def of_table(relations: Iterable[Relation], key: str) -> list[Relation]:
    """The relations of one table (`source/schema.table`), refused ones left out."""
    return [
        r
        for r in relations
        if r.state is not State.REFUSED and key in {f"{e.source}/{e.table}" for e in (r.child, r.parent)}
    ]


def named(relations: Iterable[Relation], child: str, parent: str) -> Relation:
    """The relation between two columns, each as `source/table.column` (several columns with commas).

    Raises:
        HeddleError: there is none; names those of the child's table.
    """
    relations = list(relations)
    for relation in relations:
        if (_text(relation.child), _text(relation.parent)) == (child, parent):
            return relation
    mine = [
        f"{_text(r.child)} {_text(r.parent)}" for r in relations if _text(r.child).startswith(child.rsplit(".", 1)[0])
    ]
    raise HeddleError(f"no relation {child} -> {parent} was found", f"there are: {'; '.join(mine[:5]) or 'none'}")


def known_sources(versions: Versions, sources: Sequence[Source]) -> list[Source]:
    """The sources that were scanned at least once."""
    scanned = {v.key for v in versions.latest(SOURCE)}
    return [s for s in sources if s.name in scanned]


def _kept(
    versions: Versions, found: Sequence[Relation], seen: set[tuple[str, str]], asked: set[str], failed: set[str]
) -> list[Relation]:
    """Relations of before of which an end was not asked for or could not be read now; the other one is still there."""
    now = {(r.child, r.parent) for r in found}

    def unseen(end: End) -> bool:
        return end.source not in asked or bool({end.source, f"{end.source}/{end.table}"} & failed)

    def stays(relation: Relation) -> bool:
        ends = relation.child, relation.parent
        return any(map(unseen, ends)) and all(unseen(e) or (e.source, e.table) in seen for e in ends)

    return [r for r in _before(versions) if r.score >= LEAST and stays(r) and (r.child, r.parent) not in now]


def _before(versions: Versions) -> list[Relation]:
    found = versions.get(KIND, KEY)
    return [_relation(r) for r in (found.document or {}).get("relations", [])] if found else []


def _samples(
    settings: Settings,
    source: Source,
    environ: dict[str, str],
    errors: list[tuple[str, str]],
    progress: Progress | None,
) -> Iterator[TableSample]:
    try:
        known = address(source.url, source.name, settings, environ)
        reader = open_reader(known, source)
    except HeddleError as error:
        errors.append((source.name, error.what))
        return
    try:
        try:
            found = reader.tables(lambda path: wanted(source, path))
        except Exception as error:  # a source that goes down meanwhile costs the others nothing
            errors.append((source.name, known.clean(f"{type(error).__name__}: {error}")))
            return
        tables = [f.table for f in found if f.table.columns and not f.table.error]
        for number, table in enumerate(tables, 1):
            try:
                with reader.read(table, ROWS) as content:
                    yield sample_frame(source.name, table.path, _frames(content))
            except Exception as error:  # one table's driver or data must not cost the others their relations
                errors.append((f"{source.name}/{table.path}", known.clean(f"{type(error).__name__}: {error}")))
            if progress is not None:
                progress(number, len(tables), table.path)
    finally:
        reader.close()


def _frames(content: "Content") -> Iterator["pl.DataFrame"]:
    import polars as pl

    for batch in content.batches:  # its columns go by their places
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        yield frame.rename(dict(zip(frame.columns, (c.name for c in content.columns), strict=True)))


def _text(end: End) -> str:
    return f"{end.source}/{end.table}.{','.join(end.columns)}"


def _plain(relation: Relation) -> dict[str, Any]:
    ends = {
        name: {"source": e.source, "table": e.table, "columns": list(e.columns)}
        for name, e in (("child", relation.child), ("parent", relation.parent))
    }
    return ends | {
        "kind": relation.kind.value,
        "score": round(relation.score, 3),
        "containment": round(relation.containment, 4),
        "cardinality": relation.cardinality.value,
        "reasons": [r for r in relation.reasons if " by " not in r or relation.state is State.PROPOSED],
    }


def _relation(plain: dict[str, Any]) -> Relation:
    child, parent = (
        End(plain[n]["source"], plain[n]["table"], tuple(plain[n]["columns"])) for n in ("child", "parent")
    )
    return Relation(
        child,
        parent,
        Kind(plain["kind"]),
        plain["score"],
        plain["containment"],
        Cardinality(plain["cardinality"]),
        tuple(plain["reasons"]),
    )
