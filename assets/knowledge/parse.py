"""Documents to blocks: one parser per file format, in a table."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from assets.knowledge.blocks import Block
from core.errors import DocumentError

# suffix -> module:function; a function takes the file's bytes and its name and yields blocks
PARSERS = {
    ".md": "assets.knowledge.parse_markdown:parse",
    ".html": "assets.knowledge.parse_html:parse",
    ".htm": "assets.knowledge.parse_html:parse",
    ".csv": "assets.knowledge.parse_plain:parse_csv",
    ".txt": "assets.knowledge.parse_plain:parse_text",
    ".pdf": "assets.knowledge.parse_pdf:parse",
}
MODULES = sorted({path.split(":")[0] for path in PARSERS.values()} | {"assets.knowledge.parse"})
ENCODINGS = ("utf-8-sig", "gb18030")


def parse(path: Path, name: str) -> list[Block]:
    """All blocks of one document.

    Args:
        path: the file.
        name: what errors call it.

    Raises:
        DocumentError: it is empty, unreadable, of an unknown format, or holds no text.
    """
    target = PARSERS.get(path.suffix.lower())
    if target is None:
        raise DocumentError(f"{name}: no parser for {path.suffix or 'a file without suffix'}", f"use {_known()}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{name}: cannot be read: {error.strerror}", "check the file and its permissions") from None
    if not data.strip():
        raise DocumentError(f"{name}: the file is empty", "fill it or remove it")
    module, function = target.split(":")
    parser: Callable[[bytes, str], Iterable[Block]] = getattr(import_module(module), function)
    try:
        blocks = [block for block in parser(data, name) if block.text.strip() or block.rows]
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{name}: is not {error.encoding}, as it says: {error.reason}", "save it as UTF-8"
        ) from None
    except RecursionError:
        raise DocumentError(f"{name}: its parts are nested too deeply", "flatten it or remove it") from None
    if not blocks:
        raise DocumentError(f"{name}: holds no text", "check the file in a viewer or remove it")
    return blocks


def decode(data: bytes, name: str) -> str:
    """Text from UTF-8 (with or without a byte order mark), UTF-16 with one, or GB18030.

    Raises:
        DocumentError: it is none of them.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # GB18030 accepts nearly any byte pair, so text of control characters or private use is not believed.
        if not any(_implausible(character) for character in text):
            return text
    raise DocumentError(f"{name}: the text is neither UTF-8 nor GB18030", "save the file as UTF-8")


def _implausible(character: str) -> bool:
    return (character < " " and character not in "\t\n\r\f") or "\ue000" <= character <= "\uf8ff"


def _known() -> str:
    return "one of " + ", ".join(sorted(PARSERS))
