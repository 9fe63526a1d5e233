"""JSON values as Java prints them, and JSON text as Kettle's libraries write it."""

import re
from typing import Any

from assets.kettle.values.java_numbers import double_text

SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "/": "\\/"}
_SPECIAL = re.compile('["\\\\/\\x00-\\x1f\\x7f-\\x9f\\u2000-\\u20ff]')


def escaped(text: str) -> str:
    """The text for use between quotes: also `/` and the controls of Unicode are escaped."""
    return _SPECIAL.sub(lambda m: SHORT.get(m[0]) or f"\\u{ord(m[0]):04X}", text)


def json_text(value: Any) -> str:
    """Compact JSON with escaped slashes, keys in their order, numbers as Java prints them."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f'"{escaped(str(k))}":{json_text(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(v) for v in value) + "]"
    return f'"{escaped(str(value))}"'


def plain_text(value: Any) -> str | None:
    """The value as a field gets it: null, the bare text, or JSON for objects and lists."""
    if value is None or isinstance(value, str):
        return value
    return json_text(value)
