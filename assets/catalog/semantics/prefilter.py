"""What a value must be like to fit a pattern at all, worked out from the pattern: its length and its characters.

Comparing three numbers per value and pattern leaves a handful of the hundred patterns for a column, so that the regular
expressions, which are dear to compile, run where they have a chance. The conditions are necessary, never sufficient.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Masks = npt.NDArray[np.uint64]
ALL = (1 << 128) - 1
FOREIGN = 1  # the bit of U+0000 stands for every character beyond ASCII
LONGEST = 1_000_000_000
LONG = 300  # characters beyond which a value is not tried beforehand
FIRST = 4  # values that settle it when none of them fits
PATIENCE = 0.001  # seconds for one value
_CLASSES = re.compile(r"\\[pP](?:\{\w+\}|[A-Z])")


class Need(NamedTuple):
    """Shortest and longest text, and sets of characters as bits.

    Those allowed anywhere, those that must be there, those with which a text may begin and may end.
    """

    shortest: int
    longest: int
    allowed: int
    needed: int
    first: int
    last: int


ANYTHING = Need(0, LONGEST, ALL, 0, ALL, ALL)


class Looks(NamedTuple):
    """Of each value its length in characters, and its characters, its first and its last as two words of 64 bits."""

    lengths: npt.NDArray[np.int64]
    held: tuple[Masks, Masks]
    first: tuple[Masks, Masks]
    last: tuple[Masks, Masks]


@lru_cache(4096)
def need(pattern: str) -> Need:
    """The conditions of a pattern; a pattern that cannot be analysed allows everything."""
    from re import _parser as parser  # type: ignore[attr-defined]

    try:
        tree = parser.parse(
            _CLASSES.sub(lambda m: "\u0800" if _in_class(pattern, m.start()) else "[\u0800\u0801]", pattern)
        )
    except (re.error, OverflowError):
        return ANYTHING
    shortest, longest = tree.getwidth()
    folded = bool(tree.state.flags & re.IGNORECASE)
    letters = ALL if "\\P" in pattern else _letters(pattern)
    allowed, needed = _walk(tree, folded)
    first, last = (_edge(tree, folded, step)[0] | (letters if letters != FOREIGN else 0) for step in (1, -1))
    return Need(shortest, min(longest, LONGEST), allowed | letters, needed, first, last)


def ascii_digits(pattern: str) -> str:
    """The pattern with `\\d` as 0-9 alone, and not every script's digits: that compiles many times faster."""

    def plain(found: re.Match[str]) -> str:
        if found.group() != r"\d":
            return found.group()
        return "0-9" if _in_class(pattern, found.start()) else "[0-9]"

    return re.sub(r"\\.", plain, pattern, flags=re.DOTALL)


def _letters(pattern: str) -> int:
    """`\\p{L}` and its like hold ASCII letters too."""
    if re.search(r"\\p(?:\{L\w?\}|L)", pattern):
        return _bits(range(65, 91)) | _bits(range(97, 123)) | FOREIGN
    return FOREIGN if "\\p" in pattern else 0


def _in_class(pattern: str, place: int) -> bool:
    inside, i = False, 0
    while i < place:
        if pattern[i] == "\\":
            i += 1
        elif pattern[i] == "[":
            inside = True
        elif pattern[i] == "]":
            inside = False
        i += 1
    return inside


def _bits(codes: Iterable[int]) -> int:
    mask = 0
    for code in codes:
        mask |= 1 << code if 0 < code < 128 else FOREIGN
    return mask


def _either_case(code: int) -> list[int]:
    return [code, *{ord(c) for c in (chr(code).lower(), chr(code).upper()) if len(c) == 1}]


def _walk(tree: Any, folded: bool) -> tuple[int, int]:
    """Characters allowed and needed by a sequence of a parsed pattern."""
    allowed, needed = 0, 0
    for name, argument in tree:
        more, must = _node(str(name), argument, folded)
        allowed, needed = allowed | more, needed | must
    return allowed, needed


def _node(name: str, argument: Any, folded: bool) -> tuple[int, int]:
    if name == "LITERAL":
        codes = _either_case(argument)
        alone = _bits([argument]) if not chr(argument).isalpha() and 0 < argument < 128 else 0
        return _bits(codes), alone
    if name == "IN":
        return _class(argument, folded), 0
    if name == "BRANCH":
        parts = [_walk(branch, folded) for branch in argument[1]]
        together = ALL
        for _, must in parts:
            together &= must
        return _union(p for p, _ in parts), together
    if name == "SUBPATTERN":
        return _walk(argument[3], folded or bool(argument[1] & re.IGNORECASE))
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        allowed, must = _walk(argument[2], folded)
        return allowed, must if argument[0] > 0 else 0
    return (0, 0) if name == "AT" else (ALL, 0)


