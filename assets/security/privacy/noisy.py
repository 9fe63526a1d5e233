"""Differentially private figures, by OpenDP: values are clamped, noise is scaled to what one person can change.

Neighbouring data sets differ in all rows of one person, of which at most `contributions` count (unbounded differential
privacy: the number of persons is private too). Laplace noise gives pure epsilon, Gaussian noise epsilon and delta. What
has to be public is asked for: bounds, categories, edges. OpenDP's components are what they call `contrib`: proofs are
published, an audit is not finished.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assets.security.protect.errors import ProtectionError

Noise = Literal["laplace", "gaussian"]
_STEPS = 2**20
_MOST = 2**30  # OpenDP's thresholds are of 32 bits
_HALVINGS = 14
LEAST, MOST = 1e-10, 100.0  # epsilon: below, noise drowns whole numbers; above, nothing is private
SURE = 0.05  # one noise in twenty is greater than the error that is told


@dataclass(frozen=True, slots=True)
class Asked:
    """What is spent, and how many rows of one person count."""

    epsilon: float
    delta: float = 0.0
    contributions: int = 1
    noise: Noise = "laplace"

    def __post_init__(self) -> None:
        if not LEAST <= self.epsilon <= MOST:  # also not a number
            raise ProtectionError(f"--epsilon {self.epsilon:g} is no amount", "give one over 0, up to 100")
        if not 0 <= self.delta < 1:
            raise ProtectionError(f"--delta {self.delta:g} is no amount", "give one from 0 to less than 1, as 1e-6")
        if self.noise == "gaussian" and not self.delta:
            raise ProtectionError("Gaussian noise needs a delta", "say --delta 1e-6, or take Laplace noise")

    def half(self) -> "Asked":
        """Half of it, for one of two figures."""
        return Asked(self.epsilon / 2, self.delta / 2, self.contributions, self.noise)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with noise; with 95 % the noise alone is at most `error` (clamping and left-out rows come on top)."""

    value: float
    error: float


def library() -> Any:
    """OpenDP. Raises ProtectionError where it is not installed."""
    try:
        import opendp.prelude as dp
    except ImportError:
        raise ProtectionError("differential privacy needs opendp", "install the extra `privacy`") from None
    dp.enable_features("contrib")
    return dp


def counter(asked: Asked) -> tuple[Callable[[Sequence[Any]], float], float]:
    """How many values there are: the function of the (bounded) values, and its noise's scale."""
    dp = library()
    made = dp.t.make_count(dp.vector_domain(dp.atom_domain(T="i64")), dp.symmetric_distance())
    release, scale = _noisy(dp, made, asked)
    return lambda values: float(release([0] * len(values))), scale


def adder(asked: Asked, low: float, high: float) -> tuple[Callable[[Sequence[Any]], float], float]:
    """The sum of values, clamped to low and high; without nulls and NaN.

    Values are rounded to a millionth of the greater bound and added as whole numbers: exact, and with less noise than
    OpenDP's sum of floats, which counts bounds of both signs twice.
    """
    import numpy as np

    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ProtectionError(f"bounds {low} and {high} are none", "give two numbers, the lower one first")
    dp = library()
    step = max(abs(low), abs(high)) / _STEPS
    if not sys.float_info.min <= step <= sys.float_info.max / _STEPS**2:
        raise ProtectionError(f"bounds {low} and {high} are none", "give two numbers of a usual size")
    ends = (math.floor(low / step), math.ceil(high / step))
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.symmetric_distance()
    clamped = dp.t.make_clamp(*space, ends)
    release, scale = _noisy(dp, clamped >> dp.t.make_sum(*clamped.output_space), asked)

    def added(values: Sequence[Any]) -> float:
        found = np.clip(np.asarray(values, float), low, high) / step
        return float(release(np.rint(found).astype(np.int64))) * step

    return added, scale * step


def tally(asked: Asked, categories: Sequence[str]) -> tuple[Callable[[Sequence[str]], list[float]], float]:
    """How many values are of each of the public categories; others are not counted."""
    if len(set(categories)) < len(categories) or not categories:
        raise ProtectionError("categories are missing or named twice", "name each once")
    dp = library()
    space = dp.vector_domain(dp.atom_domain(T="String")), dp.symmetric_distance()
    norm = dp.L1Distance[int] if asked.noise == "laplace" else dp.L2Distance[float]
    made = dp.t.make_count_by_categories(*space, categories=list(categories), MO=norm, TOA=int, null_category=False)
    release, scale = _noisy(dp, made, asked)
    return lambda values: [float(v) for v in release(list(values))], scale


def discovered(asked: Asked) -> tuple[Callable[[Sequence[str]], dict[str, float]], float, int]:
    """Categories that are not public: only those whose noisy count passes a threshold come out; needs a delta.

    Returns:
        the function, the scale, and the threshold.
    """
    if not asked.delta or asked.noise != "laplace":
        raise ProtectionError("categories that are not public need a delta, and Laplace noise", "say --delta 1e-6")
    dp = library()
    space = dp.vector_domain(dp.atom_domain(T="String")), dp.symmetric_distance()
    counts = dp.t.make_count_by(*space)
    scale = asked.contributions / asked.epsilon * (1 + 1e-9)

    def made(threshold: int) -> Any:
        return counts >> dp.m.then_laplace_threshold(scale=scale, threshold=threshold)

    def fits(threshold: int) -> bool:
        epsilon, delta = made(threshold).map(asked.contributions)
        return bool(epsilon <= asked.epsilon and delta <= asked.delta)

    high = asked.contributions + 1
    while not fits(high):
        high *= 2
        if high > _MOST:
            raise ProtectionError("so small a delta lets no value be told", "say --delta 1e-6, or name --categories")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    measured = made(high)
    return lambda values: {str(k): float(v) for k, v in measured(list(values)).items()}, scale, high


def _noisy(dp: Any, made: Any, asked: Asked) -> tuple[Callable[[Any], Any], float]:
    """The transformation with the least noise that keeps to what is asked; OpenDP's map has the last word."""
    sensitivity = float(made.map(asked.contributions))
    if asked.noise == "laplace":
        scale = sensitivity / asked.epsilon
        while (made >> dp.m.then_laplace(scale)).map(asked.contributions) > asked.epsilon:
            scale *= 1 + 1e-12
        return made >> dp.m.then_laplace(scale), scale

    def private(scale: float) -> Any:
        return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(made >> dp.m.then_gaussian(scale)), asked.delta)

    # enough by Bun and Steinke (2016), proposition 1.3; OpenDP's conversion is tighter
    log = math.log(1 / asked.delta)
    high = sensitivity / (math.sqrt(2) * (math.sqrt(log + asked.epsilon) - math.sqrt(log))) * (1 + 1e-9)
    low = high / 4
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = private(middle).map(asked.contributions)[0] <= asked.epsilon
        low, high = (low, middle) if fits else (middle, high)
    return private(high), high


def error_of(scale: float, noise: Noise) -> float:
    """What 95 % of the noise does not pass."""
    return scale * math.log(1 / SURE) if noise == "laplace" else scale * 1.959964
