"""How a person's identifiers are recognised in cells, texts and bytes, in the ways people write them."""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

from core.errors import HeddleError

ERASED = "[erased]"
SHORTEST = 4  # characters that are looked for in texts
_CODE = re.compile(r"\+?[0-9][0-9 \-]*[0-9Xx]|[A-Za-z0-9]*[0-9]{4,}[A-Za-z0-9]*")
_SIGN = r"[^\W_\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # of a word; Chinese is written without spaces between words
_WIDE = {sign: chr(sign + 0xFEE0) for sign in range(0x21, 0x7F)}  # full-width forms
_COUNTRY = re.compile(r"^(?:\+|00)86[ -]?(?=1\d)")


class Needles:
    """The identifiers of one person.

    Numbers are found with spaces and hyphens between their digits and with +86 before them, letters in either case, all
    also in full width, with accents as signs of their own or not; a longer number, word or address that contains one is
    another one.

    Raises:
        HeddleError: one is too short to be told from other texts.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(dict.fromkeys(v.strip() for v in values if v.strip()))
        short = [v for v in self.values if len(v) < SHORTEST]
        if short:
            raise HeddleError(
                f"an identifier has {len(short[0])} characters, which many texts hold",
                "name the table and the key instead: --row TABLE KEY",
            )

    @cached_property
    def cores(self) -> tuple[str, ...]:
        """What `folded` texts hold that have one of them."""
        return tuple(dict.fromkeys(folded(form) for v in self.values for form in _forms(_COUNTRY.sub("", v))))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds them in texts; of bounded length at every place, so it takes time in proportion to the text."""
        forms = dict.fromkeys(form for v in self.values for form in _forms(v))
        return re.compile("|".join(map(_pattern, forms)) or r"(?!)", re.IGNORECASE)

    @cached_property
    def raw(self) -> tuple[bytes, ...]:
        """What files of any kind hold that have one of them: as it is written, in UTF-8, JSON and UTF-16."""
        found = []
        for value in dict.fromkeys(form for v in self.values for form in _forms(v)):
            escaped = json.dumps(value)[1:-1]
            found += [value.encode(), escaped.encode(), value.encode("utf-16-le")]
        return tuple(dict.fromkeys(found))

    def whole(self, text: object) -> bool:
        """A cell that is an identifier and nothing else."""
        return text is not None and self.pattern.fullmatch(str(text).strip()) is not None

    def within(self, text: object) -> bool:
        """A text that names one."""
        return text is not None and self.pattern.search(str(text)) is not None

    def redacted(self, text: str) -> str:
        """The text without them."""
        return self.pattern.sub(ERASED, text)

    def in_bytes(self, data: bytes) -> bool:
        """Whether bytes hold one as it is written."""
        return any(raw in data for raw in self.raw)


def folded(text: str) -> str:
    """Lower case without spaces and hyphens; `sql_folded` says it in SQL."""
    return text.lower().replace(" ", "").replace("-", "")


def sql_folded(column: str, text_type: str) -> str:
    """SQL for `folded` of a quoted column."""
    return f"REPLACE(REPLACE(LOWER(CAST({column} AS {text_type})), ' ', ''), '-', '')"


def _forms(value: str) -> tuple[str, ...]:
    """The ways in which one text is written in Unicode."""
    plain = unicodedata.normalize("NFKC", value)
    wide = (plain.translate(_WIDE),) if _CODE.fullmatch(plain) else ()
    return tuple(dict.fromkeys((value, plain, unicodedata.normalize("NFD", plain), *wide)))


def _pattern(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value)
    if _CODE.fullmatch(plain):
        signs = re.sub(r"[ \-]", "", _COUNTRY.sub("", plain)).lstrip("+")
        inner = "[ \\-]?".join(f"[{re.escape(s)}{chr(ord(s) + 0xFEE0)}]" for s in signs)
        return rf"(?<!{_SIGN})(?:(?:\+|00)?86[ \-]?)?{inner}(?!{_SIGN})"
    # a dot and letters after it go on with an address: x@shop.com is not x@shop.com.cn
    return rf"(?<!{_SIGN})(?<![_.+\-]){re.escape(value)}(?!\.?{_SIGN})(?![_\-\u0300-\u036f])"
