"""Steps that choose, order and direct rows: Dummy, Filter rows, Switch/case, Sort, Unique, Append, Sequence."""

from typing import cast

from sqlglot import exp

from assets.kettle.convert.conditions import TEXTUAL, condition, negated
from assets.kettle.convert.convert_values import to_type
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
from assets.kettle.convert.plan import Context, Generator, Query, Stream, everything, named, stacked
from assets.kettle.engine.step import Step
from assets.kettle.steps.field_sequence import Sequence
from assets.kettle.steps.flow_basic import FilterRows
from assets.kettle.steps.flow_switch_case import SwitchCase
from assets.kettle.steps.join_append import Append
from assets.kettle.steps.sort_rows import SortRows
from assets.kettle.steps.sort_unique import UniqueRows, UniqueRowsByHashSet
from assets.kettle.values.compare import SortKey
from assets.kettle.values.fields import Field, ValueType

_FIRST_NOTE = "in SQL it is not determined which of several rows with equal keys stays"


def dummy(step: Step, context: Context) -> Stream:
    """The same rows."""
    main = context.main()
    return context.stream(main.name, everything(main), main.order)


def silent(step: Step, context: Context) -> Stream:
    """The same rows, without the waiting or logging."""
    context.note("it only hands its rows on here: no waiting, no log lines")
    return dummy(step, context)


def filtered(main: Stream, test: Both) -> tuple[str, Query]:
    """The rows for which the test is true."""
    query = everything(main)
    if isinstance(test.sql, NoSql):
        query = test.sql
    elif isinstance(query, exp.Select):
        query = query.where(test.sql.copy())
    return f"{main.name}.filter(\n    {test.polars}\n)", query


def filter_rows(step: Step, context: Context) -> list[Stream]:
    """One stream per target."""
    found = cast(FilterRows, step)
    main, test = context.main(), condition(found.condition)
    if not found.true_target and not found.false_target:
        return [context.stream(*filtered(main, test), main.order)]
    sides = ((found.true_target, test), (found.false_target, negated(test)))
    return [context.stream(*filtered(main, t), main.order, target) for target, t in sides if target in step.targets]


def switch_case(step: Step, context: Context) -> list[Stream]:
    """One stream per target, by the values that lead there."""
    found = cast(SwitchCase, step)
    main, kind = context.main(), found.kind
    if found.contains:
        return _by_parts(found, main, context)
    wanted = kind if kind.type is not ValueType.NONE else kind.but(type=found.switch.type)
    value = normal(to_type(column(found.switch), found.switch, wanted), wanted)
    given = [literal(v, wanted.type) if wanted.type is not ValueType.STRING else word(str(v)) for v in found.by_value]
    streams = []
    for target in found.named_targets():
        tests = [
            both("({a} == {b}).fill_null(False)", "COALESCE($a = $b, FALSE)", a=value, b=constant)
            for constant, places in zip(given, found.by_value.values(), strict=True)
            if target in places
        ]
        if target in found.for_null:
            tests.append(both("{a}.is_null()", "($a IS NULL)", a=value))
        if target == found.default:
            tests.append(_other(value, given))
        if not tests:
            continue
        test = tests[0]
        for more in tests[1:]:
            test = both("({a} | {b})", "($a OR $b)", a=test, b=more)
        streams.append(context.stream(*filtered(main, test), main.order, target))
    return streams


def _by_parts(step: SwitchCase, main: Stream, context: Context) -> list[Stream]:
    """The first case whose text is part of the value."""
    if step.switch.type is not ValueType.STRING or step.kind.type not in (ValueType.STRING, ValueType.NONE):
        raise CannotConvertError("its cases are parts of values that are no texts", "use Filter rows")
    value = normal(column(step.switch), step.switch)
    empty = both("{a}.is_null()", "($a IS NULL)", a=value)
    tests: dict[str, Both] = dict.fromkeys(step.for_null, empty)
    free = both("{a}.is_not_null()", "($a IS NOT NULL)", a=value)
    for part, targets in step.by_value.items():
        inside = both(*TEXTUAL["CONTAINS"], a=value, b=word(str(part)))
        here = both("({f} & {i})", "($f AND $i)", f=free, i=inside)
        free = both("({f} & ~{i})", "($f AND NOT $i)", f=free, i=inside)
        for target in targets:
            known = tests.get(target)
            tests[target] = here if known is None else both("({a} | {b})", "($a OR $b)", a=known, b=here)
    if step.default:
        known = tests.get(step.default)
        tests[step.default] = free if known is None else both("({a} | {b})", "($a OR $b)", a=known, b=free)
    return [context.stream(*filtered(main, t), main.order, n) for n, t in tests.items() if n in step.targets]


