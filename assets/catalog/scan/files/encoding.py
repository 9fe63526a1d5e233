"""Text files of any encoding as clean UTF-8, read up to a number of bytes."""

import codecs
from typing import Any

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN = 0.2  # share of invalid sequences among bytes beyond ASCII up to which a text still counts as UTF-8
CHUNK = 2**20


def detect(head: bytes) -> str:
    """The encoding of a text by its first bytes: a byte order mark, UTF-16 without one, UTF-8, GB 18030, else
    Latin 1.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if (wide := _unmarked(head)) is not None:
        return wide
    beyond = sum(head.count(bytes([b])) for b in range(0x80, 0x100)) if not head.isascii() else 0
    if beyond == 0:
        return "utf-8"
    long = len(head) > 1000  # and perhaps cut in a character
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=not long)
        return "utf-8"
    except UnicodeDecodeError:
        body = head[:-3] if long else head
        broken = body.decode("utf-8", "replace").count("\ufffd")
    if _strict(body, "gb18030") and broken / beyond > _BROKEN:
        return "gb18030"
    return "utf-8" if broken / beyond <= _BROKEN else "latin-1"


def _unmarked(head: bytes) -> str | None:
    """UTF-16 without a byte order mark, by the zeros of its ASCII characters: every other byte, and nowhere else."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    least, some = len(head) // 8, len(head) // 200
    if odd > least and even <= some:
        return "utf-16-le"
    return "utf-16-be" if even > least and odd <= some else None


def _strict(data: bytes, encoding: str) -> bool:
    for end in (len(data), len(data) - 1):  # the cut may have halved a character
        try:
            data[:end].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


class Clean:
    """A readable of UTF-8 bytes over a binary file of an encoding; what is invalid becomes U+FFFD.

    Attributes:
        cut: the limit was reached; the last, partial line is left out then.
        replaced: invalid sequences so far.
        strange: lines so far that are UTF-8 in a file of GB 18030, which has other characters for their bytes.
        taken: bytes of the file so far.
    """

    def __init__(self, source: Any, encoding: str, limit: int) -> None:
        self.cut = False
        self.closed = False
        self.replaced = self.taken = self.strange = 0
        self._chinese = encoding == "gb18030"
        self._line = b""  # begun and not ended, of a file in GB 18030
        self._source = source
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, at least one until the end."""
        while not self._ended and (size < 0 or not self._ready):
            self._fill()
        if size < 0 or size >= len(self._ready):
            given, self._ready = self._ready, b""
        else:
            given, self._ready = self._ready[:size], self._ready[size:]
        return given

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """The file below is its owner's to close."""
        self.closed = True

    def _fill(self) -> None:
        room = CHUNK if not self._limit else min(CHUNK, self._limit - self.taken)
        data = self._source.read(room) if room > 0 else b""
        self.taken += len(data)
        self._ended = not data
        if self._chinese:
            self._judge(data)
        text = self._decoder.decode(data, final=self._ended)
        if not text.isascii():
            self.replaced += text.count("\ufffd")
        made = text.encode("utf-8", "replace")
        if self._limit and data and self.taken >= self._limit and self._source.read(1):
            self.cut, self._ended = True, True
            made = made[: made.rfind(b"\n") + 1]
        self._ready += made

    def _judge(self, data: bytes) -> None:
        *lines, self._line = (self._line[-CHUNK:] + data).split(b"\n") if data else (self._line, b"")
        for line in lines:
            if not line.isascii() and _utf8(line):
                self.strange += 1


def _utf8(line: bytes) -> bool:
    """Whether a line beyond ASCII is UTF-8 with characters of three bytes, which text in GB 18030 is by rare chance."""
    try:
        return len(line) > len(line.decode()) + 2
    except UnicodeDecodeError:
        return False
