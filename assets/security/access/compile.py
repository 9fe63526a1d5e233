"""A decision in SQL: in place of a table stands a subquery with the rows and columns that a person may see.

The subquery is all that a query can name, so whatever it does around it (aliases, unions, windows, correlated
subqueries, `*`, whole-row references, ORDER BY) reaches no other row or column. A fence keeps the engine from
evaluating the person's own conditions on rows that the filter is about to take away, where an error would tell of
them: LIMIT or OFFSET, which these engines push no conditions through, and in others values that are NULL in such rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from assets.security.access.decide import Branch, Decision
from assets.security.access.kinds import Kind
from assets.security.access.masks import SECRET, as_text, masked, mysql_bytes
from assets.security.access.model import AccessError

_MAY_HAVE = {"this", "db", "catalog", "alias", "joins", "laterals"}  # of a table in FROM; all else is refused
_FENCES = {
    "duckdb": {"limit": (1 << 63) - 1},
    "postgres": {"offset": 0},
    "sqlite": {"limit": -1},
    "mysql": {"limit": (1 << 64) - 1},
}
_ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


@dataclass(frozen=True)
class Seen:
    """A table as a person may see it in an engine.

    Attributes:
        columns: name -> kind, all of them.
        dialect: sqlglot's name of the engine.
        key: of hashes.
        gaps: hidden columns are there and NULL; otherwise they are not there.
        fence: the person's own conditions are kept from hidden rows.
    """

    decision: Decision
    columns: Mapping[str, Kind]
    dialect: str
    key: bytes | None
    gaps: bool = False
    fence: bool = True

    def replace(self, node: exp.Table) -> None:
        """Puts the subquery in place of the table in FROM; its alias and what is joined to it stay.

        Raises:
            AccessError: nothing may be seen, or the table is read in a way that a filter would not survive.
        """
        decision = self.decision
        if not decision.covered or decision.whole:
            return
        if not decision.allowed:
            raise refusal(decision)
        odd = next((k for k, v in node.args.items() if v and k not in _MAY_HAVE), "")
        if odd:
            raise AccessError(f"{odd} of {decision.key} is not read under an access policy", "read the table as it is")
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        plain = exp.Table(this=node.this.copy(), db=_copy(node, "db"), catalog=_copy(node, "catalog"))
        made = exp.Subquery(this=self.select(plain), alias=alias.copy())
        for name in ("joins", "laterals"):
            for inner in list(node.args.get(name) or []):
                made.append(name, inner.pop())
        node.replace(made)

    def select(self, table: exp.Table) -> exp.Select:
        """The rows and columns that the decision leaves."""
        where = exp.and_(*self._where()) if self.decision.filtered else None
        guard = where if where is not None and self.fence and self.dialect not in _FENCES else None
        chosen = []
        for name, kind in self.columns.items():
            value = self._value(name, kind)
            if value is None and not self.gaps:
                continue
            value = value if value is not None else exp.null()
            if guard is not None and not isinstance(value, exp.Null):
                value = exp.case().when(guard.copy(), value)
            chosen.append(exp.alias_(value, exp.to_identifier(name, quoted=True)))
        made = exp.select(*chosen).from_(table)
        if where is not None:
            made = made.where(where)
            if self.fence:
                for what, number in _FENCES.get(self.dialect, {}).items():
                    made = made.limit(number) if what == "limit" else made.offset(number)
        return made

    def _where(self) -> list[exp.Expr]:
        parts: list[exp.Expr] = []
        branches = self.decision.branches
        if all(b.rows is not None for b in branches):
            parts.append(exp.or_(*(self._alike(b.rows) for b in branches if b.rows is not None and b.columns)))
        # a row of which the condition is not known is not one of those that are taken away
        parts += [exp.not_(_true(self._alike(t))) for t in self.decision.taken]
        return parts

    def _value(self, name: str, kind: Kind) -> exp.Expr | None:
        """A column as the decision shows it; None where it is hidden in all rows."""
        column = exp.column(exp.to_identifier(name, quoted=True))
        tried, last = self.decision.ways(name)
        if not tried and last is None:
            return None
        masks = [b.columns[name] for b in (*tried, *([last] if last else []))]
        texts = kind != "text" and any(m is not None and m.makes_text for m in masks)

        def one(branch: Branch) -> exp.Expr:
            mask = branch.columns[name]
            shown = column.copy() if mask is None else masked(column.copy(), mask, kind, self.dialect, self.key)
            return as_text(shown, kind, self.dialect) if texts and (mask is None or not mask.makes_text) else shown

        if not tried and last is not None:
            return one(last)
        made = exp.case()
        for branch in tried:
            assert branch.rows is not None
            made = made.when(self._alike(branch.rows), one(branch))
        return made.else_(one(last)) if last is not None else made

    def _alike(self, condition: exp.Expr) -> exp.Expr:
        """A condition that compares texts character by character, also where the engine would not by itself."""
        if self.dialect not in ("mysql", "sqlite", "postgres"):
            return condition.copy()
        made = exp.paren(condition.copy())
        for column in list(made.find_all(exp.Column)):
            if self.columns.get(column.name) == "text":
                _exact(column, self.dialect)
        return made


def named(schema: str, table: str) -> exp.Table:
    """A table in FROM; `schema` may be ""."""
    db = exp.to_identifier(schema, quoted=True) if schema else None
    return exp.Table(this=exp.to_identifier(table, quoted=True), db=db)


def refusal(decision: Decision) -> AccessError:
    """The error of a table of which nothing may be seen; it names rules and no values."""
    why = "; ".join(f"{r.text} ({r.rule})" for r in decision.reasons if r.effect in ("deny", "off"))
    return AccessError(
        f"the access policy shows you nothing of {decision.key}: {why or 'no rule allows it'}",
        f"`heddle access explain {decision.key}` tells more; ask the owner of the table for a rule",
    )


def secrets(query: exp.Expr) -> set[str]:
    """Literals of a query that nobody is to see."""
    return {n.name for n in query.find_all(exp.Literal) if n.meta.get(SECRET)}


def _true(condition: exp.Expr) -> exp.Expr:
    """Whether a condition surely holds; never null."""
    return exp.paren(exp.case().when(condition, exp.Literal.number(1)).else_(exp.Literal.number(0)).eq(1))


def _exact(column: exp.Column, dialect: str) -> None:
    parent = column.parent
    if isinstance(parent, exp.Is):
        return
    if dialect == "mysql":  # collations take cases, accents and blanks at the end as equal
        column.replace(mysql_bytes(column.copy()))
    elif dialect == "postgres" and isinstance(parent, _ORDERED):
        column.replace(exp.Collate(this=column.copy(), expression=exp.to_identifier("C", quoted=True)))
    elif dialect == "sqlite" and isinstance(parent, exp.Like):
        glob = parent.expression.name.replace("*", "[*]").replace("?", "[?]").replace("%", "*").replace("_", "?")
        parent.replace(exp.Glob(this=column.copy(), expression=exp.Literal.string(glob)))
    elif dialect == "sqlite":
        column.replace(exp.Collate(this=column.copy(), expression=exp.to_identifier("BINARY")))


def _copy(node: exp.Table, name: str) -> exp.Expr | None:
    found = node.args.get(name)
    return found.copy() if found is not None else None
