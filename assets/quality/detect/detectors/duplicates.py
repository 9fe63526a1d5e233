"""Rows that say the same twice: equal, or alike in their texts. Candidates share a rare word or the start of a text."""

import re
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from assets.quality.detect.coded import Coded
from assets.quality.detect.context import Context
from assets.quality.detect.model import Cell, Proposal

_DIGITS = re.compile(r"\d+")
_NUMBERS = re.compile(r"\d+|\b[IVX]+\b")
MOST = 0.1  # share of the rows; more are alike by what they are about
LIKE = 0.9  # mean similarity of two rows' texts (1 is equal)
BLOCK = 30  # rows with one word; more and the word tells nothing
PAIRS = 400_000
SAME = 0.75  # share of the other columns' information in which two rows must agree
TELLING = 0.2  # distinct values per row from which a column tells rows apart
WORD = 4  # letters
LONG = 500  # characters compared


def find(context: Context) -> Iterator[Proposal]:
    """Pairs of rows alike in all columns that tell rows apart, numbers of rows aside."""
    columns = _telling(context)
    rows = len(context.frame)
    if rows < 2 or not columns:
        return
    names = tuple(c.name for c in columns)
    found: dict[int, tuple[int, float]] = {}
    for one, two, like in _alike(context, columns):
        found.setdefault(max(one, two), (min(one, two), like))
    if not found or len(found) > MOST * rows:
        return
    cells = [
        Cell(int(context.places[row]), names[0], context.text(row, names[0]), None, like)
        for row, (_, like) in found.items()
    ]
    row, (first, _) = min(found.items())
    why = f"{len(found)} rows are alike to an earlier one, such as row {context.places[row]} to {context.places[first]}"
    sure = float(np.mean([c.confidence for c in cells]))
    yield Proposal("near_duplicate", names, {"threshold": LIKE}, "report", sure, why, cells)


def _telling(context: Context) -> list[Coded]:
    """Columns of texts by which rows can be told apart, without keys (they differ between duplicates)."""
    rows = len(context.frame)
    found = []
    for column in context.repairs.observed:
        if column.name in context.numbers or column.distinct < max(2, TELLING * rows):
            continue
        if len({_DIGITS.sub("", v[:LONG]) for v in column.values}) < TELLING * rows / 2:
            continue  # numbers with a unit, codes
        lettered = sum(any(c.isalpha() for c in v) for v in column.values[1:200])
        spaced = sum(" " in v for v in column.values[1:200])
        if lettered * 2 > min(199, column.distinct) and (spaced or (column.counts[1:] > 1).any()):
            found.append(column)
    return found


def _alike(context: Context, columns: list[Coded]) -> Iterator[tuple[int, int, float]]:
    from rapidfuzz.fuzz import ratio

    rows = len(context.frame)
    rest = [(c, _information(c)) for c in context.repairs.observed if c not in columns and c.distinct < rows]
    most = sum(weight for _, weight in rest)
    seen: set[tuple[int, int]] = set()
    for pair in _candidates(columns):
        if pair in seen:
            continue
        seen.add(pair)
        if len(seen) > PAIRS:
            return
        one, two = pair
        scores = []
        for column in columns:
            a, b = column.values[column.codes[one]], column.values[column.codes[two]]
            if _NUMBERS.findall(a) != _NUMBERS.findall(b):
                scores.append(0.0)  # the second disc is not the first
                break
            scores.append(1.0 if a == b else ratio(a[:LONG].lower(), b[:LONG].lower()) / 100)
        if min(scores) < LIKE - 0.25 or sum(scores) / len(scores) < LIKE:
            continue
        same = sum(weight for c, weight in rest if c.codes[one] == c.codes[two])
        if same >= SAME * most and (rest or len(columns) > 1):
            yield one, two, sum(scores) / len(scores) * (same / most if most else 0.9)


def _information(column: Coded) -> float:
    """Bits that two equal values tell: of the chance that two rows agree."""
    share = column.counts / max(1, int(column.counts.sum()))
    return -float(np.log2((share**2).sum()))


def _candidates(columns: list[Coded]) -> Iterator[tuple[int, int]]:
    blocks: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, column in enumerate(columns):
        words = [_blocks(v) for v in column.values]
        for row, code in enumerate(column.codes.tolist()):
            for word in words[code]:
                blocks[place, word].append(row)
    for rows in blocks.values():
        if 1 < len(rows) <= BLOCK:
            for at, one in enumerate(rows):
                for two in rows[at + 1 :]:
                    yield one, two


def _blocks(text: str) -> set[str]:
    words = text[:LONG].lower().split()
    return {w for w in words if len(w) >= WORD} | {"".join(words)[:6]} if words else set()
