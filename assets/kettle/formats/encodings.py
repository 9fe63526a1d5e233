"""Java's names of character sets, byte order marks, and streams of bytes as UTF-8 chunks."""

import codecs
from collections.abc import Iterator
from typing import IO

from assets.kettle.errors import KettleError

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_BOM = max(len(mark) for mark, _ in BOMS)
JAVA = {"utf-16": "utf-16-be", "unicode": "utf-16-be", "x-utf-16le-bom": "utf-16-le", "cp1252": "cp1252"}


def codec(name: str) -> str:
    """Python's name for a Java charset; "" is UTF-8. Raises KettleError when there is none."""
    key = name.strip().lower()
    key = JAVA.get(key, key)
    for candidate in (key or "utf-8", key.removeprefix("x-"), key.replace("ms", "cp", 1)):
        try:
            return codecs.lookup(candidate).name
        except LookupError:
            continue
    raise KettleError(f"the encoding {name!r} is not known", "correct the encoding of the step")


def split_bom(head: bytes) -> tuple[str | None, bytes]:
    """Codec of the byte order mark, if any, and the bytes after it."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, head[len(mark) :]
    return None, head


def utf8_chunks(stream: IO[bytes], encoding: str, size: int = 8 << 20) -> Iterator[bytes]:
    """The stream as chunks of UTF-8, cut anywhere between characters. A byte order mark decides over `encoding`.

    Malformed bytes become U+FFFD, as Java's decoder does.
    """
    marked, head = split_bom(stream.read(LONGEST_BOM))
    name = marked or codec(encoding)
    if name in ("utf-8", "ascii"):
        yield from _checked(head, stream, size)
        return
    decoder = codecs.getincrementaldecoder(name)(errors="replace")
    head += stream.read(size)
    while head:
        yield decoder.decode(head).encode("utf-8")
        head = stream.read(size)
    rest = decoder.decode(b"", final=True).encode("utf-8")
    if rest:
        yield rest


def _checked(head: bytes, stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The bytes, cut behind a line end where there is one: the reader then need not copy what is left over."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    buffer = bytearray(max(size, 16))
    buffer[: len(head)] = head
    end = len(head) + _fill(stream, memoryview(buffer)[len(head) :])
    while end:
        cut = buffer.rfind(b"\n", 0, end) + 1 or end - _incomplete(buffer[:end])
        good = bytes(memoryview(buffer)[:cut])
        try:
            if not good.isascii():
                good.decode("utf-8")
        except UnicodeDecodeError:
            good = decoder.decode(good, final=True).encode("utf-8")
            decoder.reset()
        if good:
            yield good
        left = end - cut
        buffer[:left] = buffer[cut:end]
        more = _fill(stream, memoryview(buffer)[left:])
        end = left + more
        if left and not more:
            yield bytes(buffer[:left]).decode("utf-8", errors="replace").encode("utf-8")
            return


def _fill(stream: IO[bytes], room: memoryview) -> int:
    """Reads into the room; how many bytes there are. The same memory again and again is far cheaper than new one."""
    into = getattr(stream, "readinto", None)
    if into is not None:
        return int(into(room) or 0)
    data = stream.read(len(room))
    room[: len(data)] = data
    return len(data)


def _incomplete(data: bytes | bytearray) -> int:
    """How many bytes at the end begin a character that is not complete."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < need else 0
    return 0
