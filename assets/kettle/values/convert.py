"""Kettle's conversions between value types, for whole columns and for single values.

The symbols, mask, locale, time zone, leniency and trim of a conversion are the target field's where it names them, else
the source field's; the declared length (zero padding, "true" instead of "Y") is always the source's, as measured.
"""

from typing import Any, NamedTuple

import polars as pl

from assets.kettle.values.column_conversions import CONVERSIONS, Conversion, as_text, impossible, trimmed
from assets.kettle.values.fields import Field, ValueType

_STYLE = ("mask", "decimal", "grouping", "currency", "locale", "timezone")


class Converted(NamedTuple):
    """A converted column, and per failed row (null in the column) what is wrong."""

    values: pl.Series
    reasons: dict[int, str]


def convert(column: pl.Series, source: Field, target: Field) -> Converted:
    """The column of `source`'s type in `target`'s type. Null stays null; text that is '' becomes null.

    Raises ValueError for a mask that Java refuses; a value that cannot be converted is a reason, not an error.
    """
    column = column.alias(target.name)
    if source.type == target.type and source.type != ValueType.STRING:
        return Converted(column, {})
    style = _style(source, target)
    if target.type in (ValueType.STRING, ValueType.SERIALIZABLE, ValueType.INET, ValueType.NONE):
        return Converted(as_text(column, style), {})
    conversion: Conversion | None = CONVERSIONS.get((source.type, target.type))
    if conversion is None:
        return Converted(*impossible(column, source.type, target))
    values, reasons = conversion(column, style)
    return Converted(values.alias(target.name), reasons)


def _style(source: Field, target: Field) -> Field:
    """The source field as the conversion sees it: with the target's mask and symbols where it has some."""
    changes = {name: getattr(target, name) for name in _STYLE if getattr(target, name)}
    if target.lenient:
        changes["lenient"] = True
    return source.but(**changes) if changes else source


def to_text(column: pl.Series, field: Field) -> pl.Series:
    """The column as Kettle prints it (getString): mask, length and symbols of the field; null stays null."""
    return as_text(column, field)


def parse_text(column: pl.Series, field: Field, *, null_if: str = "", if_null: str = "") -> Converted:
    """A text column read as `field` says, as file inputs and constants do.

    Empty text (and text equal to `null_if`, any case, padded with blanks) counts as null and takes `if_null`. Text
    of blanks only is null too; a String field then gets '' instead of null.
    """
    text = column.alias(field.name)
    is_string = field.type == ValueType.STRING
    blank = text.fill_null("") == ""
    if not (null_if or if_null or is_string) and field.trim == "none" and not text.str.starts_with(" ").any():
        return convert(text.set(blank, None) if blank.any() else text, field.but(type=ValueType.STRING), field)
    if null_if:
        matches = text.str.to_lowercase().str.strip_chars_end(" ") == null_if.lower().rstrip(" ")
        null_like = (matches & (text.str.len_chars() >= len(null_if))).fill_null(value=False)
    else:
        null_like = (text.str.strip_chars(" ") == "").fill_null(value=False)
    if if_null:
        replaced = blank | null_like
        text = text.set(replaced, if_null)
        null_like = pl.Series([False]).new_from_index(0, text.len())
    if is_string:
        return Converted(trimmed(text.set(null_like, ""), field.trim), {})
    text = trimmed(text.set(null_like, None), field.trim)
    source = field.but(type=ValueType.STRING, trim="none")
    return convert(text, source, field)


def constant(text: str | None, field: Field) -> Any:
    """One constant of a step, by the rules of `parse_text`. Raises ValueError with the reason."""
    return _single(parse_text(pl.Series([text], dtype=pl.String), field))


def convert_value(value: Any, source: Field, target: Field) -> Any:
    """One value converted by the rules of `convert`. Raises ValueError with the reason."""
    if value is None:
        return None
    return _single(convert(pl.Series([value], dtype=source.dtype), source, target))


def text_of(value: Any, field: Field) -> str | None:
    """One value as Kettle prints it."""
    if value is None:
        return None
    text: str | None = to_text(pl.Series([value], dtype=field.dtype), field)[0]
    return text


def _single(converted: Converted) -> Any:
    if converted.reasons:
        raise ValueError(converted.reasons[0])
    return converted.values[0]
