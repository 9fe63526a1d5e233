"""Lineage of one query: names are folded, tables told, and each output column traced."""

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope, traverse_scope

from assets.catalog.lineage.sql.identifiers import Folding, needs_exact, physical
from assets.catalog.lineage.sql.known import Known
from assets.catalog.lineage.sql.relation import Output, Relation
from assets.catalog.lineage.sql.result import Leaf, Leaves
from assets.catalog.lineage.sql.tracer import Tracer

MARK = "\x00"  # in front of the names that stand for tables while a query is traced; no SQL has it
POSTGRES_LIKE = ("postgres", "redshift")


@dataclass(frozen=True)
class Traced:
    """A query's lineage; `open` are the tables whose unknown columns all come through."""

    columns: tuple[tuple[str, Leaves], ...]
    open: tuple[tuple[str, ...], ...]
    influences: dict[Leaf, frozenset[str]]
    reads: frozenset[str]
    unresolved: frozenset[str]


class QueryTracer:
    """Traces queries of one script.

    Args:
        dialect: sqlglot's name of it.
        known: the tables that are known so far.
    """

    def __init__(self, dialect: str, known: Known) -> None:
        self.dialect = dialect
        self.known = known

    def trace(self, query: exp.Query) -> Traced:
        """Trace a query, which is changed on the way."""
        schemas = {".".join(p): c for p, c in self.known.tables.items()} if self._has_doubles() else {}
        folding = Folding(self.dialect, exact=needs_exact(query, schemas, self.dialect))
        _name_outputs(query, self.dialect)
        _unwrap_joins(query)
        written = {id(t): _spelled(t, self.dialect) for t in query.find_all(exp.Table)}
        for identifier in query.find_all(exp.Identifier):
            identifier.set("this", folding.fold(identifier))
        names = _mark(query, self._tables(query, written))
        scope = build_scope(query)
        if scope is None:
            return Traced((), (), {}, frozenset(names.values()), frozenset())
        relations = {mark: self._relation(name, folding) for mark, name in names.items()}
        tracer = Tracer(lambda name: relations.get(name, Relation()), self.dialect)
        return self._told(tracer, tracer.relation(scope), folding, frozenset(names.values()))

    def _has_doubles(self) -> bool:
        return any(len({c.lower() for c in columns}) < len(columns) for columns in self.known.tables.values())

    def _tables(self, query: exp.Query, written: dict[int, tuple[str, ...]]) -> list[tuple[exp.Table, str]]:
        """The real tables of a query, CTEs left out, each with what it is called."""
        found: dict[int, tuple[exp.Table, str]] = {}
        for scope in traverse_scope(query):
            for node in scope.tables:
                if isinstance(node.this, exp.SemanticView):
                    written[id(node)] = _opened_view(node)
                known = None if node.db else scope.sources.get(node.name)
                cte = isinstance(known, Scope) and isinstance(known.expression.parent, exp.CTE)
                if not cte and isinstance(node.this, (exp.Identifier, exp.Dot)):
                    parts = physical(written[id(node)], self.dialect)
                    found[id(node)] = (node, self.known.name(parts))
        return list(found.values())

    def _relation(self, name: str, folding: Folding) -> Relation:
        if name in self.known.temporary:
            outputs = [
                Output(folding.name(c), leaves, len(leaves) == 1) for c, leaves in self.known.temporary[name].items()
            ]
            return Relation(tuple(outputs), self.known.opened.get(name, ()))
        columns = self.known.columns(name)
        if columns is None:
            return Relation(open=((name,),), table=name)
        outputs = [Output(folding.name(c), frozenset({(name, c)}), plain=True) for c in columns if "." not in c]
        return Relation(tuple(outputs), table=name)

    def _told(self, tracer: Tracer, relation: Relation, folding: Folding, reads: frozenset[str]) -> Traced:
        def spelled(leaf: Leaf) -> Leaf:
            table, column = leaf
            known = self.known.columns(table)
            if known is not None and (column in known or known.get(column) is not None):
                return leaf
            by_low = {c.lower(): c for c in known or ()}
            if column.lower() in by_low:
                return table, by_low[column.lower()]
            return table, ".".join(folding.written(p) for p in column.split("."))

        def all_spelled(leaves: Leaves) -> Leaves:
            return frozenset(spelled(leaf) for leaf in leaves)

        merged: list[tuple[str, Leaves]] = [(folding.written(o.name), all_spelled(o.leaves)) for o in relation.outputs]
        influences: dict[Leaf, frozenset[str]] = {}
        for leaf, how in tracer.influences.items():
            influences[spelled(leaf)] = influences.get(spelled(leaf), frozenset()) | how
        return Traced(tuple(merged), relation.open, influences, reads, frozenset(tracer.unresolved))


def _mark(query: exp.Query, tables: list[tuple[exp.Table, str]]) -> dict[str, str]:
    """Give each real table one name of its own, with the written one as alias; marks -> names."""
    marks: dict[str, str] = {}
    for node, name in tables:
        marks.setdefault(name, f"{MARK}{len(marks)}")
        alias = node.args.get("alias") or exp.TableAlias()
        if alias.this is None:
            alias.set("this", _quoted(node.name.split(".")[-1]))
            node.set("alias", alias)
        node.set("this", _quoted(marks[name]))
        node.set("db", None)
        node.set("catalog", None)
    for number, source in enumerate(query.find_all(exp.Subquery, exp.Unnest)):
        if not source.alias and isinstance(source.parent, (exp.From, exp.Join)):
            alias = source.args.get("alias") or exp.TableAlias()
            alias.set("this", _quoted(f"{MARK}q{number}"))
            source.set("alias", alias)
    return {mark: name for name, mark in marks.items()}


def _quoted(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def _spelled(node: exp.Table, dialect: str) -> tuple[str, ...]:
    folding = Folding(dialect, exact=True)
    return tuple(folding.spelled(p) if isinstance(p, exp.Identifier) else p.name for p in node.parts)


def _unwrap_joins(query: exp.Query) -> None:
    """`from ((a join b on ...))` without its brackets."""
    for bracket in list(query.find_all(exp.Subquery)):
        inner = bracket.unnest()
        if isinstance(inner, exp.Table) and not bracket.alias and isinstance(bracket.parent, (exp.From, exp.Join)):
            inner.set("joins", (inner.args.get("joins") or []) + (bracket.args.get("joins") or []))
            bracket.replace(inner)


def _opened_view(node: exp.Table) -> tuple[str, ...]:
    """SEMANTIC_VIEW(v ...) stands for the view v."""
    parts = list(node.this.this.parts)
    for key, part in zip(("this", "db", "catalog"), reversed(parts), strict=False):
        node.set(key, part.copy())
    return tuple(p.name for p in parts)


def _name_outputs(query: exp.Query, dialect: str) -> None:
    """Name what has no name, before anything is changed, as its own text or as PostgreSQL does."""
    for select in query.find_all(exp.Select):
        for projection in list(select.expressions):
            if projection.alias_or_name or projection.is_star or isinstance(projection, (exp.Aliases, exp.Columns)):
                continue
            name = projection.output_name or _unnamed(projection, dialect)
            projection.replace(exp.alias_(projection.copy(), exp.Identifier(this=name, quoted=True), copy=False))


def _unnamed(projection: exp.Expr, dialect: str) -> str:
    if dialect in POSTGRES_LIKE:
        if isinstance(projection, exp.Func):
            return "case" if isinstance(projection, exp.Case) else projection.sql_name().lower()
        return "?column?"
    return projection.sql(dialect or None)
