"""What each kind of statement writes, and the query that its values come from."""

from collections.abc import Iterator
from typing import cast

from sqlglot import exp

from assets.catalog.lineage.sql.identifiers import Folding, physical
from assets.catalog.lineage.sql.known import Known
from assets.catalog.lineage.sql.query import QueryTracer, Traced
from assets.catalog.lineage.sql.result import Leaf, Leaves, StatementLineage


class Statements:
    """Reads statements one after the other; what they make is known to the next one."""

    def __init__(self, dialect: str, known: Known) -> None:
        self.dialect = dialect
        self.known = known
        self.queries = QueryTracer(dialect, known)

    def read(self, statement: exp.Expr) -> Iterator[StatementLineage]:
        """The lineage of one statement; nothing for those that move no data."""
        text = statement.sql(self.dialect or None) if not isinstance(statement, exp.Command) else ""
        for found in self._read(statement):
            yield _with_text(found, text)

    def _read(self, statement: exp.Expr) -> Iterator[StatementLineage]:
        if isinstance(statement, exp.Create):
            yield from self._create(statement)
        elif isinstance(statement, exp.Insert):
            yield from self._insert(statement)
        elif isinstance(statement, exp.MultitableInserts):
            yield from self._inserts(statement)
        elif isinstance(statement, exp.Merge):
            yield from self._merge(statement)
        elif isinstance(statement, exp.Update):
            yield from self._update(statement)
        elif isinstance(statement, exp.Query):
            yield from self._query(statement)
        elif isinstance(statement, exp.Alter):
            yield from self._rename(statement)
        elif isinstance(statement, exp.Drop) and isinstance(statement.this, exp.Table):
            self.known.forget(self.name(statement.this))

    # -- kinds

    def _query(self, query: exp.Query) -> Iterator[StatementLineage]:
        into = query.args.get("into")
        if not isinstance(into, exp.Into):
            yield self._finished("select", "", self.queries.trace(_own(query)), [])
            return
        target = self.name(into.this)
        temporary = bool(into.args.get("temporary")) or into.this.name.startswith("#")
        yield from self._made("create", target, query, [], temporary)

    def _create(self, statement: exp.Create) -> Iterator[StatementLineage]:
        table = statement.find(exp.Table)
        if table is None or statement.kind not in ("TABLE", "VIEW"):
            return
        target = self.name(table)
        schema = statement.this if isinstance(statement.this, exp.Schema) else None
        columns = [c for c in schema.expressions if isinstance(c, (exp.ColumnDef, exp.Identifier))] if schema else []
        names = [self._column(c.this if isinstance(c, exp.ColumnDef) else c) for c in columns]
        clone = statement.args.get("clone")
        if isinstance(clone, exp.Clone):
            query: exp.Expr | None = exp.select("*").from_(clone.this.copy())
        else:
            query = statement.expression
        if isinstance(query, exp.Query):
            properties = statement.args.get("properties")
            temporary = properties is not None and properties.find(exp.TemporaryProperty) is not None
            yield from self._made("create", target, _with(query, statement), names, temporary or _hash(table))
        elif columns:
            types = {
                n: c.kind.sql(self.dialect or None) if isinstance(c, exp.ColumnDef) and c.kind else ""
                for n, c in zip(names, columns, strict=True)
            }
            self.known.add(target, types)
            yield StatementLineage("create", target, {n: frozenset() for n in names})

    def _made(
        self, kind: str, target: str, query: exp.Query, names: list[str], temporary: bool
    ) -> Iterator[StatementLineage]:
        traced = self.queries.trace(_own(query))
        found = self._finished(kind, target, traced, names)
        if temporary:
            self.known.temporary[target] = {c: leaves for c, leaves in found.columns.items() if c != "*"}
            self.known.opened[target] = traced.open
        if not traced.open:
            self.known.add(target, dict.fromkeys(found.columns, ""))
        if not temporary:
            yield found

    def _insert(self, statement: exp.Insert) -> Iterator[StatementLineage]:
        table = statement.this.find(exp.Table) if statement.this is not None else None
        query = statement.expression
        if table is None or not isinstance(query, exp.Query) or isinstance(query, exp.Values):
            return
        target = self.name(table)
        traced = self.queries.trace(_own(_with(query, statement)))
        by_name = bool(statement.args.get("by_name"))
        found = self._finished("insert", target, traced, [] if by_name else self._targets(statement.this, target))
        if target in self.known.temporary:
            into = self.known.temporary[target]
            for column, leaves in found.columns.items():
                into[column] = into.get(column, frozenset()) | leaves
        else:
            yield found

    def _inserts(self, statement: exp.MultitableInserts) -> Iterator[StatementLineage]:
        for insert in statement.find_all(exp.Insert):
            row = insert.expression.find(exp.Tuple) if insert.expression is not None else None
            source = statement.args["source"].copy()
            if row is not None:
                wanted = [e.copy() for e in row.expressions]
                source = exp.select(*wanted).from_(source.subquery("s"))
            yield from self._insert(exp.Insert(this=insert.this.copy(), expression=source))

    def _targets(self, into: exp.Expr, target: str) -> list[str]:
        """The columns that a query's columns go to, by position; [] when they are not known."""
        if isinstance(into, exp.Schema):
            return [self._column(c) for c in into.expressions if isinstance(c, exp.Identifier)]
        if target in self.known.temporary:
            return list(self.known.temporary[target])
        fixed = {c.name.lower() for p in into.find_all(exp.Partition) for c in p.find_all(exp.Column)}
        return [c for c in self.known.columns(target) or () if "." not in c and c.lower() not in fixed]

    def _merge(self, statement: exp.Merge) -> Iterator[StatementLineage]:
        source, target = statement.args["using"], statement.this
        name = self.name(target)
        both = exp.select().from_(source.copy()).join(target.copy(), on=statement.args.get("on"))
        alone = exp.select().from_(source.copy())
        columns: dict[str, Leaves] = {}
        parts: list[Traced] = []
        for when in statement.args["whens"].expressions:
            for given, names in self._branch(when.args.get("then"), name, both, alone):
                condition = when.args.get("condition")
                query = _with(given.where(condition) if condition is not None else given, statement)
                parts.append(self.queries.trace(_own(query)))
                for column, leaves in self._finished("merge", name, parts[-1], names).columns.items():
                    columns[column] = columns.get(column, frozenset()) | leaves
        yield self._together("merge", name, columns, parts)

    def _branch(
        self, then: exp.Expr | None, target: str, both: exp.Select, alone: exp.Select
    ) -> Iterator[tuple[exp.Select, list[str]]]:
        if isinstance(then, exp.Update):
            pairs = [e for e in then.expressions if isinstance(e, exp.EQ)]
            if pairs:
                yield both.select(*(e.expression.copy() for e in pairs)), [self._column(e.this.this) for e in pairs]
            elif any(isinstance(e, exp.Star) for e in then.expressions):
                yield alone.select("*"), []
        elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            values = [v.copy() for v in then.expression.expressions]
            given = then.this.expressions if then.this is not None else []
            names = [self._column(c.this if isinstance(c, exp.Column) else c) for c in given]
            yield alone.select(*values), names or list(self.known.columns(target) or ())
        elif isinstance(then, exp.Insert) or (isinstance(then, exp.Var) and then.name.upper() == "INSERT"):
            yield alone.select("*"), []

    def _update(self, statement: exp.Update) -> Iterator[StatementLineage]:
        table = statement.this
        source = statement.args.get("from_")
        given = {t.alias_or_name.lower(): t for t in (source.find_all(exp.Table) if source is not None else ())}
        alias = given.get(table.name.lower()) if not table.db and not table.alias else None
        own = alias if alias is not None else table  # `update t ... from x as t`
        joined = {t.alias_or_name.lower(): t for t in table.find_all(exp.Table)} | given
        if source is None:
            query = exp.select().from_(table.copy())
        else:
            query = exp.Select(from_=source.copy())
            query = query if alias is not None else query.join(table.copy(), join_type="cross")
        if statement.args.get("where") is not None:
            query.set("where", statement.args["where"].copy())
        by_table: dict[str, list[exp.EQ]] = {}
        for pair in (e for e in statement.expressions if isinstance(e, exp.EQ)):
            named = pair.this.table.lower() if isinstance(pair.this, exp.Column) else ""
            by_table.setdefault(self.name(joined.get(named, own)), []).append(pair)
        for target, pairs in by_table.items():
            values = query.copy().select(*(p.expression.copy() for p in pairs))
            names = [self._column(p.this.this) if isinstance(p.this, exp.Column) else p.this.name for p in pairs]
            yield self._finished("update", target, self.queries.trace(_own(_with(values, statement))), names)

    def _rename(self, statement: exp.Alter) -> Iterator[StatementLineage]:
        for action in statement.args.get("actions") or ():
            if not isinstance(action, exp.AlterRename):
                continue
            old, new = self.name(statement.this), self.name(action.this)
            columns = self.known.columns(old)
            names = list(columns) if columns else ["*"]
            yield StatementLineage("rename", new, {c: frozenset({(old, c)}) for c in names}, reads=frozenset({old}))
            if columns:
                self.known.add(new, columns)

    # -- parts

    def name(self, table: exp.Table) -> str:
        """What a table that is written is called."""
        folding = Folding(self.dialect, exact=True)
        parts = tuple(folding.spelled(p) if isinstance(p, exp.Identifier) else p.name for p in table.parts)
        return self.known.name(physical(parts, self.dialect))

    def _column(self, identifier: exp.Expr) -> str:
        folding = Folding(self.dialect, exact=True)
        return folding.spelled(identifier) if isinstance(identifier, exp.Identifier) else identifier.name

    def _finished(self, kind: str, target: str, traced: Traced, names: list[str]) -> StatementLineage:
        columns: dict[str, Leaves] = {}
        by_position = bool(names) and not traced.open
        known = {c.lower(): c for c in self.known.columns(target) or ()} if target else {}
        for position, (name, leaves) in enumerate(traced.columns):
            given = names[position] if by_position and position < len(names) else name
            given = known.get(given.lower(), given)
            columns[given] = columns.get(given, frozenset()) | leaves
        for table in (t for group in traced.open for t in group):
            columns["*"] = columns.get("*", frozenset()) | {(table, "*")}
        return self._together(kind, target, columns, [traced])

    def _together(self, kind: str, target: str, columns: dict[str, Leaves], parts: list[Traced]) -> StatementLineage:
        influences: dict[Leaf, frozenset[str]] = {}
        for part in parts:
            for leaf, how in part.influences.items():
                influences[leaf] = influences.get(leaf, frozenset()) | how
        reads: frozenset[str] = frozenset().union(*(p.reads for p in parts))
        unresolved: frozenset[str] = frozenset().union(*(p.unresolved for p in parts))
        return StatementLineage(kind, target, columns, influences, reads - set(self.known.temporary), unresolved)


def _hash(table: exp.Table) -> bool:
    return table.name.startswith("#") or bool(table.this.args.get("temporary"))


def _own(query: exp.Query) -> exp.Query:
    """A copy without brackets around it, as tracing changes it."""
    copied = cast(exp.Query, query.unnest().copy())
    copied.set("into", None)
    return copied


def _with(query: exp.Query, statement: exp.Expr) -> exp.Query:
    """The query with the CTEs that stand in front of its statement."""
    given = statement.args.get("with_")
    if given is None:
        return query
    query = cast(exp.Query, query.unnest().copy())
    own = query.args.get("with_")
    both = [c.copy() for c in given.expressions] + ([c.copy() for c in own.expressions] if own is not None else [])
    query.set("with_", exp.With(expressions=both, recursive=given.args.get("recursive")))
    return query


def _with_text(found: StatementLineage, text: str) -> StatementLineage:
    return StatementLineage(
        found.kind, found.target, found.columns, found.influences, found.reads, found.unresolved, text
    )
