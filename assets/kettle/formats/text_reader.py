"""Reads text files as "Text file input" does: raw text columns per batch, headers, footers, wraps, pages, filters.

Plain delimited and fixed-width files go through polars; what needs Kettle's own way of reading goes line by line.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

import polars as pl

from assets.kettle.formats.encodings import utf8_chunks
from assets.kettle.formats.fast_csv import Dialect, fast_rows, text_frame, text_schema
from assets.kettle.formats.text_lines import complete_end, joined_lines, normal_newlines, split_line

LINES_PER_BATCH = 50_000
CHUNK = 16 << 20


@dataclass(frozen=True, slots=True)
class LineFilter:
    """A text at a place (or anywhere, -1) that drops a line, keeps it alone (`positive`), or ends the file (`stop`)."""

    text: str
    position: int = -1
    positive: bool = False
    stop: bool = False

    def matches(self, line: str) -> bool:
        """Whether the text is there; at a place letters' case does not matter."""
        if self.position < 0:
            return self.text in line
        end = self.position + len(self.text)
        return len(line) >= end and line[self.position : end].lower() == self.text.lower()


@dataclass(frozen=True, slots=True)
class TextShape:
    """How a text file is laid out; `slices` (start, length) makes it fixed-width, else `width` fields are split.

    Attributes:
        line_format: DOS, UNIX or MIXED.
        header, footer: lines to drop at the top and at the end (of each page, where `page` > 0 lines make one).
        wraps: further lines that belong to each line.
        page, page_head: lines per page, and lines before the first page.
        byte_slices: positions count bytes of the encoding.
    """

    dialect: Dialect
    width: int
    slices: tuple[tuple[int, int], ...] = ()
    line_format: str = "MIXED"
    encoding: str = ""
    header: int = 0
    footer: int = 0
    wraps: int = 0
    page: int = 0
    page_head: int = 0
    skip_empty: bool = True
    filters: tuple[LineFilter, ...] = ()
    byte_slices: bool = False

    @property
    def plain(self) -> bool:
        """Whether lines and records are the same, so that whole chunks can be split at once."""
        simple = self.dialect.simple or bool(self.slices)
        return simple and not (self.footer or self.wraps or self.page or self.filters or self.byte_slices)


@dataclass(slots=True)
class Taken:
    """Lines that were taken from the file so far, headers and footers included, as Kettle's input counter says."""

    lines: int = 0
    stopped: bool = field(default=False)


def text_frames(stream: IO[bytes], shape: TextShape, taken: Taken) -> Iterator[pl.DataFrame]:
    """The raw columns "0", "1", … of the file. Raises BrokenLines for wrong line ends."""
    pieces = _pieces(stream, shape)
    if shape.plain:
        yield from _plain_frames(pieces, shape, taken)
    else:
        yield from _line_frames(_records(_lines(pieces, shape), shape, taken), shape)


def _pieces(stream: IO[bytes], shape: TextShape) -> Iterator[bytes]:
    """Complete logical lines, in big pieces; a last line whose enclosure never closes is dropped by the splitter."""
    enclosure = b"" if shape.slices else shape.dialect.enclosure.encode()
    pending = b""
    for chunk in utf8_chunks(stream, shape.encoding, CHUNK):
        pending += chunk
        cut = pending.rfind(b"\n") + 1 if shape.line_format != "UNIX" else len(pending)
        if shape.line_format == "UNIX":
            cut = max(pending.rfind(b"\n"), pending.rfind(b"\r")) + 1
        normal = normal_newlines(pending[:cut], shape.line_format)
        end = complete_end(normal, enclosure)
        if end:
            yield normal[:end]
        pending = normal[end:] + pending[cut:]
    if pending:
        yield normal_newlines(pending, "MIXED" if shape.line_format == "DOS" else shape.line_format)


def _lines(pieces: Iterable[bytes], shape: TextShape) -> Iterator[str]:
    dialect = Dialect("") if shape.slices else shape.dialect
    for piece in pieces:
        for line in joined_lines(piece.decode("utf-8"), dialect):
            if line or not shape.skip_empty:
                yield line


def _kept(lines: Iterator[str], shape: TextShape, taken: Taken) -> Iterator[str]:
    """Lines that the filters let through."""
    positive = any(f.positive for f in shape.filters)
    for line in lines:
        drop = [f for f in shape.filters if not f.positive and f.text and f.matches(line)]
        if drop:
            if any(f.stop for f in drop):
                taken.stopped = True
                return
            continue
        if positive and not any(f.positive and f.text and f.matches(line) for f in shape.filters):
            continue
        yield line


