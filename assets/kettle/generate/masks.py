"""Masks of sensitive fields from the steps that Kettle has; it has no masking step of its own.

Each mask changes its field in place, for every text that can occur, so that nothing that was there leaves the part.
Null stays null, except under a constant. The key of hashes is a variable: it is in no file, and a run without it stops.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.calculations import calculation, replaced_by
from assets.kettle.generate.mappings import mapper_settings
from assets.kettle.generate.part import Made, Part, chain
from assets.kettle.generate.structure import Column, changing, meta, removal, rules
from assets.kettle.generate.texts import replacement
from assets.kettle.values.fields import ValueType

KEY_VARIABLE = "HEDDLE_MASK_KEY"
KEY_LENGTH = 16
_KEY, _KEYED, _HASH = "heddle_key", "heddle_keyed", "heddle_hash"
_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes, what null gives
_TEXT_MASKS = {
    ValueType.INTEGER: "0",
    ValueType.NUMBER: "0.###############",
    ValueType.BIGNUMBER: "0.####################",
    ValueType.DATE: "yyyy-MM-dd'T'HH:mm:ss.SSS",
    ValueType.TIMESTAMP: "yyyy-MM-dd'T'HH:mm:ss.SSS",
    ValueType.BOOLEAN: "",
    ValueType.STRING: "",
}
_PERIODS = {"day": "yyyy-MM-dd", "month": "yyyy-MM", "year": "yyyy"}


@dataclass(frozen=True, slots=True)
class Partial:
    """Shows the first and last characters, stars between.

    A text of which less than `hidden` characters would be hidden shows none. With `email` the first character and
    the domain show.
    """

    field: str
    first: int = 0
    last: int = 0
    hidden: int = 3
    email: bool = False
    kind: ValueType = ValueType.STRING


@dataclass(frozen=True, slots=True)
class Hashed:
    """SHA-256, in hexadecimal, of the key followed by the text: equal values stay equal, so that joins still work.

    An Integer hashes as its digits, a date as yyyy-MM-ddTHH:mm:ss.SSS. The field becomes a text.
    """

    field: str
    kind: ValueType = ValueType.STRING


@dataclass(frozen=True, slots=True)
class Cut:
    """Keeps the first characters of a text; one that is not longer becomes empty."""

    field: str
    first: int


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The same text or number for every row; "" is null. Dates take `mask`."""

    field: str
    value: str = ""
    mask: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A date becomes the first moment of its day, month or year."""

    field: str
    unit: str = "month"


@dataclass(frozen=True, slots=True)
class Band:
    """A number becomes the lower bound of its band of that width."""

    field: str
    width: int
    kind: ValueType = ValueType.NUMBER


Mask = Partial | Hashed | Cut | Suppressed | Period | Band


def masks_part(part_id: str, masks: Sequence[Mask], *, key: str = KEY_VARIABLE, name: str = "mask") -> Part:
    """The steps of all masks in a line, in their order.

    Args:
        key: name of the variable with the key of hashes, at least 16 characters.

    Raises:
        KettleError: no masks; two on one field; limits that make no sense.
    """
    fields = [mask.field.lower() for mask in masks]
    if not masks or len(set(fields)) < len(fields):
        raise KettleError(f"masks on {fields}", "give each field one mask")
    steps = [made for mask in masks if not isinstance(mask, Hashed) for made in _STEPS[type(mask)](mask, name)]
    hashed = [mask for mask in masks if isinstance(mask, Hashed)]
    return chain(part_id, *steps, *(_hashed(hashed, key, name) if hashed else ()))


def _partial(mask: Partial, name: str) -> list[Made]:
    if min(mask.first, mask.last) < 0 or mask.hidden < 1:
        raise KettleError(f"mask on {mask.field!r}: {mask.first} + {mask.last} characters", "show 0 or more, hide some")
    shown = f"(.{{{mask.first}}}).{{{mask.hidden},}}(.{{{mask.last}}})"
    pattern = "([^@])[^@]{2,}(@[^@]+)" if mask.email else shown
    # the second branch takes every other text; its groups are empty
    replaced = _replaced(mask.field, f"(?s)^(?:{pattern}|.+)$", "$1***$2")
    return [*_as_text([(mask.field, mask.kind)], name), _made(mask.field, name, "ReplaceString", replaced)]


def _cut(mask: Cut, name: str) -> list[Made]:
    if mask.first < 1:
        raise KettleError(f"mask on {mask.field!r} keeps {mask.first} characters", "suppress the field instead")
    short = _replaced(mask.field, f"(?s)^.{{1,{mask.first}}}$", "")
    line = [("in_stream_name", mask.field), ("out_stream_name", ""), ("cut_from", "0"), ("cut_to", str(mask.first))]
    cut: Settings = [("fields", [("field", line)])]
    return [_made(mask.field, name, "ReplaceString", short, "short"), _made(mask.field, name, "StringCut", cut)]


def _suppressed(mask: Suppressed, name: str) -> list[Made]:
    one = [("name", mask.field), ("value", mask.value), ("mask", mask.mask), ("set_empty_string", "N")]
    settings: Settings = [("usevar", "N"), ("fields", [("field", one)])]
    return [_made(mask.field, name, "SetValueConstant", settings)]


def _period(mask: Period, name: str) -> list[Made]:
    """To a text without the rest and back, which keeps the field at its place."""
    if mask.unit not in _PERIODS:
        raise KettleError(f"mask on {mask.field!r}: unknown period {mask.unit!r}", f"choose of {', '.join(_PERIODS)}")
    pattern = _PERIODS[mask.unit]
    text, date = (changing(meta(mask.field, kind, -1, -1, pattern)) for kind in (ValueType.STRING, ValueType.DATE))
    return [_made(mask.field, name, "SelectValues", text, "text"), _made(mask.field, name, "SelectValues", date)]


def _band(mask: Band, name: str) -> list[Made]:
    if mask.width < 1 or mask.kind not in (ValueType.INTEGER, ValueType.NUMBER):
        raise KettleError(
            f"mask on {mask.field!r}: bands of {mask.width} on {mask.kind}", "an Integer or Number, 1 or more"
        )
    number, width, one, band = ValueType.NUMBER, "heddle_width", "heddle_one", "heddle_band"
    lines = [
        calculation(width, "CONSTANT", number, f"{mask.width}.0", removed=True, mask="0.0"),
        calculation(one, "CONSTANT", number, "1.0", removed=True, mask="0.0"),
        # the type of field A rules: as a Number, so that negative ones round down too
        calculation(f"{one}_times", "MULTIPLY", number, one, mask.field, removed=True),
        calculation(f"{one}_part", "DIVIDE", number, f"{one}_times", width, removed=True),
        calculation(f"{one}_floor", "FLOOR", number, f"{one}_part", removed=True),
        calculation(band, "MULTIPLY", mask.kind, f"{one}_floor", width),
    ]
    return [
        _made(mask.field, name, "Calculator", [("calculation", line) for line in lines], "band"),
        _made(mask.field, name, "SetValueField", replaced_by([(mask.field, band)])),
        _made(mask.field, name, "SelectValues", removal([band]), "tidy"),
    ]


_STEPS: dict[type, Callable[[Any, str], list[Made]]] = {
    Partial: _partial,
    Cut: _cut,
    Suppressed: _suppressed,
    Period: _period,
    Band: _band,
}


def _hashed(masks: Sequence[Hashed], key: str, name: str) -> list[Made]:
    """Key and value joined (null when the value is), their digest, put in the place of the value."""
    variable = [("name", _KEY), ("variable", f"${{{key}}}"), ("type", "String"), ("format", ""), ("currency", "")]
    variable += [("decimal", ""), ("group", ""), ("length", "-1"), ("precision", "-1"), ("trim_type", "none")]
    rule = Column(_KEY, ValueType.STRING, nullable=False, pattern=rf"(?s)(?!\$\{{|%%).{{{KEY_LENGTH},}}")
    keyed = [calculation(f"{_KEYED}_{n}", "ADD", ValueType.STRING, _KEY, mask.field) for n, mask in enumerate(masks, 1)]
    steps = [
        *_as_text([(mask.field, mask.kind) for mask in masks], f"{name} by hash"),
        Made("key", f"{name}: key", "GetVariable", [("fields", [("field", variable)])]),
        Made("key is set", f"{name}: key is set", "Validator", rules([rule])),
        Made("keyed", f"{name}: keyed", "Calculator", [("calculation", line) for line in keyed]),
    ]
    for n, mask in enumerate(masks, 1):
        steps.append(_made(mask.field, name, "CheckSum", _digest(f"{_KEYED}_{n}", f"{_HASH}_{n}"), "hash"))
        nothing = mapper_settings(f"{_HASH}_{n}", {_NOTHING: None})
        steps.append(_made(mask.field, name, "ValueMapper", nothing, "null"))
    pairs = [(mask.field, f"{_HASH}_{n}") for n, mask in enumerate(masks, 1)]
    extra = [_KEY, *(f"{_KEYED}_{n}" for n in range(1, len(masks) + 1)), *(added for _, added in pairs)]
    steps.append(Made("hashed", f"{name}: hashed", "SetValueField", replaced_by(pairs)))
    steps.append(Made("hash tidy", f"{name}: hash tidy", "SelectValues", removal(extra)))
    return steps


def _digest(field: str, result: str) -> Settings:
    return [
        ("checksumtype", "SHA-256"),
        ("resultfieldName", result),
        ("resultType", "hexadecimal"),
        ("compatibilityMode", "N"),
        ("oldChecksumBehaviour", "N"),
        ("evaluationMethod", "PENTAHO_STRINGS"),
        ("fieldSeparatorString", ""),
        ("fields", [("field", [("name", field)])]),
    ]


def _replaced(field: str, pattern: str, by: str) -> Settings:
    line = replacement(field, pattern, by, emptied=not by)
    return [("fields", [("field", line)])]


def _as_text(fields: Sequence[tuple[str, ValueType]], name: str) -> list[Made]:
    """The step that makes texts of what is none, always written alike."""
    lines = [meta(f, ValueType.STRING, -1, -1, _TEXT_MASKS[kind]) for f, kind in fields if kind is not ValueType.STRING]
    if not lines:
        return []
    what = ", ".join(field for field, kind in fields if kind is not ValueType.STRING)
    return [Made(f"text {what}", f"{name}: {what} as text", "SelectValues", changing(*lines))]


def _made(field: str, name: str, kind: str, settings: Settings, what: str = "") -> Made:
    return Made(f"{field} {what}".strip(), f"{name} {field} {what}".strip(), kind, settings)
