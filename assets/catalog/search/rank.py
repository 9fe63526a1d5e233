"""Close ranking of the best entries: what joined tables and the source lend, meaning by vectors, and dates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.catalog.search.postings import Floats
from assets.catalog.search.question import Question
from assets.catalog.search.shelf import Shelf

JOINED = 0.3  # of what a concept counts in a joined table
SOURCE = 0.25  # of what it counts in the best table of the source
DATED = 0.05  # of its score for a table with dates, where a time is asked for
MEANING = 0.5  # of the best score for the nearest vector
EXPLAINED = 50  # entries whose lenders are noted


@dataclass(frozen=True)
class Ranking:
    """The result of ranking.

    Attributes:
        order: numbers of entries, the best first.
        scores: by number.
        own: what each concept counts in the entry itself, by number, float32 [concepts].
        lenders: for each entry and concept that it lacks, the joined entry that has it.
    """

    order: list[int]
    scores: dict[int, float]
    own: dict[int, Floats]
    lenders: dict[int, dict[int, int]]


def rank(
    asked: Question, scores: Floats, looked_at: Sequence[int], shelf: Shelf, cosines: Floats | None = None
) -> Ranking:
    """Ranks the entries looked at; only these lend to each other, and they are all allowed.

    A concept that a table lacks counts in part when a table joined to it or of its source has it: a question names
    what it asks about in the words of several tables.

    Args:
        scores: what each concept counts in each entry looked at, float32 [concepts, len(looked_at)].
        cosines: of the question's vector and theirs, float32 [len(looked_at)].
    """
    place = {number: p for p, number in enumerate(looked_at)}
    near = [[place[n] for n in shelf.neighbours(number).tolist() if n in place] for number in looked_at]
    joined, lender = _joined(scores, near)
    whole = _sources(scores, shelf.source[list(looked_at)])
    total = np.maximum(scores, np.maximum(JOINED * joined, SOURCE * whole)).sum(axis=0)
    if asked.time:
        total = total * (1 + DATED * shelf.dated[list(looked_at)])
    if cosines is not None and len(total):
        total = total + MEANING * max(float(total.max()), 1.0) * np.maximum(cosines - cosines.mean(), 0)
    order = np.argsort(-total, kind="stable")
    lent = (lender >= 0) & (JOINED * joined > scores)
    return Ranking(
        [looked_at[p] for p in order],
        {looked_at[p]: float(total[p]) for p in order},
        {looked_at[p]: scores[:, p] for p in order},
        {
            looked_at[p]: {int(c): looked_at[lender[c, p]] for c in np.flatnonzero(lent[:, p])}
            for p in order[:EXPLAINED]
        },
    )


def _joined(own: Floats, near: Sequence[Sequence[int]]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The most that a concept counts in a neighbour, and which one that is (-1: none)."""
    best = np.zeros_like(own)
    lender = np.full(own.shape, -1, dtype=np.int64)
    for p, places in enumerate(near):
        if places and len(own):
            values = own[:, places]
            most = values.argmax(axis=1)
            best[:, p] = values[np.arange(len(own)), most]
            lender[:, p] = np.where(best[:, p] > 0, np.array(places)[most], -1)
    return best, lender


def _sources(own: Floats, source: npt.NDArray[np.int64]) -> Floats:
    """The most that a concept counts in any entry of the same source."""
    found = np.zeros_like(own)
    for number in np.unique(source[source >= 0]):
        places = source == number
        found[:, places] = own[:, places].max(axis=1, keepdims=True)
    return found
