"""Texts read in the wrong character set: UTF-8 or GBK taken for Latin-1 or Windows-1252, and lost characters."""

import re
from collections.abc import Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

_HIGH = re.compile(
    r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
READ_AS = ("latin-1", "cp1252")
LONG = 4_000


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Values that decode to sense when read again as UTF-8 or GBK."""
    known = set(column.values)
    found = {}
    for code, text in enumerate(column.values):
        if not code or len(text) > LONG or text.isascii():
            continue
        better = reread(text, known)
        if better is not None:
            sure = 0.99 if better in known else 0.9
            found[code] = Form(better, "encoding", f"read in the wrong character set: {better!r} is meant", sure)
    return found


def reread(text: str, known: set[str] | frozenset[str] = frozenset()) -> str | None:
    """The text as it was before it was read in the wrong character set, or None where it is right.

    Args:
        known: other values of the column; one of them as the result is proof.
    """
    high = len(_HIGH.findall(text))
    if high < 2:
        return None
    for wrong in READ_AS:
        try:
            raw = text.encode(wrong)
        except UnicodeEncodeError:
            continue
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        try:
            found = raw.decode("gb18030")
        except UnicodeDecodeError:
            continue
        if found in known or _chinese(found, text, high):
            return found
    return None


def _chinese(found: str, text: str, high: int) -> bool:
    """Whether all that was not ASCII became frequent Chinese characters (the first plane of GB 2312)."""
    made = [c for c in found if not c.isascii()]
    letters = sum(c.isascii() and c.isalpha() for c in text)
    if letters > high or not made:
        return False
    return all("\u4e00" <= c <= "\u9fff" and 0xB0 <= c.encode("gb18030")[0] <= 0xD7 for c in made)
