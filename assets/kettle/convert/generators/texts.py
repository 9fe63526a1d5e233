"""Steps on texts: String operations, String cut, Replace in string."""

import re
from collections.abc import Callable
from typing import cast

from assets.kettle.convert.conditions import rust_pattern
from assets.kettle.convert.expressions import Both, CannotConvertError, both, column, literal, when, word
from assets.kettle.convert.plan import Context, Generator, Stream
from assets.kettle.engine.step import Step
from assets.kettle.model import Options
from assets.kettle.steps.string_edit import TextStep
from assets.kettle.values.fields import Field, ValueType

Change = Callable[[Both, Field], Both]


def _simple(polars: str, sql: str) -> Change:
    return lambda value, _: both(polars, sql, v=value)


def _without(pattern: str) -> Change:
    return lambda value, _: both(
        '{v}.str.replace_all({p}, "")', "REGEXP_REPLACE($v, $p, '', 'g')", v=value, p=word(pattern)
    )


SPACES = word(" \t\n\r\x0b\x0c")
TRIMS: dict[str, Change] = {
    "left": lambda v, _: both("{v}.str.strip_chars_start({s})", "LTRIM($v, $s)", v=v, s=SPACES),
    "right": lambda v, _: both("{v}.str.strip_chars_end({s})", "RTRIM($v, $s)", v=v, s=SPACES),
    "both": lambda v, _: both("{v}.str.strip_chars({s})", "TRIM($v, $s)", v=v, s=SPACES),
}
CASES: dict[str, Change] = {
    "lower": _simple("{v}.str.to_lowercase()", "LOWER($v)"),
    "upper": _simple("{v}.str.to_uppercase()", "UPPER($v)"),
}
DIGITS: dict[str, Change] = {
    "digits_only": _without(r"\P{Nd}"),
    "remove_digits": _without(r"\p{Nd}"),
}
SPECIAL: dict[str, Change] = {
    "cr": _without("\r"),
    "lf": _without("\n"),
    "crlf": _without("[\r\n]"),
    "tab": _without("\t"),
    "espace": _without(" "),
    "space": _without(" "),
}
TABLES: dict[str, dict[str, Change]] = {
    "trim_type": TRIMS,
    "lower_upper": CASES,
    "digits": DIGITS,
    "remove_special_characters": SPECIAL,
}
UNSET = ("", "none", "no", "n")


def string_operations(step: Step, context: Context) -> Stream:
    """Trim, case, padding, digits, special characters, in this order; every line reads the texts as they came in."""
    found = cast(TextStep, step)
    main = context.main()
    values = {}
    for (source, new), option in zip(found.named, found.changes, strict=True):
        values[new or source.name] = _operated(found, column(source), source, option)
    return context.changed(main, values)


def _operated(step: TextStep, value: Both, field: Field, option: Options) -> Both:
    for tag in ("init_cap", "mask_xml"):
        if option.text(tag).strip().lower() not in UNSET:
            raise CannotConvertError(f"{tag} is {option.text(tag)}", "do it in another step")
    for tag in ("trim_type", "lower_upper", "padding_type", "digits", "remove_special_characters"):
        code = option.text(tag).strip().lower()
        if tag == "padding_type" and code in ("left", "right"):
            value = _padded(step, value, code, option)
        elif code in TABLES.get(tag, {}):
            value = TABLES[tag][code](value, field)
        elif code not in UNSET and tag != "padding_type":
            raise CannotConvertError(f"{tag} is {code}", "choose another")
    return value


def _padded(step: TextStep, value: Both, side: str, option: Options) -> Both:
    filler, size = step.resolve(option.text("pad_char")), step.resolve(option.text("pad_len")).strip()
    if not filler or not size.isdigit() or int(size) == 0:
        return value
    if len(filler) > 1:
        raise CannotConvertError("it pads with several characters", "pad with one")
    name, function = ("start", "LPAD") if side == "left" else ("end", "RPAD")
    length = literal(int(size), ValueType.INTEGER)
    longer = "GREATEST($l, LENGTH($v))"
    padded = both(
        f"{{v}}.str.pad_{name}({size}, {{f}})", f"{function}($v, CAST({longer} AS INT), $f)", v=value, f=word(filler),
        l=length,
    )  # fmt: skip
    return when(both('({v} == "")', "($v = '')", v=value), value, padded)


