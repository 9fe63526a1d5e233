"""Decimals with the noise of binary arithmetic: 0.30000000000000004 for 0.3."""

import re
from collections.abc import Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

_LONG = re.compile(r"^[+-]?\d{0,8}\.\d{10,20}$")
DIGITS = 12  # significant digits up to which a decimal is meant
SHORTER = 5  # digits by which rounding must shorten it


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Decimals that are much shorter when rounded to DIGITS significant digits."""
    found = {}
    for code, text in enumerate(column.values):
        if code and code not in earlier and (after := shorter(text)) != text:
            found[code] = Form(after, "precision", "the last digits are the noise of binary arithmetic", 0.9)
    return found


def shorter(text: str) -> str:
    """The decimal that was meant; the text itself where it has no such noise."""
    if not _LONG.match(text):
        return text
    after = f"{float(text):.{DIGITS}g}"
    return after if len(after) + SHORTER <= len(text) and "e" not in after else text
