"""One number to text and back under a mask, exactly as Java's DecimalFormat (HALF_EVEN on the exact value)."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

from assets.kettle.values.number_pattern import UNLIMITED, NumberPattern, Symbols

_WIDE = Context(prec=2000, rounding=ROUND_HALF_EVEN, Emin=-99999, Emax=99999)
_EXPONENT_LIMIT = 99_999


def format_number(value: int | float | Decimal, pattern: NumberPattern, symbols: Symbols) -> str:
    """The text of a value. A double is taken by its shortest digits, rounded by its exact binary value."""
    prefix, suffix, negative_prefix, negative_suffix = pattern.affixes(symbols)
    if isinstance(value, float):
        if math.isnan(value):
            return symbols.nan
        negative = math.copysign(1.0, value) < 0
        if math.isinf(value):
            body = symbols.infinity
            return negative_prefix + body + negative_suffix if negative else prefix + body + suffix
        number = _double_digits(abs(value) * pattern.multiplier, pattern)
    else:
        negative = value < 0
        number = _rounded(_WIDE.multiply(Decimal(value).copy_abs(), Decimal(pattern.multiplier)), pattern)
    digits, point = _split(number)
    if pattern.exponent_digits:
        body = _scientific(digits, point, pattern, symbols)
    else:
        body = _plain(digits, point, pattern, symbols)
    return negative_prefix + body + negative_suffix if negative else prefix + body + suffix


def _double_digits(value: float, pattern: NumberPattern) -> Decimal:
    """The digits Java prints: the shortest ones that read back as the double, else its exact value rounded."""
    if math.isinf(value):
        return _WIDE.multiply(Decimal(repr(value / pattern.multiplier)), Decimal(pattern.multiplier))
    shortest = Decimal(repr(value))
    rounded = _rounded(shortest, pattern)
    return shortest if rounded == shortest else _rounded(Decimal(value), pattern)


def _rounded(value: Decimal, pattern: NumberPattern) -> Decimal:
    if pattern.exponent_digits:
        places = pattern.max_int + pattern.max_frac
        return Context(prec=max(places, 1), rounding=ROUND_HALF_EVEN).plus(value)
    exponent = value.as_tuple().exponent
    if pattern.max_frac >= UNLIMITED or (isinstance(exponent, int) and -exponent <= pattern.max_frac):
        return value
    return value.quantize(Decimal(1).scaleb(-pattern.max_frac), context=_WIDE)


def _split(value: Decimal) -> tuple[str, int]:
    """Significant digits without zeros at either end, and the place of the decimal point relative to them."""
    _, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text or not isinstance(exponent, int):
        return "", 0
    return text.rstrip("0"), len(text) + exponent


def _plain(digits: str, point: int, pattern: NumberPattern, symbols: Symbols) -> str:
    whole = digits[:point].ljust(point, "0") if point > 0 else ""
    fraction = digits[point:] if point > 0 else "0" * -point + digits if digits else ""
    whole = whole.rjust(pattern.min_int, "0")
    if pattern.group and len(whole) > pattern.group:
        whole = _grouped(whole, pattern.group, symbols.grouping)
    fraction = fraction.ljust(pattern.min_frac, "0")
    if not whole and not fraction:
        whole = "0"
    if not fraction and not pattern.point_always:
        return whole
    return whole + (symbols.monetary if pattern.currency else symbols.decimal) + fraction


def _grouped(whole: str, size: int, mark: str) -> str:
    head = len(whole) % size
    parts = [whole[:head]] if head else []
    parts += [whole[i : i + size] for i in range(head, len(whole), size)]
    return mark.join(parts)


def _scientific(digits: str, point: int, pattern: NumberPattern, symbols: Symbols) -> str:
    """With an exponent; a mask of several optional integer digits makes it a multiple of their number."""
    repeat, least = pattern.max_int, pattern.min_int
    if repeat > 1 and repeat > least:
        exponent = (point - 1) // repeat * repeat
        least_int = 1
    else:
        exponent = point - least
        least_int = least
    if not digits:
        exponent = 0
    int_digits = point - exponent if digits else least_int
    total = max(len(digits), pattern.min_int + pattern.min_frac, int_digits)
    text = digits.ljust(total, "0")
    mark = symbols.monetary if pattern.currency else symbols.decimal
    fraction = text[int_digits:]
    body = text[:int_digits] + (mark + fraction if fraction or pattern.point_always else "")
    sign = "-" if exponent < 0 else ""
    return f"{body}E{sign}{str(abs(exponent)).rjust(pattern.exponent_digits, '0')}"


def parse_number(text: str, pattern: NumberPattern, symbols: Symbols) -> tuple[Decimal | float, int] | None:
    """The number at the start of the text and the position behind it; None when there is none.

    Infinity and NaN come back as floats; everything else as an exact Decimal, not yet divided by the mask's multiplier
    (see `as_double`, `as_long`, `as_decimal`).
    """
    if text.startswith(symbols.nan):
        return math.nan, len(symbols.nan)
    prefix, suffix, negative_prefix, negative_suffix = pattern.affixes(symbols)
    positive, negative = _either(text, 0, prefix, negative_prefix)
    if not positive and not negative:
        return None
    at = len(prefix) if positive else len(negative_prefix)
    value: Decimal | float
    if text.startswith(symbols.infinity, at):
        value, at = math.inf, at + len(symbols.infinity)
    else:
        scanned = _scan(text, at, pattern, symbols)
        if scanned is None:
            return None
        value, at = scanned
    after_positive = positive and text.startswith(suffix, at)
    after_negative = negative and text.startswith(negative_suffix, at)
    if after_positive and after_negative and len(suffix) != len(negative_suffix):
        after_positive, after_negative = len(suffix) > len(negative_suffix), len(suffix) < len(negative_suffix)
    if after_positive == after_negative:
        return None
    at += len(suffix) if after_positive else len(negative_suffix)
    if at == 0:
        return None
    if after_positive:
        return value, at
    return (value.copy_negate() if isinstance(value, Decimal) else -value), at


def _either(text: str, at: int, positive: str, negative: str) -> tuple[bool, bool]:
    """Which of two affixes stands here; the longer one when both do."""
    first, second = text.startswith(positive, at), text.startswith(negative, at)
    if first and second and len(positive) != len(negative):
        return len(positive) > len(negative), len(positive) < len(negative)
    return first, second


def _scan(text: str, start: int, pattern: NumberPattern, symbols: Symbols) -> tuple[Decimal, int] | None:
    """Digits with grouping, fraction and exponent from `start`; None when there is no digit."""
    decimal = symbols.monetary if pattern.currency else symbols.decimal
    whole: list[str] = []
    fraction: list[str] = []
    into, exponent, group_at, at = whole, 0, -1, start
    while at < len(text):
        char = text[at]
        if char.isdecimal():
            into.append(str(int(char)))
            group_at = -1
        elif char == decimal and into is whole:
            into = fraction
        elif char == symbols.grouping and pattern.group and into is whole:
            # a grouping mark counts only when a digit follows it
            group_at = at
        elif char == "E":
            exponent, at = _scan_exponent(text, at)
            break
        else:
            break
        at += 1
    if group_at >= 0:
        at = group_at
    if not whole and not fraction:
        return None
    digits = "".join(whole + fraction)
    return Decimal((0, tuple(map(int, digits)), exponent - len(fraction))), at


def _scan_exponent(text: str, at: int) -> tuple[int, int]:
    """The exponent behind an E and the position behind it; 0 and the E's position when no digits follow."""
    end = start = at + 1
    if text.startswith("-", end):
        end += 1
    first = end
    while end < len(text) and text[end].isdecimal():
        end += 1
    if end == first:
        return 0, at
    exponent = int(text[start:end])
    return max(-_EXPONENT_LIMIT, min(_EXPONENT_LIMIT, exponent)), end


