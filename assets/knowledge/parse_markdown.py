"""Markdown (CommonMark with tables) to blocks."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from assets.knowledge.blocks import Block
from assets.knowledge.parse import decode


class Headings:
    """The path of headings above the present place."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._stack: list[tuple[int, str]] = []

    def enter(self, level: int, text: str) -> None:
        """A heading of this level (1 is the top) begins."""
        self._stack = [entry for entry in self._stack if entry[0] < level] + [(level, text)]

    @property
    def path(self) -> tuple[str, ...]:
        """Titles from the top down; the document's name stands in for a missing one."""
        return tuple(text for _, text in self._stack) or (self._title,)


def parse(data: bytes, name: str) -> Iterator[Block]:
    """Yield the blocks of a Markdown document; raw HTML in it is left out."""
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(decode(data, name))
    headings = Headings(PurePosixPath(name).stem)
    for node in SyntaxTreeNode(tokens).children:
        if node.type == "heading":
            headings.enter(int(node.tag[1]), _text(node))
        elif node.type == "table":
            rows = [tuple(_text(cell) for cell in row.children) for part in node.children for row in part.children]
            yield Block("table", headings.path, "", rows=tuple(rows))
        elif node.type in ("bullet_list", "ordered_list"):
            yield Block("list", headings.path, "\n".join(_items(node)))
        elif node.type in ("fence", "code_block"):
            yield Block("paragraph", headings.path, node.content.strip())
        elif node.type != "hr":
            yield Block("paragraph", headings.path, _text(node))


def _items(node: SyntaxTreeNode, indent: str = "") -> Iterator[str]:
    for number, item in enumerate(node.children, int(node.attrs.get("start", 1))):
        mark = f"{number}." if node.type == "ordered_list" else "-"
        words = [_text(child) for child in item.children if not child.type.endswith("_list")]
        yield f"{indent}{mark} {' '.join(words)}"
        for child in item.children:
            if child.type.endswith("_list"):
                yield from _items(child, indent + "  ")


def _text(node: SyntaxTreeNode) -> str:
    parts = [_leaf(inner) for inner in node.walk(include_self=True) if inner.type in _LEAVES]
    return "".join(parts).strip()


def _leaf(node: SyntaxTreeNode) -> str:
    return " " if node.type in ("softbreak", "hardbreak") else node.content


_LEAVES = {"text", "code_inline", "softbreak", "hardbreak"}
