"""Steps that change fields row by row: Select values, constants, nulls, maps, ranges, joined texts."""

from typing import Any, cast

import polars as pl
from sqlglot import exp

from assets.kettle.convert.convert_values import to_text, to_type
from assets.kettle.convert.expressions import (
    Both,
    CannotConvertError,
    both,
    column,
    literal,
    normal,
    when,
    word,
)
from assets.kettle.convert.plan import Context, Generator, Stream, named, projection
from assets.kettle.engine.step import RowStep, Step
from assets.kettle.steps.field_concat import ConcatFields
from assets.kettle.steps.field_map import NumberRange, ValueMapper
from assets.kettle.steps.field_nulls import IfNull, NullIf, SetValueConstant, from_text
from assets.kettle.steps.generate import Constant
from assets.kettle.steps.select_values import SelectValues
from assets.kettle.steps.variables import GetVariable
from assets.kettle.values.convert import convert_value
from assets.kettle.values.fields import Field, ValueType


def select_values(step: Step, context: Context) -> Stream:
    """Chosen, renamed and converted fields."""
    found = cast(SelectValues, step)
    main = context.main()
    values = {new: column(old) for old, new in found.taken}
    names = [new for _, new in found.taken]
    for position, source, target in found.conversions:
        name = names[position]
        values[name] = to_type(values[name], source, target)
    made = "".join(f"\n    {named(value, name)}," for name, value in values.items())
    new_of = dict(found.taken)
    converted = {names[position] for position, _, _ in found.conversions}
    kept = all(n in new_of and new_of[n] not in converted for n in main.order)
    order = tuple(new_of[n] for n in main.order) if kept else ()
    return context.stream(f"{main.name}.select({made}\n)", projection(main, values), order)


def constant(step: Step, context: Context) -> Stream:
    """Constant fields."""
    found = cast(Constant, step)
    main = context.main()
    values = pl.select(found.values).row(0, named=True)
    return context.changed(main, {n: literal(v, step.output[n].type) for n, v in values.items()})


def get_variable(step: Step, context: Context) -> Stream:
    """Variables as fields; parameters of the transformation stay parameters."""
    found = cast(GetVariable, step)
    found.start()
    constants = pl.select(found.values).row(0, named=True)
    values: dict[str, Both] = {}
    for item, raw in found.added:
        value = literal(constants[item.name], item.type)
        code = context.text(raw) if item.type is ValueType.STRING and item.trim in ("", "none") else ""
        if code.startswith("f"):
            value = Both(f"pl.lit({code}, pl.String)", value.sql)
        values[item.name] = value
    if step.inputs:
        return context.changed(context.main(), values)
    lines = "".join(f"\n    {named(value, name)}," for name, value in values.items())
    picked = [exp.alias_(cast(exp.Expr, v.sql), n, quoted=True) for n, v in values.items()]
    return context.stream(f"pl.select({lines}\n).lazy()", exp.select(*picked))


def value_mapper(step: Step, context: Context) -> Stream:
    """A list of replacements."""
    found = cast(ValueMapper, step)
    main, source = context.main(), found.source
    same = found.target is source
    value = column(source)
    text = to_text(value, source.but(mask=None, decimal=None, grouping=None))
    unmatched = _unmatched(found, value, text, same)
    return context.changed(main, {found.target.name: _mapped(found, text, unmatched, same)})


def _target(step: ValueMapper, text: str | None, same: bool) -> Both:
    field = step.target
    if not text:
        return literal(None, field.type)
    if not same:
        return literal(text, ValueType.STRING)
    return literal(convert_value(text, Field(field.name, ValueType.STRING), field), field.type)


def _unmatched(step: ValueMapper, value: Both, text: Both, same: bool) -> Both:
    if step.default:
        return _target(step, step.default, same)
    if same:
        return value
    return text if step.keep_unmatched else literal(None, ValueType.STRING)


def _mapped(step: ValueMapper, text: Both, unmatched: Both, same: bool) -> Both:
    missing = both('({v}.is_null() | ({v} == ""))', "($v IS NULL OR $v = '')", v=text)
    if step.empty is not None:
        missed = _target(step, step.empty, same)
    elif same:
        missed = column(step.source)
    else:
        missed = text if step.keep_unmatched else literal(None, ValueType.STRING)
    result = when(missing, missed, unmatched)
    for source, target in reversed(step.mapping.items()):
        test = both("({v} == {s})", "($v = $s)", v=text, s=word(source))
        result = when(test, _target(step, target, same), result)
    return result


