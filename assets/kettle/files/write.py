"""Writes a model back so that only the bytes of changed elements change.

The tree is compared, element by element, with what the original bytes say. What is equal is copied from the original:
the declaration, entities such as `&#x2f;`, CDATA, comments, line ends and the two forms of an empty element. What is
new or changed is written as Kettle writes, with the escapes and line ends that the file already uses. A password that
is written anew is never in clear: it is obscured, unless it is a variable.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from lxml import etree

from assets.kettle.files.document import Document, Span, tree
from assets.kettle.files.passwords import is_password_name, obscure
from assets.kettle.files.read import read_job, read_transformation
from assets.kettle.model import Job, Transformation
from core.atomic import write_bytes

M = TypeVar("M", Transformation, Job)

_PLAIN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xd;"}
_QUOTED = _PLAIN | {'"': "&quot;", "'": "&apos;", "/": "&#47;"}
_ATTRIBUTE = _PLAIN | {'"': "&quot;", "\n": "&#xa;", "\t": "&#x9;"}
_SPELLED_OUT = re.compile(r"[^A-Za-z0-9 ,.\-_]")


def to_bytes(model: Transformation | Job) -> bytes:
    """The file's bytes; those it was read from when nothing was changed."""
    document: Document = model.document
    return _Writer(document).whole()


def write(model: Transformation | Job, path: Path) -> None:
    """Writes the file whole or not at all; it keeps its rights. Raises OSError."""
    write_bytes(path, to_bytes(model))


def copied(model: M) -> M:
    """An independent copy of a model, for instance to fill in a template. Passwords set anew are obscured in it."""
    if isinstance(model, Job):
        return read_job(to_bytes(model), model.path)
    return read_transformation(to_bytes(model), model.path)


def escaper(source: bytes) -> Callable[[str], str]:
    """How this file spells special characters in texts: Kettle did it in three ways over its versions."""
    if b"&#x2f;" in source:
        return lambda text: _SPELLED_OUT.sub(lambda m: f"&#x{ord(m[0]):x};", text)
    table = str.maketrans(_QUOTED if b"&#47;" in source else _PLAIN)
    return lambda text: text.translate(table)


class _Writer:
    """One pass over a document's tree beside a fresh reading of its original bytes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.source = document.source
        self.escape = escaper(document.source)
        first = list(tree(document.source, "original").iter())
        spans = list(document.spans.values())
        self.original: dict[Any, Any] = dict(zip(document.spans, first, strict=True))
        self.spans: dict[Any, Span] = dict(zip(first, spans, strict=True))

    def whole(self) -> bytes:
        """The whole file."""
        root = self.document.root
        span = self.document.spans[root]
        written = self.source[: span.start] + self.element(root) + self.source[span.end :]
        if written == self.source:
            return self.document.raw
        return self.document.bom + written.decode("utf-8").encode(self.document.encoding, "xmlcharrefreplace")

    def element(self, node: Any) -> bytes:
        """A node without its tail."""
        was = self.original.get(node)
        if was is None:
            return self.fresh(node)
        span = self.spans[was]
        if _same(node, was):
            return self.source[span.start : span.end]
        if not isinstance(node.tag, str):
            return self.fresh(node)
        return self.changed(node, was, span)

    def fresh(self, node: Any) -> bytes:
        """A node that was not in the file."""
        if not isinstance(node.tag, str) or _has_namespace(node):
            return _with_namespaces(node)
        content = self.text(node, node.text) + b"".join(
            self.element(child) + self.text(None, child.tail) for child in node
        )
        return _wrapped(_start_tag(node), content)

    def changed(self, node: Any, was: Any, span: Span) -> bytes:
        """A node of the file in which something changed: what did not is copied."""
        content = self.head(node, was) + b"".join(self.element(child) + self.tail(child) for child in node)
        opening = bytes(self.source[span.start : span.opened])
        if node.tag != was.tag or node.attrib != was.attrib:
            if _has_namespace(node):
                return _with_namespaces(node)
            opening = _start_tag(node)
        if opening.endswith(b"/>"):
            opening = opening[:-2].rstrip() + b">"
        return _wrapped(opening, content)

    def head(self, node: Any, was: Any) -> bytes:
        """The text before the first child."""
        if node.text != was.text:
            return self.text(node, node.text)
        span = self.spans[was]
        end = self.spans[was[0]].start if len(was) else span.closing
        return self.source[span.opened : end]

    def tail(self, node: Any) -> bytes:
        """The text after a node."""
        was = self.original.get(node)
        if was is None or was.getparent() is None or node.tail != was.tail:
            return self.text(None, node.tail)
        following = was.getnext()
        end = self.spans[was.getparent()].closing if following is None else self.spans[following].start
        return self.source[self.spans[was].end : end]

    def text(self, node: Any, text: str | None) -> bytes:
        """A text that was not in the file; `node` is the element it is the value of, None for a tail."""
        if not text:
            return b""
        if node is not None and _is_password(node):
            text = obscure(text)
        blank = not text.strip(" \t\n")
        spelled = text if blank and (node is None or len(node)) else self.escape(text)
        return spelled.replace("\n", self.document.newline).encode("utf-8")


def _same(node: Any, other: Any) -> bool:
    return bool(etree.tostring(node, with_tail=False) == etree.tostring(other, with_tail=False))


def _start_tag(node: Any) -> bytes:
    table = str.maketrans(_ATTRIBUTE)
    attributes = "".join(f' {name}="{value.translate(table)}"' for name, value in node.attrib.items())
    return f"<{node.tag}{attributes}>".encode()


def _wrapped(opening: bytes, content: bytes) -> bytes:
    if not content:
        return opening[:-1] + b"/>"
    name = re.match(rb"<[^\s>]+", opening)
    return opening + content + b"</" + (name[0][1:] if name else b"") + b">"


def _has_namespace(node: Any) -> bool:
    """Whether a declared prefix stands in the element or one inside it: those are left to lxml's own writer."""
    return any("{" in name for child in node.iter(etree.Element) for name in (child.tag, *child.attrib))


def _with_namespaces(node: Any) -> bytes:
    """A node as lxml writes it, passwords obscured."""
    copied = deepcopy(node)
    for child in copied.iter(etree.Element):
        if child.text and _is_password(child):
            child.text = obscure(child.text)
    return bytes(etree.tostring(copied, with_tail=False, encoding="utf-8"))


def _is_password(node: Any) -> bool:
    """Whether the element's text is a password: by its tag, or by the code beside an <attribute>."""
    if node.tag == "attribute":
        parent = node.getparent()
        return parent is not None and is_password_name(parent.findtext("code") or "")
    return is_password_name(node.tag)
