"""Blocks to chunks: sections stay whole where they fit, tables split by rows and keep their header."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from assets.knowledge.blocks import Block, Chunk, Kind, language, markdown_table, size
from core.hashing import digest

LIMIT = 900  # characters of a chunk, a Chinese one counting two
SENTENCE = re.compile(r"(?<=[。！？；])|(?<=[.!?;])\s+")

Piece = tuple[Kind, str, int | None]


def chunks(document: str, blocks: Iterable[Block], limit: int = LIMIT) -> list[Chunk]:
    """Cut a document's blocks into chunks of at most `limit` characters (see blocks.size).

    Only a single table row or a single word may be longer. Ids depend on document, heading and text alone.
    """
    found: list[Chunk] = []
    seen: dict[str, int] = {}
    for heading, group in groupby(blocks, key=lambda block: block.heading):
        pieces = [piece for block in group for piece in _pieces(block, limit)]
        for kind, text, page in _pack(pieces, limit):
            identity = digest([document, *heading, text])
            seen[identity] = seen.get(identity, 0) + 1
            suffix = f"-{seen[identity]}" if seen[identity] > 1 else ""
            found.append(Chunk(identity + suffix, document, heading, text, page, kind, language(text)))
    return found


def sentences(text: str) -> list[str]:
    """Split a text after Chinese and Latin sentence ends; joined again they give the text but for outer blanks."""
    return [part.strip() for line in text.split("\n") for part in SENTENCE.split(line) if part and part.strip()]


def _pieces(block: Block, limit: int) -> Iterator[Piece]:
    if block.kind == "table":
        for text in _table(block, limit):
            yield "table", text, block.page
    elif size(block.text) <= limit:
        yield block.kind, block.text, block.page
    else:
        lines = block.text.split("\n") if block.kind == "list" else sentences(block.text)
        for line in lines:
            for part in _hard(line, limit):
                yield block.kind, part, block.page


def _table(block: Block, limit: int) -> Iterator[str]:
    header, *rows = block.rows
    top = list(markdown_table([header]))
    lines, length = list(top), sum(map(size, top))
    for line in list(markdown_table([header, *rows]))[2:]:
        if length + size(line) + 1 > limit and len(lines) > len(top):
            yield "\n".join(lines)
            lines, length = list(top), sum(map(size, top))
        lines.append(line)
        length += size(line) + 1
    yield "\n".join(lines)


def _hard(text: str, limit: int) -> Iterator[str]:
    """Cut a text without sentence ends at blanks, or anywhere when there is none."""
    while size(text) > limit:
        end = limit if size(text[:limit]) <= limit else limit // 2
        blank = text.rfind(" ", end // 2, end)
        end = blank if blank > 0 else end
        yield text[:end].strip()
        text = text[end:].strip()
    if text:
        yield text


def _pack(pieces: Iterable[Piece], limit: int) -> Iterator[Piece]:
    """Join neighbouring pieces while they fit; a table stands alone, with the sentence that introduces it."""
    kept: list[Piece] = []
    for piece in pieces:
        total = sum(size(text) + 1 for _, text, _ in kept) + size(piece[1])
        if kept and (total > limit or kept[-1][0] == "table"):
            yield _merge(kept)
            kept = []
        kept.append(piece)
    if kept:
        yield _merge(kept)


def _merge(pieces: list[Piece]) -> Piece:
    kinds = {kind for kind, _, _ in pieces}
    kind: Kind = "table" if "table" in kinds else pieces[0][0]
    return kind, "\n".join(text for _, text, _ in pieces), pieces[0][2]
