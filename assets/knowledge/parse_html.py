"""HTML to blocks: headings, paragraphs, lists and tables; navigation, scripts and forms are left out."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from assets.knowledge.blocks import Block
from assets.knowledge.parse import decode
from assets.knowledge.parse_markdown import Headings

NOISE = ["script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "button"]
HEADING = re.compile(r"h([1-6])")
BLOCKS = {"p", "pre", "blockquote", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6", "div", "section"}
DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*(gb\w*|big5)", re.IGNORECASE)


def parse(data: bytes, name: str) -> Iterator[Block]:
    """Yield the blocks of an HTML document."""
    found = DECLARED.search(data[:2048])
    text = data.decode("gb18030", "strict") if found and found[1].lower().startswith(b"gb") else decode(data, name)
    soup = BeautifulSoup(text, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for tag in soup(NOISE):
        if isinstance(tag, Tag):
            tag.decompose()
    body = soup.body or soup
    yield from _walk(body, Headings(title or PurePosixPath(name).stem))


def _walk(parent: Tag, headings: Headings) -> Iterator[Block]:
    loose: list[str] = []
    for child in parent.children:
        if isinstance(child, Tag) and (child.name in BLOCKS or child.find(list(BLOCKS))):
            yield from _loose(loose, headings)
            yield from _block(child, headings)
        elif isinstance(child, Tag):
            loose.append(_text(child))
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            loose.append(str(child))
    yield from _loose(loose, headings)


def _loose(parts: list[str], headings: Headings) -> Iterator[Block]:
    text = " ".join(" ".join(parts).split())
    parts.clear()
    if text:
        yield Block("paragraph", headings.path, text)


def _block(tag: Tag, headings: Headings) -> Iterator[Block]:
    level = HEADING.fullmatch(tag.name)
    if level:
        headings.enter(int(level[1]), _text(tag))
    elif tag.name == "table":
        rows = [tuple(_text(cell) for cell in row.find_all(["th", "td"])) for row in tag.find_all("tr")]
        yield Block("table", headings.path, "", rows=tuple(row for row in rows if row))
    elif tag.name in ("ul", "ol"):
        items = (f"{n}. " if tag.name == "ol" else "- " for n in range(1, 10_000))
        lines = [mark + _text(item) for mark, item in zip(items, tag.find_all("li", recursive=False), strict=False)]
        yield Block("list", headings.path, "\n".join(lines))
    elif tag.name in ("p", "pre", "blockquote", "dl"):
        yield Block("paragraph", headings.path, _text(tag))
    else:
        yield from _walk(tag, headings)


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ", strip=True).split())
