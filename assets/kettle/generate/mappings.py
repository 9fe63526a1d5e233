"""Mapping tables as Value mapper steps."""

from collections.abc import Mapping

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.part import Made, Part, chain


def mapper_settings(
    field: str, mapping: Mapping[str | None, str | None], *, target: str = "", default: str = ""
) -> Settings:
    """Settings of Value mapper.

    Args:
        mapping: source text -> target text, in the order it is written. Sources are compared with the value's text
            without mask (an Integer 1 is "1", a Number 1 is "1.0"). None or "" as source is null, which the default
            is not for; as target it gives null.
        target: a new field; "" changes the field itself.
        default: for values that are in no source; without one they stay, or are null in a new field.

    Raises:
        KettleError: no mapping at all; null and "" both named; a text with a variable.
    """
    pairs = [(source or "", goal or "") for source, goal in mapping.items()]
    if not pairs:
        raise KettleError(f"the mapping of {field!r} is empty", "give it at least one value")
    if len({source for source, _ in pairs}) < len(pairs):
        raise KettleError(f"the mapping of {field!r} names null and the empty text", "they are one value: name one")
    for text in (default, *(goal for _, goal in pairs)):
        if "${" in text or "%%" in text:
            raise KettleError(f"the mapping of {field!r} gives {text!r}", "Kettle would read it as a variable; reword")
    return [
        ("field_to_use", field),
        ("target_field", target),
        ("non_match_default", default),
        ("fields", [("field", [("source_value", source), ("target_value", goal)]) for source, goal in pairs]),
    ]


def mapper_part(
    part_id: str,
    field: str,
    mapping: Mapping[str | None, str | None],
    *,
    target: str = "",
    default: str = "",
    name: str = "",
) -> Part:
    """One Value mapper; see `mapper_settings`."""
    settings = mapper_settings(field, mapping, target=target, default=default)
    return chain(part_id, Made("map", name or f"map {field}", "ValueMapper", settings))
