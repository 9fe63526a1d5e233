"""Splitting delimited text with polars where that gives the very same fields as Kettle's own readers.

A piece of text qualifies when every enclosure opens at the start of a field and closes at its end; anything else is
left to the exact readers. Columns are called "0", "1", ...; empty fields are null.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.kettle.formats.whole_numbers import with_longs

NEWLINE = 10


@dataclass(frozen=True, slots=True)
class Dialect:
    """Separator, enclosure and escape of delimited text; "" is none."""

    separator: str
    enclosure: str = ""
    escape: str = ""

    @property
    def simple(self) -> bool:
        """Single ASCII characters without escape: what polars can read."""
        marks = [self.separator, *([self.enclosure] if self.enclosure else [])]
        plain = all(len(m) == 1 and m.isascii() and m not in "\r\n" for m in marks)
        return plain and not self.escape and self.separator != self.enclosure


def raw_key(run: int, source: str, target: str) -> str:
    """Where in a run's shared state the raw texts of lazily read rows wait for the step that writes them."""
    return f"raw:{run}:{source}:{target}"


def text_schema(width: int) -> dict[str, pl.DataType]:
    """The columns of `width` raw text fields."""
    return {str(i): pl.String() for i in range(width)}


def text_frame(rows: list[list[str | None]], width: int) -> pl.DataFrame:
    """Rows of texts as a frame; short rows are filled with null, long ones cut, "" becomes null."""
    columns: list[list[str | None]] = [[] for _ in range(width)]
    for row in rows:
        for i in range(width):
            columns[i].append((row[i] or None) if i < len(row) else None)
    return pl.DataFrame({str(i): c for i, c in enumerate(columns)}, schema=text_schema(width))


def fast_rows(
    data: bytes, width: int, dialect: Dialect, *, collapsing: bool, full: bool, longs: frozenset[int] = frozenset()
) -> pl.DataFrame | None:
    r"""The fields of complete lines that end in `\n` (no `\r`); None when only an exact reader may split them.

    Args:
        collapsing: the reader merges runs of doubled enclosures, so such runs need the exact reader.
        full: every line must hold at least `width` fields.
        longs: columns that are wanted as whole numbers; they are all Int64, or all texts where that is not sure.
    """
    if not dialect.simple or data.startswith(b"\n") or b"\r" in data:
        return None
    quote = dialect.enclosure.encode()
    quoted = bool(quote) and quote in data
    if quoted and ((collapsing and quote * 4 in data) or not _well_formed(data, dialect)):
        return None
    if full and width > 1 and not _all_full(data, width, dialect, quoted=quoted):
        return None
    schema = text_schema(width)
    found = None
    if longs and not quoted:
        found = with_longs(lambda types: _read(data, types, dialect), data, dialect.separator, schema, longs)
    frame = _read(data, schema, dialect, quoted=quoted) if found is None else found
    if (not width or frame["0"].null_count()) and b"\n\n" in data:  # an empty line makes a row of nulls
        return None
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())) if quoted else frame


def _read(data: bytes, schema: dict[str, pl.DataType], dialect: Dialect, *, quoted: bool = False) -> pl.DataFrame:
    return pl.read_csv(
        data,
        has_header=False,
        schema=schema,
        separator=dialect.separator,
        quote_char=dialect.enclosure if quoted else None,
        truncate_ragged_lines=True,
        missing_columns="insert",
        extra_columns="ignore",
        raise_if_empty=False,
    )


def _well_formed(data: bytes, dialect: Dialect) -> bool:
    """Whether each enclosure, counted in pairs, stands at the start and at the end of a field, on one line."""
    codes = np.frombuffer(data, dtype=np.uint8)
    quote, separator = ord(dialect.enclosure), ord(dialect.separator)
    places = np.flatnonzero(codes == quote)
    if len(places) % 2:
        return False
    opening, closing = places[0::2], places[1::2]
    before = np.where(opening > 0, codes[opening - 1], NEWLINE)
    after = np.where(closing + 1 < len(codes), codes[np.minimum(closing + 1, len(codes) - 1)], NEWLINE)
    starts = (before == separator) | (before == NEWLINE) | (before == quote)
    ends = (after == separator) | (after == NEWLINE) | (after == quote)
    if not (starts.all() and ends.all()):
        return False
    lines = np.flatnonzero(codes == NEWLINE)
    return not (np.searchsorted(places, lines) % 2).any()


def _all_full(data: bytes, width: int, dialect: Dialect, *, quoted: bool) -> bool:
    """Whether every line has at least `width` fields."""
    codes = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(codes == ord(dialect.separator))
    if quoted:
        places = np.flatnonzero(codes == ord(dialect.enclosure))
        marks = marks[np.searchsorted(places, marks) % 2 == 0]
    lines = np.flatnonzero(codes == NEWLINE)
    if not data.endswith(b"\n"):
        lines = np.append(lines, len(codes))
    counts = np.diff(np.searchsorted(marks, lines), prepend=0)
    return bool((counts >= width - 1).all())
