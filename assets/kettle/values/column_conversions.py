"""The conversion of each pair of value types, as functions over columns."""

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from assets.kettle.values.defaults import mask_of, symbols_of
from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.java_numbers import decimal_long, double_plain, round_long
from assets.kettle.values.masks_date import format_dates, parse_dates, settings
from assets.kettle.values.masks_number import Parsed, each_unique, finish, format_numbers, parse_numbers
from assets.kettle.values.masks_timestamp import format_timestamps, parse_timestamps
from assets.kettle.values.number_exact import clamp_long

Conversion = Callable[[pl.Series, Field], Parsed]
"""Takes a column and the source field with the mask and symbols to use."""

_DATE = pl.Datetime("ms")
_TIMESTAMP = pl.Datetime("us")
# what Java's Character.isWhitespace takes for blank (the no-break spaces are not)
_SPACES = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\u1680\u2028\u2029\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B) if code != 0x2007
)


def trimmed(column: pl.Series, trim: str) -> pl.Series:
    """A text column without the blanks that the trim type takes off."""
    if trim == "left":
        return column.str.strip_chars_start(_SPACES)
    if trim == "right":
        return column.str.strip_chars_end(_SPACES)
    return column.str.strip_chars(_SPACES) if trim == "both" else column


def impossible(column: pl.Series, source: ValueType, target: Field) -> Parsed:
    """No value can be converted: every row that is not null fails."""
    rows = column.is_not_null().arg_true().to_list()
    reason = f"a {source.value} value cannot be converted to {target.type.value}"
    return pl.Series(target.name, [None] * column.len(), dtype=target.dtype), dict.fromkeys(rows, reason)


def as_text(column: pl.Series, field: Field) -> pl.Series:
    """Kettle's getString of a column."""
    return _WRITERS[field.type](column, field)


def _number_text(column: pl.Series, field: Field) -> pl.Series:
    return format_numbers(column, mask_of(field), symbols_of(field))


def _date_text(column: pl.Series, field: Field) -> pl.Series:
    return format_dates(column, mask_of(field), settings(field.locale, field.timezone))


def _timestamp_text(column: pl.Series, field: Field) -> pl.Series:
    return format_timestamps(column, mask_of(field), settings(field.locale, field.timezone))


def _boolean_text(column: pl.Series, field: Field) -> pl.Series:
    yes, no = ("true", "false") if field.length >= 3 else ("Y", "N")
    return pl.select(pl.when(column).then(pl.lit(yes)).when(~column).then(pl.lit(no))).to_series().alias(column.name)


def _binary_text(column: pl.Series, _: Field) -> pl.Series:
    return each_unique(column, lambda v: v.decode("utf-8", "replace"), pl.String())[0]


_WRITERS: dict[ValueType, Callable[[pl.Series, Field], pl.Series]] = {
    ValueType.STRING: lambda column, field: trimmed(column, field.trim),
    ValueType.NUMBER: _number_text,
    ValueType.INTEGER: _number_text,
    ValueType.BIGNUMBER: _number_text,
    ValueType.DATE: _date_text,
    ValueType.TIMESTAMP: _timestamp_text,
    ValueType.BOOLEAN: _boolean_text,
    ValueType.BINARY: _binary_text,
    ValueType.SERIALIZABLE: lambda column, _: column,
    ValueType.INET: lambda column, _: column,
    ValueType.NONE: lambda column, _: column,
}


def _parse_to(kind: ValueType) -> Conversion:
    def parse(column: pl.Series, field: Field) -> Parsed:
        text = trimmed(column, field.trim)
        return parse_numbers(text, kind, field.mask, symbols_of(field), lenient=field.lenient)

    return parse


def _parse_date(column: pl.Series, field: Field) -> Parsed:
    how = settings(field.locale, field.timezone, lenient=field.lenient)
    return parse_dates(trimmed(column, field.trim), mask_of(field.but(type=ValueType.DATE)), how)


def _parse_timestamp(column: pl.Series, field: Field) -> Parsed:
    how = settings(field.locale, field.timezone, lenient=field.lenient)
    return parse_timestamps(trimmed(column, field.trim), mask_of(field.but(type=ValueType.TIMESTAMP)), how)


def _parse_boolean(column: pl.Series, field: Field) -> Parsed:
    text = trimmed(column, field.trim)
    text = text.set((text == "").fill_null(value=False), None)
    return text.str.to_uppercase().is_in(["Y", "YES", "TRUE", "1"]), {}


def _encode(column: pl.Series, _: Field) -> Parsed:
    text = column.set((column == "").fill_null(value=False), None)
    return text.cast(pl.Binary), {}


def _cast(*dtypes: pl.DataType) -> Conversion:
    def cast(column: pl.Series, _: Field) -> Parsed:
        for dtype in dtypes:
            column = column.cast(dtype)
        return column, {}

    return cast


