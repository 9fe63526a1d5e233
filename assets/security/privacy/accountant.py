"""What many noisy steps over random samples cost: Rényi differential privacy of the Poisson-subsampled Gaussian.

Mironov, Talwar and Zhang (2019), integer orders; turned into epsilon by Canonne, Kamath and Steinke (2020),
Proposition 12.
"""

import math

import numpy as np

from assets.security.protect.errors import ProtectionError

ORDERS = (*range(2, 65), 80, 96, 128, 192, 256)
_WIDEST = 1e4


def epsilon(rate: float, noise: float, steps: int, delta: float) -> float:
    """Epsilon of `steps` steps at `delta`.

    Args:
        rate: the chance of a person to be in a step's sample, up to 1.
        noise: standard deviation of the noise over the greatest contribution of a person.
    """
    return min(_converted(steps * renyi(rate, noise, order), order, delta) for order in ORDERS)


def renyi(rate: float, noise: float, order: int) -> float:
    """The Rényi divergence of one step at an integer order."""
    if rate == 1.0:
        return order / (2 * noise**2)
    k = np.arange(order + 1)
    choose = np.array([math.lgamma(order + 1) - math.lgamma(i + 1) - math.lgamma(order - i + 1) for i in k])
    logs = choose + (order - k) * math.log1p(-rate) + k * math.log(rate) + (k**2 - k) / (2 * noise**2)
    top = float(logs.max())
    return max(0.0, (top + math.log(float(np.exp(logs - top).sum()))) / (order - 1))


def _converted(divergence: float, order: int, delta: float) -> float:
    return max(0.0, divergence + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1))


def noise_for(target: float, rate: float, steps: int, delta: float) -> float:
    """The least noise (to one in a thousand) whose epsilon is at most the target.

    Raises:
        ProtectionError: no noise is enough: the delta is too small for these orders.
    """
    if epsilon(rate, _WIDEST, steps, delta) > target:
        raise ProtectionError(
            f"epsilon {target:g} is too small for delta {delta:g}", "ask for more, or take fewer steps"
        )
    low, high = 1e-2, _WIDEST
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if epsilon(rate, middle, steps, delta) <= target else (middle, high)
    return high
