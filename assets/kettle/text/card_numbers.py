"""Credit card numbers: kinds by their first digits and length, check digits, and made-up numbers."""

import secrets
from typing import NamedTuple

# name, first digits, lengths; the first match decides, also when the length is wrong
_CARDS: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
    ("Switch", ("4903", "4905", "4911", "4936", "6333", "6759"), (16, 18, 19)),
    ("Laser", ("6304", "6706", "6771", "6709"), (16, 17, 18, 19)),
    ("Visa", ("4",), (13, 16)),
    ("Mastercard", ("51", "52", "53", "54", "55"), (16,)),
    ("American Express", ("34", "37"), (15,)),
    ("En Route", ("2014", "2149"), (15,)),
    ("Diner's CLub/Carte Blanche", ("36", "38", "300", "301", "302", "303", "304", "305"), (14,)),
    ("Discover", ("6011",), (16,)),
    ("JCB1", ("3",), (16,)),
    ("JCB2", ("2131", "1800"), (15,)),
    ("BankCard", ("5610", "560221", "560222", "560223", "560224", "560225"), (16,)),
    ("Maestro", ("5020", "5038", "6304", "6759"), (12, 13, 14, 15, 16, 17, 18, 19)),
    ("Solo", ("6334", "6767"), (16, 18, 19)),
    ("Airplus", ("1",), (15,)),
    ("Voyager", ("8699",), (15,)),
)

# name in lower case: name, first digits
RANDOM_CARDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mastercard": ("MasterCard", ("51", "52", "53", "54", "55")),
    "visa": ("Visa", ("4539", "4556", "4916", "4532", "4929", "40240071", "4485", "4716", "4")),
    "american express": ("American Express", ("34", "37")),
    "discover": ("Discover", ("6011",)),
    "diners": ("Diners", ("300", "301", "302", "303", "36", "38")),
    "enroute": ("enRoute", ("2014", "2149")),
    "jcb_15": ("JCB_15", ("2100", "1800")),
    "jcb_16": ("JCB_16", ("3088", "3096", "3112", "3158", "3337", "3528")),
    "voyager": ("Voyager", ("8699",)),
}
"""Kinds of which numbers can be made up."""


class Verdict(NamedTuple):
    """Whether a number is valid, the kind of card if known, and what is wrong."""

    valid: bool
    kind: str | None = None
    reason: str | None = None


def luhn_valid(number: str) -> bool:
    """Whether the check digit is right; False for anything but digits."""
    if not number.isascii() or not number.isdigit():
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card_kind(number: str) -> str | None:
    """The kind that first digits and length tell, None when they fit no kind."""
    if not number.isascii() or not number.isdigit():
        return None
    for name, starts, lengths in _CARDS:
        if number.startswith(starts):
            return name if len(number) in lengths else None
    return None


def check_card(number: str | None) -> Verdict:
    """The verdict on one number, which must hold digits only."""
    if not number:
        return Verdict(False, reason="the card number is empty")
    if any(not (c.isdigit() or c.isspace() or c in ".-") for c in number):
        return Verdict(False, reason="the card number holds other characters than digits")
    kind = card_kind(number)
    if luhn_valid(number):
        return Verdict(True, kind)
    return Verdict(False, reason=f"not a valid {kind} number" if kind else "not a valid card number")


def random_card(prefixes: tuple[str, ...], length: int) -> str:
    """A made-up number of that length with a right check digit."""
    number = secrets.choice(prefixes)
    number += "".join(secrets.choice("0123456789") for _ in range(length - len(number) - 1))
    return next(number + digit for digit in "0123456789" if luhn_valid(number + digit))
