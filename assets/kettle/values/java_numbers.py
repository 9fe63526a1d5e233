"""Java's number rules that polars and Python lack: BigDecimal texts and scales, Double.toString, rounding to long."""

import math
import re
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    InvalidOperation,
)
from fractions import Fraction

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_EXACT = Context(prec=5000, rounding=ROUND_HALF_UP, Emin=-999999, Emax=999999)
_DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
_BIG_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?")

ROUNDINGS = {
    "ROUND_UP": ROUND_UP,
    "ROUND_DOWN": ROUND_DOWN,
    "ROUND_CEILING": ROUND_CEILING,
    "ROUND_FLOOR": ROUND_FLOOR,
    "ROUND_HALF_UP": ROUND_HALF_UP,
    "ROUND_HALF_DOWN": ROUND_HALF_DOWN,
    "ROUND_HALF_EVEN": ROUND_HALF_EVEN,
}
"""Java's rounding mode names (in the order of their numbers 0 to 6) and the decimal module's."""


def plain(value: Decimal) -> str:
    """BigDecimal.toPlainString: all digits, no exponent, the scale kept."""
    text = f"{value:f}"
    return text[1:] if value.is_zero() and text.startswith("-") else text


def scale_of(value: Decimal) -> int:
    """BigDecimal.scale(): digits behind the point, negative for trailing zeros before it."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def big_decimal(text: str) -> Decimal:
    """`new BigDecimal(text)`. Raises ValueError for anything else than sign, digits, point and exponent."""
    if not _BIG_DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a decimal number")
    return Decimal(text)


def double_text(value: float) -> str:
    """Double.toString: at least one decimal; an exponent below 0.001 and from 10,000,000 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(value)
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = len(text) - 1 + (exponent if isinstance(exponent, int) else 0)
    return f"{'-' if value < 0 else ''}{text[0]}.{text[1:] or '0'}E{power}"


def double_decimal(value: float) -> Decimal:
    """BigDecimal.valueOf(double), with the scale Java gives it. Raises ValueError for NaN and infinity."""
    if not math.isfinite(value):
        raise ValueError(f"{double_text(value)} has no decimal form")
    return Decimal(double_text(value))


def double_plain(value: float) -> str:
    """The BigNumber text of a Number."""
    return plain(double_decimal(value))


def decimal_long(value: Decimal) -> int:
    """BigDecimal.longValue: the fraction cut off, only the low 64 bits kept."""
    whole = int(value)
    return (whole - LONG_MIN) % 2**64 + LONG_MIN


def round_long(value: float) -> int:
    """Math.round(double): half up towards plus infinity, held at the limits of 64 bits, 0 for NaN."""
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return LONG_MAX if value > 0 else LONG_MIN
    whole = math.floor(value)
    return max(LONG_MIN, min(LONG_MAX, whole + (value - whole >= 0.5)))


def add(left: Decimal, right: Decimal) -> Decimal:
    """BigDecimal.add: exact; the larger scale."""
    return _EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """BigDecimal.subtract: exact; the larger scale."""
    return _EXACT.subtract(left, right)


def _tidy(value: Decimal) -> Decimal:
    """Without decimals when they are all zero."""
    whole = value == value.to_integral_value(context=_EXACT)
    return set_scale(value, 0, ROUND_HALF_EVEN) if whole else value


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Kettle's product of two BigNumbers: exact; decimals that are all zero go."""
    return _tidy(_EXACT.multiply(left, right))


def divide(left: Decimal, right: Decimal) -> Decimal:
    """Kettle's quotient of two BigNumbers: exact where it ends, else 34 digits. Raises ZeroDivisionError."""
    if right.is_zero():
        raise ZeroDivisionError("division by zero")
    # a fraction ends only if its denominator has no other prime than 2 and 5
    denominator = (Fraction(left) / Fraction(right)).denominator
    while denominator % 2 == 0:
        denominator //= 2
    while denominator % 5 == 0:
        denominator //= 5
    if denominator != 1:
        return _tidy(_DECIMAL128.divide(left, right))
    return _tidy(_strip_to(_EXACT.divide(left, right), scale_of(left) - scale_of(right)))


def remainder(left: Decimal, right: Decimal) -> Decimal:
    """Kettle's remainder of two BigNumbers, with the dividend's sign. Raises ZeroDivisionError."""
    if right.is_zero():
        raise ZeroDivisionError("division by zero")
    rest = _EXACT.remainder(left, right)
    return _tidy(rest)


def set_scale(value: Decimal, scale: int, rounding: str = ROUND_HALF_UP) -> Decimal:
    """BigDecimal.setScale. Raises ValueError for a scale beyond what is sensible."""
    try:
        return value.quantize(Decimal(1).scaleb(-scale), rounding=rounding, context=_EXACT)
    except InvalidOperation as error:
        raise ValueError(f"cannot round to {scale} decimals") from error


def _strip_to(value: Decimal, scale: int) -> Decimal:
    """Without trailing zeros, down to the preferred scale; with zeros up to it."""
    current = scale_of(value)
    if current < scale and value == value.quantize(Decimal(1).scaleb(-scale), context=_EXACT):
        return value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    while current > scale:
        shorter = value.quantize(Decimal(1).scaleb(-(current - 1)), context=_EXACT)
        if shorter != value:
            break
        value, current = shorter, current - 1
    return value
