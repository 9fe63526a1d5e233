"""Texts of Office Open XML files (ECMA-376): paragraphs of Word and PowerPoint, cells of Excel, as a stream."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from core.errors import DocumentError

PARTS = ("word/", "ppt/slides/", "ppt/notesSlides/", "xl/sharedStrings", "xl/worksheets/", "xl/comments")
WHOLE = ("}p", "}si", "}is", "}c", "}row")  # elements whose text belongs together
HELD = ("n", "str", "d")  # types of cells that hold what they show; others are flags, errors, and places of strings
LARGEST = 1 << 30  # bytes of one part, unpacked


def paragraphs(path: Path) -> Iterator[str]:
    """The paragraphs and strings of a document, part by part.

    Raises:
        DocumentError: it is no such document, damaged, or a part unpacks to more than LARGEST.
    """
    try:
        with zipfile.ZipFile(path) as file:
            for part in file.infolist():
                if part.filename.startswith(PARTS) and part.filename.endswith(".xml"):
                    if part.file_size > LARGEST:
                        raise DocumentError(f"{path.name}: {part.filename} is too large", "split the document")
                    with file.open(part) as opened:
                        yield from _texts(opened)
    except (zipfile.BadZipFile, ParseError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DocumentError(f"{path.name}: cannot be read as {path.suffix}", "check the file in a viewer") from error


def _texts(opened: Any) -> Iterator[str]:
    from defusedxml.ElementTree import iterparse

    above: list[Any] = []
    for event, element in iterparse(opened, events=("start", "end")):
        if event == "start":
            above.append(element)
            continue
        above.pop()
        if element.tag.endswith(WHOLE):
            if text := _cell(element) or "".join(e.text or "" for e in element.iter() if e.tag.endswith("}t")):
                yield text
            element.clear()
            if above:
                above[-1].remove(element)


def _cell(element: Any) -> str:
    """What a cell of Excel holds itself; whole numbers as their digits, whichever way they are written."""
    if not element.tag.endswith("}c") or element.get("t", "n") not in HELD:
        return ""
    text = "".join(e.text or "" for e in element if e.tag.endswith("}v"))
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else text
