"""PDF with a text layer to blocks: headings by font size, ruled tables, paragraphs, page numbers."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pymupdf as untyped

from assets.knowledge.blocks import Block, Rows
from assets.knowledge.parse_markdown import Headings
from core.errors import DocumentError

pymupdf: Any = untyped  # its annotations are incomplete
HEADING_RATIO = 1.15  # a line in letters this much larger than the body's is a heading
CELL_INSET = 1.0  # points; keeps a neighbour cell's letters out


class Line(NamedTuple):
    """A line of text on a page: words, letter size in points, and its place."""

    text: str
    size: float
    box: tuple[float, float, float, float]
    page: int


def parse(data: bytes, name: str) -> Iterator[Block]:
    """Yield the blocks of a PDF.

    Raises:
        DocumentError: it is broken, encrypted, or has no text layer.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    try:
        document = pymupdf.open(stream=data, filetype="pdf")
    except Exception as error:  # PyMuPDF raises its own and RuntimeError alike
        raise DocumentError(f"{name}: not a readable PDF ({error})", "open and save it again, or remove it") from None
    with document:
        if document.needs_pass:
            raise DocumentError(f"{name}: the PDF is encrypted", "save it without a password")
        yield from _blocks(document, name)


def _blocks(document: Any, name: str) -> Iterator[Block]:
    pages = [(_tables(page), list(_lines(page))) for page in document]
    sizes: Counter[float] = Counter()
    for _, lines in pages:
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
    if not sizes:
        raise DocumentError(
            f"{name}: the PDF has no text layer in its {document.page_count} page(s)",
            "it is probably a scan: give a PDF with text",
        )
    body = sizes.most_common(1)[0][0]
    levels = sorted((size for size in sizes if size > body * HEADING_RATIO), reverse=True)
    headings = Headings(PurePosixPath(name).stem)
    paragraph: list[Line] = []
    for tables, lines in pages:
        for item in _in_reading_order(tables, lines):
            heading = isinstance(item, Line) and round(item.size, 1) in levels
            if paragraph and (heading or not isinstance(item, Line) or _starts_anew(paragraph[-1], item)):
                yield _joined(paragraph, headings.path)
                paragraph = []
            if not isinstance(item, Line):
                yield Block("table", headings.path, "", item[2], item[1])
            elif heading:
                headings.enter(levels.index(round(item.size, 1)) + 1, item.text)
            else:
                paragraph.append(item)
    if paragraph:
        yield _joined(paragraph, headings.path)


Table = tuple[tuple[float, float, float, float], Rows, int]


def _tables(page: Any) -> list[Table]:
    # The layout model costs a second a page and is there only when an extra package is.
    found: list[Table] = []
    for table in page.find_tables(strategy="lines_strict", use_layout=False).tables:
        rows = [tuple(_cell(page, cell) for cell in row.cells) for row in table.rows]
        # Doubled ruling lines make empty columns and rows that nobody sees.
        columns = [i for i in range(len(rows[0])) if any(row[i] for row in rows)]
        kept = tuple(tuple(row[i] for i in columns) for row in rows if any(row))
        if kept:
            found.append((tuple(table.bbox), kept, page.number + 1))
    return found


def _cell(page: Any, box: Any) -> str:
    # Table.extract() drops the blanks between words; the clipped page text keeps them.
    if box is None:
        return ""
    left, top, right, bottom = box
    inner = (left + CELL_INSET, top + CELL_INSET, right - CELL_INSET, bottom - CELL_INSET)
    return " ".join(page.get_text("text", clip=inner).split())


def _lines(page: Any) -> Iterator[Line]:
    for block in page.get_text("dict", sort=True)["blocks"]:
        for line in block.get("lines", ()):
            spans = [span for span in line["spans"] if span["text"].strip()]
            if spans:
                text = "".join(span["text"] for span in line["spans"]).strip()
                yield Line(text, max(span["size"] for span in spans), tuple(line["bbox"]), page.number + 1)


def _in_reading_order(tables: list[Table], lines: list[Line]) -> list[Line | Table]:
    free = [line for line in lines if not any(_inside(line.box, table[0]) for table in tables)]
    placed: list[tuple[float, float, Line | Table]] = [(line.box[1], line.box[0], line) for line in free]
    placed += [(table[0][1], table[0][0], table) for table in tables]
    return [item for _, _, item in sorted(placed, key=lambda p: (round(p[0]), p[1]))]


def _inside(box: tuple[float, ...], outer: tuple[float, ...]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _starts_anew(last: Line, line: Line) -> bool:
    if last.page != line.page:
        return last.text[-1] in ".。!！?？:："
    gap = line.box[1] - last.box[3]
    return gap > last.size * 0.6 or round(line.size, 1) != round(last.size, 1)


def _joined(lines: list[Line], heading: tuple[str, ...]) -> Block:
    text = lines[0].text
    for line in lines[1:]:
        glue = " " if text[-1].isascii() and line.text[0].isascii() and not _splits_number(text, line.text) else ""
        text += glue + line.text
    return Block("paragraph", heading, text, lines[0].page)


def _splits_number(before: str, after: str) -> bool:
    """Whether a Chinese line broke inside a number, as in 2|4小时."""
    return before[-1].isdigit() and after[0].isdigit() and any(c > "\u3400" for c in before)
