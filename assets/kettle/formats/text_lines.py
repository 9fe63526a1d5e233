"""Lines and fields exactly as Kettle's "Text file input" cuts them, oddities included.

Measured on PDI 9.3: a line with an odd number of enclosures goes on at the next line, joined by a line feed, whatever
the option "breaks in enclosure" says; a last line that stays open is dropped; runs of doubled enclosures collapse to
one; the mixed format takes LF and CRLF, UNIX ends a line at either character, DOS needs a pair.
"""

from collections.abc import Iterator

from assets.kettle.formats.fast_csv import Dialect


class BrokenLines(ValueError):  # says what is wrong with the file
    """The line ends are not those of the file format that the step names."""


def normal_newlines(data: bytes, line_format: str) -> bytes:
    r"""The same lines, each ended by `\n`. Raises BrokenLines for the DOS format on other files."""
    if line_format == "DOS":
        pairs = data.count(b"\r\n")
        if pairs != data.count(b"\n") or pairs != data.count(b"\r") - data.endswith(b"\r"):
            raise BrokenLines("a line ends in a single newline character, the DOS format needs two")
        return data.replace(b"\r\n", b"\n")
    if b"\r" not in data:
        return data
    return data.replace(b"\r", b"\n" if line_format == "UNIX" else b"")


def complete_end(data: bytes, enclosure: bytes) -> int:
    r"""Where the last line that is certainly complete ends: after a `\n` with an even number of enclosures before."""
    end = data.rfind(b"\n") + 1
    while end and enclosure and data.count(enclosure, 0, end) % 2:
        open_at = data.rfind(enclosure, 0, end)
        end = data.rfind(b"\n", 0, open_at) + 1
    return end


def joined_lines(text: str, dialect: Dialect) -> Iterator[str]:
    """The logical lines of complete text."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    held: str | None = None
    for line in lines:
        whole = line if held is None else f"{held}\n{line}"
        if _open(whole, dialect):
            held = whole
            continue
        held = None
        yield whole


def _open(line: str, dialect: Dialect) -> bool:
    if not dialect.enclosure:
        return False
    count = line.count(dialect.enclosure)
    if dialect.escape and dialect.escape != dialect.enclosure:
        count -= line.count(dialect.escape + dialect.enclosure)
    return count % 2 == 1


def split_line(line: str, dialect: Dialect) -> list[str]:
    """The fields of one line."""
    fields: list[str] = []
    at, size = 0, len(line)
    doubled = False
    while at < size:
        enclosed = (
            bool(dialect.enclosure) and line[at : at + len(dialect.enclosure)].lower() == dialect.enclosure.lower()
        )
        if enclosed:
            end, saw_double, escaped = _enclosed_end(line, at, dialect)
            doubled = doubled or saw_double
            split_escaped = False
        else:
            end, split_escaped = _plain_end(line, at, dialect)
            escaped = False
        mark = len(dialect.enclosure)
        value = line[at + mark : end - mark] if enclosed and at + mark <= end - mark else line[at:end]
        fields.append(_unescaped(value, dialect, doubled=doubled, enclosures=escaped, separators=split_escaped))
        at = end + len(dialect.separator)
    if at == size:
        fields.append("")
    return fields


def _enclosed_end(line: str, start: int, dialect: Dialect) -> tuple[int, bool, bool]:
    """End of an enclosed field (after its closing mark), whether enclosures were doubled, and whether escaped."""
    enclosure, escape, size = dialect.enclosure, dialect.escape, len(line)
    mark = len(enclosure)
    doubled = escaped = False

    def look(place: int) -> tuple[bool, bool, int]:
        """Whether a closing mark stands here, whether it only stands for itself, and the place to go on from."""
        nonlocal doubled, escaped
        closing = place + mark < size and line.startswith(enclosure, place)
        escaping = bool(escape) and place + len(escape) < size and line.startswith(escape, place)
        after = False
        if (closing or escaping) and place < size - 1:
            following = line[place + mark : place + 2 * mark]
            if following == enclosure:
                place, after, doubled = place + 1, True, True
                escaped = escaped or escaping
            elif escape and following == escape:
                place += 1
        return closing, after, place

    closing, after, place = look(start + mark)
    while (not closing or after) and place < size:
        closing, after, place = look(place + 1)
    return (place if place >= size else place + mark), doubled, escaped


def _plain_end(line: str, start: int, dialect: Dialect) -> tuple[int, bool]:
    """End of a field without enclosure, and whether a separator in it was escaped."""
    at, escaped = start, False
    while True:
        end = line.find(dialect.separator, at)
        if end < 0:
            return len(line), escaped
        if not dialect.escape or _escapes_before(line, end, dialect.escape) % 2 == 0:
            return end, escaped
        at, escaped = end + 1, True


def _escapes_before(line: str, end: int, escape: str) -> int:
    count = 0
    while end >= len(escape) and line[end - len(escape) : end] == escape:
        count, end = count + 1, end - len(escape)
    return count


def _unescaped(value: str, dialect: Dialect, *, doubled: bool, enclosures: bool, separators: bool) -> str:
    enclosure, escape = dialect.enclosure, dialect.escape
    if doubled and not escape:
        while enclosure * 2 in value:
            value = value.replace(enclosure * 2, enclosure)
    if enclosures:
        value = value.replace(escape + enclosure, enclosure)
    if separators:
        value = value.replace(escape + dialect.separator, dialect.separator)
    if escape and escape * 2 in value:
        value = value.replace(escape * 2, escape)
    return value
