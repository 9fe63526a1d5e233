"""Reads Rison, as Superset's prison does; written apart from the writer it tests."""

from typing import Any


def loads(text: str) -> Any:
    """The value of a text. Raises ValueError where it is not Rison."""
    value, rest = _value(text)
    if rest:
        raise ValueError(f"rison: {rest!r} after the end")
    return value


def _value(text: str) -> tuple[Any, str]:
    if text[:2] in ("!t", "!f", "!n"):
        return {"t": True, "f": False, "n": None}[text[1]], text[2:]
    if text.startswith("!("):
        return _items(text[2:])
    if text.startswith("("):
        return _fields(text[1:])
    if text.startswith("'"):
        return _quoted(text[1:])
    end = next((i for i, c in enumerate(text) if c in ",)"), len(text))
    return int(text[:end]), text[end:]


def _quoted(text: str) -> tuple[str, str]:
    found = ""
    position = 0
    while text[position] != "'":
        if text[position] == "!":
            position += 1
            if text[position] not in "!'":
                raise ValueError(f"rison: !{text[position]} in a text")
        found += text[position]
        position += 1
    return found, text[position + 1 :]


def _items(text: str) -> tuple[list[Any], str]:
    found: list[Any] = []
    while not text.startswith(")"):
        value, text = _value(text.removeprefix(",") if found else text)
        found.append(value)
    return found, text[1:]


def _fields(text: str) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    while not text.startswith(")"):
        name, _, text = (text.removeprefix(",") if found else text).partition(":")
        found[name], text = _value(text)
    return found, text[1:]
