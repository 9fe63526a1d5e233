"""How a person's identifiers are recognised in cells, texts and bytes, in the ways people write them.

`fold` says the same in SQL, for what engines look through themselves.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from itertools import chain

from assets.security.erasure.fold import BETWEEN, folded, unescaped, wide
from core.errors import HeddleError

ERASED = "[erased]"
SHORTEST = 4  # characters that are looked for in texts
_CODE = re.compile(r"\+?[0-9][0-9 \-]*[0-9Xx]|[A-Za-z0-9]*[0-9]{4,}[A-Za-z0-9]*")
_SIGN = r"[^\W_\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]"  # of a word; Chinese is written without spaces between words
_COUNTRY = re.compile(r"^(?:\+|00)86[ -]?(?=1\d)")


class Needles:
    """The identifiers of one person.

    Numbers are found with spaces and hyphens between their digits and with +86 before them; letters in either case,
    with accents as signs of their own or not, in escapes of JSON; all also in full width. A longer number, word or
    address that contains one is another one.

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
        """What `fold.folded` texts hold that have one of them."""
        return tuple(dict.fromkeys(folded(_COUNTRY.sub("", form)) for form in self._written))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds them in texts; of bounded length at every place, so it takes time in proportion to the text."""
        return re.compile("|".join(map(_pattern, self._written)) or r"(?!)", re.IGNORECASE)

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
        if text is None:
            return False
        plain = str(text)
        return self.pattern.search(plain) is not None or self._escaped(plain)

    def redacted(self, text: str) -> str:
        """The text without them."""
        made = self.pattern.sub(ERASED, text)
        return self.pattern.sub(ERASED, unescaped(made)) if self._escaped(made) else made

    @property
    def _written(self) -> list[str]:
        """As they were given, and in compatible signs."""
        found = [(unicodedata.normalize("NFC", v), unicodedata.normalize("NFKC", v)) for v in self.values]
        return list(dict.fromkeys(chain.from_iterable(found)))

    def _escaped(self, text: str) -> bool:
        return "\\u" in text and self.pattern.search(unescaped(text)) is not None

    def in_bytes(self, data: bytes) -> bool:
        """Whether bytes hold one as it is written."""
        return any(raw in data for raw in self.raw)


def _forms(value: str) -> tuple[str, ...]:
    """The ways in which one text is often written in Unicode."""
    plain = unicodedata.normalize("NFKC", value)
    broad = ("".join(wide(c) or c for c in plain),) if _CODE.fullmatch(plain) else ()
    return tuple(dict.fromkeys((value, plain, unicodedata.normalize("NFD", plain), *broad)))


def _pattern(plain: str) -> str:
    if _CODE.fullmatch(plain):
        signs = re.sub(r"[ \-]", "", _COUNTRY.sub("", plain)).lstrip("+")
        between = f"[{re.escape(BETWEEN)}]?"
        return rf"(?<!{_SIGN})(?:(?:[+＋]|00)?[8８][6６]{between})?{between.join(map(_sign, signs))}(?!{_SIGN})"
    # a dot and letters after it go on with an address: x@shop.com is not x@shop.com.cn
    inner = "".join(map(_sign, plain))
    return rf"(?<!{_SIGN})(?<![_.+\-＿．＋－]){inner}(?![.．]?{_SIGN})(?![_\-＿－\u0300-\u036f])"


def _sign(sign: str) -> str:
    apart = unicodedata.normalize("NFD", sign)
    if apart != sign:
        return f"(?:{re.escape(sign)}|{re.escape(apart)})"
    return f"[{re.escape(sign)}{wide(sign)}]" if wide(sign) else re.escape(sign)