def _edge(tree: Any, folded: bool, step: int) -> tuple[int, bool]:
    """Characters with which a sequence may begin (step 1) or end (step -1), and whether it may be empty."""
    mask = 0
    for name, argument in list(tree)[::step]:
        more, empty = _edge_of(str(name), argument, folded, step)
        mask |= more
        if not empty:
            return mask, False
    return mask, True


def _edge_of(name: str, argument: Any, folded: bool, step: int) -> tuple[int, bool]:
    if name == "BRANCH":
        parts = [_edge(branch, folded, step) for branch in argument[1]]
        return _union(p for p, _ in parts), any(empty for _, empty in parts)
    if name == "SUBPATTERN":
        return _edge(argument[3], folded or bool(argument[1] & re.IGNORECASE), step)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        mask, empty = _edge(argument[2], folded, step)
        return mask, empty or argument[0] == 0
    return (0, True) if name == "AT" else (_node(name, argument, folded)[0], False)


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def _class(items: Sequence[tuple[Any, Any]], folded: bool) -> int:
    mask = 0
    for name, argument in items:
        kind = str(name)
        if kind == "LITERAL":
            mask |= _bits(_either_case(argument))
        elif kind == "RANGE":
            low, high = argument
            mask |= _bits(range(low, min(high, 127) + 1)) | (FOREIGN if high > 127 else 0)
            if folded:
                mask |= _bits(c for code in range(low, min(high, 127) + 1) for c in _either_case(code))
        elif kind == "CATEGORY" and str(argument) == "CATEGORY_DIGIT":
            mask |= _bits(range(48, 58)) | FOREIGN
        elif kind == "CATEGORY" and str(argument) == "CATEGORY_SPACE":
            mask |= _bits((9, 10, 11, 12, 13, 32)) | FOREIGN
        else:
            return ALL
    return mask


_LOW = np.array([1 << c if c < 64 else FOREIGN if c > 127 else 0 for c in range(256)], dtype=np.uint64)
_HIGH = np.array([1 << (c - 64) if 64 <= c < 128 else 0 for c in range(256)], dtype=np.uint64)


def look(values: Sequence[str]) -> Looks:
    """Lengths and characters of values, none of them empty."""
    codes = np.frombuffer("".join(values).encode(), dtype=np.uint8)
    ends = np.cumsum([len(v.encode()) for v in values], dtype=np.int64)
    starts = np.concatenate(([0], ends[:-1]))
    held = np.bitwise_or.reduceat(_LOW[codes], starts), np.bitwise_or.reduceat(_HIGH[codes], starts)
    begin, end = codes[starts], codes[ends - 1]
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    return Looks(lengths, held, (_LOW[begin], _HIGH[begin]), (_LOW[end], _HIGH[end]))


@lru_cache(4096)
def _compiled(pattern: str) -> Any:
    import regex

    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def enough(pattern: str, values: Sequence[str], least: float) -> bool:
    """Whether so many of a few values fit, by an engine that keeps what it compiled; an estimate to rule patterns out.

    Not when none of the first FIRST fit. What it cannot compile, finds too long or does not decide within a millisecond
    counts as fitting, so that no pattern holds anything up: the decision is the linear-time engine's.
    """
    compiled = _compiled(pattern)
    if compiled is None:
        return True
    fits = 0
    for tried, value in enumerate(values):
        if fits >= least or (tried == FIRST and not fits):
            break
        try:
            fits += len(value) > LONG or compiled.fullmatch(value, timeout=PATIENCE) is not None
        except TimeoutError:
            return True
    return fits >= least


class Needs:
    """The conditions of many patterns as arrays, to be compared with many values at once."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._short = np.array([n.shortest for n in needs], dtype=np.int64)[:, None]
        self._long = np.array([n.longest for n in needs], dtype=np.int64)[:, None]
        self._out = _words(~n.allowed for n in needs)
        self._must = _words(n.needed for n in needs)
        self._first = _words(~n.first for n in needs)
        self._last = _words(~n.last for n in needs)

    def possible(self, looks: Looks) -> npt.NDArray[np.bool_]:
        """Which values may fit which patterns, bool [patterns, values]."""
        lengths = looks.lengths[None, :]
        fits = (lengths >= self._short) & (lengths <= self._long)
        for half in (0, 1):
            held = looks.held[half][None, :]
            fits &= (held & self._out[half] == 0) & (held & self._must[half] == self._must[half])
            fits &= (looks.first[half][None, :] & self._first[half] == 0) & (
                looks.last[half][None, :] & self._last[half] == 0
            )
        return np.asarray(fits)


def _words(masks: Iterable[int]) -> tuple[Masks, Masks]:
    """Masks of 128 bits as two columns of 64."""
    word, held = (1 << 64) - 1, list(masks)
    low, high = (np.array([m >> shift & word for m in held], dtype=np.uint64)[:, None] for shift in (0, 64))
    return low, high
