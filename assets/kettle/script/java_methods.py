"""The Java methods, constructors and constants that expressions may use; anything else is refused by name."""

import math
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import regex

from assets.kettle.limits import Timed, repeated, text_length
from assets.kettle.script.java_values import Char, Int, JavaThrow, Single, equal, integer, long, text, type_name
from assets.kettle.values.convert import convert_value, text_of
from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.java_numbers import big_decimal, round_long

EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """The present moment, in UTC and in milliseconds."""
    moment = datetime.now(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def millis(value: datetime) -> int:
    """Date.getTime."""
    return (value - EPOCH) // _MILLISECOND


@lru_cache(maxsize=256)
def java_regex(pattern: str) -> Timed:
    """A compiled Java regular expression; what Python spells otherwise is translated."""
    pattern = re.sub(r"\\p\{(Alpha|Digit|Alnum|Upper|Lower|Space|Punct)\}", lambda m: _POSIX[str(m[1])], pattern)
    try:
        return Timed(regex.compile(pattern))
    except regex.error as error:
        raise JavaThrow(f"java.util.regex.PatternSyntaxException: {error} in {pattern!r}") from None


_POSIX = {
    "Alpha": "[a-zA-Z]",
    "Digit": "[0-9]",
    "Alnum": "[a-zA-Z0-9]",
    "Upper": "[A-Z]",
    "Lower": "[a-z]",
    "Space": r"\s",
    "Punct": r"[!-/:-@\[-`{-~]",
}


def java_replacement(pattern: str) -> str:
    """Java's `$1` as Python's group reference."""
    return re.sub(
        r"\\(.)|\$(\d)|\$\{(\w+)\}",
        lambda m: re.escape(m[1]) if m[1] else f"\\g<{m[2] or m[3]}>",
        pattern.replace("\\\\", "\\\\\\\\") if "\\\\" in pattern else pattern,
    )


def _cut(value: str, start: int, end: int | None = None) -> str:
    end = len(value) if end is None else end
    if start < 0 or end > len(value) or start > end:
        raise JavaThrow(f"java.lang.StringIndexOutOfBoundsException: begin {start}, end {end}, length {len(value)}")
    return str(value)[start:end]


def _char_at(value: str, index: int) -> Char:
    if not 0 <= index < len(value):
        raise JavaThrow(f"java.lang.StringIndexOutOfBoundsException: index {index}, length {len(value)}")
    return Char(value[index])


def _split(value: str, pattern: str, limit: int = 0) -> list[str]:
    parts = java_regex(pattern).split(value, max(0, limit - 1)) if limit != 1 else [value]
    if parts and parts[0] == "" and len(parts) > 1 and java_regex(pattern).match("") is not None:
        parts = parts[1:]
    while limit == 0 and len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


def _hash(value: str) -> Int:
    code = 0
    for unit in _units(value):
        code = (code * 31 + unit) & 0xFFFFFFFF
    return integer(code)


def _units(value: str) -> list[int]:
    data = value.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def _compared(a: Any, b: Any) -> Int:
    if b is None:
        raise JavaThrow("java.lang.NullPointerException: compareTo(null)")
    return Int((a > b) - (a < b))


def _text_compared(a: str, b: str) -> Int:
    left, right = _units(a), _units(b)
    for x, y in zip(left, right, strict=False):
        if x != y:
            return Int(x - y)
    return Int(len(left) - len(right))


def parse_whole(value: Any, radix: int = 10, bits: int = 32) -> int:
    """Integer.parseInt and Long.parseLong. Raises JavaThrow."""
    wrong = JavaThrow(f'java.lang.NumberFormatException: For input string: "{value}"')
    if value is None or not re.fullmatch(r"[+-]?[0-9a-zA-Z]+", value):
        raise wrong
    try:
        found = int(value, radix)
    except ValueError:
        raise wrong from None
    if not -(2 ** (bits - 1)) <= found < 2 ** (bits - 1):
        raise wrong
    return Int(found) if bits == 32 else found


def parse_double(value: Any) -> float:
    """Double.parseDouble. Raises JavaThrow."""
    if value is None:
        raise JavaThrow("java.lang.NullPointerException")
    try:
        return float(re.sub(r"(?<=[\d.])[dDfF]$", "", value.strip()))
    except ValueError:
        raise JavaThrow(f'java.lang.NumberFormatException: For input string: "{value}"') from None


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str):
        try:
            return big_decimal(value)
        except ValueError as error:
            raise JavaThrow(f"java.lang.NumberFormatException: {error}") from None
    return Decimal(value)


