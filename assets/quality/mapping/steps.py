"""Kettle steps that transforms share: copies, replacements, conversions."""

from collections.abc import Sequence

from assets.kettle.files.new import Settings
from assets.kettle.generate import texts
from assets.kettle.generate.calculations import calculation
from assets.kettle.generate.part import Made
from assets.kettle.generate.structure import changing, meta
from assets.kettle.values.fields import ValueType

NUMBERS = (ValueType.INTEGER, ValueType.NUMBER)


def copied(source: str, target: str, kind: ValueType) -> Made:
    """The field again under another name."""
    line = calculation(target, "COPY_FIELD", kind, source)
    return Made(f"{target} copy", f"{target}: copy of {source}", "Calculator", [("calculation", line)])


def calculated(target: str, lines: Sequence[Settings], words: str) -> Made:
    """Lines of Calculator."""
    return Made(f"{target} calculate", f"{target}: {words}", "Calculator", [("calculation", line) for line in lines])


def replaced(target: str, role: str, *pairs: tuple[str, str]) -> Made:
    """Patterns (Java) replaced in the field, one after the other."""
    lines = [("field", texts.replacement(target, pattern, by)) for pattern, by in pairs]
    return Made(f"{target} {role}", f"{target}: {role}", "ReplaceString", [("fields", lines)])


def only(target: str, pattern: str) -> Made:
    """Texts without the pattern become null."""
    return replaced(target, "keep what fits", (rf"(?s)^(?!{pattern}).*$", ""))


def converted(target: str, kind: ValueType, mask: str = "") -> Made:
    """The field in another type."""
    line = meta(target, kind, mask=mask)
    return Made(f"{target} as {kind.value}", f"{target}: as {kind.value}", "SelectValues", changing(line))


def operation(target: str, *, trim: str = "none", case: str = "none", digits: str = "none") -> Made:
    """String operations in place."""
    line = texts.operation(target, trim=trim, case=case, digits=digits)
    words = ", ".join(w for w in ("trim" if trim != "none" else "", case, digits) if w not in ("", "none"))
    return Made(f"{target} {words}", f"{target}: {words}", "StringOperations", [("fields", [("field", line)])])


def through(source: str, text: str, target: str, made: Made) -> list[Made]:
    """A step that reads a trimmed copy of a text field, called `text`; what it gives is trimmed too."""
    first = [copied(source, text, ValueType.STRING), operation(text, trim="both")]
    return [*first, made, operation(target, trim="both")]


def field_of(name: str, kind: ValueType = ValueType.STRING) -> Settings:
    """A new field as several steps declare it."""
    return [
        ("name", name),
        ("type", kind.value),
        ("format", ""),
        ("currency", ""),
        ("decimal", ""),
        ("group", ""),
        ("length", "-1"),
        ("precision", "-1"),
        ("nullif", ""),
        ("ifnull", ""),
        ("trimtype", "none"),
    ]


def fallible(made: Made) -> bool:
    """Whether a value can fail although its text has the right form: the 31st of February."""
    return made.type == "SelectValues" and made.role.endswith(f" as {ValueType.DATE.value}")


def emptied(made: Made) -> tuple[Made, Made]:
    """For rows that failed in a conversion: the field made null, and the conversion again."""
    target = made.role.removesuffix(f" as {ValueType.DATE.value}")
    line: Settings = [("name", target), ("value", ""), ("mask", ""), ("set_empty_string", "N")]
    settings: Settings = [("usevar", "N"), ("fields", [("field", line)])]
    again = Made(f"{made.role} again", f"{made.name} (no value)", made.type, made.settings, 1)
    return Made(f"{target} to null", f"{target}: no such value", "SetValueConstant", settings, 1), again
