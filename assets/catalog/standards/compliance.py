"""Counts what violates a standard, in one query per table and in the table's own engine."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from assets.catalog.standards.model import CodeTable, Standard


class Rule(NamedTuple):
    """One demand of a standard on one column, and the condition under which a value violates it."""

    standard: str
    column: str
    demand: str
    broken: exp.Expr


class Compliance(NamedTuple):
    """How a column keeps a standard: rows with a value (all rows for `required`), violations by demand."""

    standard: str
    column: str
    rows: int
    violations: dict[str, int]
    broken_rows: int

    @property
    def share(self) -> float:
        """Part of the rows that keep it, 1.0 for none."""
        return 1 - self.broken_rows / self.rows if self.rows else 1.0


def rules(standard: Standard, column: str, codes: Mapping[str, CodeTable]) -> list[Rule]:
    """The demands of a standard as conditions over a column.

    Raises:
        KeyError: its code table is not there.
    """
    value = exp.column(column, quoted=True)
    text = exp.cast(value, exp.DataType.Type.TEXT)
    known = value.copy().is_(exp.null()).not_()
    found: list[tuple[str, exp.Expr]] = []
    if standard.required:
        found.append(("required", value.copy().is_(exp.null())))
    if standard.pattern:
        whole = exp.Literal.string(f"^(?:{standard.pattern})$")
        found.append(("pattern", exp.and_(known.copy(), exp.RegexpLike(this=text.copy(), expression=whole).not_())))
    if standard.lengths:
        length = exp.Length(this=text.copy())
        least, most = (exp.Literal.number(n) for n in standard.lengths)
        found.append(("lengths", exp.and_(known.copy(), exp.Between(this=length, low=least, high=most).not_())))
    if standard.range:
        found += [("range", exp.and_(known.copy(), exp.or_(*_outside(value, standard))))]
    if standard.codes:
        allowed = [exp.Literal.string(c.code) for c in codes[standard.codes].codes]
        found.append(("codes", exp.and_(known.copy(), text.copy().isin(*allowed).not_())))
    return [Rule(standard.name, column, demand, condition) for demand, condition in found]


def query(table: exp.Table, demands: Sequence[Rule], dialect: str) -> str:
    """One SELECT that counts, per column and standard, rows, violations of each demand and rows with any."""
    columns: list[exp.Expr] = [exp.alias_(exp.Count(this=exp.Star()), "n")]
    for i, rule in enumerate(demands):
        columns.append(exp.alias_(_count(rule.broken), f"v{i}"))
    for j, ((_, column), mine) in enumerate(_groups(demands).items()):
        columns.append(exp.alias_(exp.Count(this=exp.column(column, quoted=True)), f"k{j}"))
        columns.append(exp.alias_(_count(exp.or_(*(demands[i].broken.copy() for i in mine))), f"b{j}"))
    return exp.select(*columns).from_(table).sql(dialect=dialect)


def read(row: Mapping[str, int], demands: Sequence[Rule]) -> list[Compliance]:
    """The answer of `query` as compliance per standard and column."""
    found = []
    for j, ((standard, column), mine) in enumerate(_groups(demands).items()):
        counts = {demands[i].demand: int(row[f"v{i}"]) for i in mine}
        rows = int(row["n"]) if "required" in counts else int(row[f"k{j}"])
        found.append(Compliance(standard, column, rows, counts, int(row[f"b{j}"])))
    return found


def _groups(demands: Sequence[Rule]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for i, rule in enumerate(demands):
        found.setdefault((rule.standard, rule.column), []).append(i)
    return found


def _count(condition: exp.Expr) -> exp.Expr:
    one = exp.Case().when(condition.copy(), exp.Literal.number(1)).else_(exp.Literal.number(0))
    return exp.Coalesce(this=exp.Sum(this=one), expressions=[exp.Literal.number(0)])


def _outside(value: exp.Column, standard: Standard) -> list[exp.Expr]:
    low, high = standard.range or (None, None)
    found: list[exp.Expr] = []
    if low is not None:
        found.append(exp.LT(this=value.copy(), expression=_bound(low)))
    if high is not None:
        found.append(exp.GT(this=value.copy(), expression=_bound(high)))
    return found


def _bound(value: float | str) -> exp.Expr:
    return (
        exp.cast(exp.Literal.string(value), exp.DataType.Type.TIMESTAMP)
        if isinstance(value, str)
        else exp.convert(value)
    )
