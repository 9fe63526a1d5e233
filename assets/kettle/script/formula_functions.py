"""Functions of formulas. Those in EAGER get known values; those in LAZY decide what they evaluate."""

import base64
import math
import random
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, ROUND_UP, Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import quote_plus

from assets.kettle.limits import repeated
from assets.kettle.script.formula_values import (
    NOT_AVAILABLE,
    Fault,
    equal,
    known,
    logical,
    moment,
    number,
    read_date,
    text,
    whole,
)
from assets.kettle.values.convert import convert_value, text_of
from assets.kettle.values.fields import Field, ValueType

Thunk = Callable[[], Any]
Lazy = Callable[[list[Thunk]], Any]
Eager = tuple[int, int, Callable[..., Any]]


def _real(function: Callable[[float], float]) -> Callable[[Any], Decimal]:
    def apply(value: Any) -> Decimal:
        try:
            return Decimal(repr(function(float(number(value)))))
        except (ValueError, OverflowError):
            raise Fault("#NUM!", f"of {value}") from None

    return apply


def _floor(value: Any) -> Decimal:
    return number(value).to_integral_value(ROUND_FLOOR)


def _mod(value: Any, divisor: Any) -> Decimal:
    """The rest with the divisor's sign."""
    a, b = number(value), number(divisor)
    if b == 0:
        raise Fault("#DIV/0!")
    return a - b * (a / b).to_integral_value(ROUND_FLOOR)


def _rounded(mode: str) -> Callable[..., Decimal]:
    def apply(value: Any, digits: Any = 0) -> Decimal:
        return number(value).quantize(Decimal(1).scaleb(-whole(digits)), mode) + 0

    return apply


def _to_even(value: Any, odd: int) -> Decimal:
    """Away from zero to the next even (odd = 0) or odd (odd = 1) number."""
    a = number(value)
    up = int(abs(a).to_integral_value(ROUND_UP))
    up += (up % 2) != odd
    return Decimal(up if a >= 0 else -up)


def _numbers(values: Iterable[Any]) -> list[Decimal]:
    return [number(v) for v in values]


def _variance(*values: Any) -> Decimal:
    found = _numbers(values)
    if len(found) < 2:
        raise Fault("#DIV/0!")
    mean = sum(found, Decimal(0)) / len(found)
    return sum(((v - mean) ** 2 for v in found), Decimal(0)) / (len(found) - 1)


def _find(part: Any, value: Any, start: Any = 1) -> Decimal:
    begin = whole(start)
    at = text(value).find(text(part), begin - 1) if begin >= 1 else -1
    if at < 0:
        raise Fault("#VALUE!", f"{part!r} is not in {value!r}")
    return Decimal(at + 1)


def _search(part: Any, value: Any, start: Any = 1) -> Decimal:
    return _find(text(part).lower(), text(value).lower(), start)


def _length(value: Any) -> int:
    found = whole(value)
    if found < 0:
        raise Fault("#VALUE!", f"a length of {found}")
    return found


def _mid(value: Any, start: Any, length: Any) -> str:
    begin = whole(start)
    if begin < 1:
        raise Fault("#VALUE!", f"a start of {begin}")
    return text(value)[begin - 1 : begin - 1 + _length(length)]


def _right(value: Any, length: Any = 1) -> str:
    size = _length(length)
    return text(value)[-size:] if size else ""


def _replace(value: Any, start: Any, length: Any, new: Any) -> str:
    words, begin = text(value), whole(start) - 1
    return words[:begin] + text(new) + words[begin + _length(length) :]


def _substitute(value: Any, old: Any, new: Any, which: Any = None) -> str:
    words, part = text(value), text(old)
    if which is None or not part:
        return words.replace(part, text(new)) if part else words
    at = -1
    for _ in range(whole(which)):
        at = words.find(part, at + 1)
        if at < 0:
            return words
    return words[:at] + text(new) + words[at + len(part) :]


def _fixed(value: Any, digits: Any = 2, plain: Any = False) -> str:
    amount = number(value).quantize(Decimal(1).scaleb(-whole(digits)), ROUND_HALF_UP)
    return format(amount, "f" if logical(plain) else ",f")


def _as_text(value: Any, mask: Any = None) -> str:
    if mask is None:
        return text(value)
    if isinstance(value, datetime):
        return text_of(value, Field("value", ValueType.DATE, mask=text(mask))) or ""
    return text_of(format(number(value), "f"), Field("value", ValueType.BIGNUMBER, mask=text(mask))) or ""


