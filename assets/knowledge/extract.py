"""The sentences and table rows of the passages found that answer a question best, quoted with citations."""

import re
from collections.abc import Sequence
from itertools import pairwise, repeat
from typing import NamedTuple

from assets.knowledge import cues, tokens
from assets.knowledge.blocks import language
from assets.knowledge.search import HandbookIndex, Hit

SENTENCES = 2  # of an extract, at most, and neighbours
KEEP = 0.6  # a neighbour is quoted when its score is at least this share of the best one's
ROW_KEEP = 0.98  # the same for table rows, which share the words of their header
# What makes a score, among the best on the tune questions: the question's content in heading and
# sentence together (the heading may hold the question's words while the sentence under it holds the answer), its
# neighbouring words near each other there, the kind of fact asked for, and the passage's share of the best passage's
# score. Cosines of single sentences made no difference.
WEIGHTS = {"content": 2.0, "near": 0.5, "cue": 1.0, "passage": 0.5}
WINDOW = 2  # tokens within which two words of the question count as near each other
END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")


class Unit(NamedTuple):
    """A sentence or table row considered for an extract; `number` of its hit, from 1, and its place in it."""

    score: float
    number: int
    place: int
    text: str
    is_row: bool


def extract(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> tuple[str, tuple[int, ...]]:
    """What answers the question best, with its citation, and the numbers cited; else "" and ()."""
    kept = quoted(index, question, hits)
    if not kept:
        return "", ()
    between = " / " if kept[-1].is_row else "" if language(kept[0].text) == "zh" else " "
    return f"{between.join(unit.text for unit in kept)} [{kept[0].number}]", (kept[0].number,)


def quoted(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> list[Unit]:
    """The best sentence or row and, if it is nearly as good, the better one of its neighbours, as they follow.

    Empty when the question asks for a time, an amount of money or a number and none of them holds one.
    """
    ranked = sorted(scored(index, question, hits), key=lambda unit: (-unit.score, unit.number, unit.place))
    first = ranked[0]
    near = [u for u in ranked if u.number == first.number and abs(u.place - first.place) == 1]
    further = [u for u in near if u.score >= (ROW_KEEP if u.is_row else KEEP) * first.score]
    kept = [first, *further][:SENTENCES]
    if cues.lacks(question, (unit.text for unit in kept)):
        return []
    return sorted(kept, key=lambda unit: unit.place)


def scored(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> list[Unit]:
    """All sentences and rows of the hits with their scores."""
    found = [(n, place, *unit) for n, hit in enumerate(hits, 1) for place, unit in enumerate(units(hit))]
    values = features(index, question, hits, found)
    return [Unit(sum(WEIGHTS[k] * v for k, v in f.items()), *place) for f, place in zip(values, found, strict=True)]


def features(
    index: HandbookIndex, question: str, hits: Sequence[Hit], found: Sequence[tuple[int, int, str, bool]]
) -> list[dict[str, float]]:
    """The parts of each unit's score, all about 0 to 1."""
    best = hits[0].score or 1.0
    asked, words = index.coverage.asked(question), tokens.content(question)
    titled = [f"{hits[number - 1].chunk.heading[-1]}\n{text}" for number, _, text, _ in found]
    return [
        {
            "content": index.coverage.share(asked, title),
            "near": nearness(words, title),
            "cue": cues.holds(question, text),
            "passage": hits[number - 1].score / best,
        }
        for (number, _, text, _), title in zip(found, titled, strict=True)
    ]


def nearness(asked: Sequence[str], text: str) -> float:
    """The share of the question's neighbouring tokens that stand near each other in a text."""
    held = tokens.content(text)
    near = {frozenset(pair) for i, a in enumerate(held) for pair in zip(repeat(a), held[i + 1 : i + 1 + WINDOW])}
    pairs = list(pairwise(asked))
    return sum(frozenset(pair) in near for pair in pairs) / len(pairs) if pairs else 0.0


def units(hit: Hit) -> list[tuple[str, bool]]:
    """What an extract is made of: sentences, and table rows as `header: cell` pairs; True marks a row."""
    found: list[tuple[str, bool]] = []
    header: list[str] = []
    for line in hit.chunk.text.split("\n"):
        if not line.startswith("| "):
            sentences = [] if line.startswith("|--") else END.split(line)
            found += [(sentence.strip(), False) for sentence in sentences if sentence and sentence.strip()]
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header:
            found.append(("; ".join(f"{h}: {c}" for h, c in zip(header, cells, strict=False) if c), True))
        else:
            header = cells
    return found or [(hit.chunk.text, False)]
