"""The XML of one file: checked bytes, the lxml tree, and where in the bytes each element stands.

Parsing is closed: a document type declaration, and with it every entity of its own, is refused before lxml sees the
text; nothing is loaded from elsewhere.
"""

import codecs
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn
from xml.parsers import expat  # only for byte positions; declarations are refused below

from lxml import etree

from assets.kettle.errors import FileFormatError

MAX_BYTES = 512 << 20
MAX_DEPTH = 500

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Span(NamedTuple):
    """Byte positions of one element in `Document.source`. For `<a/>` all of `opened`, `closing` and `end` are equal."""

    start: int
    opened: int
    closing: int
    end: int


@dataclass(slots=True)
class Document:
    """One parsed file.

    Attributes:
        raw: the bytes as they were read.
        source: the same text in UTF-8 without byte order mark; `spans` count in it.
        encoding, bom: how `raw` was written.
        root: the lxml root element; it may be changed.
        spans: position of each element, comment and instruction below the root, as it was read.
    """

    raw: bytes
    source: bytes
    encoding: str
    bom: bytes
    root: Any
    spans: dict[Any, Span] = field(repr=False)

    @property
    def newline(self) -> str:
        """The line end that the file uses."""
        return "\r\n" if b"\r\n" in self.source else "\n"


def parse(data: bytes, where: str) -> Document:
    """The document in `data`; `where` names it in errors. Raises FileFormatError with the line."""
    if len(data) > MAX_BYTES:
        raise FileFormatError(f"{where}: {len(data)} bytes are more than a Kettle file may have", "check the file")
    if not data.strip():
        raise FileFormatError(f"{where}: the file is empty", "save it again in Spoon, or restore it")
    text, encoding, bom = _decode(data, where)
    source = text.encode("utf-8")
    spans = _Positions(source, where).read()
    root = tree(source, where)
    nodes = list(root.iter())
    if len(nodes) != len(spans):
        raise FileFormatError(f"{where}: the two readings of the XML differ", "report this file")
    return Document(data, source, encoding, bom, root, dict(zip(nodes, spans, strict=True)))


def _decode(data: bytes, where: str) -> tuple[str, str, bytes]:
    """Text, codec and byte order mark: by mark, else by the declaration, else UTF-8."""
    bom, encoding = next(((b, e) for b, e in _BOMS if data.startswith(b)), (b"", ""))
    if not bom and data[:4] in (b"<\0?\0", b"\0<\0?"):
        encoding = "utf-16-le" if data[0] else "utf-16-be"
    if not encoding:
        declared = _DECLARED.match(data[:400])
        encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
        if encoding.replace("_", "-").startswith(("utf-16", "utf16", "ucs-2")):
            encoding = "utf-8"  # the declaration was read byte by byte, so this is not UTF-16
    try:
        return data[len(bom) :].decode(encoding), encoding, bom
    except LookupError:
        raise FileFormatError(
            f"{where}: unknown encoding {encoding!r}", "correct the XML declaration, or save as UTF-8"
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileFormatError(
            f"{where}: line {line}: byte {data[error.start]:#04x} is not {encoding}",
            "correct the encoding in the XML declaration, or save the file in that encoding",
        ) from None


class _Positions:
    """One pass of expat: refuses declarations, finds the span of each node in document order."""

    def __init__(self, source: bytes, where: str) -> None:
        self.source = source
        self.where = where
        self.parser = expat.ParserCreate(encoding="utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CommentHandler = lambda _: self._inner(b"-->")
        self.parser.ProcessingInstructionHandler = lambda *_: self._inner(b"?>")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.spans: list[Span] = []
        self.open: list[int] = []

    def read(self) -> list[Span]:
        """The spans. Raises FileFormatError."""
        try:
            self.parser.Parse(self.source, True)
        except expat.ExpatError as error:
            raise FileFormatError(
                f"{self.where}: line {error.lineno}: not well-formed XML ({expat.ErrorString(error.code)})",
                "restore the file, or correct it there",
            ) from None
        return self.spans

    def _refuse(self, *_: object) -> NoReturn:
        raise FileFormatError(
            f"{self.where}: line {self.parser.CurrentLineNumber}: a document type or entity is declared",
            "remove the <!DOCTYPE ...>; Kettle files have none",
        )

    def _start(self, *_: object) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise FileFormatError(f"{self.where}: elements are nested over {MAX_DEPTH} deep", "check the file")
        start = self.parser.CurrentByteIndex
        match = _START_TAG.match(self.source, start)
        opened = match.end() if match else start
        self.open.append(len(self.spans))
        self.spans.append(Span(start, opened, opened, opened))

    def _end(self, _: object) -> None:
        number = self.open.pop()
        span = self.spans[number]
        if self.source[span.opened - 2 : span.opened] != b"/>":
            closing = self.parser.CurrentByteIndex
            self.spans[number] = Span(span.start, span.opened, closing, self.source.index(b">", closing) + 1)

    def _inner(self, mark: bytes) -> None:
        """A comment or instruction; those outside the root are no nodes of it."""
        if self.open:
            start = self.parser.CurrentByteIndex
            end = self.source.index(mark, start) + len(mark)
            self.spans.append(Span(start, end, end, end))


def _parser(recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,
        recover=recover,
    )


def tree(source: bytes, where: str) -> Any:
    """The lxml root of UTF-8 text that was checked by `parse`.

    Prefixes that are not declared are allowed, as Kettle does not look at namespaces.
    """
    try:
        return etree.fromstring(source, _parser(recover=False))
    except etree.XMLSyntaxError as error:
        parser = _parser(recover=True)
        root = etree.fromstring(source, parser)
        if root is None or any(e.domain_name != "NAMESPACE" for e in parser.error_log):
            raise FileFormatError(
                f"{where}: line {error.lineno}: not well-formed XML ({error.msg})",
                "restore the file, or correct it there",
            ) from None
        return root
