"""Lines of Calculator, and the steps that put a result in the place of a field."""

from collections.abc import Sequence

from assets.kettle.files.new import Settings
from assets.kettle.generate.part import flag
from assets.kettle.values.fields import ValueType


def calculation(
    name: str, code: str, kind: ValueType, a: str, b: str = "", *, mask: str = "", removed: bool = False
) -> Settings:
    """One line of Calculator; `a` is the constant itself for CONSTANT."""
    return [
        ("field_name", name),
        ("calc_type", code),
        ("field_a", a),
        ("field_b", b),
        ("field_c", ""),
        ("value_type", kind.value),
        ("value_length", "-1"),
        ("value_precision", "-1"),
        ("remove", flag(removed)),
        ("conversion_mask", mask),
        ("decimal_symbol", "." if kind is ValueType.NUMBER else ""),
        ("grouping_symbol", "," if kind is ValueType.NUMBER else ""),
        ("currency_symbol", ""),
    ]


def replaced_by(pairs: Sequence[tuple[str, str]]) -> Settings:
    """Settings of Set field value: each first field gets the value of the second, which must be of its type."""
    return [("fields", [("field", [("name", name), ("replaceby", other)]) for name, other in pairs])]
