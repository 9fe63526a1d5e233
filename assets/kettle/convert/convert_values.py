"""Conversions between types, and values as text: Kettle's rules where they are plain, refused where they are not."""

import re

from assets.kettle.convert.expressions import (
    POLARS_TYPES,
    SQL_TYPES,
    Both,
    CannotConvertError,
    NoSql,
    both,
    known,
    word,
)
from assets.kettle.values.defaults import INTEGER_MASK, NUMBER_MASK
from assets.kettle.values.fields import Field, ValueType

DATE_PARTS = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%3f",
}  # fmt: skip
_PARTS = re.compile(r"([A-Za-z])\1*|[^A-Za-z]+")
_PLAIN = {None, "", "#", "0", "####0", INTEGER_MASK}
_NUMBERS = (ValueType.INTEGER, ValueType.NUMBER)


def strftime(mask: str) -> str:
    """A Java date mask as strftime's. Raises CannotConvertError for letters without a counterpart."""
    found = ""
    for part in _PARTS.finditer(mask):
        text = part[0]
        if text[0].isalpha() and text not in DATE_PARTS:
            raise CannotConvertError(f"the date mask {mask!r} has no counterpart", "use yyyy MM dd HH mm ss SSS")
        if "'" in text:
            raise CannotConvertError(f"the date mask {mask!r} quotes text", "use a mask without quotes")
        found += DATE_PARTS.get(text, text.replace("%", "%%"))
    return found


def to_text(value: Both, field: Field) -> Both:
    """The value as Kettle prints it: with the field's mask where that is plain."""
    known(field.type)
    if field.type is ValueType.STRING:
        return value
    if field.type is ValueType.INTEGER:
        return _integer_text(value, field)
    if field.type is ValueType.NUMBER:
        return _number_text(value, field)
    if field.type is ValueType.BOOLEAN:
        yes, no = ("true", "false") if field.length >= 3 else ("Y", "N")
        return both(
            f'pl.when({{v}}).then(pl.lit("{yes}")).when(~{{v}}).then(pl.lit("{no}"))',
            f"CASE WHEN $v THEN '{yes}' WHEN NOT $v THEN '{no}' END",
            v=value,
        )
    return _date_text(value, field)


def _integer_text(value: Both, field: Field) -> Both:
    if field.mask not in _PLAIN or (field.length > 0 and not field.mask):
        raise CannotConvertError(
            f"field {field.name!r} is printed with a mask or a fixed length", "drop mask or length"
        )
    return both("{v}.cast(pl.String)", "CAST($v AS TEXT)", v=value)


def _number_text(value: Both, field: Field) -> Both:
    places = re.fullmatch(r"(#|#?0)\.(0{1,9}|#{1,9})", field.mask or "")
    if places and (field.decimal or ".") == ".":
        # both languages round half even on the exact binary value
        code = f'{{v}}.map_elements("{{{{:.{len(places[2])}f}}}}".format, return_dtype=pl.String)'
        if places[2].startswith("#"):
            code += r'.str.replace(r"\.?0+$", "")'
        if places[1] == "#" and places[2].startswith("0"):
            # without any 0 in the mask Java puts one before the point, with one behind it alone none
            code += r'.str.replace(r"^(-?)0\.", "${{1}}.")'
        return both(code, NoSql(f"the mask {field.mask!r}"), v=value)
    if field.mask not in (None, "", NUMBER_MASK) or (field.length > 0 and not field.mask):
        raise CannotConvertError(
            f"field {field.name!r} is printed with a mask or a fixed length", "drop mask or length"
        )
    return both("{v}.round(10).cast(pl.String)", "CAST(ROUND($v, 10) AS TEXT)", v=value)


def _date_text(value: Both, field: Field) -> Both:
    if field.timezone or field.type is ValueType.TIMESTAMP:
        raise CannotConvertError(f"field {field.name!r} has a time zone or nanoseconds", "use a Date in UTC")
    mask = strftime(field.mask or "yyyy/MM/dd HH:mm:ss.SSS")
    code = "{v}.dt.strftime({m})"
    if "%3f" not in mask:
        return both(code, "STRFTIME($v, $m)", v=value, m=word(mask))
    if not mask.endswith("%3f"):
        return both(code, NoSql("milliseconds inside of a date mask"), v=value, m=word(mask))
    start = Both(word(mask).polars, word(mask[:-3]).sql)
    return both(code, "(STRFTIME($v, $m) || SUBSTRING(STRFTIME($v, '%f'), 1, 3))", v=value, m=start)


