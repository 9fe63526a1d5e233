"""Date masks (the pattern language of Java's SimpleDateFormat), read into items."""

from dataclasses import dataclass
from functools import lru_cache

LETTERS = "GyYMLwWDdFEuaHkKhmsSzZX"


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a mask: a field (`letter`, repeated `count` times) or a literal text.

    `tight`: another field follows without anything between, so a parse takes exactly `count` characters.
    """

    letter: str = ""
    count: int = 0
    literal: str = ""
    tight: bool = False


@lru_cache(maxsize=1024)
def compile_date_mask(mask: str) -> tuple[Item, ...]:
    """The mask, read. Raises ValueError when Java refuses it (an unknown letter, an open quote)."""
    items: list[Item] = []
    at = 0
    while at < len(mask):
        char = mask[at]
        if char == "'":
            text, at = _quoted(mask, at)
            _literal(items, text)
        elif char.isascii() and char.isalpha():
            end = at
            while mask.startswith(char, end):
                end += 1
            if char not in LETTERS:
                raise ValueError(f"date mask {mask!r}: illegal letter {char!r}")
            if char == "X" and end - at > 3:
                raise ValueError(f"date mask {mask!r}: at most three X")
            if items and items[-1].letter:
                previous = items.pop()
                items.append(Item(previous.letter, previous.count, tight=True))
            items.append(Item(char, end - at))
            at = end
        else:
            _literal(items, char)
            at += 1
    return tuple(items)


def _quoted(mask: str, at: int) -> tuple[str, int]:
    """The text of a quoted part (two quotes stand for one) and the position behind it."""
    if mask.startswith("''", at):
        return "'", at + 2
    parts: list[str] = []
    at += 1
    while True:
        close = mask.find("'", at)
        if close < 0:
            raise ValueError(f"date mask {mask!r}: a quote is not closed")
        parts.append(mask[at:close])
        at = close + 1
        if not mask.startswith("'", at):
            return "".join(parts), at
        parts.append("'")
        at += 1


def _literal(items: list[Item], text: str) -> None:
    if items and not items[-1].letter:
        text = items.pop().literal + text
    items.append(Item(literal=text))