def _other(value: Both, given: list[Both]) -> Both:
    test = both("{a}.is_not_null()", "($a IS NOT NULL)", a=value)
    for constant in given:
        test = both("({t} & ({a} != {b}).fill_null(False))", "($t AND $a <> $b)", t=test, a=value, b=constant)
    return test


def sort_key(field: Field, key: SortKey) -> Both:
    """What is sorted by. Raises CannotConvertError for collations."""
    if key.collated:
        raise CannotConvertError("it sorts by a collation", "sort by code")
    value = normal(column(field), field)
    if field.type is ValueType.STRING and not key.case_sensitive:
        return both("{v}.str.to_lowercase()", "LOWER($v)", v=value)
    return value


def sort_rows(step: Step, context: Context) -> Stream:
    """A stable sort, null first ascending and last descending."""
    found = cast(SortRows, step)
    main = context.main()
    if found.presorted:
        raise CannotConvertError("some keys are presorted", "sort by all keys")
    keys = [sort_key(f, k) for f, k in zip(found.key_fields, found.keys, strict=True)]
    down = [not k.ascending for k in found.keys]
    by = ", ".join(k.polars for k in keys)
    code = f"{main.name}.sort({by}, descending={down}, nulls_last={down}, maintain_order=True)"
    if any(f.type is ValueType.STRING for f in found.key_fields):
        context.note("texts are sorted by code point, in Kettle by UTF-16 unit: they differ beyond U+FFFF")
    plain = all(k.ascending and (k.case_sensitive or f.type is not ValueType.STRING) for f, k in _paired(found))
    order = tuple(f.name for f in found.key_fields) if plain else ()
    if found.unique:
        if not plain:
            raise CannotConvertError("it passes unique rows of a descending or folded sort", "use Unique rows")
        sub, query = first_of(main, list(zip(found.key_fields, keys, strict=True)), code, context)
        return context.stream(sub, query, order)
    query = everything(main)
    if isinstance(query, exp.Select):
        query = query.order_by(*(_ordered(k, d) for k, d in zip(keys, down, strict=True)))
        if any(isinstance(k.sql, NoSql) for k in keys):
            query = NoSql("its key")
    return context.stream(code, query, order)


def _paired(step: SortRows) -> list[tuple[Field, SortKey]]:
    return list(zip(step.key_fields, step.keys, strict=True))


def _ordered(key: Both, descending: bool) -> exp.Ordered:
    return exp.Ordered(this=cast(exp.Expr, key.sql).copy(), desc=descending, nulls_first=not descending)


def first_of(main: Stream, keys: list[tuple[Field, Both]], code: str, context: Context) -> tuple[str, Query]:
    """The first row of each key among consecutive rows."""
    struct = ", ".join(key.polars + (f".alias({quoted(field.name)})") for field, key in keys)
    polars = f"{code}.filter(pl.struct({struct}).rle_id().diff().fill_null(1) > 0)"
    return polars, distinct(main, keys, context)


def distinct(main: Stream, keys: list[tuple[Field, Both]], context: Context) -> Query:
    """One row per key in SQL."""
    query = everything(main)
    if not isinstance(query, exp.Select) or any(isinstance(k.sql, NoSql) for _, k in keys):
        return query if isinstance(query, NoSql) else NoSql("its keys")
    context.note(_FIRST_NOTE)
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[cast(exp.Expr, k.sql).copy() for _, k in keys],
        order=exp.Order(expressions=[column(n).sql for n in main.order]) if main.order else None,
    )
    return query.qualify(exp.EQ(this=rank, expression=exp.Literal.number(1)))


def _folded(field: Field, case: bool) -> Both:
    value = normal(column(field), field)
    if case or field.type is not ValueType.STRING:
        return value
    return both("{v}.str.to_lowercase()", "LOWER($v)", v=value)


