"""Rounds of votes: sure repairs first, since each makes the groups it belongs to purer and the channel better known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from assets.quality.detect.coded import Coded, Codes
from assets.quality.detect.dependencies import Strong, dependencies
from assets.quality.detect.shapes import odd
from assets.quality.repair.channel import Channel
from assets.quality.repair.factors import supported
from assets.quality.repair.vote import VOTERS, Decided, Verdict, votes

ROUNDS = 5
LIKELY = 0.5
LARGE = 50_000  # rows from which only the first round looks at all
DECIDES = 0.8  # strength from which what a value decides speaks for or against it
FARTHEST = -60.0  # log probability below which a value was put in the place of another
SURE = 0.9  # repairs the channel learns from


@dataclass(frozen=True)
class Voted:
    """What the rounds came to.

    Attributes:
        columns: with the repairs in place.
        verdicts: per column, by row.
        rules: dependencies after the last round.
    """

    columns: list[Coded]
    verdicts: list[dict[int, Verdict]]
    rules: list[Strong]
    channel: Channel


def rounds(
    columns: Sequence[Coded],
    number: int = ROUNDS,
    pairs: Sequence[tuple[str, str]] = (),
    computed: Sequence[frozenset[int]] = (),
) -> Voted:
    """Votes until nothing changes, at most `number` times.

    Args:
        computed: columns that follow from each other by arithmetic.
        pairs: mistyped and right texts that are known.
    """
    given = [c.codes for c in columns]
    current = list(columns)
    channel = _learned(columns, [], pairs)
    rules = dependencies(current, computed)
    verdicts: list[dict[int, Verdict]] = [{} for _ in columns]
    strange = [{code: sure for code, (_, sure) in odd(c).items()} for c in columns]
    among: npt.NDArray[np.bool_] | None = None
    for _ in range(number):
        found = _round(current, given, rules, channel, strange, among)
        changed = any(_codes(f) != _codes(v) for f, v in zip(found, verdicts, strict=True))
        verdicts = found
        current = [apply(c, g, f.values()) for c, g, f in zip(columns, given, verdicts, strict=True)]
        if not changed:
            break
        if len(given[0]) > LARGE:
            among = _touched(verdicts, len(given[0]))
        channel = _learned(columns, verdicts, pairs)
        rules = dependencies(current, computed)
    return Voted(current, verdicts, rules, channel)


def _touched(verdicts: Sequence[dict[int, Verdict]], rows: int) -> npt.NDArray[np.bool_]:
    """Rows with a verdict in any column: those whose other cells may have to be judged anew."""
    touched = np.zeros(rows, dtype=bool)
    for found in verdicts:
        touched[list(found)] = True
    return touched


def _codes(found: dict[int, Verdict]) -> dict[int, int]:
    return {row: v.after for row, v in found.items()}


def _round(
    current: Sequence[Coded],
    given: Sequence[Codes],
    rules: Sequence[Strong],
    channel: Channel,
    strange: Sequence[dict[int, float]],
    among: npt.NDArray[np.bool_] | None,
) -> list[dict[int, Verdict]]:
    every = []
    for place, column in enumerate(current):
        own = [r for r in rules if r.then == place]
        strong = [r for r in rules if r.given == (place,) and r.strength >= DECIDES][:VOTERS]
        decided = [_decided(r, current, rules) for r in strong]
        found = votes(column, given[place], own, channel, decided, strange[place], among)
        every += [(v, place) for v in found if v.confidence >= LIKELY]
    every.sort(key=lambda e: -e[0].confidence)
    kept: list[dict[int, Verdict]] = [{} for _ in current]
    touched: dict[int, set[int]] = {}
    for verdict, place in every:
        before = touched.setdefault(verdict.row, set())
        changed = {p for p in before if current[p].codes[verdict.row] != kept[p][verdict.row].after}
        if changed and all(changed & set(rule.given) for rule in verdict.voters):
            continue  # its voters spoke of another row's thing: asked again in the next round
        kept[place][verdict.row] = verdict
        before.add(place)
    return kept


def _decided(rule: Strong, current: Sequence[Coded], rules: Sequence[Strong]) -> Decided:
    """What a column decides, with the rows where dependencies that do not hang on that column agree."""
    column = current[rule.then]
    apart = [r for r in rules if r.then == rule.then and rule.given[0] not in r.given]
    return rule, column.codes, supported(column, apart)


def apply(column: Coded, given: Codes, verdicts: Iterable[Verdict]) -> Coded:
    """The column with the verdicts in place of what was given."""
    codes = given.copy()
    for verdict in verdicts:
        codes[verdict.row] = verdict.after
    return replace(column, codes=codes, counts=np.bincount(codes, minlength=len(column.values)))


def _learned(
    columns: Sequence[Coded], verdicts: Sequence[dict[int, Verdict]], pairs: Sequence[tuple[str, str]]
) -> Channel:
    """The channel that sure verdicts and known pairs show."""
    plain = Channel()
    seen = list(pairs)
    for column, found in zip(columns, verdicts, strict=bool(verdicts)):
        seen += [(column.values[v.before], column.values[v.after]) for v in found.values() if v.confidence >= SURE]
    seen = [(wrong, right) for wrong, right in seen if wrong and right]
    typed = [p for p in seen if plain.log(*p) > FARTHEST]
    return plain.learn(typed, len(seen) - len(typed))
