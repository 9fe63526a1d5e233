"""The fields that scripting steps make, as Kettle makes a value's metadata from a type, a length and a precision."""

from assets.kettle.model import Options
from assets.kettle.values.defaults import BIGNUMBER_MASK, INTEGER_MASK, NUMBER_MASK
from assets.kettle.values.fields import Field, ValueType

MASKS = {ValueType.INTEGER: INTEGER_MASK, ValueType.NUMBER: NUMBER_MASK, ValueType.BIGNUMBER: BIGNUMBER_MASK}
"""Numeric fields made out of nothing carry their default mask (measured)."""
_SIZED = (ValueType.NUMBER, ValueType.BIGNUMBER)
_UNSIZED = (ValueType.DATE, ValueType.TIMESTAMP, ValueType.BOOLEAN)


def sized(kind: ValueType, length: int, precision: int) -> tuple[int, int]:
    """Length and precision as they end up: Integer has precision 0, text and dates have none."""
    if kind == ValueType.INTEGER:
        return length, 0
    if kind in _UNSIZED:
        return -1, -1
    return length, precision if kind in _SIZED else -1


def created(option: Options, name: str, origin: str, prefix: str = "") -> Field:
    """A new field out of an option with `type`, `length` and `precision` (each behind `prefix`)."""
    kind = ValueType.parse(option.text(f"{prefix}type"))
    length, precision = sized(kind, number(option, f"{prefix}length"), number(option, f"{prefix}precision"))
    return Field(name, kind, length, precision, mask=MASKS.get(kind), origin=origin)


def replaced(option: Options, old: Field, origin: str, prefix: str = "") -> Field:
    """The field in the place of `old`: its name and mask stay, the rest is as declared."""
    kind = ValueType.parse(option.text(f"{prefix}type"))
    length, precision = sized(kind, number(option, f"{prefix}length"), number(option, f"{prefix}precision"))
    return old.but(type=kind, length=length, precision=precision, origin=origin)


def number(option: Options, tag: str) -> int:
    """A length or precision; what is no number is open."""
    text = option.text(tag).strip()
    return int(text) if text.lstrip("-").isdigit() else -1
