"""The entries of an index as bytes and arrays: what ranking needs at once, and each entry's text when it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from assets.catalog.search.model import Entry

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shelf:
    """Entries, numbered from 0.

    Attributes:
        blob: the entries' JSON one after the other; entry n ends at `ends[n]`.
        source: number of each entry's source, -1 for none.
        dated: whether the entry has a column of dates.
        names: every key that some entry is joined to, present or not.
        related, starts: entry n is joined to names `related[starts[n]:starts[n + 1]]`.
    """

    keys: tuple[str, ...]
    blob: bytes
    ends: Ints
    sources: tuple[str, ...]
    source: Ints
    dated: Flags
    names: tuple[str, ...]
    related: Ints
    starts: Ints

    def entry(self, number: int) -> Entry:
        """The entry with a number."""
        start = int(self.ends[number - 1]) if number else 0
        return Entry.model_validate_json(self.blob[start : int(self.ends[number])])

    def neighbours(self, number: int) -> Ints:
        """Numbers of the present entries that an entry is joined to."""
        found = self._present[self.related[self.starts[number] : self.starts[number + 1]]]
        return np.asarray(found[found >= 0])

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Keys to numbers."""
        return {key: n for n, key in enumerate(self.keys)}

    @cached_property
    def _present(self) -> Ints:
        return np.array([self.numbers.get(name, -1) for name in self.names], dtype=np.int64)


def collect(entries: Sequence[Entry]) -> Shelf:
    """The shelf of some entries."""
    texts = [entry.model_dump_json(exclude_defaults=True).encode() for entry in entries]
    sources: dict[str, int] = {}
    names: dict[str, int] = {}
    return Shelf(
        tuple(entry.key for entry in entries),
        b"".join(texts),
        np.cumsum([len(text) for text in texts], dtype=np.int64),
        source=np.array(
            [sources.setdefault(e.source, len(sources)) if e.source else -1 for e in entries], dtype=np.int64
        ),
        sources=tuple(sources),
        dated=np.array([any(c.date for c in e.columns) for e in entries], dtype=bool),
        related=np.array([names.setdefault(k, len(names)) for e in entries for k in e.related], dtype=np.int64),
        names=tuple(names),
        starts=np.concatenate([[0], np.cumsum([len(e.related) for e in entries], dtype=np.int64)]).astype(np.int64),
    )


def merge(old: Shelf, keep: Flags, new: Shelf) -> Shelf:
    """The kept entries in their order, followed by others."""
    sources, ours = _joined(old.sources, new.sources)
    names, theirs = _joined(old.names, new.names)
    sizes = np.diff(old.starts)
    begin = np.concatenate([[0], old.ends[:-1]]) if len(old.ends) else old.ends
    lengths = old.ends - begin
    blob = b"".join(old.blob[int(begin[n]) : int(old.ends[n])] for n in np.flatnonzero(keep)) + new.blob
    ends = np.cumsum(np.concatenate([lengths[keep], np.diff(new.ends, prepend=0)]))
    counts = np.concatenate([sizes[keep], np.diff(new.starts)])
    return Shelf(
        (*(key for key, stays in zip(old.keys, keep, strict=True) if stays), *new.keys),
        blob,
        ends.astype(np.int64),
        sources,
        np.concatenate([old.source[keep], np.where(new.source >= 0, ours[new.source] if len(ours) else -1, -1)]),
        np.concatenate([old.dated[keep], new.dated]),
        names,
        np.concatenate([old.related[np.repeat(keep, sizes)], theirs[new.related] if len(theirs) else new.related]),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _joined(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """Both without repetition, and the places of the new ones."""
    known = {name: n for n, name in enumerate(old)}
    places = np.array([known.setdefault(name, len(known)) for name in new], dtype=np.int64)
    return tuple(known), places