def _number_to_integer(column: pl.Series, _: Field) -> Parsed:
    """Half up towards plus infinity."""
    inside = (column.abs() < 2.0**62).fill_null(value=True)
    if not inside.all():
        return each_unique(column, round_long, pl.Int64())
    whole = column.floor()
    return (whole + (column - whole >= 0.5).cast(pl.Float64)).cast(pl.Int64), {}


def _number_to_long(column: pl.Series) -> pl.Series:
    """The fraction cut off."""
    inside = (column.abs() < 2.0**62).fill_null(value=True)
    return column.cast(pl.Int64) if inside.all() else each_unique(column, clamp_long, pl.Int64())[0]


def _number_to_big(column: pl.Series, _: Field) -> Parsed:
    """Double.toString's digits; it takes none away and adds none where that text has no exponent."""
    text = column.cast(pl.String)
    plain = column.abs().is_between(1e-3, 1e7, closed="left") & text.str.contains(r"^-?[0-9]+\.[0-9]+$")
    return finish(column, (text, plain.fill_null(value=True)), double_plain, pl.String())


def _big_to_number(column: pl.Series, _: Field) -> Parsed:
    return column.cast(pl.Float64), {}


def _big_longs(column: pl.Series) -> pl.Series:
    """The fraction cut off; beyond 64 bits only the low ones are kept."""
    whole = column.str.split_exact(".", 1).struct.field("field_0").cast(pl.Int64, strict=False)
    right = whole.is_not_null() | column.is_null()
    return finish(column, (whole, right), lambda text: decimal_long(Decimal(text)), pl.Int64())[0]


def _timestamp_ms(column: pl.Series) -> pl.Series:
    return column.cast(pl.Int64) // 1000


def _of_nanoseconds(column: pl.Series) -> pl.Series:
    """Numbers stand for nanoseconds; a column holds microseconds, which reach all years of a database."""
    return (column // 1000).cast(_TIMESTAMP)


def _timestamp_big(column: pl.Series, _: Field) -> Parsed:
    """Milliseconds times a thousand million plus the nanoseconds of the second: Kettle's own formula."""
    return each_unique(
        column.cast(pl.Int64), lambda us: str(us // 1000 * 1_000_000_000 + us % 1_000_000 * 1000), pl.String()
    )


_N, _S, _D, _B = ValueType.NUMBER, ValueType.STRING, ValueType.DATE, ValueType.BOOLEAN
_I, _BN, _BIN, _TS = ValueType.INTEGER, ValueType.BIGNUMBER, ValueType.BINARY, ValueType.TIMESTAMP
_LONG, _DOUBLE, _TEXT = pl.Int64(), pl.Float64(), pl.String()

CONVERSIONS: dict[tuple[ValueType, ValueType], Conversion] = {
    (_S, _N): _parse_to(_N),
    (_S, _I): _parse_to(_I),
    (_S, _BN): _parse_to(_BN),
    (_S, _D): _parse_date,
    (_S, _TS): _parse_timestamp,
    (_S, _B): _parse_boolean,
    (_S, _BIN): _encode,
    (_N, _I): _number_to_integer,
    (_N, _BN): _number_to_big,
    (_N, _D): lambda column, _: (_number_to_long(column).cast(_DATE), {}),
    (_N, _TS): lambda column, _: (_of_nanoseconds(_number_to_long(column)), {}),
    (_N, _B): lambda column, _: (_number_to_long(column) != 0, {}),
    (_I, _N): _cast(_DOUBLE),
    (_I, _BN): _cast(_TEXT),
    (_I, _D): _cast(_DATE),
    (_I, _TS): lambda column, _: (_of_nanoseconds(column), {}),
    (_I, _B): lambda column, _: (column != 0, {}),
    (_BN, _N): _big_to_number,
    (_BN, _I): lambda column, _: (_big_longs(column), {}),
    (_BN, _D): lambda column, _: (_big_longs(column).cast(_DATE), {}),
    (_BN, _TS): lambda column, _: (_of_nanoseconds(_big_longs(column)), {}),
    (_BN, _B): lambda column, _: (column.str.contains("[1-9]"), {}),
    (_D, _N): _cast(_LONG, _DOUBLE),
    (_D, _I): _cast(_LONG),
    (_D, _BN): _cast(_LONG, _TEXT),
    (_D, _TS): _cast(_TIMESTAMP),
    (_B, _N): _cast(_DOUBLE),
    (_B, _I): _cast(_LONG),
    (_B, _BN): _cast(_LONG, _TEXT),
    (_TS, _D): lambda column, _: (_timestamp_ms(column).cast(_DATE), {}),
    (_TS, _I): lambda column, _: (_timestamp_ms(column), {}),
    (_TS, _N): lambda column, _: (_timestamp_ms(column).cast(_DOUBLE), {}),
    (_TS, _BN): _timestamp_big,
}
