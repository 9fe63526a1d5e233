"""Whether what was found answers the question at all: a score of evidence and a threshold per language."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypedDict

import numpy as np

from assets.knowledge.search import HandbookIndex, Hit

DEPTH = 3  # hits that are looked at
MIXES = (1.0, 0.75, 0.5, 0.25)


class Rule(TypedDict):
    """Evidence = mix * coverage + (1 - mix) * cosine; below the threshold the handbook does not answer."""

    mix: float
    threshold: float


NO_RULE = Rule(mix=1.0, threshold=0.0)


def features(index: HandbookIndex, question: str, hits: Sequence[Hit]) -> tuple[float, float]:
    """Coverage of the question's content by the best of the first hits, and the best cosine among them."""
    first = hits[:DEPTH]
    asked = index.coverage.asked(question)
    coverage = max((index.coverage.share(asked, hit.chunk.searched) for hit in first), default=0.0)
    return coverage, max((hit.routes.get("dense", 0.0) for hit in first), default=0.0)


def evidence(rule: Rule, coverage: float, cosine: float) -> float:
    """How much speaks for an answer, about 0 to 1."""
    return rule["mix"] * coverage + (1 - rule["mix"]) * cosine


def calibrate(found: Sequence[tuple[float, float]], answerable: Sequence[bool]) -> Rule:
    """The mix and threshold that tell answerable questions from others best (mean of both hit rates).

    Among equally good ones the widest gap between the scores on both sides of the threshold counts; the threshold lies
    in its middle. Without examples of both classes nothing is refused.
    """
    truth = np.asarray(answerable, dtype=np.bool_)
    if truth.all() or not truth.any():
        return NO_RULE
    best, value = NO_RULE, (-1.0, 0.0)
    for mix in MIXES:
        scores = np.array([evidence(Rule(mix=mix, threshold=0), *pair) for pair in found])
        edges = np.unique(scores)
        for low, high in pairwise(edges):
            accepted = scores >= high
            balanced = (accepted[truth].mean() + (~accepted[~truth]).mean()) / 2
            reached = (round(float(balanced), 9), round(float(high - low), 9))
            if reached > value:
                best, value = Rule(mix=mix, threshold=round(float(low + high) / 2, 4)), reached
    return best
