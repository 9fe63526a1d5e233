"""Evidence to probability: a logistic model whose few weights were learned on a declared part of public databases.

`weights.json` is written by benchmarks/accuracy/foreign_keys.py --train, which names the databases it used. A weight
per feature can be read and argued with, and it gives the reasons that are shown.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from assets.catalog.relations.evidence import FEATURES, Pair, Vector
from core.errors import StoreError

WEIGHTS = Path(__file__).with_name("weights.json")
_CONTAINED = "{percent} of its values are in {other}.{target}"
_NAMED = "named after {other}.{target}"
_IDENTIFIES = "{target} identifies the rows of {other}"
_OWN = "but it identifies its own table's rows"
_TOLD = {
    "containment": _CONTAINED,
    "whole": _CONTAINED,
    "telling": "the shared values are no small numbers that occur everywhere",
    "name": _NAMED,
    "head": _NAMED,
    "same": _NAMED,
    "referring": "named as an identifier",
    "foreign": "named as an identifier of something else",
    "parent_key": _IDENTIFIES,
    "parent_best": _IDENTIFIES,
    "within": "{table} is named after {other}",
    "types": "same kind of values",
    "support": "{distinct} different values",
    "rival": "but another table's name fits better",
    "choice": "but other columns have all its values too",
    "own": _OWN,
    "child_key": _OWN,
}
SHOWN = 4  # reasons per relation


@dataclass(frozen=True, slots=True)
class Model:
    """A weight per feature, in the order of FEATURES, and the bias."""

    weights: Vector
    bias: float

    def score(self, values: Vector) -> float:
        """Probability, 0 to 1, that a pair with these features is a foreign key."""
        return 1.0 / (1.0 + math.exp(-float(values @ self.weights) - self.bias))


@cache
def shipped() -> Model:
    """The model that comes with Heddle."""
    return read(WEIGHTS)


def read(path: Path) -> Model:
    """A model from its JSON.

    Raises:
        StoreError: its features are not those of this version.
    """
    found: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))["weights"]
    if set(found) != {*FEATURES, "bias"}:
        odd = ", ".join(sorted(set(found) ^ {*FEATURES, "bias"}))
        raise StoreError(f"{path.name} is for other features ({odd})", "train it again with foreign_keys.py --train")
    return Model(np.array([found[f] for f in FEATURES]), found["bias"])


def reasons(pair: Pair) -> tuple[str, ...]:
    """What speaks for the pair and then what speaks against it, the weightiest first."""
    model = shipped()
    parts = {f: float(v * w) for f, v, w in zip(FEATURES, pair.values, model.weights, strict=True)}
    told = [(size, text) for f, size in parts.items() if abs(size) > 0.15 and (text := _words(f, pair))]
    order = sorted(told, key=lambda item: (item[0] < 0, -abs(item[0])))
    unique = list(dict.fromkeys(text for _, text in order))
    return tuple(unique[:SHOWN])


def _words(feature: str, pair: Pair) -> str:
    child, parent = pair.child, pair.parent
    return _TOLD.get(feature, "").format(
        percent=f"{100 * pair.overlap.containment:.0f}%",
        table=child.table.table,
        distinct=child.column.distinct,
        other=parent.table.table,
        target=parent.column.name,
    )
