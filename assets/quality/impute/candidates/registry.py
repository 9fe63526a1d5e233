"""The candidates, baselines first; a new one is one line here."""

from assets.quality.impute.candidates.base import Candidate
from assets.quality.impute.candidates.boosted import Trees
from assets.quality.impute.candidates.constant import Constant, mean, median
from assets.quality.impute.candidates.linear import Logistic, Ridge
from assets.quality.impute.candidates.nearest import Nearest
from assets.quality.impute.candidates.order import Order

CANDIDATES: tuple[Candidate, ...] = (
    Constant("mean", mean),
    Constant("median", median),
    Constant("most frequent", None),
    Order(),
    Ridge("linear", log=False),
    Ridge("linear in logarithms", log=True),
    Logistic(),
    Nearest(),
    Trees("boosting"),
    Trees("random trees"),
)


def named(name: str) -> Candidate:
    """The candidate of a name; KeyError where there is none."""
    return {candidate.name: candidate for candidate in CANDIDATES}[name]
