"""The factors of a vote: what groups of rows say of a value, what it does to other cells, and how errors look."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from assets.quality.detect.coded import MISSING, Coded, Codes
from assets.quality.detect.dependencies import Strong
from assets.quality.repair.channel import Channel

RATE = 0.03  # cells that are wrong, before anything is known
OTHER = math.log(0.3)  # of the errors that are no typos: another value; the rest are lost values
LOST = math.log(0.15)
FEW = 4  # rows up to which a value's words are looked at
HELD = 0.001  # such cells that are wrong though another dependency agrees with them
FLOOR = 2e-4  # chance of a new value under a perfect dependency
NOISE = math.log(RATE) - 4.0  # an error of no known sort


def weight(rule: Strong) -> float:
    """How much a dependency's word counts."""
    return -math.log(1.0 - 0.98 * rule.strength)


class Voter:
    """One dependency and the vote of its groups."""

    def __init__(self, rule: Strong, target: Codes) -> None:
        self.rule = rule
        self.target = target
        self.weight = weight(rule)
        self.fresh = min(1.0, max(FLOOR, rule.unseen - 0.02))

    def doubtful(self) -> np.ndarray:
        """Rows whose group knows another value better: bool [n]."""
        groups, codes = self.rule.groups, self.rule.codes
        owner = np.repeat(np.arange(len(groups.start) - 1), np.diff(groups.start))
        count = np.where(groups.value == MISSING, 0, groups.count)
        best = np.zeros(len(groups.size), dtype=np.int64)
        np.maximum.at(best, owner, count)
        width = int(self.target.max(initial=0)) + 1
        keys = owner * width + groups.value
        at = np.searchsorted(keys, codes * width + self.target)
        at = np.minimum(at, max(0, len(keys) - 1))
        own = np.where(self.target == MISSING, 0, count[at] - 1)
        mostly = best[codes]
        lead = np.where(own + 1 == mostly, 0, mostly)  # its own value leads the group
        tied = (own + 1 == mostly) & (groups.size[codes] > own + 1) & (own == 0)
        return np.asarray((codes != MISSING) & ((lead > own) | ((self.target == MISSING) & (mostly > 0)) | tied))

    def others(self, row: int) -> dict[int, int]:
        """Counts of values among the other rows of the group, most frequent first, at most 12."""
        groups, code = self.rule.groups, int(self.rule.codes[row])
        if code == MISSING:
            return {}
        lo, hi = int(groups.start[code]), int(groups.start[code + 1])
        values, counts = groups.value[lo:hi], groups.count[lo:hi]
        own = int(self.target[row])
        order = np.argsort(-counts, kind="stable")[:13]
        found = {int(values[i]): int(counts[i]) - (int(values[i]) == own) for i in order}
        return {v: c for v, c in found.items() if c > 0}

    def context(self, others: dict[int, int], wanted: Sequence[int], prior: "Prior") -> list[float]:
        """Log probability of each wanted value given the other rows of its group."""
        total = sum(others.values())
        truths = list(dict.fromkeys([*wanted, *list(others)[:6]]))
        scores = []
        for value in truths:
            agree = others.get(value, 0)
            scores.append(prior.log(value) + agree * math.log(1 - RATE) + (total - agree) * NOISE)
        top = max(scores)
        whole = sum(math.exp(s - top) for s in scores)
        pi, made = self.rule.strength, []
        for value in wanted:
            truth = math.exp(scores[truths.index(value)] - top) / whole
            mixed = (1 - pi) * (1 - self.fresh) * others.get(value, 0) / total
            made.append(math.log(pi * truth + mixed + self.fresh * math.exp(prior.log(value)) + 1e-12))
        return made


