"""Imputed values: found by key in a stream of them, put where the field is null, and flagged."""

import itertools
from collections.abc import Sequence

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.calculations import calculation, replaced_by
from assets.kettle.generate.joins import Found, Key, lookup_part
from assets.kettle.generate.mappings import mapper_settings
from assets.kettle.generate.part import Made, Part, Row, chain
from assets.kettle.generate.structure import removal
from assets.kettle.values.fields import ValueType

_IMPUTED, _FILLED, _EMPTY, _KNOWN = "heddle_imputed", "heddle_filled", "heddle_empty", "heddle_known"


def imputed_part(
    part_id: str, source: str, keys: Sequence[Key], field: str, kind: ValueType, *, value: str = "", flag: str = ""
) -> Part:
    """Where `field` is null it gets the value that the rows of step `source` have for its key.

    Args:
        value: the field with the values there ("" = of the same name), of the same type.
        flag: the new text field that says Y where a value was filled in, else N ("" = `<field>_imputed`).

    Raises:
        KettleError: no key, or keys of different types.
    """
    name, flagged = f"impute {field}", flag or f"{field}_imputed"
    look_up = lookup_part(part_id, source, keys, [Found(value or field, kind, _IMPUTED)], name=f"{name}: look up")
    both: Settings = [
        ("calculation", calculation(_FILLED, "NVL", kind, field, _IMPUTED)),
        ("calculation", calculation(flagged, "ADD", ValueType.STRING, _EMPTY, _KNOWN)),
    ]
    # the two letters together: is it null, is there a value
    steps = (
        *look_up.steps,
        Made(
            "empty", f"{name}: is null", "ValueMapper", mapper_settings(field, {None: "Y"}, target=_EMPTY, default="N")
        ),
        Made(
            "known",
            f"{name}: is known",
            "ValueMapper",
            mapper_settings(_IMPUTED, {None: "N"}, target=_KNOWN, default="Y"),
        ),
        Made("coalesce", f"{name}: coalesce", "Calculator", both),
        Made("flag", f"{name}: flag", "ValueMapper", mapper_settings(flagged, {"YY": "Y"}, default="N")),
        Made("fill", name, "SetValueField", replaced_by([(field, _FILLED)])),
        Made("tidy", f"{name}: tidy", "SelectValues", removal([_IMPUTED, _FILLED, _EMPTY, _KNOWN])),
    )
    line = ["look up", *(made.role for made in steps[len(look_up.steps) :])]
    hops = (*look_up.hops, *itertools.pairwise(line))
    return Part(part_id, steps, hops, "look up", "tidy", sides=look_up.sides)


def constant_part(part_id: str, field: str, value: str, *, mask: str = "", flag: str = "") -> Part:
    """Where `field` is null it gets the constant (a text, read by `mask`); the flag field says Y there, else N.

    Raises KettleError for an empty value.
    """
    if not value:
        raise KettleError(f"null in {field!r} would be filled with nothing", "give a value")
    name = f"fill {field}"
    flagged = mapper_settings(field, {None: "Y"}, target=flag or f"{field}_imputed", default="N")
    filled = filled_settings([field], value, mask)
    return chain(part_id, Made("flag", f"{name}: flag", "ValueMapper", flagged), Made("fill", name, "IfNull", filled))


def filled_settings(fields: Sequence[str], value: str, mask: str = "") -> Settings:
    """Settings of If field value is null: the constant in each of these fields."""
    lines: Row = [("field", [("name", f), ("value", value), ("mask", mask), ("set_empty_string", "N")]) for f in fields]
    return [
        ("replaceAllByValue", ""),
        ("replaceAllMask", ""),
        ("selectFields", "Y"),
        ("selectValuesType", "N"),
        ("setEmptyStringAll", "N"),
        ("valuetypes", ""),
        ("fields", lines),
    ]
