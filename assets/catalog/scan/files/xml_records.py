"""XML: the elements that repeat are the records; attributes are `@name`, elements within them `a/b`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from lxml import etree

from assets.catalog.scan.files.file import File, Part
from assets.catalog.scan.files.records import JUDGED, Record, batches, columns_of
from assets.catalog.scan.reader import Content

SURVEYED = 20_000  # elements that the record is chosen by


class Xml:
    """See file.Format. No entity is resolved and nothing outside is read."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table, by the first records."""
        records = islice(_records(file, _record_path(file)), JUDGED)
        return [Part("", columns_of(records))]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """Streams the records."""
        content = Content(part.columns, iter(()))
        content.batches = batches(_records(file, _record_path(file)), part.columns, rows, content)
        yield content


def _events(source: Any) -> Any:
    return etree.iterparse(
        source,
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _record_path(file: File) -> tuple[str, ...]:
    """Path of the elements that are the records: those nearest to the root that repeat, have content of their own and
    are the most frequent of their depth; else what the root holds.
    """
    times: Counter[tuple[str, ...]] = Counter()
    composed: set[tuple[str, ...]] = set()
    path: list[str] = []
    with file.open() as source:
        for event, element in islice(_events(source), SURVEYED):
            if event == "start":
                path.append(_name(element))
                times[tuple(path)] += 1
                if element.attrib:
                    composed.add(tuple(path))
                if len(path) > 1:
                    composed.add(tuple(path[:-1]))
            else:
                path.pop()
                element.clear()
    repeated = [p for p, n in times.items() if n > 1 and p in composed]
    if not repeated:
        return max((p for p in times if len(p) <= 2), key=len, default=())
    depth = min(map(len, repeated))
    return max((p for p in repeated if len(p) == depth), key=lambda p: times[p])


def _records(file: File, wanted: tuple[str, ...]) -> Iterator[Record]:
    path: list[str] = []
    with file.open() as source:
        for event, element in _events(source):
            if event == "start":
                path.append(_name(element))
                continue
            there = tuple(path)
            path.pop()
            if there == wanted:
                yield _fields(element)
            if len(there) <= len(wanted):
                element.clear()  # what is through need not stay in memory
                while element.getprevious() is not None and element.getparent() is not None:
                    del element.getparent()[0]


def _fields(element: Any, before: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {f"{before}@{etree.QName(k).localname}": v for k, v in element.attrib.items()}
    children = [child for child in element if isinstance(child.tag, str)]
    text = (element.text or "").strip()
    if text or not (children or made):
        made[before.rstrip("/") or _name(element)] = text or None
    for child in children:
        for name, value in _fields(child, f"{before}{_name(child)}/").items():
            made.setdefault(name, value)
    return made
