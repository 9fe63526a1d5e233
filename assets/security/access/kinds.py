"""What kind of values a column's type has, from the name that an engine gives it."""

import re
from typing import Literal

Kind = Literal["text", "number", "integer", "date", "timestamp", "other"]
_NAMES: tuple[tuple[Kind, "re.Pattern[str]"], ...] = (
    ("timestamp", re.compile(r"timestamp|datetime")),
    ("date", re.compile(r"^date\b|^date32|^nullable\(date")),
    ("text", re.compile(r"char|text|string|clob|^enum|^uuid|^str\b")),
    ("other", re.compile(r"\[|list|struct|map|array|json|blob|binary|interval|point|^time\b")),
    ("number", re.compile(r"double|float|real|decimal|numeric|number")),
    ("integer", re.compile(r"int|serial|^year|hugeint")),
)


def kind_of(type_: str) -> Kind:
    """The kind of a type such as `VARCHAR(20)`; `other` where it is not known."""
    low = type_.strip().lower()
    if re.search(r"\[|list|struct|map\(|array|json", low):
        return "other"
    return next((kind for kind, pattern in _NAMES if pattern.search(low)), "other")
