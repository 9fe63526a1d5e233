"""Spaces around and doubled, characters that do not show, digits and letters of full width."""

import re
import unicodedata
from collections.abc import Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

_HIDDEN = re.compile(
    r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b-\u200f\u2060\ufeff]"
)
_SPACES = re.compile(r"[\s\u3000\u00a0]+")
_WIDE = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")
_SUSPECT = re.compile(r"^[\s\u3000]|[\s\u3000]$|[\s\u3000]{2}|[\u00a0\t\r\n]|" + _HIDDEN.pattern + "|" + _WIDE.pattern)
LONG = 10_000  # characters; longer texts are documents and left alone


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Values that read the same once cleaned of what does not show."""
    found = {}
    wide = _mostly_wide(column)
    for code, text in enumerate(column.values):
        if code and len(text) <= LONG and _SUSPECT.search(text):
            after = clean(text, wide)
            if after != text and not (wide and _WIDE.search(text) and clean(text, True) == text):
                found[code] = Form(after, "spaces", "spaces or characters that do not show, or of full width", 0.97)
    return found


def clean(text: str, wide: bool = False) -> str:
    """The text without characters that do not show, with single spaces and digits and letters of half width."""
    text = _SPACES.sub(" ", _HIDDEN.sub("", text)).strip()
    return text if wide else _WIDE.sub(lambda m: unicodedata.normalize("NFKC", m.group()), text)


def _mostly_wide(column: Coded) -> bool:
    wide = sum(int(n) for v, n in zip(column.values, column.counts.tolist(), strict=True) if v and _WIDE.search(v[:64]))
    return wide * 2 > column.filled