def string_cut(step: Step, context: Context) -> Stream:
    """Part of a text, both limits counted from the start."""
    found = cast(TextStep, step)
    main = context.main()
    values = {}
    for (source, new), option in zip(found.named, found.changes, strict=True):
        start, end = (_whole(step, option, tag) for tag in ("cut_from", "cut_to"))
        values[new or source.name] = _cut(column(source), start, end)
    return context.changed(main, values)


def _whole(step: Step, option: Options, tag: str) -> int:
    text = step.resolve(option.text(tag)).strip()
    return int(text) if text.lstrip("+-").isdigit() else 0


def _cut(text: Both, start: int, end: int) -> Both:
    if start < 0 or end < 0:
        raise CannotConvertError("it counts from the end", "use limits from the start")
    nothing = literal(None, ValueType.STRING)
    if end < start:
        part = nothing
    elif end == 0:
        return text
    else:
        taken = both(f"{{v}}.str.slice({start}, {end - start})", f"SUBSTRING($v, {start + 1}, {end - start})", v=text)
        short = both(f"({{v}}.str.len_chars() < {start})", f"(LENGTH($v) < {start})", v=text)
        part = when(short, nothing, taken) if start else taken
    return when(both('({v} == "")', "($v = '')", v=text), text, part)


def replace_string(step: Step, context: Context) -> Stream:
    """Replacements of plain text or of a portable regular expression."""
    found = cast(TextStep, step)
    main = context.main()
    values: dict[str, Both] = {}
    for (source, new), option in zip(found.named, found.changes, strict=True):
        name = new or source.name
        values[name] = _replaced(step, values.get(source.name, column(source)), option)
    return context.changed(main, values)


def _replaced(step: Step, value: Both, option: Options) -> Both:
    search, by = step.resolve(option.text("replace_string")), step.resolve(option.text("replace_by_string"))
    if option.text("replace_field_by_string") or option.flag("is_unicode"):
        raise CannotConvertError("it replaces by a field, or by Unicode case", "replace by a constant")
    if option.flag("set_empty_string"):
        by = ""
    if "\\" in by or ("$" in by and not option.flag("use_regex")) or re.search(r"\$(?![1-9](?![0-9]))", by):
        raise CannotConvertError(f"the replacement {by!r} holds more than groups by number", "replace by a plain text")
    if not search:
        raise CannotConvertError("it replaces the empty text", "name what is replaced")
    case, whole = option.flag("case_sensitive"), option.flag("whole_word")
    if not option.flag("use_regex") and case and not whole:
        return both(
            "{v}.str.replace_all({s}, {b}, literal=True)", "REPLACE($v, $s, $b)", v=value, s=word(search), b=word(by)
        )
    pattern = search if option.flag("use_regex") else re.escape(search).replace("\\ ", " ").replace("\\-", "-")
    if re.search(pattern, "") is not None:
        raise CannotConvertError(f"the pattern {pattern!r} finds the empty text", "use one that does not")
    pattern = rust_pattern(rf"\b{pattern}\b" if whole else pattern)
    full = pattern if case else f"(?i){pattern}"
    groups = Both(word(re.sub(r"\$(\d)", r"${\1}", by)).polars, word(re.sub(r"\$(\d)", r"\\\1", by)).sql)
    return both("{v}.str.replace_all({p}, {b})", "REGEXP_REPLACE($v, $p, $b, 'g')", v=value, p=word(full), b=groups)


GENERATORS: dict[str, Generator] = {
    "StringOperations": string_operations,
    "StringCut": string_cut,
    "ReplaceString": replace_string,
}
