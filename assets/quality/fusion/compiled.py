"""A join plan as SQL: the fused select, and the counts that predict what each of its joins will do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from assets.quality.fusion.keys_sql import sql_key
from assets.quality.fusion.model import Join, KeyPair, Plan, Prediction
from core.errors import SourceError


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of a plan: what they are called in SQL, and their columns in order."""

    tables: Mapping[str, exp.Table]
    columns: Mapping[str, Sequence[str]]


def short(table: str) -> str:
    """The last part of a table's name: `raw/shop/orders` and `data/orders.csv` are `orders`."""
    return table.rpartition("/")[2].partition(".")[0]


def output(plan: Plan, columns: Mapping[str, Sequence[str]]) -> list[tuple[str, str, str]]:
    """Table, column and output name of each column; a name that is taken gets the table's before it."""
    found: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for table in plan.tables:
        for column in columns[table]:
            name = column if column.lower() not in taken else f"{short(table)}_{column}"
            number = 2
            while name.lower() in taken:
                name, number = f"{short(table)}_{column}_{number}", number + 1
            taken.add(name.lower())
            found.append((table, column, name))
    return found


def place_of(plan: Plan, step: int, key: KeyPair, columns: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Table and column of the left side of a key in the join number `step`.

    Raises:
        SourceError: no earlier table has the column.
    """
    earlier = plan.tables[: step + 1]
    table, dot, column = key.left.rpartition(".")
    named = [t for t in earlier if dot and table in (t, short(t)) and column in columns[t]]
    if named:
        return named[0], column
    for candidate in earlier:
        if key.left in columns[candidate]:
            return candidate, key.left
    raise SourceError(
        f"plan {plan.asset}: no table before {plan.joins[step].right} has the column {key.left!r}",
        f"it may be one of {', '.join(c for t in earlier for c in columns[t])}",
    )


def select(plan: Plan, layout: Layout, steps: int | None = None) -> exp.Select:
    """The fused rows; `steps` limits the number of joins.

    Raises:
        SourceError: a key column is not there.
    """
    steps = len(plan.joins) if steps is None else steps
    used = Plan.model_construct(**{**dict(plan), "joins": plan.joins[:steps]})
    chosen = [
        exp.column(column, table=_alias(plan, table), quoted=True).as_(name, quoted=True)
        for table, column, name in output(used, layout.columns)
    ]
    query = exp.select(*chosen).from_(_source(plan, layout, plan.left))
    for number, join in enumerate(plan.joins[:steps]):
        on = exp.and_(*(_equal(plan, number, key, layout) for key in join.keys))
        query = query.join(_source(plan, layout, join.right), on=on, join_type=join.how)
    return query


def prediction(plan: Plan, layout: Layout, step: int) -> exp.Select:
    """One row with the fields of Prediction: both sides grouped by key, then the groups joined.

    The left side of a later join are the rows of the joins before it, of which only the keys are read.
    """
    join = plan.joins[step]
    left = _groups(_left_keys(plan, layout, step))
    right = _groups(_keys(layout.tables[join.right], join, layout.columns[join.right]))
    width = len(join.keys)
    on = exp.and_(*(exp.column(f"k{n}", "l").eq(exp.column(f"k{n}", "r")) for n in range(width)))
    pairs = (
        exp.select(
            _sum("l.n", "left_matched"),
            _sum("r.n", "right_matched"),
            _sum("l.n * r.n", "inner_rows"),
            "max(r.n) AS most",
        )
        .from_(exp.to_table("lg").as_("l"))
        .join(exp.to_table("rg").as_("r"), on=on)
    )
    query = exp.select("lt.*", "rt.*", "pt.*").from_("lt").join("rt", join_type="cross").join("pt", join_type="cross")
    return (
        query.with_("lg", as_=left)
        .with_("rg", as_=right)
        .with_("lt", as_=_totals("lg", "left", width))
        .with_("rt", as_=_totals("rg", "right", width))
        .with_("pt", as_=pairs)
    )


def predicted(row: Mapping[str, object]) -> Prediction:
    """The row of that query as a prediction."""
    counts = {name: int(str(value or 0)) for name, value in row.items()}
    counts["inner"] = counts.pop("inner_rows")
    return Prediction(**counts)


def _totals(group: str, side: str, width: int) -> exp.Select:
    null = " OR ".join(f"k{n} IS NULL" for n in range(width))
    return exp.select(
        _sum("n", f"{side}_rows"),
        _sum(f"CASE WHEN {null} THEN n ELSE 0 END", f"{side}_null"),
        _sum(f"CASE WHEN {null} THEN 0 ELSE n - 1 END", f"{side}_duplicates"),
    ).from_(group)


def _sum(what: str, name: str) -> str:
    return f"CAST(coalesce(sum({what}), 0) AS BIGINT) AS {name}"


def _groups(keys: exp.Select) -> exp.Select:
    names = [e.alias for e in keys.expressions]
    return exp.select(*names, "count(*) AS n").from_(keys.subquery("keyed")).group_by(*names)


def _keys(table: exp.Table, join: Join, columns: Sequence[str]) -> exp.Select:
    missing = [k.right for k in join.keys if k.right not in columns]
    if missing:
        raise SourceError(f"{join.right} has no column {missing[0]!r}", f"it has {', '.join(columns)}")
    made = [
        sql_key(exp.column(k.right, quoted=True), k.fixes_right).as_(f"k{n}", quoted=False)
        for n, k in enumerate(join.keys)
    ]
    return exp.select(*made).from_(table.copy())


def _left_keys(plan: Plan, layout: Layout, step: int) -> exp.Select:
    query = select(plan, layout, step)
    chosen = []
    for number, key in enumerate(plan.joins[step].keys):
        table, column = place_of(plan, step, key, layout.columns)
        chosen.append(
            sql_key(exp.column(column, table=_alias(plan, table), quoted=True), key.fixes_left).as_(f"k{number}")
        )
    query.set("expressions", chosen)
    return query


def _equal(plan: Plan, step: int, key: KeyPair, layout: Layout) -> exp.Expression:
    table, column = place_of(plan, step, key, layout.columns)
    left = sql_key(exp.column(column, table=_alias(plan, table), quoted=True), key.fixes_left)
    right = exp.column(key.right, table=_alias(plan, plan.joins[step].right), quoted=True)
    return exp.EQ(this=left, expression=sql_key(right, key.fixes_right))


def _alias(plan: Plan, table: str) -> str:
    return f"t{plan.tables.index(table)}"


def _source(plan: Plan, layout: Layout, table: str) -> exp.Table:
    found = layout.tables[table].copy()
    found.set("alias", exp.TableAlias(this=exp.to_identifier(_alias(plan, table))))
    return found
