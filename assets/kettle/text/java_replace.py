"""Replacing and splitting by Java regular expressions over polars columns."""

from collections.abc import Callable
from functools import lru_cache

import polars as pl
import regex

from assets.kettle.limits import Timed
from assets.kettle.text.columns import mapped, mapped_rows
from assets.kettle.text.java_regex import compile_java, rust_pattern
from assets.kettle.values.masks_number import Parsed
from assets.kettle.values.plain_texts import joined

Part = str | int
_LINE_ENDS = ("\u0085".encode(), "\u2028".encode(), "\u2029".encode())


@lru_cache(maxsize=256)
def parse_replacement(text: str, groups: int, names: frozenset[str] = frozenset()) -> tuple[Part | tuple[str], ...]:
    """The literal texts and group references of a Java replacement: `$1`, `${name}`, backslash before a literal.

    A number of several digits counts as long as there is such a group. A named group is a tuple of its name.

    Raises:
        ValueError: a reference to a group that is not there, or a lone `$` or backslash.
    """
    parts: list[Part | tuple[str]] = []
    literal = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char not in "\\$":
            literal += char
            at += 1
            continue
        if at + 1 == len(text):
            raise ValueError("character to be escaped is missing" if char == "\\" else "Illegal group reference")
        if char == "\\":
            literal += text[at + 1]
            at += 2
            continue
        reference, at = _reference(text, at + 1, groups, names)
        parts += [literal, reference] if literal else [reference]
        literal = ""
    return (*parts, literal) if literal else tuple(parts)


def _reference(text: str, at: int, groups: int, names: frozenset[str]) -> tuple[int | tuple[str], int]:
    if text[at] == "{":
        end = text.find("}", at)
        name = text[at + 1 : end]
        if end < 0 or name not in names:
            raise ValueError(f"No group with name {{{name}}}")
        return (name,), end + 1
    if text[at] not in "0123456789":
        raise ValueError("Illegal group reference")
    number = int(text[at])
    at += 1
    if number > groups:
        raise ValueError(f"No group {number}")
    while at < len(text) and text[at] in "0123456789" and number * 10 + int(text[at]) <= groups:
        number = number * 10 + int(text[at])
        at += 1
    return number, at


def _filler(pattern: Timed, replacement: str) -> Callable[["regex.Match[str]"], str]:
    parts = parse_replacement(replacement, pattern.groups, frozenset(pattern.groupindex))

    def fill(match: "regex.Match[str]") -> str:
        return "".join(
            part if isinstance(part, str) else match[part if isinstance(part, int) else part[0]] or "" for part in parts
        )

    return fill


def replace_all(texts: pl.Series, pattern: str, replacement: str, flags: str = "") -> Parsed:
    """Matcher.replaceAll of each text; null stays null. A wrong group fails the rows that match.

    Raises:
        ValueError: the pattern is not a regular expression.
    """
    compiled = compile_java(pattern, flags)
    try:
        fill = _filler(compiled, replacement)
    except ValueError as error:
        reason = str(error)
        hit = [compiled.search(text) is not None if text is not None else False for text in texts]
        rows = [row for row, found in enumerate(hit) if found]
        return texts.scatter(rows, None) if rows else texts, dict.fromkeys(rows, reason)
    fast = _fast(compiled, pattern, flags, texts)
    if fast is not None:
        return texts.str.replace_all(fast, _rust_replacement(compiled, replacement)), {}
    return mapped(texts, lambda text: compiled.sub(fill, text))


def _fast(compiled: Timed, pattern: str, flags: str, texts: pl.Series) -> str | None:
    """The pattern for polars; not where it could match the empty text, where the two engines step differently.

    `$` means the same only where no text has a line end before which Java's would match too.
    """
    if set(flags) - {"i"} or (flags and not pattern.isascii()) or compiled.search("") is not None:
        return None
    if "$" in pattern and _has_line_end(joined(texts)):
        return None
    if not any(char.isalpha() for char in pattern):
        flags = ""  # nothing in it has a case
    inner = pattern.removeprefix(r"\b").removesuffix(r"\b") if pattern.startswith(r"\b") else pattern
    fast = rust_pattern(inner)
    if fast is None:
        return None
    return ("(?i)" if flags else "") + (rf"\b{fast}\b" if inner != pattern else fast)


def _has_line_end(data: bytes) -> bool:
    return b"\n" in data or b"\r" in data or (not data.isascii() and any(mark in data for mark in _LINE_ENDS))


def _rust_replacement(compiled: Timed, replacement: str) -> str:
    parts = parse_replacement(replacement, compiled.groups, frozenset(compiled.groupindex))
    return "".join(
        part.replace("$", "$$") if isinstance(part, str) else f"${{{part if isinstance(part, int) else part[0]}}}"
        for part in parts
    )


def replace_by(texts: pl.Series, pattern: str, replacements: pl.Series, flags: str = "") -> Parsed:
    """As `replace_all` with a replacement for each row; a null one makes null of a text that matches as a whole."""
    compiled = compile_java(pattern, flags)

    def one(text: str, replacement: str) -> str:
        return str(compiled.sub(_filler(compiled, replacement), text))

    values, reasons = mapped_rows([texts, replacements], one, pl.String())
    missing = replacements.is_null() & texts.is_not_null()
    if missing.any():
        whole = mapped(texts, lambda text: compiled.fullmatch(text) is not None, pl.Boolean())[0]
        values = values.zip_with(~missing, texts.set(whole.fill_null(value=False), None))
    return values, reasons


def split(text: str, pattern: Timed) -> list[str]:
    """Pattern.split with limit -1: trailing empty parts stay; an empty match at the start makes no part."""
    parts: list[str] = []
    at = 0
    for match in pattern.finditer(text):
        if match.end() == 0 or (match.start() == match.end() == len(text) and not text):
            continue
        parts.append(text[at : match.start()])
        at = match.end()
    parts.append(text[at:])
    return parts
