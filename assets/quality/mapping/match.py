"""How likely each field of a source is each field of a target: evidence of all pairs, and how far each stands out."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assets.quality.mapping.names import Name, alike, names
from assets.quality.mapping.values import Likeness, Profile, compare, profile

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Embed = Callable[[Sequence[str]], npt.NDArray[Any]]
LEAST = 0.5
_MEANT = 0.5  # least cosine of names of like meaning
NAMES = 0.62  # what names count for, beside values


def scores(
    source: "pl.DataFrame", target: "pl.DataFrame", embed: Embed | None = None
) -> tuple[Floats, list[list[tuple[float, Likeness]]]]:
    """The confidence [source columns, target columns] of each pair, and its evidence.

    Args:
        embed: texts -> unit vectors [texts, width]; names of like meaning then count as alike, up to 0.8.
    """
    ours, theirs = names(source.columns), names(target.columns)
    mine: list[Profile] = [profile(column) for column in source]
    others: list[Profile] = [profile(column) for column in target]
    meant = _meanings(ours, theirs, embed)
    evidence = [
        [(max(alike(a, b), float(meant[i, j])), compare(mine[i], others[j])) for j, b in enumerate(theirs)]
        for i, a in enumerate(ours)
    ]
    sure = np.array([[confidence_of(*pair) for pair in row] for row in evidence])
    return sure.reshape(len(ours), len(theirs)), evidence


def _meanings(ours: Sequence[Name], theirs: Sequence[Name], embed: Embed | None) -> Floats:
    """How alike the meanings of names are [source, target]; zero below a cosine of 0.5."""
    if embed is None:
        return np.zeros((len(ours), len(theirs)))
    one, two = (np.asarray(embed([" ".join(name.words) for name in side])) for side in (ours, theirs))
    cosines = (one @ two.T).astype(np.float64)
    return np.where(cosines >= _MEANT, np.clip(0.8 * cosines, 0.0, 0.8), 0.0)


def confidence_of(name: float, v: Likeness, weight: float = NAMES) -> float:
    """That two columns are the same, from the likeness of their names and of their values."""
    values = 0.45 * v.looks + 0.35 * v.spread + 0.2 * v.density
    values = max(values * (0.3 + 0.7 * v.kinds), 0.55 * values + 0.6 * v.shared)
    return float(min(1.0, weight * name + (1 - weight) * values + 0.25 * v.shared * (1 - name)))


def standing_out(raw: Floats) -> Floats:
    """Confidence plus a part of its lead over the best rival in its row and its column."""
    lead = np.zeros_like(raw)
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            rivals = np.concatenate((np.delete(raw[i], j), np.delete(raw[:, j], i)))
            lead[i, j] = raw[i, j] - (rivals.max() if len(rivals) else raw[i, j] - 0.1)
    return np.clip(raw + 0.3 * np.clip(lead, -0.5, 0.5), 0.0, 1.0)
