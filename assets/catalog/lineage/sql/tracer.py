"""Follows the columns of one query through its scopes: CTEs, subqueries, set operations, laterals, pivots."""

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, ScopeType

from assets.catalog.lineage.sql.functions import Functions
from assets.catalog.lineage.sql.relation import LATERAL_ALIASES, NONE, Output, Relation, under, united
from assets.catalog.lineage.sql.result import Leaf, Leaves

SEES_OUTSIDE = (ScopeType.SUBQUERY, ScopeType.UDTF)
NO_COLUMNS = {"dictget", "dictgetordefault", "dictgetornull", "dicthas"}  # ClickHouse: the first argument is no column
Sources = Mapping[str, Relation]


class Tracer:
    """Each scope is traced once, however often it is referred to.

    Args:
        table: name of a table of the query -> what it gives.
        dialect: sqlglot's name of it.
    """

    def __init__(self, table: Callable[[str], Relation], dialect: str) -> None:
        self.table = table
        self.dialect = dialect
        self.influences: dict[Leaf, set[str]] = {}
        self.unresolved: set[str] = set()
        self.functions = Functions(self)
        self._done: dict[int, Relation] = {}
        self._sources: dict[int, dict[str, Relation]] = {}
        self._aliases: set[tuple[int, str]] = set()  # lateral aliases that are being followed

    def relation(self, scope: Scope) -> Relation:
        """What a scope gives."""
        if id(scope) not in self._done:
            self._done[id(scope)] = Relation()  # what a recursive CTE sees of itself while it is traced
            self._done[id(scope)] = self._trace(scope)
        return self._done[id(scope)]

    def _trace(self, scope: Scope) -> Relation:
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            branches = [self.relation(s) for s in scope.set_operation_scopes]
            return united(branches, by_name=bool(query.args.get("by_name")))
        if isinstance(query, exp.Select):
            return self._select(query, scope)
        if isinstance(query, (exp.Subquery, exp.Table)):
            return self._star(scope, None)
        return self.functions.relation(query, scope)

    def _select(self, query: exp.Select, scope: Scope) -> Relation:
        outputs: list[Output] = []
        opened: list[tuple[str, ...]] = []
        hidden: frozenset[str] = frozenset()
        for projection in query.expressions:
            star = _star_of(projection)
            if star is None:
                outputs += self.functions.generated(projection, scope) or [self.output(projection, scope)]
                continue
            given = self._star(scope, projection.table if isinstance(projection, exp.Column) else None)
            given = self._changed(given, star, scope)
            outputs += given.outputs
            opened += given.open
            hidden |= given.hidden
        self._influence(query, scope)
        return Relation(tuple(outputs), tuple(dict.fromkeys(opened)), hidden)

    def output(self, projection: exp.Expr, scope: Scope) -> Output:
        """One column of a select."""
        inner = projection.unalias()
        if isinstance(inner, (exp.Column, exp.Dot)):
            found = self._path(inner, scope)
            if found is not None:
                return Output(projection.alias_or_name, found.leaves, found.plain)
        return Output(projection.alias_or_name or projection.output_name, self.value(inner, scope))

    def value(self, expression: exp.Expr, scope: Scope) -> Leaves:
        """All columns that an expression is computed from."""
        inner = {id(s.expression): s for s in scope.subquery_scopes}
        found: set[Leaf] = set()
        waiting = [expression]
        while waiting:
            node = waiting.pop()
            if id(node) in inner:
                found |= self.relation(inner[id(node)]).everything()
            elif isinstance(node, (exp.Column, exp.Dot)):
                output = self._path(node, scope)
                if output is not None:
                    found |= output.leaves
                else:
                    waiting += node.iter_expressions()
            elif isinstance(node, exp.Anonymous) and node.name.lower() in NO_COLUMNS:
                waiting += node.expressions[1:]
            else:
                waiting += node.iter_expressions()
        return frozenset(found)

    # -- columns

    def _path(self, node: exp.Expr, scope: Scope) -> Output | None:
        """A column with the fields below it; None for a field of something that is computed."""
        fields: list[str] = []
        while isinstance(node, exp.Dot):
            fields.insert(0, node.expression.name)
            node = node.this
        if isinstance(node, exp.Paren):
            node = node.unnest()
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return Output("", NONE) if isinstance(node, exp.Column) else None
        parts = [p.name for p in node.parts] + fields
        return self._resolve(parts, len(node.parts), scope)

    def _resolve(self, parts: list[str], written: int, scope: Scope) -> Output:
        """The parts are table names, a column and fields below it; which is which is seen from the sources."""
        for depth in range(written - 1, 0, -1):
            source = self._source(parts[depth - 1], scope)
            if source is not None:
                found = source.any_column(parts[depth])
                if found is None and source.table:
                    found = source.stated(parts[depth])
                if found is None:
                    self._unknown(parts[depth])
                    return Output(parts[depth], NONE)
                return _fields(found, parts[depth + 1 :])
        return _fields(self.unqualified(parts[0], scope), parts[1:])

    def unqualified(self, name: str, scope: Scope) -> Output:
        """A column without a table in front: the one source that has it, or the only one that might."""
        sources = self.sources(scope)
        if name in _using(scope):
            return Output(name, frozenset().union(*(o.leaves for s in sources.values() if (o := s.any_column(name)))))
        found = [o for s in sources.values() if (o := s.column(name)) is not None]
        if len(found) == 1:
            return found[0]
        if not found:
            opened = [s for s in sources.values() if s.open]
            if len(opened) == 1 and (maybe := opened[0].any_column(name)) is not None:
                return maybe
            other = self._elsewhere(name, scope, sources, opened)
            if other is not None:
                return other
        if len(sources) == 1 and (only := next(iter(sources.values()))).table:
            return only.stated(name)  # the schema that was given is older than the query
        self._unknown(name)
        return Output(name, NONE)

    def _elsewhere(self, name: str, scope: Scope, sources: Sources, opened: list[Relation]) -> Output | None:
        alias = self._lateral_alias(name, scope)
        if alias is not None:
            return alias
        if name in sources:  # a row as a whole
            return Output(name, sources[name].everything(), sources[name].function is not None)
        functions = [s for s in sources.values() if s.function is not None]
        if len(functions) == 1 and not opened:
            return functions[0].any_column(name)
        if not opened and scope.parent is not None and scope.scope_type in SEES_OUTSIDE:
            return self.unqualified(name, scope.parent)
        return None

    def _lateral_alias(self, name: str, scope: Scope) -> Output | None:
        if self.dialect not in LATERAL_ALIASES or not isinstance(scope.expression, exp.Select):
            return None
        for projection in scope.expression.expressions:
            key = (id(scope), name)
            if isinstance(projection, exp.Alias) and projection.alias == name and key not in self._aliases:
                self._aliases.add(key)
                try:
                    return self.output(projection, scope)
                finally:
                    self._aliases.discard(key)
        return None

    def _unknown(self, name: str) -> None:
        self.unresolved.add(name)

    # -- sources

    def sources(self, scope: Scope) -> Sources:
        """Alias -> relation of all that FROM, JOIN and LATERAL name, in this order."""
        if id(scope) not in self._sources:
            found: dict[str, Relation] = {}
            self._sources[id(scope)] = found  # a lateral sees those before itself
            selected = scope.selected_sources
            for name in _ordered(scope, list(selected)):
                node, source = selected[name]
                found[name] = self.functions.given(node, source, scope)
        return self._sources[id(scope)]

    def _source(self, name: str, scope: Scope) -> Relation | None:
        around: Scope | None = scope
        while around is not None:
            found = self.sources(around).get(name)
            if found is not None:
                return found
            for alias, (node, _) in around.selected_sources.items():
                if any(p.alias == name for p in node.args.get("pivots") or ()):
                    return self.sources(around)[alias]
            around = around.parent
        return None

    def _star(self, scope: Scope, table: str | None) -> Relation:
        if table is not None:
            return self._source(table, scope) or Relation()
        given = list(self.sources(scope).values())
        shared = _using(scope)
        outputs: list[Output] = []
        for source in given:
            for output in source.outputs:
                if output.name not in shared:
                    outputs.append(output)
                elif all(o.name != output.name for o in outputs):
                    outputs.append(self.unqualified(output.name, scope))
            if source.function is not None and not source.outputs:
                outputs.append(Output(source.whole, source.function))
        return Relation(tuple(outputs), tuple(dict.fromkeys(t for s in given for t in s.open)))

    def _changed(self, given: Relation, star: exp.Star, scope: Scope) -> Relation:
        """* EXCEPT, REPLACE and RENAME."""
        hidden = frozenset(e.name for e in star.args.get("except_") or ())
        given = given.without(hidden) if hidden else given
        new = {r.alias: self.output(r, scope) for r in star.args.get("replace") or ()}
        names = {r.this.name: r.alias for r in star.args.get("rename") or ()}
        if not new and not names:
            return given
        kept = [new.pop(o.name, o) for o in given.outputs]
        outputs = tuple(Output(names.get(o.name, o.name), o.leaves, o.plain) for o in kept) + tuple(new.values())
        return Relation(outputs, given.open, given.hidden | frozenset(names))

    # -- rows

    def _influence(self, query: exp.Select, scope: Scope) -> None:
        for how, conditions in _conditions(query):
            for condition in conditions:
                for leaf in self.value(condition, scope):
                    self.influences.setdefault(leaf, set()).add(how)


