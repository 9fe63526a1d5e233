"""Steps that bring streams together: Merge join, Stream lookup, Join rows."""

from typing import cast

from sqlglot import exp

from assets.kettle.convert.conditions import condition
from assets.kettle.convert.convert_values import to_type
from assets.kettle.convert.expressions import (
    Both,
    CannotConvertError,
    NoSql,
    column,
    identifier,
    literal,
    normal,
    quoted,
    table,
)
from assets.kettle.convert.plan import Context, Generator, Query, Stream, named
from assets.kettle.engine.step import Step
from assets.kettle.steps.join_lookup import StreamLookup
from assets.kettle.steps.join_merge import MergeJoin
from assets.kettle.steps.join_rows import JoinRows

HOW = {(False, False): "inner", (True, False): "left", (False, True): "right", (True, True): "full"}


def aside(value: Both, side: str) -> exp.Expr:
    """The SQL of an expression with its columns qualified."""
    tree = cast(exp.Expr, value.sql).copy()
    for part in tree.find_all(exp.Column):
        part.set("table", identifier(side))
    return tree


def equal_keys(pairs: list[tuple[Both, Both]], left: str, right: str) -> exp.Expr:
    """Null meets null."""
    tests = [exp.NullSafeEQ(this=aside(a, left), expression=aside(b, right)) for a, b in pairs]
    return exp.and_(*tests)


def with_keys(code: str, keys: list[Both]) -> str:
    """A stream with its keys in columns of their own."""
    lines = ", ".join(f'{k.polars}.alias("_key{n}")' for n, k in enumerate(keys))
    return f"{code}.with_columns({lines})"


def merge_join(step: Step, context: Context) -> Stream:
    """Two sorted streams by equal keys; null keys meet."""
    found = cast(MergeJoin, step)
    left, right = (context.input(name) for name in found.sources)
    for stream, fields in zip((left, right), found.key_fields, strict=True):
        if stream.order[: len(fields)] != tuple(f.name for f in fields):
            context.note(f"{stream.name} is not known to be sorted by the keys; Kettle loses rows where it is not")
    a = [normal(column(f), f) for f in found.key_fields[0]]
    b = [normal(to_type(column(f), f, t), t) for f, t in zip(found.key_fields[1], found.key_fields[0], strict=True)]
    how = HOW[found.keep_left, found.keep_right]
    on = ", ".join(f'"_key{n}"' for n in range(len(a)))
    names = step.output.names
    renames = {o: n for o, n in zip(right.layout.names, found.names[1], strict=True) if o != n}
    other = with_keys(right.name, b)
    if renames:
        other += f".rename({{{', '.join(f'{quoted(o)}: {quoted(n)}' for o, n in renames.items())}}})"
    code = (
        f"{with_keys(left.name, a)}.join(\n    {other},\n    on=[{on}],\n    how={quoted(how)},\n"
        f'    nulls_equal=True,\n    maintain_order="left_right",\n).select({", ".join(map(quoted, names))})'
    )
    query = _join_query(left, right, found, a, b, how)
    kept = tuple(f.name for f in found.key_fields[0]) if how in ("inner", "left") else ()
    if how in ("right", "full"):
        context.note("rows without a partner stand at the end, not in the order of the keys")
    return context.stream(code, query, kept)


def _join_query(left: Stream, right: Stream, step: MergeJoin, a: list[Both], b: list[Both], how: str) -> Query:
    missing = next((x for x in (left.query, right.query, *(k.sql for k in (*a, *b))) if isinstance(x, NoSql)), None)
    if missing is not None:
        return missing
    picked = []
    for side, stream, names in (("l", left, step.names[0]), ("r", right, step.names[1])):
        for old, new in zip(stream.layout.names, names, strict=True):
            picked.append(exp.alias_(aside(column(old), side), new, quoted=True))
    test = equal_keys(list(zip(a, b, strict=True)), "l", "r")
    return (
        exp.select(*picked)
        .from_(exp.alias_(table(left.name), "l", quoted=True, table=True))
        .join(exp.alias_(table(right.name), "r", quoted=True, table=True), on=test, join_type=how)
    )


