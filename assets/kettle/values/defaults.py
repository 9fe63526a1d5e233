"""The mask and symbols a field has when it names none."""

from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.number_pattern import Symbols

INTEGER_MASK = "####0;-####0"
NUMBER_MASK = "####0.0#########;-####0.0#########"
BIGNUMBER_MASK = "######0.0###################;-######0.0###################"
DATE_MASK = "yyyy/MM/dd HH:mm:ss.SSS"
TIMESTAMP_MASK = "yyyy/MM/dd HH:mm:ss.SSSSSSSSS"

_DEFAULTS = {
    ValueType.INTEGER: INTEGER_MASK,
    ValueType.NUMBER: NUMBER_MASK,
    ValueType.BIGNUMBER: BIGNUMBER_MASK,
    ValueType.DATE: DATE_MASK,
    ValueType.TIMESTAMP: TIMESTAMP_MASK,
}


def mask_of(field: Field) -> str:
    """The mask a value of this field is printed with: its own, else one its length makes, else the type's.

    A length pads with zeros behind a blank that stands in for the minus sign (measured: 7 of length 3 is ` 007`).
    """
    if field.mask:
        return field.mask
    if field.length >= 1:
        if field.type == ValueType.INTEGER:
            digits = "0" * field.length
            return f" {digits};-{digits}"
        if field.type in (ValueType.NUMBER, ValueType.BIGNUMBER):
            return _padded(field.length, field.precision)
    return _DEFAULTS.get(field.type, "")


def _padded(length: int, precision: int) -> str:
    """A blank or minus, `length` zeros and two decimals; with a precision the decimal point stands among the zeros."""
    if precision < 0:
        digits = "0" * length + ".00"
    else:
        digits = "0" * (length + 1)
        point = length - precision
        if 0 <= point < len(digits):
            digits = f"{digits[:point]}.{digits[point + 1 :]}"
    return f" {digits};-{digits}"


def symbols_of(field: Field) -> Symbols:
    """The field's symbols, the rest from the locale en_US; only the first character of a symbol counts."""
    return Symbols(
        decimal=(field.decimal or ".")[0], grouping=(field.grouping or ",")[0], currency=field.currency or "$"
    )
