"""Sources of a query that are more than a table or a subquery: table functions, laterals, pivots, VALUES."""

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from assets.catalog.lineage.sql.relation import COUNTERS, NONE, Output, Relation
from assets.catalog.lineage.sql.result import Leaves

if TYPE_CHECKING:
    from assets.catalog.lineage.sql.tracer import Tracer


class Functions:
    """What such sources give."""

    def __init__(self, tracer: "Tracer") -> None:
        self.tracer = tracer

    def given(self, node: exp.Expr, source: "Scope | exp.Expr", scope: Scope) -> Relation:
        """A source of a scope, with its column aliases and pivots.

        Args:
            node: as it stands in FROM.
            source: the scope that it names, or a table.
        """
        relation = self._bare(node, source, scope)
        if isinstance(source, Scope):
            relation = relation.renamed(_outer_names(source))
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func):
            relation = relation.renamed(_column_names(node))
        for pivot in node.args.get("pivots") or ():
            relation = self._pivoted(pivot, relation, scope)
        return relation

    def _bare(self, node: exp.Expr, source: "Scope | exp.Expr", scope: Scope) -> Relation:
        if isinstance(source, Scope):
            if isinstance(source.expression, exp.Query):
                return self.tracer.relation(source)
            return self.relation(source.expression, source)
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Func):
            return self._function(source.this, source, scope)
        if isinstance(source, exp.Table):
            return self.tracer.table(source.name)
        return Relation()

    def relation(self, call: exp.Expr, scope: Scope) -> Relation:
        """An UNNEST, LATERAL or VALUES, evaluated among the sources before it."""
        if isinstance(call, exp.Values):
            return self._values(call, scope)
        if isinstance(call, exp.Lateral):
            if scope.subquery_scopes and isinstance(call.this, exp.Subquery):
                return self.tracer.relation(scope.subquery_scopes[0]).renamed(call.alias_column_names)
            return self._function(call.this, call, scope)
        if isinstance(call, exp.Unnest):
            return self._unnest(call, scope)
        return self._function(call, call, scope)

    def generated(self, projection: exp.Expr, scope: Scope) -> list[Output]:
        """A projection that gives several columns, `explode(m) as (k, v)`; [] for a common one."""
        if not isinstance(projection, exp.Aliases):
            return []
        leaves = self.tracer.value(projection.this, scope)
        return [Output(name.name, leaves) for name in projection.expressions]

    def _function(self, call: exp.Expr, named: exp.Expr, scope: Scope) -> Relation:
        leaves = self._arguments([call], scope)
        names = _column_names(named)
        outputs = [Output(n, NONE if n in COUNTERS else leaves, plain=True) for n in names]
        return Relation(tuple(outputs), function=leaves, whole=named.alias)

    def _unnest(self, call: exp.Unnest, scope: Scope) -> Relation:
        each = [self._arguments([e], scope) for e in call.expressions]
        together: Leaves = frozenset().union(*each) if each else NONE
        names = call.alias_column_names
        offset = call.args.get("offset")
        if isinstance(offset, exp.Identifier):
            names = [n for n in names if n != offset.name]
        outputs = [
            Output(n, each[i] if i < len(each) and len(each) > 1 else together, True) for i, n in enumerate(names)
        ]
        if isinstance(offset, exp.Identifier):
            outputs.append(Output(offset.name, NONE))
        alias = call.alias or (names[0] if names else "")
        return Relation(tuple(outputs), function=together, whole=alias)

    def _arguments(self, expressions: list[exp.Expr], scope: Scope) -> Leaves:
        found = [
            self.tracer.output(e, scope).leaves if isinstance(e, exp.Column) else self.tracer.value(e, scope)
            for e in expressions
        ]
        return frozenset().union(*found)

    def _values(self, call: exp.Values, scope: Scope) -> Relation:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in call.expressions]
        names = call.alias_column_names or [f"column{i + 1}" for i in range(max(map(len, rows), default=0))]
        outputs = []
        for position, name in enumerate(names):
            cells = [row[position] for row in rows if position < len(row)]
            outputs.append(Output(name, self._arguments(cells, scope)))
        return Relation(tuple(outputs))

    def _pivoted(self, pivot: exp.Pivot, base: Relation, scope: Scope) -> Relation:
        def leaves(nodes: list[exp.Expr]) -> Leaves:
            columns = [c for n in nodes for c in n.find_all(exp.Column)]
            return frozenset().union(*(o.leaves for c in columns if (o := base.any_column(c.name)) is not None))

        fields = [f for f in pivot.fields if isinstance(f, exp.In)]
        if pivot.unpivot:
            values = leaves([e for f in fields for e in f.expressions])
            used = frozenset(c.name for f in fields for e in f.expressions for c in e.find_all(exp.Column))
            made = [Output(c.name, values) for e in pivot.expressions for c in e.find_all(exp.Identifier)]
            made += [Output(f.this.name, NONE) for f in fields]
        else:
            used = frozenset(
                c.name for e in [*pivot.expressions, *(f.this for f in fields)] for c in e.find_all(exp.Column)
            )
            cell = leaves([*pivot.expressions, *(f.this for f in fields)])
            made = [Output(c.name, cell) for c in pivot.args.get("columns") or ()]
        kept = base.without(used)
        names = pivot.alias_column_names
        return Relation(kept.outputs + tuple(made), kept.open, kept.hidden).renamed(names)


def _column_names(node: exp.Expr) -> list[str]:
    alias = node.args.get("alias")
    columns = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    return [c.name for c in columns or ()]


def _outer_names(source: Scope) -> list[str]:
    """Of `with x(a, b) as (...)` and `(...) as x(a, b)`."""
    parent = source.expression.parent
    while isinstance(parent, exp.Subquery) and not parent.alias and isinstance(parent.parent, exp.Subquery):
        parent = parent.parent
    return _column_names(parent) if isinstance(parent, (exp.CTE, exp.Subquery)) else []
