"""Calculator: the arithmetic goes by the type of field A, the result is converted to the declared type."""

from typing import cast

from assets.kettle.convert.convert_values import to_text, to_type
from assets.kettle.convert.expressions import Both, CannotConvertError, NoSql, both, column, literal
from assets.kettle.convert.plan import Context, Generator, Stream
from assets.kettle.engine.step import Step
from assets.kettle.steps.calc_calculator import Calculator, Line
from assets.kettle.values.fields import Field, ValueType

INTEGER, NUMBER, STRING, DATE = ValueType.INTEGER, ValueType.NUMBER, ValueType.STRING, ValueType.DATE
Template = tuple[str, str | NoSql]
# Java's division cuts towards zero
QUOTIENT: Template = (
    "({a}.abs() // {b}.abs() * {a}.sign() * {b}.sign())",
    "(ABS($a) // ABS($b) * SIGN($a) * SIGN($b))",
)
PERCENT = "({a}.sign() * {b}.sign() * (({a} * {b}).abs() // 100))"
PERCENT_SQL = "(SIGN($a) * SIGN($b) * (ABS($a * $b) // 100))"
ON_NUMBERS: dict[str, Template] = {
    "ADD": ("({a} + {b})", "($a + $b)"),
    "ADD3": ("({a} + {b} + {c})", "($a + $b + $c)"),
    "SUBTRACT": ("({a} - {b})", "($a - $b)"),
    "MULTIPLY": ("({a} * {b})", "($a * $b)"),
    "DIVIDE": ("({a} / {b})", "($a / $b)"),
    "SQUARE": ("({a} * {a})", "($a * $a)"),
    "SQUARE_ROOT": ("{a}.sqrt()", "SQRT($a)"),
    "PERCENT_1": ("(100.0 * {a} / {b})", "(CAST(100 AS DOUBLE) * $a / $b)"),
    "PERCENT_2": ("({a} - {a} * {b} / 100.0)", "($a - $a * $b / CAST(100 AS DOUBLE))"),
    "PERCENT_3": ("({a} + {a} * {b} / 100.0)", "($a + $a * $b / CAST(100 AS DOUBLE))"),
    "COMBINATION_1": ("({a} + {b} * {c})", "($a + $b * $c)"),
    "COMBINATION_2": ("({a} * {a} + {b} * {b}).sqrt()", "SQRT($a * $a + $b * $b)"),
    "CEIL": ("{a}.ceil()", "CEIL($a)"),
    "FLOOR": ("{a}.floor()", "FLOOR($a)"),
    "ABS": ("{a}.abs()", "ABS($a)"),
    "ROUND_1": ("({a} + 0.5).floor()", "FLOOR($a + 0.5)"),
}
ON_INTEGERS: dict[str, Template] = {
    **{code: ON_NUMBERS[code] for code in ("ADD", "ADD3", "SUBTRACT", "MULTIPLY", "SQUARE", "COMBINATION_1", "ABS")},
    "DIVIDE": QUOTIENT,
    "PERCENT_1": (
        "(({a} * 100).abs() // {b}.abs() * {a}.sign() * {b}.sign())",
        "(ABS($a * 100) // ABS($b) * SIGN($a) * SIGN($b))",
    ),
    "PERCENT_2": (f"({{a}} - {PERCENT})", f"($a - {PERCENT_SQL})"),
    "PERCENT_3": (f"({{a}} + {PERCENT})", f"($a + {PERCENT_SQL})"),
    "REMAINDER": ("({a}.sign() * ({a}.abs() % {b}.abs()))", "(SIGN($a) * (ABS($a) % ABS($b)))"),
    "CEIL": ("{a}", "$a"),
    "FLOOR": ("{a}", "$a"),
    "ROUND_1": ("{a}", "$a"),
}
PARTS: dict[str, Template] = {
    "YEAR_OF_DATE": ("{a}.dt.year()", "EXTRACT(YEAR FROM $a)"),
    "MONTH_OF_DATE": ("{a}.dt.month()", "EXTRACT(MONTH FROM $a)"),
    "QUARTER_OF_DATE": ("{a}.dt.quarter()", "EXTRACT(QUARTER FROM $a)"),
    "DAY_OF_YEAR": ("{a}.dt.ordinal_day()", "EXTRACT(DOY FROM $a)"),
    "DAY_OF_MONTH": ("{a}.dt.day()", "EXTRACT(DAY FROM $a)"),
    "DAY_OF_WEEK": ("({a}.dt.weekday() % 7 + 1)", "(EXTRACT(DOW FROM $a) + 1)"),
    "WEEK_OF_YEAR_ISO8601": ("{a}.dt.week()", "EXTRACT(WEEK FROM $a)"),
    "YEAR_OF_DATE_ISO8601": ("{a}.dt.iso_year()", "EXTRACT(ISOYEAR FROM $a)"),
    "MINUTE_OF_HOUR": ("{a}.dt.minute()", "EXTRACT(MINUTE FROM $a)"),
    "SECOND_OF_MINUTE": ("{a}.dt.second()", NoSql("seconds of a date have a fraction")),
    "HOUR_OF_DAY": ("{a}.dt.hour()", "EXTRACT(HOUR FROM $a)"),
}
SHIFTS = {"ADD_DAYS": ("days", "DAY"), "ADD_HOURS": ("hours", "HOUR"), "ADD_MINUTES": ("minutes", "MINUTE"),
          "ADD_SECONDS": ("seconds", "SECOND")}  # fmt: skip
