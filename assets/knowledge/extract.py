"""The sentences and table rows of the passages found that answer a question best, quoted with citations."""

import re
from collections.abc import Sequence
from itertools import pairwise, repeat
from typing import NamedTuple

from assets.knowledge import cues, tokens
from assets.knowledge.search import HandbookIndex, Hit

SENTENCES = 2  # of an extract, at most
KEEP = 0.85  # a further one is quoted when its score is at least this share of the first one's
# What makes a score, in the middle of what was best on the tune questions: the question's content in heading and
# sentence together (the heading may hold the question's words while the sentence under it holds the answer), its
# neighbouring words near each other there, the kind of fact asked for, and the passage's share of the best passage's
# score. Cosines of single sentences made no difference.
WEIGHTS = {"content": 3.0, "near": 1.0, "cue": 1.0, "passage": 1.0}
WINDOW = 2  # tokens within which two words of the question count as near each other
END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")


class Unit(NamedTuple):
    """A sentence or table row considered for an extract; `number` of its hit, from 1, and its place in it."""

    score: float
    number: int
    place: int
    text: str


def extract(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> tuple[str, tuple[int, ...]]:
    """What answers the question best, each part followed by its citation, and the numbers cited."""
    kept = quoted(index, question, hits)
    return " ".join(f"{u.text} [{u.number}]" for u in kept), tuple(dict.fromkeys(u.number for u in kept))


def quoted(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> list[Unit]:
    """The best sentence or row and those nearly as good, in the order of the text but the best one's passage first."""
    ranked = sorted(scored(index, question, hits), key=lambda unit: (-unit.score, unit.number, unit.place))
    first = ranked[0]
    kept = [first, *(unit for unit in ranked[1:] if unit.score >= KEEP * first.score)][:SENTENCES]
    return sorted(kept, key=lambda unit: (unit.number != first.number, unit.number, unit.place))


def scored(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> list[Unit]:
    """All sentences and rows of the hits with their scores."""
    found = [(n, place, text) for n, hit in enumerate(hits, 1) for place, text in enumerate(units(hit))]
    values = features(index, question, hits, found)
    return [Unit(sum(WEIGHTS[k] * v for k, v in f.items()), *place) for f, place in zip(values, found, strict=True)]


def features(
    index: HandbookIndex, question: str, hits: Sequence[Hit], found: Sequence[tuple[int, int, str]]
) -> list[dict[str, float]]:
    """The parts of each unit's score, all about 0 to 1."""
    best = hits[0].score or 1.0
    asked, words = index.coverage.asked(question), tokens.content(question)
    titled = [f"{hits[number - 1].chunk.heading[-1]}\n{text}" for number, _, text in found]
    return [
        {
            "content": index.coverage.share(asked, title),
            "near": nearness(words, title),
            "cue": cues.holds(question, text),
            "passage": hits[number - 1].score / best,
        }
        for (number, _, text), title in zip(found, titled, strict=True)
    ]


def nearness(asked: Sequence[str], text: str) -> float:
    """The share of the question's neighbouring tokens that stand near each other in a text."""
    held = tokens.content(text)
    near = {frozenset(pair) for i, a in enumerate(held) for pair in zip(repeat(a), held[i + 1 : i + 1 + WINDOW])}
    pairs = list(pairwise(asked))
    return sum(frozenset(pair) in near for pair in pairs) / len(pairs) if pairs else 0.0


def units(hit: Hit) -> list[str]:
    """What an extract is made of: sentences, and table rows as `header: cell` pairs."""
    found: list[str] = []
    header: list[str] = []
    for line in hit.chunk.text.split("\n"):
        if not line.startswith("| "):
            found += [] if line.startswith("|--") else [s.strip() for s in END.split(line) if s and s.strip()]
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header:
            found.append("; ".join(f"{h}: {c}" for h, c in zip(header, cells, strict=False) if c))
        else:
            header = cells
    return found or [hit.chunk.text]