def _conditions(query: exp.Select) -> Iterable[tuple[str, list[exp.Expr]]]:
    args = query.args
    yield "filter", [args[k] for k in ("where", "having", "qualify") if args.get(k) is not None]
    joins = [j for j in args.get("joins") or ()]
    yield "join", [j.args["on"] for j in joins if j.args.get("on") is not None]
    yield (
        "join",
        [exp.column(u.copy()) for j in joins for u in j.args.get("using") or () if isinstance(u, exp.Identifier)],
    )
    yield "group", [args["group"]] if args.get("group") is not None else []


def _fields(output: Output, path: list[str]) -> Output:
    if not path or not output.plain:
        return output
    return Output(path[-1], under(output.leaves, path), plain=True)


def _star_of(projection: exp.Expr) -> exp.Star | None:
    if isinstance(projection, exp.Star):
        return projection
    return projection.this if isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star) else None


def _using(scope: Scope) -> frozenset[str]:
    joins = scope.expression.args.get("joins") or ()
    return frozenset(u.name for j in joins for u in j.args.get("using") or ())


def _ordered(scope: Scope, names: list[str]) -> list[str]:
    """As written: FROM, then joins with their laterals; whatever else there is comes last."""
    args = scope.expression.args
    nodes = [f.this] if (f := args.get("from_")) is not None else []
    nodes += [n for table in list(nodes) for j in table.args.get("joins") or () for n in (j.this,)]
    nodes += [j.this for j in args.get("joins") or ()] + list(args.get("laterals") or ())
    written = [n.alias_or_name for n in nodes if n is not None]
    return list(dict.fromkeys([n for n in written if n in names] + names))