class Prior:
    """Frequency of values in the column, without the cell's own."""

    def __init__(self, column: Coded, strange: Mapping[int, float]) -> None:
        self.column = column
        self.strange = strange
        self.own = -1

    def sound(self, value: int, rate: float) -> float:
        """Log probability that a value as found is no error, by the rate of errors and its form alone."""
        return math.log(1 - rate) + math.log(1 - min(0.99, self.strange.get(value, 0.0)))

    def log(self, value: int) -> float:
        """Log of the share of the other rows that have this value; half a row for none."""
        if value != self.own:
            return self._logs[value]
        return math.log((self.column.counts[value] - 0.5) / (len(self.column.codes) + 1.0))

    @cached_property
    def _logs(self) -> list[float]:
        logs: list[float] = np.log((self.column.counts + 0.5) / (len(self.column.codes) + 1.0)).tolist()
        return logs

    def words(self, value: int, own: int) -> float:
        """Log of how much commoner the words are by which `value` differs from `own`, where both are rare; within 3."""
        if max(self.column.counts[value], self.column.counts[own]) > FEW:
            return 0.0
        ours, theirs = self._words(value), self._words(own)
        if not ours - theirs or not theirs - ours:
            return 0.0
        gain = math.log(self._least(ours - theirs) / self._least(theirs - ours))
        return max(-3.0, min(3.0, gain))

    def _words(self, value: int) -> set[str]:
        return set(self.column.values[value].lower().split())

    def _least(self, words: set[str]) -> float:
        return min(self._known.get(word, 0) for word in words) + 0.5

    @cached_property
    def _known(self) -> Counter[str]:
        """In how many values each word occurs."""
        return Counter(w for text in self.column.values for w in set(text.lower().split()))


class Fate:
    """A dependency by which the judged column decides another: does the row's other cell agree with a candidate?"""

    def __init__(self, rule: Strong, codes: Codes, held: np.ndarray) -> None:
        self.groups = rule.groups
        self.codes = codes
        self.held = held
        self.strength = rule.strength
        self.fresh = min(1.0, max(FLOOR, rule.unseen - 0.02))
        self.share = np.bincount(codes) / len(codes)

    def log(self, row: int, value: int, current: int) -> float:
        """How much less likely the other cell is were `value` true (log, at most 0); its own row is not counted.

        Agreement is no gain: the other cell has its own vote already.
        """
        groups, other = self.groups, int(self.codes[row])
        known = value + 1 < len(groups.start)
        lo, hi = (int(groups.start[value]), int(groups.start[value + 1])) if known else (0, 0)
        total = int(groups.count[lo:hi].sum()) - (value == current)
        alone = math.log(float(self.share[other]) + 1e-6)
        if total <= 0:
            return 0.0
        at = lo + int(np.searchsorted(groups.value[lo:hi], other))
        met = int(groups.count[at]) if at < hi and groups.value[at] == other else 0
        met -= value == current
        chance = met / total * self.strength + (1 - self.strength) * math.exp(alone) + self.fresh * math.exp(alone)
        wrong = HELD if self.held[row] else RATE
        return min(0.0, math.log(chance + wrong * math.exp(alone)) - alone)


def error(wrong: str, right: str, channel: Channel, frequency: float) -> float:
    """Log probability of finding `wrong` where `right` is true and an error happened.

    Args:
        frequency: log of the share of rows with `wrong`.
    """
    if wrong == "":
        return LOST
    typo = math.log(channel.typed) + channel.log(wrong, right)
    return float(np.logaddexp(typo, math.log(1 - channel.typed) + OTHER + frequency))


def supported(column: Coded, rules: Sequence[Strong], least: float = 0.9) -> npt.NDArray[np.bool_]:
    """Rows whose value another row with the same deciding value has: bool [n].

    Args:
        rules: that decide this column; those weaker than `least` are not asked.
    """
    held = np.zeros(len(column.codes), dtype=bool)
    width = len(column.values)
    for rule in rules:
        if rule.strength >= least:
            _, inverse, counts = np.unique(rule.codes * width + column.codes, return_inverse=True, return_counts=True)
            held |= (rule.codes != MISSING) & (counts[inverse.ravel()] > 1)
    return held