def stream_lookup(step: Step, context: Context) -> Stream:
    """Fields of the last row with the same key."""
    found = cast(StreamLookup, step)
    main, side = context.main(), context.input(found.source)
    if any(a.type is not b.type for a, b in found.keys):
        raise CannotConvertError("its keys have different types and never meet", "convert one of them")
    a = [normal(column(x), x) for x, _ in found.keys]
    b = [normal(column(x), x) for _, x in found.keys]
    keys = [f"_key{n}" for n in range(len(a))]
    listed = ", ".join(map(quoted, keys))
    picked = ", ".join(
        [*(named(k, name) for k, name in zip(b, keys, strict=True)),
         *(f'{column(f).polars}.alias("_value{n}")' for n, f in enumerate(found.found)), 'pl.lit(True).alias("_hit")']
    )  # fmt: skip
    values = []
    for number, (field, default) in enumerate(zip(found.added, found.defaults, strict=True)):
        value = f'pl.col("_value{number}")'
        if default is not None:
            constant = literal(default, field.type).polars
            value = f'pl.when(pl.col("_hit").is_null()).then({constant}).otherwise({value})'
        values.append(f"\n    {value}.alias({quoted(field.name)}),")
    names = ", ".join(map(quoted, step.output.names))
    code = (
        f"{with_keys(main.name, a)}.join(\n    {side.name}.select({picked})\n"
        f'    .unique([{listed}], keep="last", maintain_order=True),\n'
        f'    on=[{listed}],\n    how="left",\n    nulls_equal=True,\n    maintain_order="left",\n)'
        f".with_columns({''.join(values)}\n).select({names})"
    )
    context.note("in SQL it is not determined which of several look-up rows with one key is taken; Kettle: the last")
    return context.stream(code, _lookup_query(found, main, side, a, b), main.order)


def _lookup_query(step: StreamLookup, main: Stream, side: Stream, a: list[Both], b: list[Both]) -> Query:
    missing = next((x for x in (main.query, side.query) if isinstance(x, NoSql)), None)
    if missing is not None:
        return missing
    rank = exp.Window(this=exp.RowNumber(), partition_by=[cast(exp.Expr, k.sql).copy() for k in b])
    once = exp.select("*", exp.alias_(exp.true(), "_hit")).from_(table(side.name))
    once = once.qualify(exp.EQ(this=rank, expression=exp.Literal.number(1)))
    picked: list[exp.Expr] = [aside(column(n), "l") for n in main.layout.names]
    for field, source, default in zip(step.added, step.found, step.defaults, strict=True):
        value: exp.Expr = aside(column(source), "r")
        if default is not None:
            hit = exp.Column(this=identifier("_hit"), table=identifier("r"))
            constant = cast(exp.Expr, literal(default, field.type).sql)
            value = exp.case().when(exp.Is(this=hit, expression=exp.Null()), constant).else_(value)
        picked.append(exp.alias_(value, field.name, quoted=True))
    test = equal_keys(list(zip(a, b, strict=True)), "l", "r")
    return (
        exp.select(*picked)
        .from_(exp.alias_(table(main.name), "l", quoted=True, table=True))
        .join(once.subquery("r"), on=test, join_type="left")
    )


def join_rows(step: Step, context: Context) -> Stream:
    """Every row with every row, filtered."""
    found = cast(JoinRows, step)
    streams = [context.input(name) for name in found.sources]
    code = ""
    picked: list[exp.Expr] = []
    for number, (stream, source) in enumerate(zip(streams, found.sources, strict=True)):
        names = found.renamed[source]
        renames = {o: n for o, n in zip(stream.layout.names, names, strict=True) if o != n}
        renamed = stream.name
        if renames:
            renamed += f".rename({{{', '.join(f'{quoted(o)}: {quoted(n)}' for o, n in renames.items())}}})"
        code = renamed if not code else f'{code}.join({renamed}, how="cross", maintain_order="left_right")'
        pairs = zip(stream.layout.names, names, strict=True)
        picked += [exp.alias_(aside(column(o), f"t{number}"), n, quoted=True) for o, n in pairs]
    missing = next((s.query for s in streams if isinstance(s.query, NoSql)), None)
    query = exp.select(*picked)
    for number, stream in enumerate(streams):
        named_table = exp.alias_(table(stream.name), f"t{number}", quoted=True, table=True)
        query = query.join(named_table, join_type="cross") if number else query.from_(named_table)
    made: Query = missing if missing is not None else query
    if found.condition is None:
        return context.stream(code, made)
    test = condition(found.condition)
    if isinstance(test.sql, NoSql):
        made = test.sql
    elif isinstance(made, exp.Select):
        made = exp.select("*").from_(made.subquery("p")).where(test.sql.copy())
    return context.stream(f"{code}.filter(\n    {test.polars}\n)", made)


GENERATORS: dict[str, Generator] = {
    "MergeJoin": merge_join,
    "StreamLookup": stream_lookup,
    "JoinRows": join_rows,
}
