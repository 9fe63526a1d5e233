"""Steps that make one row of many or many of one: Group by, Memory group by, Denormaliser, Normaliser."""

from collections.abc import Callable
from typing import cast

from sqlglot import exp

from assets.kettle.convert.convert_values import to_text, to_type
from assets.kettle.convert.expressions import (
    Both,
    CannotConvertError,
    NoSql,
    both,
    column,
    literal,
    normal,
    quoted,
    word,
)
from assets.kettle.convert.plan import Context, Generator, Query, Stream, named, projection, united
from assets.kettle.engine.step import Step
from assets.kettle.steps.group_by import GroupBase, GroupBy
from assets.kettle.steps.group_functions import Aggregate
from assets.kettle.steps.pivot_denormaliser import Denormaliser, Target
from assets.kettle.steps.pivot_rows import Normaliser
from assets.kettle.values.fields import Field, ValueType

RUN = '"_run"'
Template = tuple[str, str | NoSql]
_UNORDERED = NoSql("it depends on the order of the rows of a group")
FUNCTIONS: dict[str, Template] = {
    "COUNT_ALL": ("{r}.count().cast(pl.Int64)", "COUNT($r)"),
    "COUNT_ANY": ("pl.len().cast(pl.Int64)", "COUNT(*)"),
    "FIRST": ("{a}.drop_nulls().first()", _UNORDERED),
    "LAST": ("{a}.drop_nulls().last()", _UNORDERED),
    "FIRST_INCL_NULL": ("{a}.first()", _UNORDERED),
    "LAST_INCL_NULL": ("{a}.last()", _UNORDERED),
}
AVERAGES: dict[ValueType, Template] = {
    ValueType.NUMBER: ("{a}.mean()", "AVG($a)"),
    ValueType.INTEGER: (
        "pl.when({a}.count() > 0).then({a}.sum().sign() * ({a}.sum().abs() // {a}.count().cast(pl.Int64)))",
        "CAST(SIGN(SUM($a)) * (ABS(SUM($a)) // COUNT($a)) AS BIGINT)",
    ),
}


def aggregated(aggregate: Aggregate) -> Both:
    """The function inside a group. Raises CannotConvertError."""
    subject = aggregate.subject
    if subject is None:
        return both(*FUNCTIONS["COUNT_ANY"])
    special = SPECIAL.get(aggregate.code)
    if special is not None:
        return special(aggregate, subject, column(subject))
    if aggregate.code not in FUNCTIONS:
        raise CannotConvertError(f"the function {aggregate.code}", "use another function")
    value = column(subject)
    real = normal(value, subject)
    first = real if aggregate.memory and aggregate.code in ("FIRST", "LAST") else value
    return both(*FUNCTIONS[aggregate.code], a=first, r=real)


def _distinct(aggregate: Aggregate, subject: Field, value: Both) -> Both:
    found = both("{r}.drop_nulls().n_unique().cast(pl.Int64)", "COUNT(DISTINCT $r)", r=normal(value, subject))
    return found if aggregate.memory else both("pl.when({d} > 0).then({d})", "NULLIF($d, 0)", d=found)


def _average(aggregate: Aggregate, subject: Field, value: Both) -> Both:
    if subject.type not in AVERAGES:
        raise CannotConvertError(f"the average of {subject.type}", "convert the field before")
    return both(*AVERAGES[subject.type], a=value)


def _sum(aggregate: Aggregate, subject: Field, value: Both) -> Both:
    if subject.type not in AVERAGES:
        raise CannotConvertError(f"the sum of {subject.type}", "convert the field before")
    total = both("pl.when({a}.count() > 0).then({a}.sum())", "SUM($a)", a=value)
    return both("{t}", "CAST($t AS BIGINT)", t=total) if subject.type is ValueType.INTEGER else total


def _joined(aggregate: Aggregate, subject: Field, value: Both) -> Both:
    separator = word(", " if aggregate.code == "CONCAT_COMMA" else aggregate.value)
    code = "{t}.drop_nulls().str.join({s})"
    if subject.type is ValueType.STRING:
        # a separator is only put behind something: empty texts at the beginning leave no trace
        code = '{t}.drop_nulls().filter(({t}.drop_nulls() != "").cum_max()).str.join({s})'
    return both(code, _UNORDERED, t=to_text(value, subject), s=separator)


