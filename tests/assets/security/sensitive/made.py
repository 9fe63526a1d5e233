"""Valid and invalid numbers of the tests' own making: the check digits are worked out here, not by the code tested."""

import random

AREAS = ("110101", "310104", "330106", "440305", "510107", "610113")
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MOBILE = ("130", "135", "138", "150", "159", "176", "186", "199")


def id_card(r: random.Random, valid: bool = True) -> str:
    """18 places of a resident identity card by GB 11643; otherwise with a wrong last place."""
    body = (
        f"{r.choice(AREAS)}{r.randint(1950, 2010)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 999):03d}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    return body + (check if valid else r.choice([c for c in "0123456789X" if c != check]))


def id_card_15(r: random.Random) -> str:
    """The former form without a check digit."""
    return f"{r.choice(AREAS)}{r.randint(50, 99)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 999):03d}"


def luhn(r: random.Random, prefix: str, length: int, valid: bool = True) -> str:
    """A card number by ISO/IEC 7812; otherwise with a wrong last digit."""
    body = prefix + "".join(r.choice("0123456789") for _ in range(length - len(prefix) - 1))
    total = 0
    for place, digit in enumerate(reversed(body)):
        worth = int(digit) * (2 if place % 2 == 0 else 1)
        total += worth // 10 + worth % 10
    check = -total % 10
    return body + str(check if valid else (check + r.randint(1, 9)) % 10)


def uscc(r: random.Random, valid: bool = True) -> str:
    """A unified social credit code by GB 32100; otherwise with a wrong last place."""
    body = "91" + r.choice(AREAS) + "".join(r.choice(USCC) for _ in range(9))
    total = sum(USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    check = USCC[-total % 31]
    return body + (check if valid else r.choice([c for c in USCC if c != check]))


def iban(r: random.Random, valid: bool = True) -> str:
    """A German IBAN by ISO 13616; otherwise with wrong check digits."""
    bban = "".join(r.choice("0123456789") for _ in range(18))
    check = 98 - int(bban + "131400") % 97
    return f"DE{check if valid else (check + r.randint(1, 90)) % 97 + 2:02d}{bban}"


def mobile(r: random.Random) -> str:
    """A mobile number of mainland China."""
    return r.choice(MOBILE) + f"{r.randint(0, 99_999_999):08d}"


def ssn(r: random.Random) -> str:
    """A social security number in a range that was given out."""
    return f"{r.randint(1, 665):03d}-{r.randint(1, 99):02d}-{r.randint(1, 9999):04d}"


def name(r: random.Random) -> str:
    """A Chinese name."""
    given = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞"
    return r.choice("王李张刘陈杨赵黄周吴") + "".join(r.choice(given) for _ in range(r.choice((1, 2))))
