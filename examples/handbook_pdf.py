"""Renders the handbook's PDF documents: `python examples/handbook_pdf.py [FOLDER]`.

The fonts (PyMuPDF's Droid Sans Fallback, cut down to the characters used) are embedded, so that the Chinese text can
be read and extracted everywhere. Output bytes depend on handbook_pdf.yaml and the PyMuPDF version only.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf as untyped
import yaml

Table = Sequence[Sequence[str]]
Part = tuple[str, str | Table]  # kind (title, heading, text, table) and content

pymupdf: Any = untyped  # its annotations are incomplete
PAGE = pymupdf.paper_rect("a4")
MARGIN = 56
SIZES = {"title": 20.0, "heading": 14.0, "text": 10.5}
LEADING = 1.6
CONTENT = Path(__file__).with_suffix(".yaml")


class Writer:
    """Puts parts one below the other, starting a new page when one is full."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.font = pymupdf.Font("cjk")
        self._new_page()

    def _new_page(self) -> None:
        self.page = self.document.new_page(width=PAGE.width, height=PAGE.height)
        self.y = float(MARGIN)

    def text(self, text: str, size: float) -> None:
        """Write one paragraph, wrapped at the right margin."""
        for line in wrap(text, self.font, size, PAGE.width - 2 * MARGIN):
            self._line(line, MARGIN, size)
        self.y += size * 0.7

    def table(self, rows: Table) -> None:
        """Write a table with ruled cells of equal width."""
        width = (PAGE.width - 2 * MARGIN) / len(rows[0])
        height = SIZES["text"] * 2
        if self.y + height * len(rows) > PAGE.height - MARGIN:
            self._new_page()
        for row in rows:
            for column, cell in enumerate(row):
                left = MARGIN + column * width
                self.page.draw_rect(pymupdf.Rect(left, self.y, left + width, self.y + height), width=0.6)
                self._put(cell, left + 4, self.y + height * 0.68, SIZES["text"])
            self.y += height
        self.y += SIZES["text"]

    def _line(self, line: str, left: float, size: float) -> None:
        if self.y + size * LEADING > PAGE.height - MARGIN:
            self._new_page()
        self._put(line, left, self.y + size, size)
        self.y += size * LEADING

    def _put(self, text: str, x: float, y: float, size: float) -> None:
        writer = pymupdf.TextWriter(PAGE)
        writer.append((x, y), text, font=self.font, fontsize=size)
        writer.write_text(self.page)


def wrap(text: str, font: Any, size: float, width: float) -> Iterator[str]:
    """Lines of at most `width` points; breaks at blanks in English, anywhere in Chinese."""
    words = text.split(" ") if text.isascii() else list(text)
    glue = " " if text.isascii() else ""
    line = ""
    for word in words:
        longer = line + glue + word if line else word
        if line and font.text_length(longer, size) > width:
            yield line
            line = word
        else:
            line = longer
    yield line


def render(parts: list[Part]) -> bytes:
    """One document as PDF bytes."""
    writer = Writer()
    for kind, content in parts:
        if isinstance(content, str):
            writer.text(content, SIZES[kind])
        else:
            writer.table(content)
    writer.document.set_metadata({"title": str(parts[0][1]), "producer": "handbook_pdf.py"})
    writer.document.subset_fonts()
    pdf: bytes = writer.document.tobytes(garbage=4, deflate=True, no_new_id=True)
    return pdf


def documents() -> dict[str, list[Part]]:
    """File name -> parts."""
    content = yaml.safe_load(CONTENT.read_text(encoding="utf-8"))
    return {name: [(kind, value) for part in parts for kind, value in part.items()] for name, parts in content.items()}


def main(folder: Path) -> None:
    """Write all documents."""
    for name, parts in documents().items():
        (folder / name).write_bytes(render(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "handbook")
