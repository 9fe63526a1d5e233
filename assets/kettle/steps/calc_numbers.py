"""Calculations on numbers: by the type of field A, as Kettle's ValueDataUtil does them.

Measured: any null operand gives null; Integer arithmetic wraps at 64 bits and truncates, its division by zero fails the
row; Number gives Infinity and NaN. COMBINATION_2 of Integers is sqrt(A*A + B/B), an oddity of the original.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import polars as pl

from assets.kettle.steps.calc_operands import Calculation, Call, Operand, Outcome
from assets.kettle.text.columns import mapped, mapped_rows
from assets.kettle.values.fields import DTYPES, ValueType
from assets.kettle.values.java_numbers import (
    add,
    divide,
    double_plain,
    multiply,
    plain,
    remainder,
    round_long,
    subtract,
)

Doubles = Callable[..., pl.Series]
Decimals = Callable[..., Decimal]

_HUNDRED = Decimal(100)
_ZERO_DIVISION = "/ by zero"


def _divided(left: Decimal, right: Decimal) -> Decimal:
    """Exact, or to 34 digits where the quotient never ends. Raises ValueError for a zero divisor."""
    if right.is_zero():
        raise ValueError(_ZERO_DIVISION if not left.is_zero() else "Division undefined")
    return divide(left, right)


def _remainder(left: Decimal, right: Decimal) -> Decimal:
    if right.is_zero():
        raise ValueError(_ZERO_DIVISION)
    return remainder(left, right)


def _root(value: float) -> Decimal:
    if value < 0:
        raise ValueError("Infinite or NaN")
    return Decimal(double_plain(float(np.sqrt(value))))


def quotient(left: pl.Series, right: pl.Series) -> pl.Series:
    """Java's long division: towards zero; null for a zero divisor."""
    divisor = right.set((right == 0).fill_null(value=False), None)
    floor = left // divisor
    rest = left - floor * divisor
    return floor + ((rest != 0) & ((left < 0) != (divisor < 0))).cast(pl.Int64)


def _long_rest(left: pl.Series, right: pl.Series) -> pl.Series:
    return left - quotient(left, right) * right


def _double_rest(left: pl.Series, right: pl.Series) -> pl.Series:
    with np.errstate(invalid="ignore"):
        rest = np.fmod(left.fill_null(0.0).to_numpy(), right.fill_null(1.0).to_numpy())
    missing = left.is_null() | right.is_null()
    return pl.Series(left.name, rest).set(missing, None)


def _long_root(value: pl.Series) -> pl.Series:
    return value.cast(pl.Float64).sqrt().fill_nan(0.0).round(mode="half_away_from_zero").cast(pl.Int64)


def _hypotenuse_long(a: pl.Series, b: pl.Series) -> pl.Series:
    return _long_root(a * a + quotient(b, b))


def _decimal_hypotenuse(a: Decimal, b: Decimal) -> Decimal:
    return _root(float(a) * float(a) + float(b) * float(b))


_DIVIDES = ("DIVIDE", "PERCENT_1", "COMBINATION_2", "REMAINDER")
# code: operands, on Numbers, on Integers, on BigNumbers
_ARITHMETIC: dict[str, tuple[int, Doubles, Doubles, Decimals]] = {
    "ADD": (2, lambda a, b: a + b, lambda a, b: a + b, add),
    "ADD3": (3, lambda a, b, c: a + b + c, lambda a, b, c: a + b + c, lambda a, b, c: add(a, add(b, c))),
    "SUBTRACT": (2, lambda a, b: a - b, lambda a, b: a - b, subtract),
    "MULTIPLY": (2, lambda a, b: a * b, lambda a, b: a * b, multiply),
    "DIVIDE": (2, lambda a, b: a / b, quotient, _divided),
    "SQUARE": (1, lambda a: a * a, lambda a: a * a, lambda a: multiply(a, a)),
    "SQUARE_ROOT": (1, lambda a: a.sqrt(), _long_root, lambda a: _root(float(a))),
    "PERCENT_1": (
        2,
        lambda a, b: 100.0 * a / b,
        lambda a, b: quotient(a * 100, b),
        lambda a, b: _divided(multiply(a, _HUNDRED), b),
    ),
    "PERCENT_2": (
        2,
        lambda a, b: a - a * b / 100.0,
        lambda a, b: a - quotient(a * b, pl.repeat(100, a.len(), eager=True)),
        lambda a, b: subtract(a, _divided(multiply(b, a), _HUNDRED)),
    ),
    "PERCENT_3": (
        2,
        lambda a, b: a + a * b / 100.0,
        lambda a, b: a + quotient(a * b, pl.repeat(100, a.len(), eager=True)),
        lambda a, b: add(a, _divided(multiply(b, a), _HUNDRED)),
    ),
    "COMBINATION_1": (3, lambda a, b, c: a + b * c, lambda a, b, c: a + b * c, lambda a, b, c: add(a, multiply(b, c))),
    "COMBINATION_2": (2, lambda a, b: (a * a + b * b).sqrt(), _hypotenuse_long, _decimal_hypotenuse),
    "REMAINDER": (2, _double_rest, _long_rest, _remainder),
    "CEIL": (1, lambda a: a.ceil(), lambda a: a, lambda a: Decimal(float(a)).to_integral_value("ROUND_CEILING")),
    "FLOOR": (1, lambda a: a.floor(), lambda a: a, lambda a: Decimal(float(a)).to_integral_value("ROUND_FLOOR")),
    "ABS": (1, lambda a: a.abs(), lambda a: a.abs(), lambda a: Decimal(abs(float(a)))),
    "ROUND_1": (
        1,
        lambda a: mapped(a, lambda v: float(round_long(v)), pl.Float64())[0] if _huge(a) else _half_up(a),
        lambda a: a,
        lambda a: Decimal(round_long(float(a))),
    ),
}  # fmt: skip


