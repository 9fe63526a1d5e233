"""How likely a wrong text is, given the right one: a channel of character edits, learned from sure repairs.

A noisy channel as in spelling correction (Kernighan, Church and Gale, 1990): a typo has a geometric number of edits,
each at any place with equal chance, each drawing its character from a distribution that starts out uniform and moves
to what sure repairs show (errors of one table are often all of one sort).
"""

import math
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

MOST = 8  # edits looked at
START = 40.0  # characters that each could be, and the weight of that belief
LONG = 2000  # characters from which texts are not compared
MORE = 0.3  # share of typos with one more edit
KINDS = ("replace", "insert", "delete")


class Channel:
    """Learned weights of edits.

    Attributes:
        typed: share of errors that are typos; the others put any value in.
        seen: how often each edit was seen in sure repairs.
        more: share of typos with one more edit.
    """

    def __init__(self, typed: float = 0.6, seen: Counter[tuple[str, str]] | None = None, more: float = MORE) -> None:
        self.typed = typed
        self.more = more
        self.seen = seen or Counter()
        self._cache: dict[tuple[str, str], float] = {}

    @cached_property
    def _totals(self) -> tuple[float, dict[str, float]]:
        by_kind = Counter[str]()
        for (kind, _), number in self.seen.items():
            by_kind[kind] += number
        whole = sum(by_kind.values())
        return whole, dict(by_kind)

    def edit(self, kind: str, character: str) -> float:
        """Probability of an edit: its sort, and the character it leaves (takes away, for `delete`)."""
        whole, by_kind = self._totals
        sort = (by_kind.get(kind, 0) + 4.0) / (whole + 4.0 * len(KINDS))
        drawn = (self.seen.get((kind, character), 0) + 1.0) / (by_kind.get(kind, 0) + START)
        return sort * drawn

    def log(self, wrong: str, right: str) -> float:
        """Log of the probability that `right` was mistyped as `wrong`; -inf beyond MOST edits or half of the text."""
        found = self._cache.get((wrong, right))
        if found is None:
            found = self._cache[wrong, right] = self._log(wrong, right)
        return found

    def boost(self, wrong: str, right: str) -> float:
        """How much likelier the learned edits make this typo than the belief before, per edit."""
        edits = _edits(wrong, right, max(MOST, len(right) // 8))
        if not edits:
            return 0.0
        plain = math.log(1 / len(KINDS) / START)
        return math.exp(sum(math.log(self.edit(*edit)) - plain for edit in edits) / len(edits))

    def _log(self, wrong: str, right: str) -> float:
        most = min(max(MOST, len(right) // 8), (max(len(wrong), len(right)) + 1) // 2)
        edits = _edits(wrong, right, most)
        if not edits:
            return -math.inf
        # further edits cost their rarity alone: the agreement of the rest speaks against chance as much as they for it
        plain = math.log(1 / len(KINDS) / START)
        logs = [math.log(self.edit(*edit)) for edit in edits]
        rest = (len(edits) - 1) * math.log(self.more) + sum(min(0.0, log - plain) for log in sorted(logs)[:-1])
        return math.log(1 - self.more) + max(logs) - math.log(len(right) + 1.0) + rest

    def learn(self, repairs: Iterable[tuple[str, str]], values: int = 0) -> "Channel":
        """A channel that knows these (wrong, right) too; each different pair counts once.

        Args:
            values: errors among them that put another value in instead.
        """
        seen = Counter[tuple[str, str]]()
        typed = 0
        for wrong, right in sorted(set(repairs)):
            edits = _edits(wrong, right, max(MOST, len(right) // 8))
            typed += bool(edits)
            for edit in edits:
                seen[edit] += 1
        total = sum(seen.values())
        more = (total - typed + 10 * MORE) / (total + 10)
        return Channel((typed + 6.0) / (typed + values + 10.0), seen, more)


def _edits(wrong: str, right: str, most: int) -> list[tuple[str, str]]:
    from rapidfuzz.distance import Levenshtein

    if (
        wrong == right
        or max(len(wrong), len(right)) > LONG
        or Levenshtein.distance(wrong, right, score_cutoff=most) > most
    ):
        return []
    ops = Levenshtein.editops(right, wrong)
    return [(op.tag, right[op.src_pos] if op.tag == "delete" else wrong[op.dest_pos]) for op in ops]