def _records(lines: Iterator[str], shape: TextShape, taken: Taken) -> Iterator[str]:
    """Data lines: without headers and footers, wrapped lines joined."""
    for _ in range(shape.page_head if shape.page else 0):
        next(lines, None)
    if shape.page:
        yield from _paged(lines, shape, taken)
        return
    for _ in range(shape.header):
        taken.lines += next(lines, None) is not None
    held: deque[str] = deque()
    kept = _kept(lines, shape, taken)
    for line in kept:
        held.append(line)
        if len(held) > shape.footer:
            taken.lines += 1
            yield _wrapped(held.popleft(), kept, held, shape.wraps)
    taken.lines += bool(held)


def _wrapped(line: str, lines: Iterator[str], held: deque[str], wraps: int) -> str:
    for _ in range(wraps):
        line += held.popleft() if held else next(lines, "")
    return line


def _paged(lines: Iterator[str], shape: TextShape, taken: Taken) -> Iterator[str]:
    kept = _kept(lines, shape, taken)
    nothing: deque[str] = deque()
    while True:
        for _ in range(shape.header):
            taken.lines += next(kept, None) is not None
        for _ in range(shape.page):
            line = next(kept, None)
            if line is None:
                return
            taken.lines += 1
            yield _wrapped(line, kept, nothing, shape.wraps)
        for _ in range(shape.footer):
            taken.lines += next(kept, None) is not None


def _line_frames(records: Iterator[str], shape: TextShape) -> Iterator[pl.DataFrame]:
    batch: list[str] = []
    for record in records:
        batch.append(record)
        if len(batch) >= LINES_PER_BATCH:
            yield _cut(batch, shape)
            batch = []
    if batch:
        yield _cut(batch, shape)


def _cut(lines: Sequence[str], shape: TextShape) -> pl.DataFrame:
    if shape.byte_slices:
        from assets.kettle.formats.encodings import codec

        name = codec(shape.encoding)
        return text_frame(
            [[line.encode(name)[s : s + n].decode(name, "replace") for s, n in shape.slices] for line in lines],
            shape.width,
        )
    if shape.slices:
        return _sliced(pl.Series(lines, dtype=pl.String), shape)
    return text_frame([list(split_line(line, shape.dialect)) for line in lines], shape.width)


def _sliced(lines: pl.Series, shape: TextShape) -> pl.DataFrame:
    """Fixed-width fields; past the end of a line they are empty."""
    columns = {str(i): lines.str.slice(start, length) for i, (start, length) in enumerate(shape.slices)}
    frame = pl.DataFrame(columns, schema=text_schema(shape.width))
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all()))


def _plain_frames(pieces: Iterator[bytes], shape: TextShape, taken: Taken) -> Iterator[pl.DataFrame]:
    """Whole pieces at once; the header is dropped from the first ones."""
    left = shape.header
    for piece in pieces:
        data = _without_blanks(piece, shape)
        while left and data:
            end = data.find(b"\n") + 1 or len(data)
            mark = b"" if shape.slices else shape.dialect.enclosure.encode()
            while mark and data.count(mark, 0, end) % 2 and end < len(data):
                end = data.find(b"\n", end) + 1 or len(data)
            data, left = data[end:], left - 1
            taken.lines += 1
        if not data:
            continue
        frame = _whole(data, shape)
        if frame is None:
            lines = [x for x in joined_lines(data.decode("utf-8"), shape.dialect) if x or not shape.skip_empty]
            for at in range(0, len(lines), LINES_PER_BATCH):
                part = _cut(lines[at : at + LINES_PER_BATCH], shape)
                taken.lines += part.height
                yield part
            continue
        taken.lines += frame.height
        yield frame


def _without_blanks(data: bytes, shape: TextShape) -> bytes:
    mark = shape.dialect.enclosure.encode()
    if not shape.skip_empty or (not shape.slices and mark and mark in data):
        return data
    while b"\n\n" in data:
        data = data.replace(b"\n\n", b"\n")
    return data.removeprefix(b"\n")


def _whole(data: bytes, shape: TextShape) -> pl.DataFrame | None:
    if not shape.slices:
        return fast_rows(data, shape.width, shape.dialect, collapsing=True, full=False)
    text = data.decode("utf-8")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if shape.skip_empty:
        lines = [line for line in lines if line]
    return _sliced(pl.Series(lines, dtype=pl.String), shape)