def unique_rows(step: Step, context: Context) -> Stream:
    """The first of each run of equal rows; in SQL only of a sorted stream."""
    found = cast(UniqueRows, step)
    main = context.main()
    keys = [(f, _folded(f, c)) for f, c in zip(found.keys, found.cases, strict=True)]
    code, query = first_of(main, keys, main.name, context)
    is_sorted = {f.name for f in found.keys} <= set(main.order)
    if not is_sorted and not isinstance(query, NoSql):
        query = NoSql("Unique rows looks at neighbours only, and the rows before it are not known to be sorted")
    if not found.counts:
        return context.stream(code, query, main.order)
    struct = ", ".join(k.polars + f".alias({quoted(f.name)})" for f, k in keys)
    counter = context.output.names[-1]
    code = (
        f"{main.name}.with_columns(pl.struct({struct}).rle_id().alias('_run'))"
        f".with_columns(pl.len().over('_run').cast(pl.Int64).alias({quoted(counter)}))"
        f".filter(pl.col('_run').diff().fill_null(1) > 0).drop('_run')"
    )
    return context.stream(code, NoSql("it counts neighbours"), main.order)


def unique_by_hash(step: Step, context: Context) -> Stream:
    """The first row of each key wherever it stands."""
    found = cast(UniqueRowsByHashSet, step)
    main = context.main()
    keys = [(f, normal(column(f), f)) for f in found.keys]
    if not step.options.flag("store_values"):
        context.note("rows with equal hash codes but other values are kept; Kettle drops them")
    struct = ", ".join(named(k, f.name) for f, k in keys)
    code = f"{main.name}.filter(pl.struct({struct}).is_first_distinct())"
    return context.stream(code, distinct(main, keys, context), main.order)


def append(step: Step, context: Context) -> Stream:
    """Head, then tail."""
    found = cast(Append, step)
    code, query = stacked([context.input(name) for name in found.sources])
    return context.stream(code, query)


def sequence(step: Step, context: Context) -> Stream:
    """A running number."""
    found = cast(Sequence, step)
    main = context.main()
    if found.by_database:
        raise CannotConvertError("it takes numbers from a database sequence", "use a counter")
    start, by = step.integer("start_at", default=1), step.integer("increment_by", default=1)
    limit = step.integer("max_value", default=999_999_999)
    siblings = [
        s for s in step.run.transformation.steps.values() if s.type == "Sequence" and s.name != step.name
        and step.resolve(s.options.text("counter_name") or s.options.text("valuename"))
        == (step.text("counter_name") or step.text("valuename"))
    ]  # fmt: skip
    if siblings:
        raise CannotConvertError("it shares its counter with another step", "give the counters different names")
    place = "pl.int_range(pl.len(), dtype=pl.Int64)"
    if (by > 0 and limit > start) or (by < 0 and limit < start):
        size = (limit - start) // by + 1
        if size < 1_000_000:
            place = f"({place} % {size})"
        else:
            context.note(f"the counter does not start again after {limit}")
    rank = exp.Window(
        this=exp.RowNumber(),
        order=exp.Order(expressions=[exp.Ordered(this=column(n).sql, nulls_first=True) for n in main.order])
        if main.order
        else None,
    )
    if not main.order:
        context.note("in SQL the order in which rows are numbered is not determined")
    number = exp.Add(
        this=exp.Mul(this=exp.Paren(this=exp.Sub(this=rank, expression=exp.Literal.number(1))),
                     expression=exp.Literal.number(by)),
        expression=exp.Literal.number(start),
    )  # fmt: skip
    query: exp.Expr | NoSql = NoSql("its counter wraps") if "%" in place else number
    return context.changed(main, {found.value: Both(f"({place} * {by} + {start})", query)})


GENERATORS: dict[str, Generator] = {
    "Dummy": dummy,
    "DummyTrans": dummy,
    "WriteToLog": silent,
    "Delay": silent,
    "BlockUntilStepsFinish": silent,
    "FilterRows": filter_rows,
    "SwitchCase": switch_case,
    "SortRows": sort_rows,
    "Unique": unique_rows,
    "UniqueRowsByHashSet": unique_by_hash,
    "Append": append,
    "Sequence": sequence,
}
