"""A classifier that does not tell of single persons: logistic regression by DP-SGD (Abadi et al., 2016).

A person's gradient is the sum over their rows (as many as the budget lets count), clipped to length one; each step
takes a random sample of the persons and adds Gaussian noise to the sum of their gradients. What has to be public is
asked for: bounds of numbers and categories. The number of persons is asked for at a twentieth of the epsilon.

The noise is made in floating point by numpy's generator (PCG64, seeded by the system), which also draws the samples:
unlike the figures of `noisy`, it is not hardened against attacks on the lowest bits of what is published, nor against
somebody who learns the generator's state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assets.security.privacy.accountant import noise_for
from assets.security.privacy.budget import Ledger, Spent, budget
from assets.security.privacy.noisy import Asked, counter
from assets.security.protect.errors import ProtectionError

if TYPE_CHECKING:
    import polars as pl

    from assets.security.protect.apply import Batches
    from core.settings import Settings

Floats = npt.NDArray[np.float64]
_COUNTED = 0.05  # of the epsilon, for the number of persons
_RARE = 1e-9  # a chance to be in a sample below which there are no tables


@dataclass(frozen=True, slots=True)
class Input:
    """A column to learn from: public bounds of a number, or the public categories of a text."""

    column: str
    bounds: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise ProtectionError(f"{self.column}: the bounds {self.bounds} are not low and high", "write low:high")
        if self.bounds is None and not self.categories:
            raise ProtectionError(
                f"{self.column} has no public bounds or categories", "write name=low:high or name=a|b"
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is learned.

    Attributes:
        batch: persons that a step takes on average. epochs: how often each person is taken on average.
        rate: length of a step.
    """

    epsilon: float
    delta: float
    batch: int = 256
    epochs: float = 20.0
    rate: float = 2.0


@dataclass(frozen=True, slots=True)
class Model:
    """What may be published.

    Attributes:
        weights: of the features in order, the last one is the constant's.
        noise: standard deviation of the noise over the greatest length of a person's gradient.
    """

    label: str
    positive: str
    inputs: tuple[Input, ...]
    weights: tuple[float, ...]
    epsilon: float
    delta: float
    noise: float
    steps: int

    def document(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


def train(
    settings: "Settings",
    dataset: str,
    batches: "Batches",
    label: tuple[str, str],
    inputs: Sequence[Input],
    plan: Plan,
    who: str,
) -> tuple[Model, Spent]:
    """Pays, then learns whether a column has a value.

    Args:
        label: the column and the value, compared as text.
        batches: of the raw table.

    Raises:
        ProtectionError: a column is not there, or the budget does not allow it; then nothing is paid.
    """
    of = budget(settings.protection, dataset)
    column, positive = label
    if not 0 < plan.delta < 0.01:
        raise ProtectionError("learning with Gaussian noise needs a delta under 0.01", "say --delta 1e-6")
    ask, _ = counter(Asked(plan.epsilon * _COUNTED, 0.0, 1))
    noise_for(
        plan.epsilon * (1 - _COUNTED), _RARE, 1, plan.delta
    )  # what no sample could be small enough for is not paid
    rows, answers, person = gathered(batches, column, positive, inputs, of.unit, of.contributions)
    spent = Ledger(settings.vault).spend(dataset, of, plan.epsilon, plan.delta, who, f"model of {column}")
    people = max(float(plan.batch), ask(list(range(int(person.max()) + 1 if len(person) else 0))))
    sampled = min(1.0, plan.batch / people)
    steps = max(1, round(plan.epochs / sampled))
    noise = noise_for(plan.epsilon * (1 - _COUNTED), sampled, steps, plan.delta)
    weights = descend(rows, answers, person, sampled, steps, noise, plan, np.random.default_rng())
    made = tuple(float(w) for w in weights)
    return Model(column, positive, tuple(inputs), made, plan.epsilon, plan.delta, noise, steps), spent


def gathered(
    batches: "Batches", label: str, positive: str, inputs: Sequence[Input], unit: str, most: int
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Features [rows, features], answers [rows] (0 or 1) and the person of each row [rows] from 0.

    At most `most` rows of a person stay, drawn at random; rows without an answer do not count.
    """
    import polars as pl

    names = list(dict.fromkeys([label, *(i.column for i in inputs), *([unit] if unit else [])]))
    kept = []
    for frame in batches():
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise ProtectionError(f"there is no column {missing[0]!r}", f"there are {', '.join(frame.columns)}")
        kept.append(frame.select(names).filter(pl.col(label).is_not_null()))
    whole = pl.concat(kept) if kept else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    whole = whole.sample(fraction=1.0, shuffle=True)
    if unit:
        whole = whole.filter(pl.col(unit).is_not_null()).filter(pl.int_range(pl.len()).over(unit) < most)
        person = whole.select(pl.col(unit).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    else:
        person = np.arange(whole.height)
    answers = (whole[label].cast(pl.String) == positive).cast(pl.Float64).to_numpy()
    return features(whole, inputs), answers, person.astype(np.int64)


def features(frame: "pl.DataFrame", inputs: Sequence[Input]) -> Floats:
    """Numbers clamped and scaled to -1 to 1, categories as 0 and 1, and a constant one; nulls are 0."""
    import polars as pl

    columns: list[Floats] = []
    for one in inputs:
        values = frame[one.column]
        if one.bounds is None:
            texts = values.cast(pl.String)
            columns += [(texts == c).fill_null(False).cast(pl.Float64).to_numpy() for c in one.categories]
            continue
        low, high = one.bounds
        numbers = values.cast(pl.Float64, strict=False).fill_nan(None).clip(low, high)
        columns.append(((numbers - low) / (high - low) * 2 - 1).fill_null(0.0).to_numpy())
    return np.column_stack([*columns, np.ones(frame.height)])


def descend(
    rows: Floats, answers: Floats, person: npt.NDArray[np.int64], sampled: float, steps: int, noise: float, plan: Plan,
    random: np.random.Generator,
) -> Floats:  # fmt: skip
    """The weights [features] after all steps."""
    weights = np.zeros(rows.shape[1])
    people = int(person.max()) + 1 if len(person) else 0
    order = np.argsort(person, kind="stable")
    rows, answers, person = rows[order], answers[order], person[order]
    for step in range(steps):
        taken = random.random(people) < sampled
        chosen = taken[person]
        total = clipped(rows[chosen], answers[chosen], person[chosen], weights)
        total += random.normal(0.0, noise, len(weights))
        weights -= plan.rate * (1 - step / steps) * total / plan.batch
    return weights


def clipped(rows: Floats, answers: Floats, person: npt.NDArray[np.int64], weights: Floats) -> Floats:
    """The sum over persons of their gradient [features], each of length at most one; rows are in order of persons."""
    if not len(rows):
        return np.zeros(len(weights))
    chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
    gradients = rows * (chance - answers)[:, None]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(person)) + 1))
    sums = np.add.reduceat(gradients, starts, axis=0)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray((sums / np.maximum(length, 1.0)).sum(axis=0), dtype=np.float64)


def probabilities(document: Mapping[str, Any], frame: "pl.DataFrame") -> Floats:
    """The chance [rows] that the label is the positive one, by a published model (`Model.document`)."""
    inputs = [
        Input(i["column"], tuple(i["bounds"]) if i["bounds"] else None, tuple(i["categories"]))
        for i in document["inputs"]
    ]
    score = features(frame, inputs) @ np.asarray(document["weights"], dtype=np.float64)
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))), dtype=np.float64)