def to_type(value: Both, source: Field, target: Field) -> Both:
    """The value converted; texts that are no value of the type stop the script or the query."""
    known(source.type)
    known(target.type)
    pair = (source.type, target.type)
    if source.type is target.type:
        return value
    if target.type is ValueType.STRING:
        return to_text(value, source.but(mask=target.mask or source.mask))
    if source.type is ValueType.STRING:
        return from_text(value, target)
    if pair == (ValueType.INTEGER, ValueType.NUMBER):
        return both("{v}.cast(pl.Float64)", "CAST($v AS DOUBLE)", v=value)
    if pair == (ValueType.NUMBER, ValueType.INTEGER):
        return both("({v} + 0.5).floor().cast(pl.Int64)", "CAST(FLOOR($v + 0.5) AS BIGINT)", v=value)
    if pair in ((ValueType.DATE, ValueType.TIMESTAMP), (ValueType.TIMESTAMP, ValueType.DATE)):
        return both(f"{{v}}.cast({POLARS_TYPES[target.type]})", f"CAST($v AS {SQL_TYPES[target.type]})", v=value)
    if pair == (ValueType.DATE, ValueType.INTEGER):
        return both('{v}.dt.epoch("ms")', "CAST(EPOCH($v) * 1000 AS BIGINT)", v=value)
    if source.type is ValueType.BOOLEAN and target.type in _NUMBERS:
        return both(f"{{v}}.cast({POLARS_TYPES[target.type]})", f"CAST($v AS {SQL_TYPES[target.type]})", v=value)
    raise CannotConvertError(f"{source.type} to {target.type} ({target.name!r}) is not written", "convert it otherwise")


def trimmed(value: Both, side: str) -> Both:
    """The text without blanks at its ends."""
    ways = {
        "left": ('{v}.str.strip_chars_start(" ")', "LTRIM($v)"),
        "right": ('{v}.str.strip_chars_end(" ")', "RTRIM($v)"),
        "both": ('{v}.str.strip_chars(" ")', "TRIM($v)"),
    }
    return both(*ways[side], v=value) if side in ways else value


def from_text(value: Both, target: Field) -> Both:
    """A text read as the target's type; '' is null."""
    if target.type is ValueType.STRING:
        return trimmed(value, target.trim)
    if target.lenient:
        raise CannotConvertError(f"field {target.name!r} is read leniently", "read it strictly")
    text = both('{v}.replace("", None)', "NULLIF($v, '')", v=trimmed(value, target.trim))
    if target.type is ValueType.BOOLEAN:
        words = '["Y", "YES", "TRUE", "1"]'
        return both(f"{{v}}.str.to_uppercase().is_in({words})", "(UPPER($v) IN ('Y', 'YES', 'TRUE', '1'))", v=text)
    if target.is_date:
        return _parsed_date(text, target)
    plain = _plain_number(text, target)
    return both(f"{{v}}.cast({POLARS_TYPES[target.type]})", f"CAST($v AS {SQL_TYPES[target.type]})", v=plain)


def _plain_number(text: Both, target: Field) -> Both:
    """The text with a decimal point and without grouping. Other than with Kettle, a cut fraction is no Integer."""
    mask = target.mask or ""
    if not re.fullmatch(r"[#0,]*(\.[#0]*)?(;-[#0.,]*)?", mask):
        raise CannotConvertError(f"field {target.name!r} is read with the mask {mask!r}", "use a plain mask")
    decimal, grouping = target.decimal or ".", target.grouping or ","
    if "," in mask or (decimal == grouping != "."):
        text = _replaced(text, grouping, "")
    if decimal != "." and target.type is ValueType.NUMBER:
        text = _replaced(text, decimal, ".")
    return text


def _replaced(text: Both, old: str, new: str) -> Both:
    code = "{v}.str.replace_all({o}, {n}, literal=True)"
    return both(code, "REPLACE($v, $o, $n)", v=text, o=word(old), n=word(new))


def _parsed_date(text: Both, target: Field) -> Both:
    if target.timezone or target.locale not in (None, "", "en_US"):
        raise CannotConvertError(f"field {target.name!r} has a time zone or a locale", "use UTC and en_US")
    mask = strftime(target.mask or "yyyy/MM/dd HH:mm:ss.SSS")
    masks = Both(word(mask.replace(".%3f", "%.3f")).polars, word(mask.replace("%3f", "%g")).sql)
    return both('{v}.str.to_datetime({m}, time_unit="ms")', "STRPTIME($v, $m)", v=text, m=masks)
