"""A decision in SQL: in place of a table stands a subquery with the rows and columns that a person may see.

The subquery is all that a query can name, so whatever it does around it (aliases, unions, windows, correlated
subqueries, `*`, whole-row references, ORDER BY) reaches no other row or column. A fence keeps the engine from
evaluating the person's own conditions on rows that the filter is about to take away, where an error would tell of
them: LIMIT or OFFSET, which these engines push no conditions through, and in others values that are NULL in such rows.
"""

from collections.abc import Mapping

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


def replace(
    node: exp.Table,
    decision: Decision,
    columns: Mapping[str, Kind],
    dialect: str,
    key: bytes | None,
    *,
    gaps: bool = False,
) -> None:
    """Puts the subquery in place of a table in FROM; its alias and what is joined to it stay.

    Raises:
        AccessError: nothing may be seen, or the table is read in a way that a filter would not survive.
    """
    if not decision.covered or decision.whole:
        return
    if not decision.allowed:
        raise refusal(decision)
    odd = next((k for k, v in node.args.items() if v and k not in _MAY_HAVE), "")
    if odd:
        raise AccessError(f"{odd} of {decision.key} is not read under an access policy", "read the table as it is")
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    plain = exp.Table(this=node.this.copy(), db=_copy(node, "db"), catalog=_copy(node, "catalog"))
    made = exp.Subquery(this=select(plain, decision, columns, dialect, key, gaps=gaps), alias=alias.copy())
    for name in ("joins", "laterals"):
        for inner in list(node.args.get(name) or []):
            made.append(name, inner.pop())
    node.replace(made)


def select(
    table: exp.Table,
    decision: Decision,
    columns: Mapping[str, Kind],
    dialect: str,
    key: bytes | None,
    *,
    fence: bool = True,
    gaps: bool = False,
) -> exp.Select:
    """The rows and columns of a table that a decision leaves.

    Args:
        key: of hashes.
        gaps: hidden columns are there and NULL.
    """
    where = exp.and_(*_where(decision, columns, dialect)) if decision.filtered else None
    guard = where if where is not None and fence and dialect not in _FENCES else None
    chosen = []
    for name, kind in columns.items():
        value = _value(name, kind, decision, columns, dialect, key)
        if value is None and not gaps:
            continue
        value = value if value is not None else exp.null()
        if guard is not None and not isinstance(value, exp.Null):
            value = exp.case().when(guard.copy(), value)
        chosen.append(exp.alias_(value, exp.to_identifier(name, quoted=True)))
    made = exp.select(*chosen).from_(table)
    if where is not None:
        made = made.where(where)
        if fence:
            for what, number in _FENCES.get(dialect, {}).items():
                made = made.limit(number) if what == "limit" else made.offset(number)
    return made


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


def _where(decision: Decision, columns: Mapping[str, Kind], dialect: str) -> list[exp.Expr]:
    parts: list[exp.Expr] = []
    if all(b.rows is not None for b in decision.branches):
        shown = [b.rows for b in decision.branches if b.rows is not None and b.columns]
        parts.append(exp.or_(*(alike(r, columns, dialect) for r in shown)))
    # a row of which the condition is not known is not one of those that are taken away
    parts += [exp.not_(_true(alike(t, columns, dialect))) for t in decision.taken]
    return parts


def _true(condition: exp.Expr) -> exp.Expr:
    """Whether a condition surely holds; never null."""
    return exp.paren(exp.case().when(condition, exp.Literal.number(1)).else_(exp.Literal.number(0)).eq(1))


def _value(
    name: str, kind: Kind, decision: Decision, columns: Mapping[str, Kind], dialect: str, key: bytes | None
) -> exp.Expr | None:
    """A column as a decision shows it; None where it is hidden in all rows."""
    column = exp.column(exp.to_identifier(name, quoted=True))
    ways = sorted((b for b in decision.branches if name in b.columns), key=lambda b: b.columns[name] is not None)
    if not ways:
        return None
    texts = kind != "text" and any((m := b.columns[name]) is not None and m.makes_text for b in ways)

    def one(branch: Branch) -> exp.Expr:
        mask = branch.columns[name]
        shown = column.copy() if mask is None else masked(column.copy(), mask, kind, dialect, key)
        return as_text(shown, kind, dialect) if texts and (mask is None or not mask.makes_text) else shown

    sure = next((i for i, b in enumerate(ways) if b.rows is None), None)
    if len(decision.branches) == 1 or sure == 0:
        return one(ways[0])  # of a single rule, the rows that it does not show are not there
    made = exp.case()
    for branch in ways[:sure]:
        assert branch.rows is not None
        made = made.when(alike(branch.rows, columns, dialect), one(branch))
    return made.else_(one(ways[sure])) if sure is not None else made


def alike(condition: exp.Expr, columns: Mapping[str, Kind], dialect: str) -> exp.Expr:
    """A condition that compares texts character by character, also where the engine would not by itself."""
    if dialect not in ("mysql", "sqlite", "postgres"):
        return condition.copy()
    made = exp.paren(condition.copy())
    for column in list(made.find_all(exp.Column)):
        if columns.get(column.name) == "text":
            _exact(column, dialect)
    return made


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
