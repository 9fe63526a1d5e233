"""Number masks (the pattern language of Java's DecimalFormat), read into plain values."""

from dataclasses import dataclass
from functools import lru_cache

UNLIMITED = 10**9
"""Stands for "as many digits as there are"."""

MINUS, PERCENT, PER_MILLE, CURRENCY = "-", "%", "\u2030", "\u00a4"
MULTIPLIERS = {PERCENT: 100, PER_MILLE: 1000}
_NUMBER_CHARS = "#0,."


@dataclass(frozen=True, slots=True)
class Symbols:
    """The characters of one field: decimal and grouping symbol, currency sign, and the texts for odd values.

    `monetary` is the decimal symbol of masks that hold a currency sign; Kettle never changes it from the locale's.
    """

    decimal: str = "."
    grouping: str = ","
    currency: str = "$"
    monetary: str = "."
    nan: str = "\ufffd"
    infinity: str = "\u221e"


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A mask as DecimalFormat understands it; the affixes still hold their place holders (see `Affix`).

    Attributes:
        prefix, suffix, negative_prefix, negative_suffix: texts around the digits.
        min_int, max_int, min_frac, max_frac: digit counts.
        group: size of a digit group, 0 for no grouping.
        multiplier: 1, 100 (%) or 1000 (per mille).
        exponent_digits: least number of exponent digits, 0 for plain notation.
        point_always: the decimal symbol is shown even without a fraction.
        currency: the mask holds a currency sign.
    """

    prefix: str = ""
    suffix: str = ""
    negative_prefix: str = "-"
    negative_suffix: str = ""
    min_int: int = 1
    max_int: int = UNLIMITED
    min_frac: int = 0
    max_frac: int = 3
    group: int = 3
    multiplier: int = 1
    exponent_digits: int = 0
    point_always: bool = False
    currency: bool = False

    def affixes(self, symbols: Symbols) -> tuple[str, str, str, str]:
        """Prefix, suffix, negative prefix, negative suffix with the currency sign filled in."""
        parts = (self.prefix, self.suffix, self.negative_prefix, self.negative_suffix)
        if not self.currency:
            return parts
        # the doubled sign is the international code; only the dollar's is known without a locale
        code = "USD" if symbols.currency == "$" else symbols.currency
        filled = [p.replace(CURRENCY * 2, code).replace(CURRENCY, symbols.currency) for p in parts]
        return filled[0], filled[1], filled[2], filled[3]


@dataclass(slots=True)
class _Half:
    """What one side of the `;` says."""

    prefix: str = ""
    suffix: str = ""
    left: int = 0
    zero: int = 0
    right: int = 0
    group: int = -1
    point: int = -1
    exponent: int = 0
    multiplier: int = 1
    currency: bool = False
    end: int = -1

    @property
    def digits(self) -> int:
        """Number of digit place holders."""
        return self.left + self.zero + self.right


class _Reader:
    """Walks through one side of a mask."""

    def __init__(self, mask: str, start: int, negative: bool) -> None:
        self.mask = mask
        self.at = start
        self.negative = negative
        self.half = _Half()
        self.affix: list[str] = []
        self.seen_number = False

    def fail(self, what: str) -> ValueError:
        return ValueError(f"number mask {self.mask!r}: {what}")

    def read(self) -> _Half:
        """The side that starts here. Raises ValueError for a mask that Java refuses."""
        while self.at < len(self.mask) and self.half.end < 0:
            char = self.mask[self.at]
            if char in _NUMBER_CHARS:
                self._enter_number()
                self._number()
            elif char == "'":
                self._quoted()
            else:
                self._affix_char(char)
        text = "".join(self.affix)
        if self.seen_number:
            self.half.suffix = text
        else:
            self.half.prefix = text
        return self.half

    def _enter_number(self) -> None:
        if not self.seen_number:
            self.half.prefix = "".join(self.affix)
            self.affix = []
        self.seen_number = True

    def _quoted(self) -> None:
        """A quoted literal; two quotes stand for one, inside and outside."""
        self.at += 1
        if self.mask.startswith("'", self.at):
            self.affix.append("'")
            self.at += 1
            return
        while True:
            close = self.mask.find("'", self.at)
            if close < 0:
                raise self.fail("a quote is not closed")
            self.affix.append(self.mask[self.at : close])
            self.at = close + 1
            if not self.mask.startswith("'", self.at):
                return
            self.affix.append("'")
            self.at += 1

    def _affix_char(self, char: str) -> None:
        if char == ";":
            if not self.seen_number or self.negative:
                raise self.fail("an unquoted ';'")
            self.half.end = self.at + 1
            return
        if char in MULTIPLIERS:
            if self.half.multiplier != 1:
                raise self.fail("too many percent or per mille signs")
            self.half.multiplier = MULTIPLIERS[char]
        self.half.currency |= char == CURRENCY
        self.affix.append(char)
        self.at += 1

    def _number(self) -> None:
        """The digit place holders. Those of the negative side only serve to find its suffix."""
        half = self.half
        while self.at < len(self.mask):
            char = self.mask[self.at]
            if char == "E" and self.negative:
                pass
            elif char == "E":
                self._exponent()
                return
            elif char not in _NUMBER_CHARS:
                return
            elif not self.negative:
                self._place(half, char)
            self.at += 1

    def _place(self, half: _Half, char: str) -> None:
        if char == ",":
            half.group = 0
        elif char == ".":
            if half.point >= 0:
                raise self.fail("several decimal points")
            half.point = half.digits
        else:
            if char == "0" and half.right:
                raise self.fail("'0' behind '#' in the fraction")
            if char == "0":
                half.zero += 1
            elif half.zero:
                half.right += 1
            else:
                half.left += 1
            if half.group >= 0 and half.point < 0:
                half.group += 1

    def _exponent(self) -> None:
        half = self.half
        if half.exponent:
            raise self.fail("several exponents")
        self.at += 1
        while self.mask.startswith("0", self.at):
            half.exponent += 1
            self.at += 1
        if half.left + half.zero < 1 or half.exponent < 1:
            raise self.fail("a malformed exponent")


DEFAULT_PATTERN = NumberPattern()
"""What an absent mask means when text is parsed: `#,##0.###`."""


@lru_cache(maxsize=1024)
def compile_number_mask(mask: str) -> NumberPattern:
    """The mask, read. Raises ValueError when Java refuses it."""
    if not mask:
        return NumberPattern(min_int=0, max_frac=UNLIMITED, group=0)
    half = _Reader(mask, 0, negative=False).read()
    negative = _Reader(mask, half.end, negative=True).read() if half.end >= 0 else None
    _normalise(half, mask)
    point = half.point if half.point >= 0 else half.digits
    min_int = point - half.left
    prefix, suffix = half.prefix, half.suffix
    same = negative is None or (negative.prefix, negative.suffix) == (prefix, suffix)
    currency, multiplier = half.currency, half.multiplier
    if negative is not None:
        currency = currency or negative.currency
        multiplier = multiplier if multiplier != 1 else negative.multiplier
    return NumberPattern(
        prefix=prefix,
        suffix=suffix,
        negative_prefix=MINUS + prefix if same or negative is None else negative.prefix,
        negative_suffix=suffix if same or negative is None else negative.suffix,
        min_int=min_int,
        max_int=half.left + min_int if half.exponent else UNLIMITED,
        min_frac=half.left + half.zero - point if half.point >= 0 else 0,
        max_frac=half.digits - point if half.point >= 0 else 0,
        group=max(half.group, 0),
        multiplier=multiplier,
        exponent_digits=half.exponent,
        point_always=half.point >= 0 and half.point in (0, half.digits),
        currency=currency,
    )


def _normalise(half: _Half, mask: str) -> None:
    """`###.###`, `###.` and `.###` get their one digit that is always shown; malformed masks are refused."""
    if half.zero == 0 and half.left > 0 and half.point >= 0:
        shown = half.point or 1
        half.right = half.left - shown
        half.left = shown - 1
        half.zero = 1
    misplaced = half.point >= 0 and not half.left <= half.point <= half.left + half.zero
    if misplaced or half.group == 0 or (half.point < 0 and half.right > 0):
        raise ValueError(f"number mask {mask!r}: malformed")