UNITS = {"DATE_DIFF": 86_400_000, "DATE_DIFF_HR": 3_600_000, "DATE_DIFF_MN": 60_000, "DATE_DIFF_SEC": 1000,
         "DATE_DIFF_MSEC": 1}  # fmt: skip
TEXTS: dict[str, Template] = {
    "UPPER_CASE": ("{a}.str.to_uppercase()", "UPPER($a)"),
    "LOWER_CASE": ("{a}.str.to_lowercase()", "LOWER($a)"),
    "REMOVE_CR": ('{a}.str.replace_all("\\r", "", literal=True)', NoSql("a control character")),
    "REMOVE_LF": ('{a}.str.replace_all("\\n", "", literal=True)', NoSql("a control character")),
    "REMOVE_TAB": ('{a}.str.replace_all("\\t", "", literal=True)', NoSql("a control character")),
}


def calculator(step: Step, context: Context) -> Stream:
    """The lines one after the other; each sees the results of those before."""
    found = cast(Calculator, step)
    main = context.main()
    start = len(found.all) - len(found.lines)
    values: list[Both] = [column(f) for f in found.all.fields[:start]]
    results = {}
    for number, line in enumerate(found.lines):
        made = _line(found, line, values, context)
        values.append(made)
        results[found.all.fields[start + number].name] = made
    return context.changed(main, results)


def _line(step: Calculator, line: Line, values: list[Both], context: Context) -> Both:
    operands = [(values[p], step.all.fields[p]) for p in line.operands if p is not None]
    value, kind = _result(line, operands, context)
    if kind is line.target.type:
        return both("{v}.cast(pl.Int64)", "CAST($v AS BIGINT)", v=value) if kind is INTEGER else value
    return to_type(value, line.target.but(type=kind, length=-1, precision=-1), line.target)


def _result(line: Line, operands: list[tuple[Both, Field]], context: Context) -> tuple[Both, ValueType]:
    code = line.code
    if code == "CONSTANT":
        return literal(line.constant, STRING), STRING
    if code == "COPY_FIELD":
        return operands[0][0], operands[0][1].type
    if code == "NVL":
        (a, first), (b, second) = operands
        other = to_type(b, second, first)
        return both("{a}.fill_null({b})", "COALESCE($a, $b)", a=a, b=other), first.type
    if code in PARTS or code in SHIFTS or code in UNITS or code == "REMOVE_TIME_FROM_DATE":
        return _dates(code, operands)
    if code in TEXTS:
        value, field = operands[0]
        return both(*TEXTS[code], a=to_text(value, field)), STRING
    if code == "ADD" and operands[0][1].type is STRING:
        a, b = (to_text(v, f) for v, f in operands[:2])
        return both("pl.concat_str({a}, {b})", "($a || $b)", a=a, b=b), STRING
    return _arithmetic(code, operands, line.target.type, context)


def _arithmetic(
    code: str, operands: list[tuple[Both, Field]], target: ValueType, context: Context
) -> tuple[Both, ValueType]:
    kind = target if code == "REMAINDER" else operands[0][1].type
    table = {INTEGER: ON_INTEGERS, NUMBER: ON_NUMBERS}.get(kind, {})
    if code not in table:
        raise CannotConvertError(f"the calculation {code} of {kind} values", "use another calculation")
    if kind is INTEGER and code in ("DIVIDE", "PERCENT_1", "REMAINDER"):
        context.note("division of Integers by zero gives null; Kettle stops")
    if kind is NUMBER and code == "DIVIDE":
        context.note("division by zero gives what polars or the database make of it; Kettle infinity")
    parts = {
        name: to_type(value, field, field.but(type=kind, mask=None))
        for name, (value, field) in zip("abc", operands, strict=False)
    }
    return both(*table[code], **parts), kind


def _dates(code: str, operands: list[tuple[Both, Field]]) -> tuple[Both, ValueType]:
    a, first = operands[0]
    if first.type is not DATE or first.timezone:
        raise CannotConvertError(f"{code} of a {first.type} with time zone {first.timezone}", "use a Date in UTC")
    if code == "REMOVE_TIME_FROM_DATE":
        return both('{a}.dt.truncate("1d")', "CAST(CAST($a AS DATE) AS TIMESTAMP)", a=a), DATE
    if code in PARTS:
        return both(*PARTS[code], a=a), INTEGER
    b, second = operands[1]
    if code in SHIFTS:
        word, unit = SHIFTS[code]
        amount = to_type(b, second, second.but(type=INTEGER, mask=None))
        shifted = both(f"({{a}} + pl.duration({word}={{b}}))", f"($a + $b * INTERVAL '1' {unit})", a=a, b=amount)
        return both('{v}.cast(pl.Datetime("ms"))', "$v", v=shifted), DATE
    if second.type is not DATE:
        raise CannotConvertError(f"{code} with a {second.type}", "use two dates")
    unit_ms = UNITS[code]
    parts = {"a": to_type(a, first, first.but(type=INTEGER)), "b": to_type(b, second, second.but(type=INTEGER))}
    return both(
        f"(({{a}} - {{b}}).sign() * (({{a}} - {{b}}).abs() // {unit_ms}))",
        f"(SIGN($a - $b) * (ABS($a - $b) // {unit_ms}))",
        **parts,
    ), INTEGER


GENERATORS: dict[str, Generator] = {"Calculator": calculator}