class DateFormat:
    """java.text.SimpleDateFormat."""

    def __init__(self, mask: str, locale: str | None = None) -> None:
        self.field = Field("date", ValueType.DATE, mask=mask, lenient=True, locale=locale)

    def format(self, value: Any) -> str:
        """The date as text."""
        if value is None:
            raise JavaThrow("java.lang.NullPointerException: format(null)")
        moment = value if isinstance(value, datetime) else EPOCH + timedelta(milliseconds=value)
        return text_of(moment, self.field) or ""

    def parse(self, value: str) -> datetime:
        """The text as date."""
        try:
            found = convert_value(value, Field("text"), self.field)
        except ValueError as error:
            raise JavaThrow(f'java.text.ParseException: Unparseable date: "{value}" ({error})') from None
        assert isinstance(found, datetime)
        return found


class Builder:
    """java.lang.StringBuilder."""

    def __init__(self, start: Any = "") -> None:
        self.value = start if isinstance(start, str) else ""

    def append(self, value: Any) -> "Builder":
        """Adds the text of a value."""
        self.value += text(value)
        return self

    def reverse(self) -> "Builder":
        """Turns it around."""
        self.value = self.value[::-1]
        return self

    def __str__(self) -> str:
        return self.value


def _contains(value: str, part: Any) -> bool:
    return str(part) in value


STRING: dict[str, Callable[..., Any]] = {
    "length": lambda s: Int(len(s)),
    "isEmpty": lambda s: s == "",
    "isBlank": lambda s: s.strip() == "",
    "charAt": _char_at,
    "substring": _cut,
    "subSequence": _cut,
    "indexOf": lambda s, x, start=0: Int(s.find(chr(x) if isinstance(x, int) else x, max(0, start))),
    "lastIndexOf": lambda s, x: Int(s.rfind(chr(x) if isinstance(x, int) else x)),
    "contains": _contains,
    "startsWith": lambda s, x, start=0: s.startswith(x, start),
    "endsWith": lambda s, x: s.endswith(x),
    "equalsIgnoreCase": lambda s, x: x is not None and s.lower() == x.lower(),
    "compareTo": _text_compared,
    "compareToIgnoreCase": lambda s, x: _text_compared(s.lower(), x.lower()),
    "toUpperCase": lambda s, *_: s.upper(),
    "toLowerCase": lambda s, *_: s.lower(),
    "trim": lambda s: s.strip("".join(map(chr, range(33)))),
    "strip": lambda s: s.strip(),
    "concat": lambda s, x: s + x,
    "replace": lambda s, a, b: str(s).replace(str(a), str(b)),
    "replaceAll": lambda s, a, b: java_regex(a).sub(java_replacement(b), s),
    "replaceFirst": lambda s, a, b: java_regex(a).sub(java_replacement(b), s, count=1),
    "matches": lambda s, p: java_regex(p).fullmatch(s) is not None,
    "split": _split,
    "intern": lambda s: s,
    "repeat": repeated,
    "getBytes": lambda s, *_: s.encode(),
    "toCharArray": lambda s: [Char(c) for c in s],
    "hashCode": _hash,
}
NUMBER: dict[str, Callable[..., Any]] = {
    "intValue": lambda v: integer(_whole(v)),
    "longValue": lambda v: long(_whole(v)),
    "doubleValue": float,
    "floatValue": Single,
    "shortValue": lambda v: Int((_whole(v) + 2**15) % 2**16 - 2**15),
    "compareTo": _compared,
    "isNaN": lambda v: math.isnan(v),
    "isInfinite": lambda v: math.isinf(v),
}
DATE: dict[str, Callable[..., Any]] = {
    "getTime": millis,
    "before": lambda d, o: d < o,
    "after": lambda d, o: d > o,
    "compareTo": _compared,
    "getYear": lambda d: Int(d.year - 1900),
    "getMonth": lambda d: Int(d.month - 1),
    "getDate": lambda d: Int(d.day),
    "getDay": lambda d: Int(d.isoweekday() % 7),
    "getHours": lambda d: Int(d.hour),
    "getMinutes": lambda d: Int(d.minute),
    "getSeconds": lambda d: Int(d.second),
}
DECIMAL: dict[str, Callable[..., Any]] = {
    **NUMBER,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "negate": lambda a: -a,
    "abs": abs,
    "signum": lambda a: Int((a > 0) - (a < 0)),
    "setScale": lambda a, n, mode="HALF_UP": a.quantize(Decimal(1).scaleb(-n), _rounding(mode)),
    "divide": lambda a, b, n=None, mode="HALF_UP": _decimal_quotient(a, b, n, mode),
    "toPlainString": text,
    "scale": lambda a: Int(-int(a.as_tuple().exponent)),
}
_ROUNDING = (
    "ROUND_UP",
    "ROUND_DOWN",
    "ROUND_CEILING",
    "ROUND_FLOOR",
    "ROUND_HALF_UP",
    "ROUND_HALF_DOWN",
    "ROUND_HALF_EVEN",
)


