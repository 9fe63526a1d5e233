"""Java regular expressions over polars columns.

Patterns of the common subset run in polars; the others row by row (each distinct text once) with the `regex` package,
whose syntax takes Java's possessive quantifiers, look-behind, Unicode classes and class operations.
"""

import re
from functools import lru_cache

import polars as pl
import regex

from assets.kettle.limits import Timed

# nothing here means something else to Java than to Rust, except what _rust replaces
_COMMON = re.compile(r"(?:[\w \-.*+?|()\[\]^/@:,;=<>!#%&~$\"']|\\[dws.\\\-/()\[\]{}|*+?^$tnr]|\{\d+(?:,\d*)?\})*")
_DOT = r"[^\n\r\x85\u2028\u2029]"
_INLINE_DOT_ALL = re.compile(r"\(\?[a-zA-Z]*[sd]")
_SPECIAL = ("(?", "*+", "++", "?+", "}+", "&&", "[[")
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": r" \t\n\x0B\f\r"}
_FLAG = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "x": regex.VERBOSE, "u": 0}
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": r"\x00-\x7F", "Alpha": "A-Za-z", "Digit": "0-9", "Alnum": "A-Za-z0-9",
    "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t", "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0B\f\r", "javaLowerCase": r"\p{Ll}", "javaUpperCase": r"\p{Lu}",
}  # fmt: skip


def _translated(pattern: str, *, dot_all: bool = False, unicode: bool = False) -> str:
    """Java's spelling in that of `regex`: \\p{Alpha} and friends are ASCII, \\Z and \\h have their Java meaning.

    The dot stops at every line end that Java knows, unless `dot_all` (or a flag in the pattern) says otherwise.
    """
    dot = "." if dot_all or _INLINE_DOT_ALL.search(pattern) else _DOT
    out: list[str] = []
    position, depth = 0, 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern):
            piece, position = _escape(pattern, position, depth > 0, unicode)
            out.append(piece)
            continue
        if char == "[":
            depth += 1
        elif char == "]" and depth:
            depth -= 1
        out.append(dot if char == "." and not depth else char)
        position += 1
    return "".join(out)


def _escape(pattern: str, position: int, in_class: bool, unicode: bool) -> tuple[str, int]:
    char = pattern[position + 1]
    if char == "Q":
        end = pattern.find("\\E", position)
        end = len(pattern) if end < 0 else end
        return regex.escape(pattern[position + 2 : end]), min(end + 2, len(pattern))
    if char in _CLASSES and not unicode:
        return (_CLASSES[char] if in_class else f"[{_CLASSES[char]}]"), position + 2
    if char == "h":
        return (" \\t\\xA0" if in_class else "[ \\t\\xA0]"), position + 2
    if char in "pP" and pattern[position + 2 : position + 3] == "{":
        end = pattern.index("}", position)
        name = pattern[position + 3 : end].removeprefix("Is").removeprefix("In")
        posix = _POSIX.get(name)
        if posix and char == "p":
            return (posix if in_class else f"[{posix}]"), end + 1
        return (f"[^{posix}]" if posix else f"\\{char}{{{name}}}"), end + 1
    if char == "Z":
        return r"(?=(?:\r\n|[\n\r])?\Z)", position + 2
    if char == "z":
        return r"\Z", position + 2
    return pattern[position : position + 2], position + 2


@lru_cache(maxsize=512)
def compile_java(pattern: str, flags: str = "") -> Timed:
    """The pattern compiled with Java's meaning.

    Args:
        flags: any of i (ignore case, ASCII), m (multi-line), s (dot matches all), x (comments),
            u (the classes \\w, \\d and \\s hold all Unicode characters).

    Raises:
        ValueError: it is not a regular expression.
    """
    value = regex.VERSION1
    for flag in flags:
        value |= _FLAG[flag]
    try:
        return Timed(regex.compile(_translated(pattern, dot_all="s" in flags, unicode="u" in flags), value))
    except (regex.error, ValueError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


def rust_pattern(pattern: str, flags: str = "") -> str | None:
    """The same pattern for polars, or None when it is outside the subset that means the same there."""
    if "u" in flags or not _COMMON.fullmatch(pattern) or any(s in pattern for s in _SPECIAL):
        return None
    translated = _translated(pattern, dot_all="s" in flags)
    try:
        pl.Series([""]).str.contains(translated)
    except pl.exceptions.ComputeError:
        return None
    return translated


def matches_text(text: str, pattern: str, flags: str = "") -> bool:
    """Whether the whole text matches. Raises ValueError: it is not a regular expression."""
    return compile_java(pattern, flags).fullmatch(text) is not None


def matches(texts: pl.Series, pattern: str, flags: str = "") -> pl.Series:
    """Whether the whole of each text matches (java.util.regex.Pattern.matches); null stays null.

    Raises:
        ValueError: it is not a regular expression.
    """
    fast = rust_pattern(pattern, flags)
    if fast is not None:
        prefix = f"(?{flags})" if flags else ""
        return texts.str.contains(rf"{prefix}\A(?:{fast})\z")
    compiled = compile_java(pattern, flags)
    distinct = texts.drop_nulls().unique()
    found = [compiled.fullmatch(text) is not None for text in distinct]
    return texts.replace_strict(distinct, pl.Series(found, dtype=pl.Boolean), default=None, return_dtype=pl.Boolean)
