"""Sensitive data in files: logs and other text line by line, PDF and Office documents page by page.

A file is read as a stream: a block, the lines of a batch and their spans are all that is in memory at once. A line over
PIECE characters is searched in pieces that overlap, so that a megabyte without a line break costs no more than a
megabyte of lines. What is told of a value is masked.
"""

import codecs
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.scan.files.encoding import detect
from assets.security.sensitive.classes import builtin
from assets.security.sensitive.shown import sample
from assets.security.sensitive.text.engine import Detector, detector
from assets.security.sensitive.text.spec import Span
from core.errors import DocumentError

BLOCK = 1 << 18  # bytes read at once
PIECE = 50_000  # characters of a line searched at once
OVERLAP = 300  # characters that two pieces of a line share
BATCH = 200_000  # characters of lines searched together
PAGED = frozenset({".pdf", ".epub"})
OFFICE = frozenset({".docx", ".xlsx", ".pptx"})
PARSED = frozenset({".html", ".htm"})
SHOWN = 3  # samples per class


class Hit(NamedTuple):
    """A span in a file: its line, or page of a document, from 1; places in characters from 0."""

    line: int
    span: Span
    shown: str


class Report(Value):
    """What a file holds, by class: how often, how sure at most, and masked samples."""

    path: str
    lines: int
    counts: dict[str, int] = Field(default_factory=dict)
    surest: dict[str, float] = Field(default_factory=dict)
    samples: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def level(self) -> int:
        """The highest level of the classes within, 0 where there are none."""
        return max((builtin()[c].level for c in self.counts), default=0)


def report(path: Path, by: Detector | None = None) -> Report:
    """What a file holds.

    Raises:
        DocumentError: it cannot be read.
    """
    counts: Counter[str] = Counter()
    surest: dict[str, float] = {}
    samples: dict[str, tuple[str, ...]] = {}
    lines = 0
    for lines, hits in scan(path, by):  # noqa: B007 - the last is how many there were
        for hit in hits:
            name = hit.span.class_
            counts[name] += 1
            surest[name] = max(surest.get(name, 0.0), hit.span.confidence)
            if len(samples.get(name, ())) < SHOWN and hit.shown not in samples.get(name, ()):
                samples[name] = (*samples.get(name, ()), hit.shown)
    return Report(path=str(path), lines=lines, counts=dict(counts), surest=surest, samples=samples)


def scan(path: Path, by: Detector | None = None) -> Iterator[tuple[int, list[Hit]]]:
    """Hits in a file batch by batch, each with the number of lines (or pages) read so far."""
    find = by or detector()
    batch: list[tuple[int, int, str]] = []
    size = number = 0
    for number, line in enumerate(texts(path), 1):
        for at in range(0, max(len(line), 1), PIECE - OVERLAP):
            batch.append((number, at, line[at : at + PIECE]))
            size += len(batch[-1][2])
            if size >= BATCH:
                yield number, _hits(batch, find)
                batch, size = [], 0
            if at + PIECE >= len(line):
                break
    yield number, _hits(batch, find)


def _hits(batch: list[tuple[int, int, str]], find: Detector) -> list[Hit]:
    classes = builtin()
    found: list[Hit] = []
    done = (0, -1)
    for (number, at, text), spans in zip(batch, find.many([text for _, _, text in batch]), strict=True):
        for span in spans:
            place = (number, at + span.start)
            if place[0] == done[0] and place[1] < done[1]:
                continue  # in the part that two pieces share
            done = (number, at + span.end)
            shown = sample(text[span.start : span.end], classes[span.class_].level)
            found.append(Hit(number, span._replace(start=at + span.start, end=at + span.end), shown))
    return found


def texts(path: Path) -> Iterator[str]:
    """The lines of a text file, the pages of a PDF, the paragraphs and cells of an Office document.

    Raises:
        DocumentError: it cannot be read.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in PAGED:
            yield from _pages(path)
        elif suffix in OFFICE:
            from assets.security.sensitive.office import paragraphs

            yield from paragraphs(path)
        elif suffix in PARSED:
            from assets.knowledge.parse import parse

            yield from (block.text for block in parse(path, path.name))
        else:
            with gzip.open(path) if suffix == ".gz" else path.open("rb") as file:
                yield from _lines(file)  # type: ignore[arg-type]
    except OSError as error:
        why = error.strerror or "it is damaged"
        raise DocumentError(f"{path.name}: cannot be read: {why}", "check the file and its permissions") from None


def _pages(path: Path) -> Iterator[str]:
    import pymupdf

    opened: Any = pymupdf.open
    if not path.is_file():
        raise DocumentError(f"{path.name}: there is no such file", "check the path")
    try:
        with opened(path) as document:
            for page in document:
                yield page.get_text("text")
    except (pymupdf.FileDataError, RuntimeError, ValueError) as error:
        raise DocumentError(f"{path.name}: cannot be read as {path.suffix}", "check the file in a viewer") from error


def _lines(file: IO[bytes]) -> Iterator[str]:
    """Lines of any length up to BATCH characters; longer ones come in parts."""
    block = file.read(BLOCK)
    decode = codecs.getincrementaldecoder(detect(block))(errors="replace").decode
    held = ""
    while block:
        held += decode(block)
        *whole, held = held.split("\n")
        yield from whole
        if len(held) > BATCH:
            yield held[:-OVERLAP]
            held = held[-OVERLAP:]
        block = file.read(BLOCK)
    held += decode(b"", True)
    if held:
        yield held