def _rounding(mode: Any) -> str:
    if isinstance(mode, int):
        return _ROUNDING[mode]
    return "ROUND_" + str(mode).removeprefix("ROUND_")


def _decimal_quotient(a: Decimal, b: Decimal, scale: int | None, mode: Any) -> Decimal:
    if b == 0:
        raise JavaThrow("java.lang.ArithmeticException: / by zero")
    quotient = a / b
    return quotient if scale is None else quotient.quantize(Decimal(1).scaleb(-scale), _rounding(mode))


def _whole(value: Any) -> int:
    """The whole part, as a cast takes it: NaN is 0, infinities the limits."""
    if isinstance(value, float):
        if math.isnan(value):
            return 0
        if math.isinf(value) or abs(value) >= 2**63:
            return 2**63 - 1 if value > 0 else -(2**63)
    return int(value)


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    bool: {"booleanValue": lambda v: v, "compareTo": _compared},
    int: NUMBER,
    float: NUMBER,
    str: {**STRING, "charValue": lambda c: c},
    datetime: DATE,
    Decimal: DECIMAL,
    list: {
        "size": lambda v: Int(len(v)),
        "get": lambda v, i: v[i],
        "isEmpty": lambda v: not v,
        "contains": lambda v, x: x in v,
    },
    Builder: {"append": Builder.append, "reverse": Builder.reverse, "length": lambda b: Int(len(b.value))},
    DateFormat: {"format": DateFormat.format, "parse": DateFormat.parse, "setLenient": lambda f, _: None},
}
COMMON: dict[str, Callable[..., Any]] = {"equals": equal, "toString": text, "getClass": type_name}


def _double(function: Callable[[float], float]) -> Callable[[Any], float]:
    def apply(value: Any) -> float:
        try:
            return float(function(float(value)))
        except (ValueError, OverflowError):
            return math.nan

    return apply


def _power(a: Any, b: Any) -> float:
    try:
        return float(math.pow(a, b))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan


