"""JSON: one object per line, an array of objects, or an object that holds one; nested objects become `a.b`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import orjson

from assets.catalog.scan.files.encoding import Clean, detect
from assets.catalog.scan.files.file import File, Part
from assets.catalog.scan.files.records import JUDGED, Record, batches, columns_of, flat
from assets.catalog.scan.reader import Content

LINES = (".jsonl", ".ndjson")
LONGEST = 16 * 2**20  # bytes of a line


class Json:
    """See file.Format."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table, by its first records."""
        with file.open() as source:
            records = islice(_records(file, source, Content((), iter(()))), JUDGED)
            return [Part("", columns_of(records))]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """The first rows up to the limits."""
        with file.open() as source:
            content = Content(part.columns, iter(()))
            content.batches = batches(_records(file, source, content), part.columns, rows, content)
            yield content


def _records(file: File, source: Any, content: Content) -> Iterator[Record]:
    encoding = detect(file.head())
    if any(suffix in file.name.lower() for suffix in LINES):
        return _of_lines(Clean(source, encoding, file.limit), content)
    text = file.whole().decode(encoding, "replace").lstrip("\ufeff")
    try:
        return map(flat, rows_of(json.loads(text)) if text.strip() else ())
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise ValueError(f"is no JSON: {error}") from None
    return _of_lines(Clean(source, encoding, file.limit), content)


def rows_of(document: Any) -> list[Any]:
    """The records of a document: its array, the longest array of objects in it, or itself."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        lists = [v for v in document.values() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)]
        if lists:
            return max(lists, key=len)
    return [document]


def _of_lines(clean: Clean, content: Content) -> Iterator[Record]:
    refused = 0
    for line in lines(clean, content):
        if not line.strip():
            continue
        try:
            yield flat(orjson.loads(line))
        except orjson.JSONDecodeError:
            refused += 1
    if refused:
        content.problems.append(f"{refused:,} lines are no JSON")


def lines(clean: Clean, content: Content) -> Iterator[bytes]:
    """The lines of a text; `content` learns whether there were more, and of what was unreadable.

    Raises:
        ValueError: a line is longer than LONGEST.
    """
    rest = b""
    while data := clean.read(2**20):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
        if len(rest) > LONGEST:
            raise ValueError(f"has a line longer than {LONGEST:,} bytes")
    if rest:
        yield rest
    content.sampled = content.sampled or clean.cut
    if clean.replaced:
        content.problems.append(f"{clean.replaced:,} sequences of bytes are not of its encoding")
