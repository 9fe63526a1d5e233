"""Linkage from end to end: prepare, block, compare, judge, cluster. Memory is bounded by the batches and by DuckDB."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assets.quality.linkage import cluster, forest, levels
from assets.quality.linkage.block import Blocking, Limits, Predicate, block
from assets.quality.linkage.compare import WORDY, Comparer
from assets.quality.linkage.kinds import Kind, kinds_of
from assets.quality.linkage.measure import Estimate, Score, estimate, figures, pairs_score
from assets.quality.linkage.prepare import Records, prepare

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Judge = Callable[[Places, Places], Floats]
Said = Callable[[str], None]
TRAINING = 400_000  # candidates the levels are fitted on
FEW = 100  # labels with which trees and the probabilistic model count alike
REFINED = 5_000  # candidates up to which a probabilistic model is refined by trees
WEIGHED = 200_000  # records up to which words are weighed by TF-IDF
CERTAIN = 20.0  # log odds beyond which the model's are not told apart


@dataclass(frozen=True, slots=True)
class Labels:
    """Pairs that people judged: places of the records, and whether they are the same thing."""

    left: Places
    right: Places
    same: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Options:
    """How to link.

    Attributes:
        one_to_one: at most one record of each source in a cluster; only pairs of different sources are compared.
        threshold: probability from which a pair speaks for a match.
        labels: pairs people judged: from five of either kind on, the model is learned from them.
    """

    limits: Limits = field(default_factory=Limits)
    one_to_one: bool = False
    threshold: float = 0.5
    labels: Labels | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """What linkage found.

    Attributes:
        left, right, odds, share: pairs that may be matches, log odds relative to the threshold, probability; infinite
            and 0 or 1 where a person judged.
        cluster: int64 [records], the place of the cluster's first record.
        model: "probabilistic", "probabilistic, refined" or "learned".
        labelled: the model on the pairs that people judged, each by trees that had not seen it; before their word is
            made to hold.
    """

    records: Records
    cluster: Places
    left: Places
    right: Places
    odds: Floats
    share: Floats
    candidates: int
    predicates: tuple[Predicate, ...]
    refused: tuple[Predicate, ...]
    model: str
    estimate: Estimate
    why: tuple[str, ...] = ()
    labelled: Score | None = None

    def unsure(self, many: int = 20) -> list[tuple[int, int, float]]:
        """The pairs that a person's word helps most with and nobody judged, with their probability.

        Nearest to the threshold first, no record twice.
        """
        found: list[tuple[int, int, float]] = []
        seen: set[int] = set()
        for place in np.argsort(np.abs(self.odds), kind="stable"):
            a, b = int(self.left[place]), int(self.right[place])
            if len(found) == many or np.isinf(self.odds[place]):
                break
            if not {a, b} & seen:
                seen |= {a, b}
                found.append((a, b, float(self.share[place])))
        return found


def link(
    frames: "Mapping[str, pl.DataFrame]",
    columns: Mapping[str, Kind | None],
    options: Options | None = None,
    say: Said | None = None,
) -> Linked:
    """Find the records of the sources that are the same thing.

    Args:
        columns: what is compared, with kinds; None is told from the values.
        say: told of progress, one line at a time.

    Raises:
        ModelError: labels of one kind only.
    """
    options, say = options or Options(), say or _silent
    unknown = [name for name, kind in columns.items() if kind is None]
    guessed = kinds_of(list(frames.values()), unknown)
    records = prepare(frames, {name: kind or guessed[name] for name, kind in columns.items()})
    say(f"{len(records):,} records, " + ", ".join(f"{c.name}: {c.kind}" for c in records.columns))
    with block(records, options.limits, across=options.one_to_one) as blocking:
        say(f"{blocking.count:,} candidate pairs from {len(blocking.predicates)} keys")
        if dropped := [str(p) for p in blocking.predicates if p.dropped]:
            say("too broad in part: " + "; ".join(dropped))
        return _judged(records, blocking, options, say)


def probabilistic(comparer: Comparer, left: Places, right: Places) -> tuple[levels.Model, Judge]:
    """A Fellegi-Sunter model fitted on candidates, and what judges any pair by it."""
    kinds = [c.kind for c in comparer.records.columns]
    model = levels.fit(levels.levels(comparer.closeness(left, right), kinds), kinds)
    return model, lambda a, b: model.weights(levels.levels(comparer.closeness(a, b), kinds))


def _judged(records: Records, blocking: Blocking, options: Options, say: Said) -> Linked:
    comparer = Comparer(records, weighed=len(records) <= WEIGHED)
    model = _model(comparer, blocking, options)
    judge, name = model.judge, model.name
    limit = float(np.log(options.threshold / (1 - options.threshold)))
    left, right, odds = _all(blocking, judge, limit, say)
    if name == "probabilistic" and blocking.count <= REFINED and any(c.kind in WORDY for c in records.columns):
        odds, name = forest.refined(comparer.features(left, right), odds), "probabilistic, refined"
    share = 1 / (1 + np.exp(-odds))
    odds = odds - limit
    if options.labels is not None:
        left, right, odds, share = _told(options.labels, len(records), left, right, odds, share)
    found = (
        cluster.one_to_one(len(records), records.source, left, right, odds)
        if options.one_to_one
        else cluster.clusters(len(records), left, right, odds, lambda a, b: judge(a, b) - limit)
    )
    keep = odds > cluster.LOOSE
    guess = estimate(left, right, share, found)
    say(f"{len(np.unique(found)):,} clusters; estimated: {figures(guess.precision, guess.recall)}")
    return Linked(
        records, found, left[keep], right[keep], odds[keep], share[keep], blocking.count,
        blocking.predicates, blocking.refused, name, guess, model.why, model.labelled,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Judged:
    """A model: its judge, its name, what decides, and how it did on judged pairs it had not seen."""

    judge: Judge
    name: str
    why: tuple[str, ...] = ()
    labelled: Score | None = None


def _model(comparer: Comparer, blocking: Blocking, options: Options) -> _Judged:
    some = blocking.sample(TRAINING)
    if not len(some):
        return _Judged(lambda a, b: np.full(len(a), -CERTAIN), "probabilistic")
    model, judge = probabilistic(comparer, some[:, 0], some[:, 1])
    labels = options.labels
    if labels is not None and min(int(labels.same.sum()), int((~labels.same).sum())) >= forest.LEAST:
        features = comparer.features(labels.left, labels.right)
        learned = forest.learn(features, labels.same, comparer.names)
        kept = forest.held_out(features, labels.same)
        share = weighed(kept, judge(labels.left, labels.right), len(labels.same))
        why = tuple(f"{name} {part:.0%}" for name, part in learned.telling())
        score = pairs_score(share > options.threshold, labels.same)
        return _Judged(_blended(comparer, learned, judge, len(labels.same)), "learned", why, score)
    why = tuple(_says(c.name, m, u) for c, m, u in zip(comparer.records.columns, model.m, model.u, strict=True))
    if labels is None:
        return _Judged(judge, "probabilistic", why)
    odds = judge(labels.left, labels.right)
    return _Judged(judge, "probabilistic", why, pairs_score(1 / (1 + np.exp(-odds)) > options.threshold, labels.same))


def _says(name: str, m: Floats, u: Floats) -> str:
    bits = np.log2(m / u)
    return f"{name}: equal {bits[-1]:+.1f} bits, unlike {bits[0]:+.1f}"


def weighed(learned: Floats, odds: Floats, labels: int) -> Floats:
    """Probabilities of trees and of the probabilistic model as one.

    The trees count more the more labels they saw; few labels hardly cover what candidates are like.
    """
    weight = labels / (labels + FEW)
    return np.asarray(weight * learned + (1 - weight) / (1 + np.exp(-np.clip(odds, -CERTAIN, CERTAIN))))


def _blended(comparer: Comparer, learned: forest.Forest, judge: Judge, labels: int) -> Judge:
    def odds(left: Places, right: Places) -> Floats:
        if not len(left):
            return np.zeros(0)
        ours = learned.probabilities(comparer.features(left, right))
        return forest.log_odds(weighed(ours, judge(left, right), labels))

    return odds


def _all(blocking: Blocking, judge: Judge, limit: float, say: Said) -> tuple[Places, Places, Floats]:
    """Every candidate's odds; of many candidates only those that may matter at a threshold of `limit` are kept."""
    kept: list[tuple[Places, Places, Floats]] = []
    done = 0
    for pairs in blocking.batches():
        odds = judge(pairs[:, 0], pairs[:, 1])
        some = slice(None) if blocking.count <= REFINED else odds > 2 * cluster.LOOSE + min(limit, 0)
        kept.append((pairs[some, 0], pairs[some, 1], odds[some]))
        done += len(pairs)
        if blocking.count > REFINED:
            say(f"compared {done:,} of {blocking.count:,} pairs")
    if not kept:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    left, right, odds = (np.concatenate([k[n] for k in kept]) for n in range(3))
    order = np.lexsort((right, left))  # DuckDB gives them in any order
    return left[order], right[order], odds[order]


def _told(
    labels: Labels, size: int, left: Places, right: Places, odds: Floats, share: Floats
) -> tuple[Places, Places, Floats, Floats]:
    """What people said counts for certain, whatever the model thinks; the last word on a pair."""
    pairs = np.stack([np.minimum(labels.left, labels.right), np.maximum(labels.left, labels.right)], axis=1)
    _, last = np.unique(pairs[::-1], axis=0, return_index=True)
    pairs, same = pairs[::-1][last], labels.same[::-1][last]
    other = ~np.isin(left * size + right, pairs[:, 0] * size + pairs[:, 1])
    return (
        np.concatenate([left[other], pairs[:, 0]]),
        np.concatenate([right[other], pairs[:, 1]]),
        np.concatenate([odds[other], np.where(same, np.inf, -np.inf)]),
        np.concatenate([share[other], same.astype(float)]),
    )


def _silent(_line: str) -> None:
    return None