def _wider(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(a: Any, b: Any) -> Any:
        chosen = function(a, b)
        if isinstance(a, float) or isinstance(b, float):
            return float(chosen)
        return chosen if isinstance(a, Int) and isinstance(b, Int) else int(chosen)

    return apply


def _java_format(pattern: str, *args: Any) -> str:
    def one(match: "re.Match[str]") -> str:
        if match[0] in ("%%", "%n"):
            return "%" if match[0] == "%%" else "\n"
        value = next(values)
        if match["kind"] in "sS":
            value = text(value)
        flags = match["flags"].replace("-", "<" if "-" in match["flags"] else "")
        align = flags.replace("<", "")
        width, precision = match["width"] or "", f".{match['precision']}" if match["precision"] else ""
        kind = match["kind"] if match["kind"] != "s" else "s"
        spec = ("<" if "-" in match["flags"] else ">" if kind == "s" else "") + align.replace(",", "")
        return format(value, f"{spec}{width}{',' if ',' in flags else ''}{precision}{kind}")

    values = iter(args)
    return re.sub(r"%(?P<flags>[-+0, ]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?(?P<kind>[sdfxXeE%n])", one, pattern)


def _numeric_statics(bits: int) -> dict[str, Callable[..., Any]]:
    def parsed(value: Any, radix: int = 10) -> int:
        return parse_whole(value, radix, bits) if isinstance(value, str) or value is None else value

    name = "parseInt" if bits == 32 else "parseLong"
    return {
        name: parsed,
        "valueOf": parsed,
        "toString": lambda v, radix=10: text(v) if radix == 10 else _radix(v, radix),
        "toHexString": lambda v: format(v % 2**bits, "x"),
        "toBinaryString": lambda v: format(v % 2**bits, "b"),
        "compare": _compared,
    }


def _radix(value: int, radix: int) -> str:
    digits, rest = "", abs(value)
    while rest or not digits:
        digits, rest = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % radix] + digits, rest // radix
    return ("-" if value < 0 else "") + digits


