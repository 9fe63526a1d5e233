"""Values that only expressions have: failures and regular expressions; and how values are read."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any


class GrelError(Exception):
    """An expression that has no value for a row."""


@dataclass(frozen=True, slots=True)
class Failure:
    """OpenRefine's error value; what is done about it an operation says (`onError`)."""

    why: str


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression of Java, with a time limit."""

    pattern: Any

    @classmethod
    @lru_cache(maxsize=500)
    def of(cls, text: str, ignore_case: bool = False) -> "Regex":
        """Compiled. Raises GrelError for what is none."""
        from assets.kettle.text.java_regex import compile_java

        try:
            return cls(compile_java(text, "i" if ignore_case else ""))
        except ValueError as error:
            raise GrelError(str(error)) from None


def text(value: Any) -> str:
    """A text. Raises GrelError for null and lists."""
    from assets.quality.refine.grid import said

    if value is None or isinstance(value, (list, Failure)):
        raise GrelError("a text is expected")
    return said(value)


def number(value: Any) -> Any:
    """A number, of a text that is one too. Raises GrelError."""
    if isinstance(value, bool) or value is None:
        raise GrelError("a number is expected")
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        plain = value.strip()
        try:
            return int(plain) if plain.lstrip("+-").isdigit() and plain.isascii() else _float(plain)
        except ValueError:
            raise GrelError(f"{plain[:40]!r} is no number") from None
    raise GrelError("a number is expected")


def _float(plain: str) -> float:
    if "_" in plain or not any(c.isdigit() for c in plain):
        raise ValueError
    return float(plain)


def truth(value: Any) -> bool:
    """A truth value, of the texts true and false too. Raises GrelError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise GrelError("a truth value is expected")
