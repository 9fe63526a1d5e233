"""Errors of the known kinds planted in right tables: how much, of which kinds and where is drawn by a seed."""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.cleaning.public import Public, Table

LETTERS = "abcdefghijklmnopqrstuvwxyz"
# share of a column's cells, columns, kinds of errors in a column
AMOUNTS: Mapping[str, tuple[float, float, int]] = {"none": (0, 0, 0), "few": (0.005, 0.3, 1), "many": (0.03, 0.6, 2)}
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_DAY = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
Spoil = Callable[[str, list[str], np.random.Generator], str]


@dataclass(frozen=True)
class Planted:
    """A table with errors, and what is right: (column, row) -> the text that was there, and "" for a planted mark."""

    cells: Table
    right: Mapping[tuple[str, int], tuple[str, ...]]


def plant(table: Public, amount: str) -> Planted:
    """The table with errors; the same each time."""
    random = np.random.default_rng([zlib.crc32(table.name.encode()), zlib.crc32(amount.encode())])
    share, width, kinds = AMOUNTS[amount]
    cells = {name: list(values) for name, values in table.cells.items()}
    right: dict[tuple[str, int], tuple[str, ...]] = {}
    for name, values in table.cells.items():
        if random.random() >= width:
            continue
        usable = [kind for kind, fits in KINDS.items() if sum(map(fits, values)) > 0.5 * len(values)]
        for kind in random.permutation(usable)[:kinds].tolist():
            count = max(2, round(share * len(values)))
            for row in random.choice(len(values), count, replace=False).tolist():
                text = cells[name][row]
                wrong = SPOILT[kind](text, values, random) if KINDS[kind](text) else text
                if wrong != text and (name, row) not in right:
                    right[name, row] = (text, "") if kind == "mark" else (text,)
                    cells[name][row] = wrong
    return Planted(cells, right)


def _typo(text: str, _: list[str], random: np.random.Generator) -> str:
    at, drawn = int(random.integers(len(text))), LETTERS[int(random.integers(26))]
    made = (
        text[:at] + drawn + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text[:at] + drawn + text[at:],
        text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
    )
    return made[int(random.integers(4))]


def _digit(text: str, _: list[str], random: np.random.Generator) -> str:
    places = [n for n, c in enumerate(text) if c.isdigit()]
    at = places[int(random.integers(len(places)))]
    return text[:at] + str((int(text[at]) + int(random.integers(1, 10))) % 10) + text[at + 1 :]


def _of(*choices: Callable[[str], str]) -> Spoil:
    return lambda text, _, random: choices[int(random.integers(len(choices)))](text)


def _swap(text: str, values: list[str], random: np.random.Generator) -> str:
    return values[int(random.integers(len(values)))] or text


def _day(text: str) -> str:
    return _DAY.sub(r"\3.\2.\1", text)


SPOILT: Mapping[str, Spoil] = {
    "typo": _typo,
    "digit": _digit,
    "swap": _swap,
    "lost": _of(lambda t: ""),
    "mark": _of(lambda t: "N/A", lambda t: "NULL", lambda t: "-"),
    "blank": _of(
        lambda t: f" {t}", lambda t: f"{t} ", lambda t: f"{t}\u3000", lambda t: t.replace(" ", "  ", 1) + "\t"
    ),
    "case": _of(str.upper, str.lower),
    "wide": _of(lambda t: t.translate(_WIDE)),
    "mojibake": _of(lambda t: t.encode("gb18030").decode("latin-1")),
    "day": _of(_day, lambda t: t.replace("-", "/")),
    "unit": _of(lambda t: f"{t} kg", lambda t: f"{t}kg"),
    "scale": _of(lambda t: f"{float(t) * 1000:g}"),
}
_chinese: Callable[[str], bool] = lambda t: any("\u4e00" <= c <= "\u9fff" for c in t)  # noqa: E731
_number: Callable[[str], bool] = lambda t: bool(_NUMBER.match(t)) and len(t) < 12  # noqa: E731
_word: Callable[[str], bool] = lambda t: len(t) >= 4 and any(c.isalpha() for c in t)  # noqa: E731
# which errors a column can have: those that fit most of its values
KINDS: Mapping[str, Callable[[str], bool]] = {
    "typo": _word,
    "digit": _number,
    "swap": bool,
    "lost": bool,
    "mark": bool,
    "blank": _word,
    "case": lambda t: _word(t) and t.upper() != t.lower() and not _NUMBER.match(t),
    "wide": lambda t: any(c.isdigit() for c in t),
    "mojibake": _chinese,
    "day": lambda t: bool(_DAY.match(t)),
    "unit": lambda t: _number(t) and t != "0",
    "scale": lambda t: _number(t) and t != "0",
}