_LONG_MIN, _LONG_MAX = -(2**63), 2**63 - 1


def clamp_long(value: float) -> int:
    """A double as a 64-bit integer: truncated, held at the limits, 0 for NaN (Java's narrowing)."""
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return _LONG_MAX if value > 0 else _LONG_MIN
    return max(_LONG_MIN, min(_LONG_MAX, int(value)))


def _exact_long(value: Decimal | float, multiplier: int) -> int | None:
    """The number as a 64-bit integer where it is one, as DecimalFormat then keeps it from becoming a double."""
    if isinstance(value, float) or value.adjusted() > 18 or value != value.to_integral_value(context=_WIDE):
        return None
    whole = int(value)
    if whole == 0 and value.is_signed():
        return None
    return whole // multiplier if whole % multiplier == 0 and _LONG_MIN <= whole <= _LONG_MAX else None


def as_double(value: Decimal | float, multiplier: int) -> float:
    """The parsed number as a double; a percentage is divided after it became a double, as Java does."""
    whole = _exact_long(value, multiplier)
    if whole is not None:
        return float(whole)
    return float(value) if multiplier == 1 else float(value) / multiplier


def as_long(value: Decimal | float, multiplier: int) -> int:
    """The parsed number as a 64-bit integer; a fraction is cut off."""
    whole = _exact_long(value, multiplier)
    return whole if whole is not None else clamp_long(as_double(value, multiplier))


def as_decimal(value: Decimal | float, multiplier: int) -> Decimal:
    """The parsed number with all its digits and its scale. Raises ValueError for infinity and NaN."""
    if isinstance(value, float):
        raise ValueError("not a finite number")
    if multiplier == 1:
        return value
    quotient = _WIDE.divide(value, Decimal(multiplier))
    exponent = value.as_tuple().exponent
    places = exponent if isinstance(exponent, int) else 0
    # BigDecimal.divide(divisor, HALF_EVEN) keeps the dividend's scale
    return quotient.quantize(Decimal(1).scaleb(places), context=_WIDE)
