"""Keeps the lineage graph: what definitions, runs and imports state, each replaced on its own."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.store.database import create, open_engine
from core.hashing import digest

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

KEPT = 20  # former states of one asset's runs
BATCH = 5_000
MANY = 5_000  # edges after which the database counts its rows
Node = tuple[str, str]  # key, column


class LineageStore:
    """The graph in the catalogue's database.

    Args:
        url: of HEDDLE_CATALOG.
    """

    def __init__(self, url: str) -> None:
        from assets.catalog.lineage import tables

        self.engine: Engine = open_engine(url)
        self.t = tables
        self._writing = self.engine.execution_options(writes=True)
        create(self.engine, tables.METADATA)

    def put(self, stated: Iterable[Stated]) -> int:
        """Take in what is stated, in one transaction; returns how many of them were not known so already.

        A definition's or import's former edges go. A run's former edges are kept as history, and only its last state
        counts in questions; a run that states what the last one did adds its id to the evidence.
        """
        from sqlalchemy.exc import IntegrityError

        given = list({(s.origin, s.name): s for s in stated}.values())
        if not given:
            return 0
        try:
            count = self._put(given)
        except IntegrityError:  # two named a node at once: now it is there
            count = self._put(given)
        if sum(len(one.edges) for one in given) > MANY and count:
            self._counted()
        return count

    def _counted(self) -> None:
        """Let PostgreSQL count its rows at once after many were written; until it has, it reads whole tables."""
        if self.engine.dialect.name == "postgresql":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("analyze lineage_nodes, lineage_edges, lineage_sources, lineage_keys")

    def _put(self, given: list[Stated]) -> int:
        with self._writing.begin() as connection:
            known = self._known(connection, given)
            marks = [_mark(one) for one in given]
            fresh = [s for s, m in zip(given, marks, strict=True) if (s.origin, s.name, m) not in known]
            nodes = self._nodes(connection, {n for one in fresh for e in one.edges for n in _ends(e)})
            former = {(origin, name): source for (origin, name, _), source in known.items()}
            for one, mark in zip(given, marks, strict=True):
                source = known.get((one.origin, one.name, mark))
                if source is None:
                    source = self._write(connection, one, mark, former.get((one.origin, one.name)), nodes)
                if one.run:
                    self._ran(connection, one, source)
            return len(fresh)

    def keep_only(self, origin: str, names: Collection[str], mine: Callable[[str], bool] = lambda name: True) -> int:
        """Forget what definitions or imports that are gone stated; returns how many went.

        Args:
            mine: which names the caller knows all of; others stay.
        """
        from sqlalchemy import select

        s = self.t.SOURCES.c
        with self._writing.begin() as connection:
            rows = connection.execute(select(s.id, s.name).where(s.origin == origin)).all()
            gone = [row.id for row in rows if row.name not in names and mine(row.name)]
            self._drop(connection, gone)
            return len(gone)

    # -- reading

    def keys(self, ending: str = "") -> list[str]:
        """The keys of the graph, or those that end so, in any case."""
        from sqlalchemy import func, select

        query = select(self.t.KEYS.c.key).order_by(self.t.KEYS.c.key)
        if ending:
            query = query.where(func.lower(self.t.KEYS.c.key).endswith(ending.lower(), autoescape=True))
        with self.engine.connect() as connection:
            return list(connection.scalars(query))

    def columns(self, key: str) -> list[str]:
        """The columns of a key that edges name."""
        from sqlalchemy import select

        query = select(self.t.NODES.c.name).join(self.t.KEYS).where(self.t.KEYS.c.key == key)
        with self.engine.connect() as connection:
            return sorted(c for c in connection.scalars(query) if c not in ("", "*"))

    def stated(self, origin: str = "", run: str = "") -> Iterator[Stated]:
        """All that is stated now, of one origin; or what one run stated, even if later ones state something else."""
        from sqlalchemy import select

        s, runs = self.t.SOURCES.c, self.t.RUNS.c
        query = select(self.t.SOURCES).order_by(s.name)
        query = query.where(s.origin == origin) if origin else query
        query = (
            query.where(s.id.in_(select(runs.source).where(runs.run == run))) if run else query.where(s.edges.is_(None))
        )
        with self.engine.connect() as connection:
            for row in connection.execute(query).all():
                edges = self._edges_of(connection, row.id) if row.edges is None else _loaded(row.edges)
                last = select(runs.run).where(runs.source == row.id).order_by(runs.at.desc()).limit(1)
                by = run or connection.execute(last).scalar() or ""
                yield Stated(row.origin, row.name, tuple(edges), json.loads(row.evidence), by, row.at)

    def seen_runs(self, runs: Sequence[str]) -> set[str]:
        """Which of these runs stated anything."""
        from sqlalchemy import select

        with self.engine.connect() as connection:
            return set(connection.scalars(select(self.t.RUNS.c.run).where(self.t.RUNS.c.run.in_(list(runs)))))

    def evidence(self, sources: Iterable[int]) -> dict[int, dict[str, str]]:
        """Of sources that steps name: `origin`, `of` (what states it), its evidence, and the last `run`."""
        from sqlalchemy import func, select

        s, runs = self.t.SOURCES.c, self.t.RUNS.c
        last = select(func.max(runs.at)).where(runs.source == s.id).correlate(self.t.SOURCES).scalar_subquery()
        found: dict[int, dict[str, str]] = {}
        with self.engine.connect() as connection:
            for chunk in batches(sorted(set(sources))):
                query = select(s.id, s.origin, s.name, s.evidence, s.at, runs.run).where(s.id.in_(chunk))
                query = query.outerjoin(self.t.RUNS, (runs.source == s.id) & (runs.at == last))
                for row in connection.execute(query):
                    run = {"run": row.run, "at": row.at} if row.run else {}
                    found[row.id] = {"origin": row.origin, "of": row.name} | json.loads(row.evidence) | run
        return found

    def _edges_of(self, connection: "Connection", source: int) -> Iterator[Edge]:
        from sqlalchemy import select

        t = self.t
        (n1, k1), (n2, k2) = ((t.NODES.alias(), t.KEYS.alias()) for _ in range(2))
        query = select(k1.c.key, n1.c.name, k2.c.key, n2.c.name, t.EDGES.c.kind, t.EDGES.c.detail)
        query = query.join_from(t.EDGES, n1, n1.c.id == t.EDGES.c.start).join(k1, k1.c.id == n1.c.key)
        query = query.join(n2, n2.c.id == t.EDGES.c.finish).join(k2, k2.c.id == n2.c.key)
        for row in connection.execute(query.where(t.EDGES.c.source == source).order_by(t.EDGES.c.id)):
            yield Edge(*row)

    # -- writing

    def _known(self, connection: "Connection", given: list[Stated]) -> dict[tuple[str, str, str], int]:
        from sqlalchemy import select

        s = self.t.SOURCES.c
        found: dict[tuple[str, str, str], int] = {}
        for chunk in batches(sorted({one.name for one in given})):
            query = select(s.id, s.origin, s.name, s.digest).where(s.edges.is_(None), s.name.in_(chunk))
            found |= {(row.origin, row.name, row.digest): row.id for row in connection.execute(query)}
        return found

    def _nodes(self, connection: "Connection", wanted: set[Node]) -> dict[Node, int]:
        keys = self._numbered(connection, {key for key, _ in wanted})
        from sqlalchemy import select

        table = self.t.NODES
        found: dict[tuple[int, str], int] = {}
        for chunk in batches(sorted(keys.values())):
            rows = connection.execute(select(table).where(table.c.key.in_(chunk)))
            found |= {(row.key, row.name): row.id for row in rows}
        missing = [n for n in sorted({(keys[key], name) for key, name in wanted}) if n not in found]
        for new in batches(missing):
            rows = connection.execute(
                table.insert().returning(table.c.key, table.c.name, table.c.id), [{"key": k, "name": n} for k, n in new]
            )
            found |= {(row.key, row.name): row.id for row in rows}
        return {(key, name): found[keys[key], name] for key, name in wanted}

    def _numbered(self, connection: "Connection", wanted: set[str]) -> dict[str, int]:
        from sqlalchemy import select

        table = self.t.KEYS
        found: dict[str, int] = {}
        for chunk in batches(sorted(wanted)):
            rows = connection.execute(select(table.c.key, table.c.id).where(table.c.key.in_(chunk)))
            found |= {row.key: row.id for row in rows}
        for new in batches(sorted(wanted - found.keys())):
            rows = connection.execute(table.insert().returning(table.c.key, table.c.id), [{"key": key} for key in new])
            found |= {row.key: row.id for row in rows}
        return found

    def _write(
        self, connection: "Connection", one: Stated, mark: str, former: int | None, nodes: dict[Node, int]
    ) -> int:
        if former is not None:
            self._replace(connection, one, former)
        row = {"origin": one.origin, "name": one.name, "digest": mark, "evidence": _json(one.evidence), "at": _at(one)}
        table = self.t.SOURCES
        source: int = connection.execute(table.insert().returning(table.c.id), row | {"edges": None}).scalar_one()
        by_column = {(e.from_key, e.to_key) for e in one.edges if e.from_column}
        rows = []
        for edge in dict.fromkeys(one.edges):
            start, finish = _ends(edge)
            # between columns that are known, saying that the one has something from the other adds nothing
            if start != finish and (
                edge.from_column or edge.to_column or (edge.from_key, edge.to_key) not in by_column
            ):
                ends = {"start": nodes[start], "finish": nodes[finish]}
                rows.append(ends | {"source": source, "kind": edge.kind, "detail": edge.detail})
        for chunk in batches(rows):
            connection.execute(self.t.EDGES.insert(), chunk)
        return source

    def _ran(self, connection: "Connection", one: Stated, source: int) -> None:
        from sqlalchemy import select

        runs, sources = self.t.RUNS, self.t.SOURCES
        where = (runs.c.run == one.run) & (runs.c.source == source)
        if connection.execute(select(runs.c.run).where(where)).first() is None:
            row = {"run": one.run, "source": source, "at": _at(one), "evidence": _json(one.evidence)}
            connection.execute(runs.insert(), row)
            now = {"evidence": row["evidence"], "at": row["at"]}
            connection.execute(sources.update().where(sources.c.id == source).values(**now))

    def _replace(self, connection: "Connection", one: Stated, former: int) -> None:
        from sqlalchemy import select

        table, s = self.t.SOURCES, self.t.SOURCES.c
        if one.origin != "run":
            self._drop(connection, [former])
            return
        kept = _json([astuple(edge) for edge in self._edges_of(connection, former)])
        connection.execute(self.t.EDGES.delete().where(self.t.EDGES.c.source == former))
        connection.execute(table.update().where(s.id == former).values(edges=kept))
        old = select(s.id).where(s.origin == one.origin, s.name == one.name, s.edges.is_not(None))
        self._drop(connection, list(connection.scalars(old.order_by(s.id.desc())))[KEPT:])

    def _drop(self, connection: "Connection", sources: Sequence[int]) -> None:
        t = self.t
        for chunk in batches(list(sources)):
            for table in (t.EDGES, t.RUNS):
                connection.execute(table.delete().where(table.c.source.in_(chunk)))
            connection.execute(t.SOURCES.delete().where(t.SOURCES.c.id.in_(chunk)))


def batches(rows: list[Any]) -> Iterator[list[Any]]:
    """Lists short enough for one statement."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _ends(edge: Edge) -> tuple[Node, Node]:
    return (edge.from_key, edge.from_column), (edge.to_key, edge.to_column)


def _mark(one: Stated) -> str:
    edges = sorted(astuple(e) for e in one.edges)
    return digest([repr(edges), "" if one.run else _json(one.evidence)])


def _at(one: Stated) -> str:
    return one.at or datetime.now(UTC).isoformat(timespec="seconds")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _loaded(text: str) -> list[Edge]:
    return [Edge(*parts) for parts in json.loads(text)]