def _statistic(aggregate: Aggregate, subject: Field, number: Both) -> Both:
    """Percentiles interpolate at p (n + 1), as Kettle's; NaN for nothing."""
    value = to_type(number, subject, Field("n", ValueType.NUMBER))
    if aggregate.code == "STD_DEV":
        return both("{n}.std(ddof=0)", "STDDEV_POP($n)", n=value)
    none = NoSql(f"{aggregate.code} is computed otherwise by databases")
    if aggregate.code == "STD_DEV_SAMPLE":
        return both('pl.when({v}.count() == 1).then(float("nan")).otherwise({v}.std(ddof=1))', none, v=value)
    ordered = both("{v}.drop_nulls().sort()", none, v=value)
    if aggregate.code == "PERCENTILE_NEAREST_RANK":
        share = float(aggregate.value) / 100
        rank = f"(({{o}}.len() * {share}).ceil().cast(pl.Int64) - 1).clip(0)"
        return both(f"{{o}}.get({rank}, null_on_oob=True)", none, o=ordered)
    share = 50.0 if aggregate.code == "MEDIAN" else float(aggregate.value)
    place = both(f"(({{o}}.len() + 1) * {share} / 100 - 1).clip(0, {{o}}.len().cast(pl.Int64) - 1)", none, o=ordered)
    below = both("{o}.get({p}.floor().cast(pl.Int64), null_on_oob=True)", none, o=ordered, p=place)
    above = both("{o}.get({p}.ceil().cast(pl.Int64), null_on_oob=True)", none, o=ordered, p=place)
    return both('({b} + ({p} - {p}.floor()) * ({a} - {b})).fill_null(float("nan"))', none, b=below, a=above, p=place)


def _extreme(aggregate: Aggregate, subject: Field, value: Both) -> Both:
    name, real = aggregate.code.lower(), normal(value, subject)
    if aggregate.min_null:
        raise CannotConvertError("null counts as the smallest value", "unset KETTLE_AGGREGATION_MIN_NULL_IS_VALUED")
    least = aggregate.code == "MIN" and not aggregate.memory
    used = value if least else real
    return both(f"{{v}}.{name}()", f"{name.upper()}($v)", v=used)


Special = Callable[[Aggregate, Field, Both], Both]
SPECIAL: dict[str, Special] = {
    "SUM": _sum,
    "AVERAGE": _average,
    "MIN": _extreme,
    "MAX": _extreme,
    "COUNT_DISTINCT": _distinct,
    "CONCAT_COMMA": _joined,
    "CONCAT_STRING": _joined,
    **dict.fromkeys(("MEDIAN", "PERCENTILE", "PERCENTILE_NEAREST_RANK", "STD_DEV", "STD_DEV_SAMPLE"), _statistic),
}


def group(step: Step, context: Context) -> Stream:
    """Runs of equal keys in polars; GROUP BY in SQL where the rows are known to be sorted, or order does not matter."""
    found = cast(GroupBase, step)
    main = context.main()
    if isinstance(found, GroupBy) and found.all_rows:
        raise CannotConvertError("it includes all rows", "group, and join the result")
    if any(f.any_case for f in found.keys if f.type is ValueType.STRING):
        raise CannotConvertError("its rows were sorted without case", "sort with case")
    made = {f.name: aggregated(a) for f, a in zip(found.results, found.aggregates, strict=True)}
    if not found.keys:
        return _whole(found, main, made, context)
    keys = {f.name: normal(column(f), f) for f in found.keys}
    if any(f.type is ValueType.STRING for f in found.keys):
        context.note("in SQL the key of a group of null and '' is null; Kettle shows one of them")
    return context.stream(
        _group_code(found, main, keys, made), _group_query(found, main, keys, made),
        () if found.memory else tuple(n for n in main.order if n in keys),
    )  # fmt: skip


def _group_code(step: GroupBase, main: Stream, keys: dict[str, Both], made: dict[str, Both]) -> str:
    struct = ", ".join(f"{k.polars}.alias({quoted(n)})" for n, k in keys.items())
    by = f"pl.struct({struct})" + ("" if step.memory else ".rle_id()")
    pick = "first" if step.memory else "last"
    lines = "".join(f"\n    {column(n).polars}.{pick}()," for n in keys)
    lines += "".join(f"\n    {named(value, name)}," for name, value in made.items())
    code = f"{main.name}.group_by({by}.alias({RUN}), maintain_order=True).agg({lines}\n).drop({RUN})"
    if step.memory:
        sorts = ", ".join(k.polars for k in keys.values())
        code += f".sort({sorts}, nulls_last=False)"
    return code


def _group_query(step: GroupBase, main: Stream, keys: dict[str, Both], made: dict[str, Both]) -> Query:
    if not step.memory and not set(keys) <= set(main.order):
        return NoSql("Group by joins neighbours only, and the rows before it are not known to be sorted by its keys")
    query = projection(main, {**keys, **made})
    if isinstance(query, NoSql):
        return query
    return cast(exp.Select, query).group_by(*(cast(exp.Expr, k.sql).copy() for k in keys.values()))