STATICS: dict[str, dict[str, Callable[..., Any]]] = {
    "Math": {
        "abs": abs,
        "round": lambda v: integer(round_long(v)) if isinstance(v, Single) else round_long(float(v)),
        "floor": _double(math.floor),
        "ceil": _double(math.ceil),
        "rint": _double(round),
        "sqrt": _double(math.sqrt),
        "cbrt": _double(math.cbrt),
        "log": lambda v: math.log(v) if v > 0 else (-math.inf if v == 0 else math.nan),
        "log10": lambda v: math.log10(v) if v > 0 else (-math.inf if v == 0 else math.nan),
        "exp": _double(math.exp),
        "sin": _double(math.sin),
        "cos": _double(math.cos),
        "tan": _double(math.tan),
        "atan": _double(math.atan),
        "toRadians": _double(math.radians),
        "toDegrees": _double(math.degrees),
        "signum": lambda v: float((v > 0) - (v < 0)),
        "pow": _power,
        "max": _wider(max),
        "min": _wider(min),
        "random": random.random,
        "floorMod": lambda a, b: a % b,
    },
    "String": {
        "valueOf": lambda v, *_: text(v),
        "format": _java_format,
        "join": lambda sep, *parts: sep.join(text(p) for p in (parts[0] if isinstance(parts[0], list) else parts)),
    },
    "Integer": _numeric_statics(32),
    "Long": _numeric_statics(64),
    "Double": {
        "parseDouble": parse_double,
        "valueOf": lambda v: parse_double(v) if isinstance(v, str) or v is None else float(v),
        "toString": text,
        "isNaN": math.isnan,
        "compare": _compared,
    },
    "Boolean": {
        "parseBoolean": lambda v: v is not None and v.lower() == "true",
        "valueOf": lambda v: v if isinstance(v, bool) else v is not None and v.lower() == "true",
        "toString": text,
    },
    "Character": {
        "isDigit": lambda c: c.isdigit(),
        "isLetter": lambda c: c.isalpha(),
        "isLetterOrDigit": lambda c: c.isalnum(),
        "isWhitespace": lambda c: c.isspace(),
        "isUpperCase": lambda c: c.isupper(),
        "isLowerCase": lambda c: c.islower(),
        "toUpperCase": lambda c: Char(c.upper()),
        "toLowerCase": lambda c: Char(c.lower()),
        "getNumericValue": lambda c: Int(int(c, 36) if c.isalnum() else -1),
        "toString": str,
    },
    "BigDecimal": {"valueOf": lambda v, scale=None: _decimal(text(v)) if scale is None else Decimal(v).scaleb(-scale)},
    "System": {"currentTimeMillis": lambda: millis(now()), "nanoTime": lambda: millis(now()) * 1_000_000},
    "Objects": {"equals": equal, "toString": text, "isNull": lambda v: v is None, "nonNull": lambda v: v is not None},
    "StringUtils": {
        "isEmpty": lambda v: not v,
        "isNotEmpty": bool,
        "isBlank": lambda v: not (v or "").strip(),
        "isNotBlank": lambda v: bool((v or "").strip()),
        "isNumeric": lambda v: bool(v) and v.isdigit(),
        "leftPad": lambda v, n, c=" ": None if v is None else v.rjust(text_length(n), c),
        "rightPad": lambda v, n, c=" ": None if v is None else v.ljust(text_length(n), c),
        "capitalize": lambda v: v[:1].upper() + v[1:],
        "equals": equal,
    },
    "Arrays": {"asList": lambda *v: list(v), "toString": text},
}
CONSTANTS: dict[str, Any] = {
    "Math.PI": math.pi,
    "Math.E": math.e,
    "Integer.MAX_VALUE": Int(2**31 - 1),
    "Integer.MIN_VALUE": Int(-(2**31)),
    "Long.MAX_VALUE": 2**63 - 1,
    "Long.MIN_VALUE": -(2**63),
    "Double.MAX_VALUE": 1.7976931348623157e308,
    "Double.MIN_VALUE": 4.9e-324,
    "Double.NaN": math.nan,
    "Double.POSITIVE_INFINITY": math.inf,
    "Double.NEGATIVE_INFINITY": -math.inf,
    "Boolean.TRUE": True,
    "Boolean.FALSE": False,
    "BigDecimal.ZERO": Decimal(0),
    "BigDecimal.ONE": Decimal(1),
    "BigDecimal.TEN": Decimal(10),
    **{f"BigDecimal.{mode}": Int(number) for number, mode in enumerate(_ROUNDING)},
    **{f"RoundingMode.{mode.removeprefix('ROUND_')}": Int(number) for number, mode in enumerate(_ROUNDING)},
    "Locale.ENGLISH": "en_US",
    "Locale.US": "en_US",
    "Locale.GERMAN": "de_DE",
    "Locale.FRENCH": "fr_FR",
}
CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "String": lambda v="": v.decode() if isinstance(v, bytes) else "".join(v),
    "Integer": lambda v: parse_whole(v) if isinstance(v, str) else integer(v),
    "Long": lambda v: parse_whole(v, 10, 64) if isinstance(v, str) else long(v),
    "Double": lambda v: parse_double(v) if isinstance(v, str) else float(v),
    "Boolean": lambda v: v if isinstance(v, bool) else v is not None and v.lower() == "true",
    "Date": lambda v=None: now() if v is None else EPOCH + timedelta(milliseconds=v),
    "BigDecimal": _decimal,
    "SimpleDateFormat": DateFormat,
    "StringBuilder": Builder,
    "StringBuffer": Builder,
}
CASTS: dict[str, Callable[[Any], Any]] = {
    "int": NUMBER["intValue"],
    "long": NUMBER["longValue"],
    "short": NUMBER["shortValue"],
    "byte": lambda v: Int((_whole(v) + 128) % 256 - 128),
    "double": float,
    "float": Single,
    "char": lambda v: Char(chr(_whole(v) % 65536)),
}
