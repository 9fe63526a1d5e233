"""(Approximate) functional dependencies of one or two columns on the sampled rows, by the measure g3.

g3 is the least share of rows to remove for the dependency to hold (Kivinen and Mannila, 1995).
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from assets.catalog.relations.model import Dependency, TableSample

ERROR = 0.02  # of the rows may contradict
WIDEST = 20  # columns looked at, those with fewest values; pairs are quadratic in them
REPEATS = 1.5  # mean rows per value of the deciding side; below, agreement is chance
GAIN = 0.5  # of the uncertainty without the dependency must go


def dependencies(table: TableSample, error: float = ERROR) -> list[Dependency]:
    """Dependencies that say something: not of keys, not of constants; the smallest deciding sides; best first."""
    codes = [np.unique(table.sample[:, p], return_inverse=True)[1].ravel() for p in range(len(table.columns))]
    rows = len(table.sample)
    sizes = [int(c.max()) + 1 if rows else 0 for c in codes]
    usable = [p for p in range(len(codes)) if sizes[p] > 1 and sizes[p] * REPEATS <= rows]
    usable = sorted(usable, key=lambda p: sizes[p])[:WIDEST]
    found = list(_singles(table, codes, usable, error))
    singles = {(d.given[0], d.then) for d in found}
    found += _doubles(table, codes, sorted(usable), error, singles)
    return sorted(found, key=lambda d: (len(d.given), d.error, d.given, d.then))


def _singles(
    table: TableSample, codes: list[npt.NDArray[np.intp]], usable: list[int], error: float
) -> Iterator[Dependency]:
    for given in usable:
        for then in usable:
            if given != then and (wrong := _error(codes[given], codes[then])) <= error and _tells(codes[then], wrong):
                yield _dependency(table, (given,), then, wrong)


def _doubles(
    table: TableSample,
    codes: list[npt.NDArray[np.intp]],
    usable: list[int],
    error: float,
    singles: set[tuple[str, str]],
) -> Iterator[Dependency]:
    name = [c.name for c in table.columns]
    for one, two in combinations(usable, 2):
        if (name[one], name[two]) in singles or (name[two], name[one]) in singles:
            continue
        both = np.unique(codes[one] * (int(codes[two].max()) + 1) + codes[two], return_inverse=True)[1].ravel()
        if (int(both.max()) + 1) * REPEATS > len(both):
            continue
        for then in usable:
            if then in (one, two) or {(name[one], name[then]), (name[two], name[then])} & singles:
                continue
            if (wrong := _error(both, codes[then])) <= error and _tells(codes[then], wrong):
                yield _dependency(table, (one, two), then, wrong)


def _error(given: npt.NDArray[np.intp], then: npt.NDArray[np.intp]) -> float:
    """g3: rows that do not have the most frequent value of their group."""
    width = int(then.max()) + 1
    pairs, counts = np.unique(given * width + then, return_counts=True)
    most = np.zeros(int(given.max()) + 1, dtype=np.int64)
    np.maximum.at(most, pairs // width, counts)
    return 1.0 - float(most.sum()) / len(given)


def _tells(then: npt.NDArray[np.intp], wrong: float) -> bool:
    """Whether knowing the group helps: a column that is nearly constant depends on everything."""
    alone = 1.0 - float(np.bincount(then).max()) / len(then)
    return wrong <= (1 - GAIN) * alone


def _dependency(table: TableSample, given: tuple[int, ...], then: int, wrong: float) -> Dependency:
    names = tuple(table.columns[p].name for p in given)
    return Dependency(table.source, table.table, names, table.columns[then].name, round(wrong, 5), table.whole)
