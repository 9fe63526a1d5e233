"""Why values are missing, as far as the data tells."""

from dataclasses import dataclass

import numpy as np

from assets.quality.impute.candidates.base import Task
from assets.quality.impute.candidates.boosted import Trees
from assets.quality.impute.table import Column, Floats

_LEAST = 10
_TELLING = 0.65


@dataclass(frozen=True, slots=True)
class Pattern:
    """How well the other columns tell whether a value is missing.

    Attributes:
        missing: the number of missing cells.
        auc: area under the ROC curve of that prediction on rows that were held back; None where it was not tried.
    """

    missing: int
    auc: float | None

    @property
    def why(self) -> str:
        """In words; the terms are Rubin's (1976)."""
        if self.auc is None:
            return "too few to tell"
        if self.auc >= _TELLING:
            return f"not at random: other columns tell where (AUC {self.auc:.2f}; MAR or MNAR)"
        return f"no other column tells where (AUC {self.auc:.2f}; MCAR, or by its own value)"


def pattern(encoded: Floats, columns: tuple[Column, ...], target: int) -> Pattern:
    """Learns on every other row whether the target is missing and scores it on the rest."""
    from sklearn.metrics import roc_auc_score

    gone = np.isnan(encoded[:, target])
    count = int(gone.sum())
    if min(count, len(gone) - count) < 2 * _LEAST or len(gone) < 100:
        return Pattern(count, None)
    places = np.nonzero(gone)[0]
    train = np.arange(len(gone)) % 2 == 0
    train[places] = np.arange(count) % 2 == 0
    asked = columns[target]
    flag = Column(asked.name, "category", "Boolean", (False, True))
    shown = encoded.copy()
    shown[:, target] = np.where(train, gone, np.nan)
    task = Task(shown, (*columns[:target], flag, *columns[target + 1 :]), target, train)
    trees = Trees("random trees")
    if not trees.suits(task):
        return Pattern(count, None)
    said = trees.fit(task).predict(shown, ~train)[:, 1]
    return Pattern(count, float(roc_auc_score(gone[~train], said)))
