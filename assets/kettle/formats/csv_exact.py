"""Records exactly as Kettle's "CSV file input" takes them from its buffer, oddities included.

Measured on PDI 9.3: an enclosure counts at the start of a field only; text after a closing enclosure shifts the cut; an
enclosure that never closes keeps its opening mark; a blank line after an LF-ended row is swallowed, after a CRLF-ended
one it is a row of nulls; where newlines are allowed in fields only the last field ends at one; what follows the last
wanted field is skipped together with all newlines after it.
"""

import re

from assets.kettle.formats.fast_csv import Dialect

Row = list[str | None]


class BrokenLineEnd(ValueError):  # says what is wrong with the file
    """A single newline where the DOS format needs two characters."""


class CsvScanner:
    """Takes records from text that may arrive in pieces.

    Args:
        width: fields per record that are looked at.
        newlines: newlines may be part of fields that are not the last.
        line_format: DOS, UNIX or MIXED.
    """

    def __init__(self, dialect: Dialect, width: int, *, newlines: bool, line_format: str) -> None:
        self.dialect = dialect
        self.width = width
        self.newlines = newlines
        self.line_format = line_format
        mark = re.escape(dialect.separator)
        self._stop = re.compile(f"{mark}|[\r\n]")
        self._mark = re.compile(mark)

    def records(self, text: str, *, final: bool) -> tuple[list[Row], int]:
        """The complete records in `text` and how many characters they take.

        Raises:
            BrokenLineEnd: the format is DOS and a line ends in one character.
        """
        rows: list[Row] = []
        at = 0
        while at < len(text):
            found = self._record(text, at, final=final)
            if found is None:
                break
            row, at = found
            rows.append(row)
        return rows, at

    def first(self, text: str) -> int:
        """Where the second record of `text` starts."""
        found = self._record(text, 0, final=True)
        return len(text) if found is None else found[1]

    def _record(self, text: str, at: int, *, final: bool) -> tuple[Row, int] | None:
        size = len(text)
        row: Row = []
        newline = False
        while not newline and len(row) < self.width:
            if at >= size:
                return (row, at) if final and row else None
            last = len(row) == self.width - 1
            end, stop, enclosed, escaped = self._field_end(text, at, last=last)
            if end >= size and not final:
                return None
            newline = stop == "newline"
            value = self._value(text, at, end, enclosed=enclosed, ended=stop == "end")
            row.append(value.replace(self.dialect.enclosure * 2, self.dialect.enclosure) if escaped else value)
            pointer = end + 1 if newline else end
            if newline and pointer >= size and not final:
                return None
            doubled = newline and text[pointer : pointer + 1] in ("\r", "\n") and pointer < size
            if (not newline and len(row) < self.width) or doubled:
                pointer = self._advance(text, pointer, doubled=doubled)
            at = pointer
        if not newline and at < size:
            skipped = self._skip(text, at, final=final)
            if skipped is None:
                return None
            at = skipped
        return row, at

    def _field_end(self, text: str, at: int, *, last: bool) -> tuple[int, str, bool, bool]:
        """Where the field that starts at `at` stops, at what, whether it is enclosed and holds doubled enclosures."""
        enclosure = self.dialect.enclosure
        enclosed = escaped = False
        search = at
        if enclosure and text.startswith(enclosure, at):
            close = at + len(enclosure)
            while True:
                close = text.find(enclosure, close)
                if close < 0:
                    return len(text), "end", False, escaped
                after = close + len(enclosure)
                if after >= len(text):
                    return len(text), "end", True, escaped
                if not text.startswith(enclosure, after):
                    break
                escaped = True
                close = after + len(enclosure)
            enclosed, search = True, after
        found = (self._mark if self.newlines and not last else self._stop).search(text, search)
        if found is None:
            return len(text), "end", enclosed, escaped
        return found.start(), "newline" if found[0] in "\r\n" else "mark", enclosed, escaped

    def _value(self, text: str, start: int, end: int, *, enclosed: bool, ended: bool) -> str:
        if enclosed:
            size = len(self.dialect.enclosure)
            return text[start + size : max(end - size, start + size)]
        return text[start:end]

    def _advance(self, text: str, pointer: int, *, doubled: bool) -> int:
        if not doubled:
            for _ in self.dialect.separator:
                if text[pointer : pointer + 1] in ("\r", "\n") and pointer < len(text):
                    break
                pointer += 1
        here = text[pointer : pointer + 1]
        if self.line_format == "DOS" and here in ("\r", "\n") and here:
            if not doubled and text[pointer + 1 : pointer + 2] not in ("\r", "\n"):
                raise BrokenLineEnd("a line ends in a single newline character, the DOS format needs two")
            return pointer + 1
        if self.line_format == "MIXED" and (here == "\r" or doubled):
            return pointer + 1
        return pointer

    def _skip(self, text: str, at: int, *, final: bool) -> int | None:
        """Past the rest of the line and all newlines after it."""
        size = len(text)
        found = re.compile("[\r\n]").search(text, at + 1)
        if found is None:
            return size if final else None
        pointer = found.start()
        while pointer < size and text[pointer] in "\r\n":
            pointer += 1
        if pointer >= size and not final:
            return None
        return pointer