NUMERIC_CODES = [code for code in _ARITHMETIC if code not in ("ADD", "ADD3", "MULTIPLY")]
"""The codes that work on numbers only."""


def _huge(values: pl.Series) -> bool:
    return not (values.abs() < 2.0**52).fill_null(value=True).all()


def _half_up(values: pl.Series) -> pl.Series:
    """Half up towards plus infinity; never a negative zero."""
    floor = values.floor()
    return floor + (values - floor >= 0.5).cast(pl.Float64) + 0.0


def _operands(call: Call, count: int) -> list[Operand]:
    return [get() for get in (call.first, call.second, call.third)[:count]]


def arithmetic(code: str) -> Calculation:
    """The calculation of a code, by the type of field A (for REMAINDER by that of the result)."""
    count, on_doubles, on_longs, on_decimals = _ARITHMETIC[code]

    def calculate(call: Call) -> Outcome:
        operands = _operands(call, count)
        kind = operands[0].field.type
        if code == "REMAINDER":
            kind = call.target
        elif code == "SUBTRACT" and kind not in (ValueType.NUMBER, ValueType.BIGNUMBER):
            kind = ValueType.INTEGER
        if kind is ValueType.INTEGER:
            columns = call.all_as(kind, *operands)
            if code in _DIVIDES:
                there = pl.select(pl.all_horizontal(c.is_not_null().alias(str(i)) for i, c in enumerate(columns)))
                call.fail_where((columns[1] == 0) & there.to_series(), _ZERO_DIVISION)
            return call.done(on_longs(*columns), kind)
        if kind is ValueType.NUMBER:
            return call.done(on_doubles(*call.all_as(kind, *operands)), kind)
        if kind is ValueType.BIGNUMBER:
            return _on_decimals(call, call.all_as(kind, *operands), on_decimals)
        return call.nothing(call.target, f"the calculation {code} only works on numeric data", operands)

    return calculate


def _on_decimals(call: Call, columns: Sequence[pl.Series], function: Decimals) -> Outcome:
    values, reasons = mapped_rows(columns, lambda *row: plain(function(*map(Decimal, row))), pl.String())
    call.reasons |= reasons
    return call.done(values, ValueType.BIGNUMBER)


def plus(code: str) -> Calculation:
    """ADD and ADD3: texts are joined when A is one, Booleans are or-ed, numbers added."""
    numbers = arithmetic(code)
    count = _ARITHMETIC[code][0]

    def calculate(call: Call) -> Outcome:
        operands = _operands(call, count)
        kind = operands[0].field.type
        if kind is ValueType.STRING:
            joined = pl.select(pl.concat_str([pl.lit(o.text()) for o in operands])).to_series()
            return call.done(joined, kind)
        if kind is ValueType.BOOLEAN:
            first, *others = call.all_as(kind, *operands)
            present = first.is_not_null()
            for other in others:
                present &= other.is_not_null()
                first = first | other
            return call.done(first.set(~present, None), kind)
        return numbers(call)

    return calculate


def multiply_or_repeat(call: Call) -> Outcome:
    """MULTIPLY: a text and a number repeat the text (once for a number below 1 other than 0)."""
    a, b = call.first(), call.second()
    text, number = (b, a) if b.field.type is ValueType.STRING else (a, b)
    if text.field.type is not ValueType.STRING or not number.field.is_numeric:
        return arithmetic("MULTIPLY")(call)
    (times,) = call.all_as(ValueType.INTEGER, number)
    values, _ = mapped_rows([text.text(), times], lambda t, n: t * max(n, 1) if n else "", pl.String())
    return call.done(values, ValueType.STRING)


def first_not_null(call: Call) -> Outcome:
    """NVL: A, or B in A's type where A is null."""
    a, b = call.first(), call.second()
    needed = a.values.is_null()
    values, reasons = b.as_type(a.field.type)
    call.reasons |= {row: reason for row, reason in reasons.items() if needed[row]}
    own = a.text() if a.field.type is ValueType.STRING else a.values
    return call.done(own.zip_with(~needed, values.cast(DTYPES[a.field.type])), a.field.type)