def _proper(value: Any) -> str:
    return re.sub(r"[^\W\d_]+", lambda m: m[0][:1].upper() + m[0][1:].lower(), text(value))


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def _arabic(value: Any) -> Decimal:
    digits = [_ROMAN.get(c, 0) for c in text(value).strip().upper()]
    if 0 in digits:
        raise Fault("#VALUE!", f"{value!r} is no Roman number")
    return Decimal(sum(-a if a < b else a for a, b in pairwise([*digits, 0])))


def now() -> datetime:
    """The present moment, to the millisecond."""
    present = datetime.now(UTC).replace(tzinfo=None)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)


def _today() -> datetime:
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def _shifted(year: int, month: int, day: int) -> datetime:
    """Months and days beyond their range carry over."""
    months = year * 12 + month - 1
    return datetime(months // 12, months % 12 + 1, 1) + timedelta(days=day - 1)


def _date(year: Any, month: Any, day: Any) -> datetime:
    return _shifted(whole(year), whole(month), whole(day))


def _months_on(value: Any, months: Any) -> datetime:
    start = moment(value)
    first = _shifted(start.year, start.month + whole(months), 1)
    last = (_shifted(first.year, first.month + 1, 1) - timedelta(days=1)).day
    return first.replace(day=min(start.day, last))


def _weekday(value: Any, kind: Any = 1) -> Decimal:
    iso = moment(value).isoweekday()
    return Decimal({1: iso % 7 + 1, 2: iso, 3: iso - 1}.get(whole(kind), iso % 7 + 1))


def _part(name: str) -> Callable[[Any], Decimal]:
    return lambda value: Decimal(getattr(moment(value), name))


def _days(end: Any, start: Any) -> Decimal:
    return Decimal((moment(end).date() - moment(start).date()).days)


def _datedif(start: Any, end: Any, unit: Any) -> Decimal:
    a, b, kind = moment(start), moment(end), text(unit).lower()
    months = (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day)
    if kind == "d":
        return Decimal((b.date() - a.date()).days)
    found = {"m": months, "y": months // 12, "ym": months % 12, "md": (b - _months_on(a, Decimal(months))).days}
    if kind == "yd":
        return Decimal((b - _months_on(a, Decimal(months // 12 * 12))).days)
    if kind not in found:
        raise Fault("#VALUE!", f"unit {unit!r}")
    return Decimal(found[kind])


def _time(hour: Any, minute: Any, second: Any) -> Decimal:
    return (number(hour) * 3600 + number(minute) * 60 + number(second)) / 86400


def _timevalue(value: Any) -> Decimal:
    match = re.fullmatch(r"\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*", text(value))
    if match is None:
        raise Fault("#VALUE!", f"{value!r} is no time")
    return _time(*(Decimal(part or 0) for part in match.groups()))


def _parsedate(value: Any, mask: Any) -> Any:
    try:
        return convert_value(text(value), Field("text"), Field("date", ValueType.DATE, mask=text(mask)))
    except ValueError as error:
        raise Fault("#VALUE!", str(error)) from None


def _workdays(start: Any, end: Any) -> Decimal:
    a, b = sorted((moment(start), moment(end)))
    count = sum((a + timedelta(days=n)).isoweekday() < 6 for n in range((b - a).days + 1))
    return Decimal(count if moment(start) <= moment(end) else -count)


def _if(arguments: list[Thunk]) -> Any:
    if len(arguments) not in (2, 3):
        raise Fault("#VALUE!", "IF takes 2 or 3 arguments")
    if logical(arguments[0]()):
        return arguments[1]()
    return arguments[2]() if len(arguments) == 3 else False


def _choose(arguments: list[Thunk]) -> Any:
    index = whole(arguments[0]())
    if not 1 <= index < len(arguments):
        raise Fault("#VALUE!", f"there is no choice {index}")
    return arguments[index]()


def _fault(argument: Thunk) -> str:
    """The kind of error an argument gives, "" for a value; null is "not available"."""
    try:
        return "" if argument() is not None else NOT_AVAILABLE
    except Fault as fault:
        return fault.kind


def _tested(test: Callable[[Any], bool]) -> Lazy:
    """A test of a value that takes null and error values."""

    def apply(arguments: list[Thunk]) -> bool:
        try:
            return test(arguments[0]())
        except Fault:
            return False

    return apply


def _if_fault(*kinds: str) -> Lazy:
    """The first argument, or the second where the first is such an error value (any without kinds)."""

    def apply(arguments: list[Thunk]) -> Any:
        kind = _fault(arguments[0])
        return arguments[1]() if kind and (not kinds or kind in kinds) else arguments[0]()

    return apply


def _not_available() -> Any:
    raise Fault(NOT_AVAILABLE)


def _number_like(value: Any) -> bool:
    return isinstance(value, Decimal | datetime) and not isinstance(value, bool)


LAZY: dict[str, Lazy] = {
    "IF": _if,
    "CHOOSE": _choose,
    "ISBLANK": _tested(lambda v: v is None),
    "ISNA": lambda a: _fault(a[0]) == NOT_AVAILABLE,
    "ISERROR": lambda a: _fault(a[0]) != "",
    "ISERR": lambda a: _fault(a[0]) not in ("", NOT_AVAILABLE),
    "ISTEXT": _tested(lambda v: isinstance(v, str)),
    "ISNONTEXT": _tested(lambda v: not isinstance(v, str)),
    "ISNUMBER": _tested(_number_like),
    "ISLOGICAL": _tested(lambda v: isinstance(v, bool)),
    "IFNA": _if_fault(NOT_AVAILABLE),
    "IFERROR": _if_fault(),
    "COUNT": lambda a: Decimal(sum(_number_like(x()) for x in a)),
    "COUNTA": lambda a: Decimal(sum(x() is not None for x in a)),
    "COUNTBLANK": lambda a: Decimal(sum(x() in (None, "") for x in a)),
}
MANY = -1
EAGER: dict[str, Eager] = {
    "AND": (1, MANY, lambda *v: all([logical(x) for x in v])),
    "OR": (1, MANY, lambda *v: any([logical(x) for x in v])),
    "XOR": (1, MANY, lambda *v: sum(logical(x) for x in v) % 2 == 1),
    "NOT": (1, 1, lambda v: not logical(v)),
    "TRUE": (0, 0, lambda: True),
    "FALSE": (0, 0, lambda: False),
    "NA": (0, 0, _not_available),
    "ISEVEN": (1, 1, lambda v: whole(v) % 2 == 0),
    "ISODD": (1, 1, lambda v: whole(v) % 2 == 1),
    "VALUE": (1, 1, number),
    "N": (1, 1, number),
    "T": (1, 1, lambda v: v if isinstance(v, str) else ""),
    "ABS": (1, 1, lambda v: abs(number(v))),
    "INT": (1, 1, _floor),
    "MOD": (2, 2, _mod),
    "EVEN": (1, 1, lambda v: _to_even(v, 0)),
    "ODD": (1, 1, lambda v: _to_even(v, 1)),
    "SIGN": (1, 1, lambda v: Decimal((number(v) > 0) - (number(v) < 0))),
    "TRUNC": (1, 2, _rounded(ROUND_DOWN)),
    "SUM": (1, MANY, lambda *v: sum(_numbers(v), Decimal(0))),
    "SUMA": (1, MANY, lambda *v: sum(_numbers(v), Decimal(0))),
    "AVERAGE": (1, MANY, lambda *v: sum(_numbers(v), Decimal(0)) / len(v)),
    "AVERAGEA": (1, MANY, lambda *v: sum(_numbers(v), Decimal(0)) / len(v)),
    "MAX": (1, MANY, lambda *v: max(_numbers(v))),
    "MAXA": (1, MANY, lambda *v: max(_numbers(v))),
    "MIN": (1, MANY, lambda *v: min(_numbers(v))),
    "MINA": (1, MANY, lambda *v: min(_numbers(v))),
    "VAR": (1, MANY, _variance),
    "PI": (0, 0, lambda: Decimal(repr(math.pi))),
    "RAND": (0, 0, lambda: Decimal(repr(random.SystemRandom().random()))),
    "POWER": (2, 2, lambda a, b: Decimal(repr(float(number(a)) ** float(number(b))))),
    "SQRT": (1, 1, _real(math.sqrt)),
    "EXP": (1, 1, _real(math.exp)),
    "LN": (1, 1, _real(math.log)),
    "LOG10": (1, 1, _real(math.log10)),
    "LOG": (1, 2, lambda v, base=10: Decimal(repr(math.log(number(v)) / math.log(number(base))))),
    "SIN": (1, 1, _real(math.sin)),
    "COS": (1, 1, _real(math.cos)),
    "TAN": (1, 1, _real(math.tan)),
    "ASIN": (1, 1, _real(math.asin)),
    "ACOS": (1, 1, _real(math.acos)),
    "ATAN": (1, 1, _real(math.atan)),
    "ACOSH": (1, 1, _real(math.acosh)),
    "ATAN2": (2, 2, lambda x, y: Decimal(repr(math.atan2(number(y), number(x))))),
    "CONCATENATE": (1, MANY, lambda *v: "".join(text(x) for x in v)),
    "UPPER": (1, 1, lambda v: text(v).upper()),
    "LOWER": (1, 1, lambda v: text(v).lower()),
    "PROPER": (1, 1, _proper),
    "LEN": (1, 1, lambda v: Decimal(len(text(v)))),
    "TRIM": (1, 1, lambda v: re.sub(r"\s+", " ", text(v)).strip()),
    "LEFT": (1, 2, lambda v, n=1: text(v)[: _length(n)]),
    "RIGHT": (1, 2, _right),
    "MID": (3, 3, _mid),
    "FIND": (2, 3, _find),
    "SEARCH": (2, 3, _search),
    "REPLACE": (4, 4, _replace),
    "SUBSTITUTE": (3, 4, _substitute),
    "REPT": (2, 2, lambda v, n: repeated(text(v), _length(n))),
    "EXACT": (2, 2, lambda a, b: text(a) == text(b)),
    "FIXED": (1, 3, _fixed),
    "TEXT": (1, 2, _as_text),
    "CODE": (1, 1, lambda v: Decimal(ord(text(v)[0]))),
    "CHAR": (1, 1, lambda v: chr(whole(v))),
    "UNICODE": (1, 1, lambda v: Decimal(ord(text(v)[0]))),
    "UNICHAR": (1, 1, lambda v: chr(whole(v))),
    "CLEAN": (1, 1, lambda v: "".join(c for c in text(v) if ord(c) >= 32)),
    "ARABIC": (1, 1, _arabic),
    "STRINGCOUNT": (2, 2, lambda v, part: Decimal(text(v).count(text(part)))),
    "URLENCODE": (1, 2, lambda v, _="": quote_plus(text(v))),
    "BASE64ENCODE": (1, 1, lambda v: base64.b64encode(text(v).encode()).decode()),
    "BASE64DECODE": (1, 1, lambda v: base64.b64decode(text(v)).decode()),
    "DATE": (3, 3, _date),
    "DATEVALUE": (1, 1, lambda v: read_date(v) if isinstance(v, str) else moment(v)),
    "PARSEDATE": (2, 3, lambda v, mask, _="": _parsedate(v, mask)),
    "DATETIMEVALUE": (1, 1, moment),
    "DATEDIF": (3, 3, _datedif),
    "DAYS": (2, 2, _days),
    "YEAR": (1, 1, _part("year")),
    "MONTH": (1, 1, _part("month")),
    "DAY": (1, 1, _part("day")),
    "HOUR": (1, 1, _part("hour")),
    "MINUTE": (1, 1, _part("minute")),
    "SECOND": (1, 1, _part("second")),
    "WEEKDAY": (1, 2, _weekday),
    "MONTHEND": (1, 1, lambda v: _shifted(moment(v).year, moment(v).month + 1, 1) - timedelta(days=1)),
    "NOW": (0, 0, now),
    "TODAY": (0, 0, _today),
    "TIME": (3, 3, _time),
    "TIMEVALUE": (1, 1, _timevalue),
    "ROUND": (1, 2, _rounded(ROUND_HALF_UP)),
    "ROUNDUP": (1, 2, _rounded(ROUND_UP)),
    "ROUNDDOWN": (1, 2, _rounded(ROUND_DOWN)),
    "CEILING": (1, 1, _rounded(ROUND_CEILING)),
    "FLOOR": (1, 1, _rounded(ROUND_FLOOR)),
    "CONCAT": (1, MANY, lambda *v: "".join(text(x) for x in v)),
    "DOLLAR": (1, 2, lambda v, n=2: "$" + _fixed(v, n)),
    "EDATE": (2, 2, _months_on),
    "EOMONTH": (2, 2, lambda v, n: _shifted(moment(v).year, moment(v).month + whole(n) + 1, 1) - timedelta(days=1)),
    "NETWORKDAYS": (2, 2, _workdays),
    "DELTA": (1, 2, lambda a, b=0: Decimal(int(equal(number(a), number(b))))),
    "QUOTIENT": (2, 2, lambda a, b: (number(a) / number(known(b))).to_integral_value(ROUND_DOWN)),
}
HOP_ONLY = frozenset(
    [
        "ROUND",
        "ROUNDUP",
        "ROUNDDOWN",
        "CEILING",
        "FLOOR",
        "CONCAT",
        "DOLLAR",
        "EDATE",
        "EOMONTH",
        "NETWORKDAYS",
        "DELTA",
        "QUOTIENT",
        "IFERROR",
        "TRUNC",
        "SIGN",
    ]
)
"""What Hop's formula (spreadsheet functions) has and Kettle's library has not."""
