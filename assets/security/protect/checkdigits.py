"""Check digits that are computed anew when the digits before them change: Luhn, and MOD 11-2 of identity cards."""

from collections.abc import Callable
from typing import NamedTuple

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class Check(NamedTuple):
    """A kind of check digit.

    Attributes:
        signs: its digits in the order of their values.
        right: the value of the right digit behind a body of digits.
        lengths: of bodies, empty where any will do.
    """

    signs: str
    right: Callable[[str], int]
    lengths: tuple[int, ...] = ()

    @property
    def modulus(self) -> int:
        """How many values there are."""
        return len(self.signs)

    def value(self, digit: str) -> int:
        """The value of a digit; a small x counts as X."""
        return self.signs.index(digit.upper())

    def fits(self, body: str, digit: str) -> bool:
        """Whether a body and its digit are of this kind."""
        return len(digit) == 1 and digit.upper() in self.signs and (not self.lengths or len(body) in self.lengths)


def _luhn(body: str) -> int:
    """ISO/IEC 7812-1 annex B."""
    total = sum(map(int, body[-2::-2])) + sum(_DOUBLED[int(d)] for d in body[::-2])
    return -total % 10


def _mod_11_2(body: str) -> int:
    """GB 11643: MOD 11-2 of ISO 7064."""
    return (12 - sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11) % 11


CHECKS = {"luhn": Check("0123456789", _luhn), "id_card": Check("0123456789X", _mod_11_2, (17,))}
