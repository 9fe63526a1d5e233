"""Trials: cells whose value is known are hidden the way the missing ones are, and every candidate fills them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assets.quality.impute.candidates.base import Candidate, Task, thinned
from assets.quality.impute.table import Column, Floats, Mask

FOLDS = 5
MOST_TRAINED = 60_000
MOST_HIDDEN = 4_000


@dataclass(frozen=True, slots=True)
class Trials:
    """What the candidates said about hidden cells.

    Attributes:
        truth: [n] the encoded values that were hidden.
        said: per candidate [n, 1] values or [n, labels] probabilities.
    """

    truth: Floats
    said: dict[str, Floats]


def run(
    encoded: Floats,
    columns: tuple[Column, ...],
    target: int,
    candidates: Sequence[Candidate],
    *,
    in_order: bool = True,
    seed: int = 7,
    tell: Callable[[str], None] = lambda text: None,
) -> Trials:
    """Fills each known cell of the target (of many a sample) once, from models that have not seen it.

    Rows are hidden in stretches as long as the missing ones are, and a hidden row also loses the other cells that a
    row with a missing target lacks, so that the error is that of the real task as far as the pattern goes. What is
    missing because of its own value (MNAR) cannot be imitated.
    """
    random = np.random.default_rng(seed)
    missing = np.isnan(encoded[:, target])
    lacking = np.isnan(encoded[missing])
    truth: list[Floats] = []
    said: dict[str, list[Floats]] = {}
    for number, hidden in enumerate(_folds(missing, random)):
        tell(f"{columns[target].name}: trial {number + 1} of {FOLDS}")
        shown, train = _hidden(encoded, target, hidden, lacking, random)
        task = Task(shown, columns, target, train, in_order)
        truth.append(encoded[hidden, target])
        for candidate in candidates:
            if candidate.suits(task):
                said.setdefault(candidate.name, []).append(candidate.fit(task).predict(task.encoded, hidden))
    whole = {name: np.concatenate(parts) for name, parts in said.items() if len(parts) == len(truth)}
    return Trials(np.concatenate(truth) if truth else np.zeros(0), whole)


def _folds(missing: Mask, random: np.random.Generator) -> list[Mask]:
    known = np.nonzero(~missing)[0]
    stretch = _stretch(missing)
    block = np.arange(len(known)) // stretch
    blocks = int(block[-1]) + 1 if len(known) else 0
    if blocks < 2:
        return []
    fold_of = random.permutation(np.arange(blocks) % min(FOLDS, blocks))
    folds = []
    for fold in range(min(FOLDS, blocks)):
        places = known[fold_of[block] == fold]
        if len(places) > MOST_HIDDEN:
            places = random.choice(places, MOST_HIDDEN, replace=False)
        hidden = np.zeros_like(missing)
        hidden[places] = True
        folds.append(hidden)
    return folds


def _stretch(missing: Mask) -> int:
    """The mean length of runs of missing cells in order, at most a tenth of the known ones."""
    count = int(missing.sum())
    if not count:
        return 1
    runs = int((np.diff(missing.astype(np.int8), prepend=0) == 1).sum())
    return int(max(1, min(round(count / max(runs, 1)), (len(missing) - count) // 10)))


def _hidden(
    encoded: Floats, target: int, hidden: Mask, lacking: Mask, random: np.random.Generator
) -> tuple[Floats, Mask]:
    """The table without the hidden cells, and the rows to learn from."""
    shown = encoded.copy()
    if len(lacking):
        pattern = lacking[random.integers(0, len(lacking), int(hidden.sum()))]
        rows = shown[hidden]
        rows[pattern] = np.nan
        shown[hidden] = rows
    shown[hidden, target] = np.nan
    return shown, thinned(~np.isnan(shown[:, target]), MOST_TRAINED)