def _whole(step: GroupBase, main: Stream, made: dict[str, Both], context: Context) -> Stream:
    """One row over all rows; of no rows one too where the step is to give one back."""
    if step.gives_back and step.memory:
        counts = {f.name for f, a in zip(step.results, step.aggregates, strict=True) if a.code.startswith("COUNT")}
        template = "pl.when(pl.len() > 0).then({v})", "CASE WHEN COUNT(*) > 0 THEN $v END"
        made = {n: value if n in counts else both(*template, v=value) for n, value in made.items()}
    lines = "".join(f"\n    {named(value, name)}," for name, value in made.items())
    code = f"{main.name}.select({lines}\n)"
    query = projection(main, made)
    if not step.gives_back:
        code = f"{main.name}.with_columns(pl.lit(0).alias({RUN})).group_by({RUN}).agg({lines}\n).drop({RUN})"
        if isinstance(query, exp.Select):
            query = query.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0)))
    return context.stream(code, query)


def denormaliser(step: Step, context: Context) -> Stream:
    """One row per run of equal group fields."""
    found = cast(Denormaliser, step)
    main = context.main()
    key = to_text(column(found.key), found.key.but(length=-1, mask=None))
    names = step.output.names
    made = {n: _pivot(t, key) for n, t in zip(names[len(found.kept) :], found.pivots, strict=True)}
    groups = {f.name: normal(column(f), f) for f in found.groups}
    struct = ", ".join(f"{k.polars}.alias({quoted(n)})" for n, k in groups.items())
    run = f"pl.struct({struct}).rle_id()" if groups else "pl.lit(0)"
    lines = "".join(f"\n    {column(n).polars}.last()," for n in found.kept)
    lines += "".join(f"\n    {named(value, name)}," for name, value in made.items())
    code = f"{main.name}.group_by({run}.alias({RUN}), maintain_order=True).agg({lines}\n).drop({RUN})"
    query: Query = NoSql("Row denormaliser reads neighbours, and its rows are not known to be sorted by the group")
    if set(groups) <= set(main.order) and set(found.kept) <= set(groups):
        query = projection(main, {**{n: groups[n] for n in found.kept}, **made})
        if isinstance(query, exp.Select) and groups:
            query = query.group_by(*(cast(exp.Expr, k.sql).copy() for k in groups.values()))
        if any(t.code in ("-", "") for t in found.pivots):
            context.note("in SQL the greatest of several values of one key is taken; Kettle takes the last")
    return context.stream(code, query, tuple(n for n in main.order if n in groups))


PIVOTS: dict[str, Template] = {
    "-": ("{v}.filter({t}).last()", "MAX(CASE WHEN $t THEN $v END)"),
    "": ("{v}.filter({t}).last()", "MAX(CASE WHEN $t THEN $v END)"),
    "SUM": (
        "pl.when({v}.filter({t}).count() > 0).then({v}.filter({t}).sum())", "SUM(CASE WHEN $t THEN $v END)"
    ),
    "MIN": ("{v}.filter({t}).min()", "MIN(CASE WHEN $t THEN $v END)"),
    "MAX": ("{v}.filter({t}).max()", "MAX(CASE WHEN $t THEN $v END)"),
}  # fmt: skip


def _pivot(target: Target, key: Both) -> Both:
    if target.null_text or target.code not in PIVOTS:
        raise CannotConvertError(f"{target.field.name!r} has a null text or the function {target.code}", "drop it")
    if target.code == "SUM" and not target.field.is_numeric:
        raise CannotConvertError(f"the sum {target.field.name!r} is a {target.field.type}", "make it a number")
    value = to_type(column(target.source), target.source, target.field)
    if not target.key:
        return literal(None, target.field.type)
    test = both("({k} == {c}).fill_null(False)", "($k = $c)", k=key, c=word(target.key))
    made = both(*PIVOTS[target.code], v=value, t=test)
    if target.field.type is ValueType.INTEGER:
        return both("{v}", "CAST($v AS BIGINT)", v=made)
    return made


def normaliser(step: Step, context: Context) -> Stream:
    """One row per type value; the rows of one input row stand together."""
    found = cast(Normaliser, step)
    main = context.main()
    names = step.output.names
    typed = names[len(found.kept)]
    parts, queries = [], []
    for position, (value, fields) in enumerate(found.by_value.items()):
        values = {n: column(n) for n in found.kept}
        values[typed] = literal(value or None, ValueType.STRING)
        for index, made in enumerate(found.made):
            values[made.name] = column(fields[index]) if index < len(fields) else literal(None, made.type)
        lines = "".join(f"\n        {named(v, n)}," for n, v in values.items())
        number = f"\n        (pl.int_range(pl.len()) * {len(found.by_value)} + {position}).alias('_place'),"
        parts.append(f"    {main.name}.select({lines}{number}\n    ),")
        queries.append(projection(main, values))
    listed = "\n".join(parts)
    return context.stream(f"pl.concat([\n{listed}\n]).sort('_place').drop('_place')", united(queries))


GENERATORS: dict[str, Generator] = {
    "GroupBy": group,
    "MemoryGroupBy": group,
    "Denormaliser": denormaliser,
    "Normaliser": normaliser,
}
