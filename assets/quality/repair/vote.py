"""Which value a cell should have: what the rows that share a deciding value say, against how errors look.

For a cell with value o and a candidate v the posterior odds are those of a noisy channel,

    e P(o | v mistyped) C(v)  :  (1 - e) C(o),

C(v) being the geometric mean over the dependencies, weighted by their strength, of v's probability among the other
rows of the cell's group. In a group either one value is true and the rest are errors (with the dependency's strength
as its probability), or values mix as counted, or the value is new. The form follows HoloClean (Rekatsinas et al.,
2017) with closed-form factors in place of learned weights.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assets.quality.detect.coded import MISSING, Coded, Codes
from assets.quality.detect.dependencies import Strong
from assets.quality.repair.channel import Channel
from assets.quality.repair.factors import RATE, Fate, Prior, Voter, error

VOTERS = 8  # dependencies heard for a column
ROWS = 60_000  # doubtful cells of a column looked at
Decided = tuple[Strong, Codes, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Verdict:
    """A cell that should have another value: codes of its column."""

    row: int
    before: int
    after: int
    confidence: float
    voters: tuple[Strong, ...]


def votes(
    column: Coded,
    given: Codes,
    rules: Sequence[Strong],
    channel: Channel,
    decided: Sequence[Decided] = (),
    strange: Mapping[int, float] | None = None,
    among: npt.NDArray[np.bool_] | None = None,
) -> Iterator[Verdict]:
    """Verdicts on the cells of a column.

    Args:
        column: as repaired so far: what other rows say.
        given: codes as found, of the same values, int64 [n]: what is judged.
        rules: dependencies that decide this column, the strongest first.
        decided: dependencies by which this column alone decides others, with the codes of those and
            the rows where other dependencies agree with those codes.
        strange: values of an odd form, with how surely they are wrong by that.
        among: the rows to be judged; all without.
    """
    voters = [Voter(rule, column.codes) for rule in rules[:VOTERS]]
    if not voters:
        return
    fates = [Fate(*d) for d in decided[:VOTERS]]
    doubtful = column.codes != given
    for voter in voters:
        doubtful |= voter.doubtful()
    if among is not None:
        doubtful &= among
    prior = Prior(column, strange or {})
    for row in np.flatnonzero(doubtful)[:ROWS].tolist():
        found = _judge(row, int(given[row]), column, voters, fates, channel, prior)
        if found is not None:
            yield found


def _judge(
    row: int,
    own: int,
    column: Coded,
    voters: Sequence[Voter],
    fates: Sequence["Fate"],
    channel: Channel,
    prior: Prior,
) -> Verdict | None:
    prior.own = int(column.codes[row])
    heard = [(voter, others) for voter in voters if (others := voter.others(row))]
    best = _candidates(own, heard)
    if not best:
        return None
    wanted = [own, *best]
    sums, weights = [0.0] * len(wanted), 0.0
    for voter, others in heard:
        weights += voter.weight
        for place, log in enumerate(voter.context(others, wanted, prior)):
            sums[place] += voter.weight * log
    after_it = _consequences(row, wanted, prior.own, fates)
    sums = [s / weights + c for s, c in zip(sums, after_it, strict=True)]
    rate = max(RATE, sum(v.weight * v.rule.noise for v, _ in heard) / weights)
    scores = [prior.sound(own, rate) + sums[0]]
    for place, value in enumerate(best, start=1):
        wrong = error(column.values[own], column.values[value], channel, prior.log(own))
        scores.append(math.log(rate) + wrong + sums[place] + prior.words(value, own))
    top = max(scores)
    whole = sum(math.exp(s - top) for s in scores)
    winner = scores.index(top)
    if winner == 0:
        return None
    after = wanted[winner]
    supporting = tuple(v.rule for v, others in heard if next(iter(others)) == after)
    return Verdict(row, own, after, 1.0 / whole, supporting)


def _consequences(row: int, wanted: Sequence[int], current: int, fates: Sequence[Fate]) -> list[float]:
    """For each wanted value the worst it does to the cells it decides: log, at most 0."""
    return [
        min((f.log(row, value, current) for f in fates if f.codes[row] != MISSING), default=0.0) for value in wanted
    ]


def _candidates(own: int, heard: Sequence[tuple[Voter, dict[int, int]]]) -> list[int]:
    """The values with most votes, at most four."""
    ranked: dict[int, float] = {}
    for voter, others in heard:
        total = sum(others.values())
        for value in list(others)[:3]:
            if value not in (MISSING, own):
                ranked[value] = ranked.get(value, 0.0) + voter.weight * others[value] / total
    return sorted(ranked, key=lambda v: -ranked[v])[:4]
