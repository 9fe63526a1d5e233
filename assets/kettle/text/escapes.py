"""Escaping and recasing of texts as Kettle's library (commons-lang 2) does it, and its hexadecimal spellings."""

import re
from collections.abc import Callable
from html.entities import codepoint2name, name2codepoint

_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_XML_BACK = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY = re.compile(r"&(#[xX][0-9a-fA-F]+|#\d+|\w+);")
_NEEDS_XML = re.compile(r"[&<>\"']|[^\x00-\x7F]")
_NEEDS_HTML = re.compile(r"[&<>\"]|[^\x00-\x7F]")


def _number(char: str) -> str:
    return f"&#{ord(char)};"


def escape_xml(text: str) -> str:
    """The five characters by name, everything beyond ASCII by number."""
    return _NEEDS_XML.sub(lambda m: _XML.get(m[0]) or _number(m[0]), text)


def escape_html(text: str) -> str:
    """HTML 4 names where there is one, else numbers beyond ASCII; the apostrophe stays."""

    def entity(match: re.Match[str]) -> str:
        name = codepoint2name.get(ord(match[0]))
        return f"&{name};" if name else _number(match[0])

    return _NEEDS_HTML.sub(entity, text)


def _unescape(named: Callable[[str], str | None]) -> Callable[[str], str]:
    def replaced(match: re.Match[str]) -> str:
        body = match[1]
        if not body.startswith("#"):
            return named(body) or match[0]
        code = int(body[2:], 16) if body[1] in "xX" else int(body[1:])
        return chr(code) if code <= 0xFFFF and not 0xD800 <= code <= 0xDFFF else match[0]

    return lambda text: _ENTITY.sub(replaced, text)


unescape_xml = _unescape(_XML_BACK.get)
unescape_html = _unescape(lambda name: chr(name2codepoint[name]) if name in name2codepoint else None)


def escape_sql(text: str) -> str:
    """Single quotes doubled."""
    return text.replace("'", "''")


def cdata(text: str) -> str:
    """As an XML CDATA section."""
    return f"<![CDATA[{text}]]>"


def init_cap(text: str) -> str:
    """Each word's first letter upper, the others lower; words end at all but letters, digits and underscore."""
    out: list[str] = []
    new_word = True
    for char in text:
        upper = char.upper()[0]
        out.append(upper if new_word else char.lower()[0])
        new_word = not (upper.isalpha() or upper.isdecimal() or upper == "_")
    return "".join(out)


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def bytes_to_hex(text: str) -> str:
    """Two digits a character: its low byte."""
    return "".join(f"{unit & 0xFF:02X}" for unit in _units(text))


def chars_to_hex(text: str) -> str:
    """Four digits a character."""
    return "".join(f"{unit:04X}" for unit in _units(text))


def hex_to_bytes(text: str) -> str:
    """Characters of two digits each; a zero is put before an odd number of digits. Raises ValueError."""
    return _from_hex(text, 2)


def hex_to_chars(text: str) -> str:
    """Characters of four digits each, with zeros before. Raises ValueError."""
    return _from_hex(text, 4)


def _from_hex(text: str, width: int) -> str:
    for char in text:
        if char not in "0123456789abcdefABCDEF":
            raise ValueError(f"invalid hex digit {char!r}")
    padded = text.zfill(-(-len(text) // width) * width)
    codes = [int(padded[i : i + width], 16) for i in range(0, len(padded), width)]
    return b"".join(code.to_bytes(2, "big") for code in codes).decode("utf-16-be", "replace")
