"""The plan of a table in SQL, for rules that all have a form there: what `plan` does, in the warehouse itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from assets.quality.rules.expressions import sql_column
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import Rule
from assets.quality.rules.plan import CHANGES, OWN, RULES
from assets.quality.rules.registry import kind
from core.naming import TableName


@dataclass(frozen=True, slots=True)
class Statements:
    """SELECTs: `work` is written to a table first, the others read that; `work` numbers the rows once.

    Attributes:
        failing: one row with, by rule id, the rows that break it or that it changes.
    """

    work: str
    clean: str
    rejected: str
    changes: str
    failing: str


@dataclass(frozen=True, slots=True)
class _Change:
    rule: Rule
    column: str
    was: str
    now: str


def missing(rules: Sequence[Rule], dialect: str) -> list[str]:
    """Ids of the rules without a form in SQL."""
    return [rule.id for rule in rules if not _has(rule, dialect)]


def _has(rule: Rule, dialect: str) -> bool:
    how = kind(rule.kind)
    if rule.action == "repair" and any(how.repaired(rule, c) is not None for c in how.writes(rule)):
        return all(how.sql_repaired(rule, column, dialect) is not None for column in how.writes(rule))
    return how.sql(rule, dialect) is not None


def statements(
    rules: Sequence[Rule], columns: Sequence[str], source: TableName, work: TableName, dialect: str
) -> Statements | None:
    """The SELECTs, or None where a rule has no form in this dialect (`missing` says which).

    Args:
        columns: of the source, in order.
        work: the table that `Statements.work` will be written to.
    """
    if missing(rules, dialect):
        return None
    stage: exp.Select = exp.select(*(sql_column(c) for c in columns), _numbered()).from_(_table(source))
    changes: list[_Change] = []
    kept: list[str] = []
    for rule in rules:
        made = _repaired(rule, dialect)
        if not made:
            continue
        olds = {column: f"{OWN}was{len(changes) + n}" for n, column in enumerate(made)}
        changes += [_Change(rule, column, olds[column], column) for column in made]
        now = [exp.alias_(made[c], c, quoted=True) if c in made else sql_column(c) for c in columns]
        was = [exp.alias_(sql_column(column), old, quoted=True) for column, old in olds.items()]
        stage = exp.select(*now, sql_column(ROW), *(sql_column(k) for k in kept), *was).from_(_sub(stage))
        kept += olds.values()
    tests = {rule.id: kind(rule.kind).sql(rule, dialect) for rule in rules if not _repaired(rule, dialect)}
    fails = {name: f"{OWN}fail{n}" for n, name in enumerate(tests)}
    judged = exp.select("*", *(exp.alias_(_sure(t), fails[n], quoted=True) for n, t in tests.items() if t is not None))
    out = {name: fails[name] for name in (rule.id for rule in rules if rule.action == "reject") if name in fails}
    broken = [exp.Case().when(sql_column(f), exp.Literal.string(name)) for name, f in out.items()]
    why: exp.Expr = (
        exp.Anonymous(this="CONCAT_WS", expressions=[exp.Literal.string(","), *broken])
        if broken
        else exp.Literal.string("")
    )
    whole = exp.select("*", exp.alias_(why, RULES, quoted=True)).from_(_sub(judged.from_(_sub(stage))))
    return Statements(
        whole.sql(dialect=dialect),
        *_outputs(columns, _versions(changes), fails, _table(work), dialect),
    )


def _outputs(
    columns: Sequence[str], changes: Sequence[_Change], fails: Mapping[str, str], work: exp.Table, dialect: str
) -> tuple[str, str, str, str]:
    stays = sql_column(RULES).eq(exp.Literal.string(""))
    clean = exp.select(*(sql_column(c) for c in columns)).from_(work).where(stays)
    first = {change.column: change.was for change in reversed(changes)}
    raw = [exp.alias_(sql_column(first[c]), c, quoted=True) if c in first else sql_column(c) for c in columns]
    gone = exp.select(sql_column(ROW), *raw, sql_column(RULES)).from_(work).where(exp.not_(stays.copy()))
    cells = [_cells(change).from_(work.copy()).where(stays.copy()) for change in changes]
    nothing = exp.select(*_no_cells()).where(exp.false())
    counts: list[exp.Expr] = [exp.alias_(_count(sql_column(f)), name, quoted=True) for name, f in fails.items()]
    for name in dict.fromkeys(change.rule.id for change in changes):
        mine = [c for c in changes if c.rule.id == name]
        total: exp.Expr = _count(exp.and_(_differs(mine[0]), stays.copy()))
        for change in mine[1:]:
            total = total + _count(exp.and_(_differs(change), stays.copy()))
        counts.append(exp.alias_(total, name, quoted=True))
    union: exp.Expr = nothing
    for cell in cells:
        union = exp.union(union, cell, distinct=False)
    texts = [clean, gone, union, exp.select(*counts).from_(work.copy())]
    one, two, three, four = (text.sql(dialect=dialect) for text in texts)
    return one, two, three, four


def _repaired(rule: Rule, dialect: str) -> dict[str, exp.Expr]:
    if rule.action != "repair":
        return {}
    how = kind(rule.kind)
    made = {column: how.sql_repaired(rule, column, dialect) for column in how.writes(rule)}
    return {column: value for column, value in made.items() if value is not None}


def _versions(changes: Sequence[_Change]) -> list[_Change]:
    """With the version after each change: the one before the next change of the column, or the final one."""
    found = []
    for number, change in enumerate(changes):
        later = next((c.was for c in changes[number + 1 :] if c.column == change.column), change.column)
        found.append(_Change(change.rule, change.column, change.was, later))
    return found


def _numbered() -> exp.Expr:
    return exp.alias_(exp.Window(this=exp.RowNumber()) - 1, ROW, quoted=True)


def _sub(query: exp.Select) -> exp.Subquery:
    return query.subquery("heddle_stage")


def _table(name: TableName) -> exp.Table:
    return exp.table_(name.name, db=name.schema, quoted=True)


def _sure(test: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=exp.paren(test), expressions=[exp.false()])


def _count(condition: exp.Expr) -> exp.Expr:
    one = exp.Case().when(condition, exp.Literal.number(1)).else_(exp.Literal.number(0))
    return exp.Coalesce(this=exp.Sum(this=one), expressions=[exp.Literal.number(0)])


def _text(name: str) -> exp.Expr:
    return exp.cast(sql_column(name), exp.DataType.Type.TEXT)


def _differs(change: _Change) -> exp.Expr:
    # as texts: a cast changes the type, and not only the value
    return exp.NullSafeNEQ(this=_text(change.was), expression=_text(change.now))


def _cells(change: _Change) -> exp.Select:
    return exp.select(
        exp.alias_(sql_column(ROW), "row", quoted=True),
        exp.alias_(exp.Literal.string(change.column), "column", quoted=True),
        exp.alias_(_text(change.was), "before", quoted=True),
        exp.alias_(_text(change.now), "after", quoted=True),
        exp.alias_(exp.Literal.string(change.rule.id), "rule", quoted=True),
        exp.alias_(exp.cast(exp.convert(change.rule.confidence), "double"), "confidence", quoted=True),
    ).where(_differs(change))


def _no_cells() -> list[exp.Expr]:
    types = {name: "text" for name in CHANGES} | {"row": "bigint", "confidence": "double"}
    return [exp.alias_(exp.cast(exp.null(), type_), name, quoted=True) for name, type_ in types.items()]