def number_range(step: Step, context: Context) -> Stream:
    """The name of the range; several names are joined."""
    found = cast(NumberRange, step)
    main = context.main()
    number = to_type(column(found.source), found.source, Field("number", ValueType.NUMBER))
    fallback = literal(step.options.text("fallBackValue") or None, ValueType.STRING)
    names: list[Both] = []
    for low, high, name in found.rules:
        test = both("{v}.is_not_null()", "($v IS NOT NULL)", v=number)
        for bound, sign in ((low, ">="), (high, "<")):
            if bound is not None:
                limit = literal(bound, ValueType.NUMBER)
                test = both(f"({{t}} & ({{v}} {sign} {{b}}))", f"($t AND $v {sign} $b)", t=test, v=number, b=limit)
        names.append(when(test, literal(name, ValueType.STRING), literal(None, ValueType.STRING)))
    if not names:
        return context.changed(main, {found.target: fallback})
    parts = {f"n{i}": part for i, part in enumerate(names)}
    inside = ", ".join(f"{{n{i}}}" for i in range(len(names)))
    found_names = both(
        f'pl.concat_str({inside}, separator=",", ignore_nulls=True)',
        f"CONCAT_WS(',', {', '.join(f'$n{i}' for i in range(len(names)))})",
        **parts,
    )
    empty = both('({v} == "")', "($v = '')", v=found_names)
    return context.changed(main, {found.target: when(empty, fallback, found_names)})


def if_null(step: Step, context: Context) -> Stream:
    """Null and '' replaced."""
    found = cast(IfNull, step)
    main = context.main()
    values: dict[str, Both] = {}
    for item, text, mask, empty in found.replaced:
        value: Any = "" if empty and item.type is ValueType.STRING else from_text(found, text, mask, item)
        source = values.get(item.name, column(item))
        if value is None and item.type is not ValueType.STRING:
            continue
        values[item.name] = both(
            "{v}.fill_null({c})", "COALESCE($v, $c)", v=normal(source, item), c=literal(value, item.type)
        )
    return context.changed(main, values)


def null_if(step: Step, context: Context) -> Stream:
    """A value made null."""
    found = cast(NullIf, step)
    main = context.main()
    values: dict[str, Both] = {}
    for item, value in found.emptied:
        source = values.get(item.name, column(item))
        if value in (None, ""):
            values[item.name] = normal(source, item)
            continue
        nothing = literal(None, item.type)
        same = both("({v} == {c})", "($v = $c)", v=source, c=literal(value, item.type))
        values[item.name] = when(same, nothing, source)
    return context.changed(main, values)


def set_constant(step: Step, context: Context) -> Stream:
    """Fields set to constants."""
    found = cast(SetValueConstant, step)
    main = context.main()
    values: dict[str, Both] = {}
    for option in step.options.rows("fields/field"):
        item = step.field(main.layout, option.text("name"))
        text = step.resolve(option.text("value")) if step.options.flag("usevar") else option.text("value")
        empty = option.flag("set_empty_string") and item.type is ValueType.STRING
        value = "" if empty else from_text(cast(RowStep, found), text, option.text("mask"), item)
        values[item.name] = literal(value, item.type)
    return context.changed(main, values)


def concat_fields(step: Step, context: Context) -> Stream:
    """Texts of fields, joined."""
    found = cast(ConcatFields, step)
    main = context.main()
    if found.header or found.fast or (found.enclosure and found.forced):
        raise CannotConvertError("it writes a header, raw values or enclosed values", "join plain texts")
    if found.enclosure and any(item.type is ValueType.STRING for item, _ in found.joined):
        context.note(f"texts that hold the separator are not enclosed in {found.enclosure}")
    parts: dict[str, Both] = {}
    for number, (item, null) in enumerate(found.joined):
        if item.type is ValueType.STRING and (item.length > 0 or item.trim not in ("none", "")):
            raise CannotConvertError(f"{item.name!r} is padded or trimmed", "use String operations before")
        text = to_text(column(item), item)
        parts[f"p{number}"] = both("{t}.fill_null({n})", "COALESCE($t, $n)", t=text, n=word_value(null))
    inside = ", ".join(f"{{p{n}}}" for n in range(len(parts)))
    joined = both(
        f"pl.concat_str({inside}, separator={{s}})",
        f"CONCAT_WS($s, {', '.join(f'$p{n}' for n in range(len(parts)))})",
        s=word(found.separator),
        **parts,
    )
    return context.changed(main, {found.target: joined})


def word_value(text: str) -> Both:
    """A String constant as a literal."""
    return literal(text, ValueType.STRING)


GENERATORS: dict[str, Generator] = {
    "SelectValues": select_values,
    "Constant": constant,
    "GetVariable": get_variable,
    "ValueMapper": value_mapper,
    "NumberRange": number_range,
    "IfNull": if_null,
    "NullIf": null_if,
    "SetValueConstant": set_constant,
    "ConcatFields": concat_fields,
}
