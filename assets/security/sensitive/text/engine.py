"""Texts to spans without an NLP engine: joined texts, one pass per finder, overlaps resolved.

Texts are joined to buffers, so that a finder is called once for thousands of short texts. What a finder finds in a text
never depends on the texts beside it, so that a text alone, a column and presidio's engine (analyzer.py) give the same.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from assets.security.sensitive.text.patterns import pattern_finders, split
from assets.security.sensitive.text.spec import END, Finder, Span, readable

LEAST = 0.5  # confidence from which a span is told
BUFFER = 200_000  # characters of joined texts
CONTAINED = 0.3  # a span within another goes even when it is more certain by this much


def finders() -> tuple[Finder, ...]:
    """All finders: the patterns, then the grammars of names and places."""
    from assets.security.sensitive.text.names_en import english_names
    from assets.security.sensitive.text.names_zh import chinese_names
    from assets.security.sensitive.text.places_en import english_addresses, locations
    from assets.security.sensitive.text.places_zh import chinese_addresses

    return (*pattern_finders(), chinese_names, english_names, chinese_addresses, english_addresses, locations)


class Detector:
    """Finds spans with a set of finders.

    Args:
        found_by: finders; all of them when not given.
        least: confidence below which a span is not told.
    """

    def __init__(self, found_by: Sequence[Finder] | None = None, least: float = LEAST) -> None:
        self._finders = tuple(found_by if found_by is not None else finders())
        self._least = least

    def one(self, text: str) -> list[Span]:
        """The spans of one text, by place."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[list[Span]]:
        """The spans of each text, by place, none overlapping another."""
        found: list[list[Span]] = []
        for part in _buffers(texts):
            found += self._buffer(part)
        return found

    def _buffer(self, texts: Sequence[str]) -> list[list[Span]]:
        joined = END.join(map(readable, texts))
        starts, at = [], 0
        for text in texts:
            starts.append(at)
            at += len(text) + 1
        raw = [s for find in self._finders for s in find(joined) if s.confidence >= self._least]
        return [resolved(spans) if spans else [] for spans in split(raw, starts, len(texts))]


@lru_cache(1)
def detector() -> Detector:
    """The detector with all finders."""
    return Detector()


def resolved(spans: Sequence[Span]) -> list[Span]:
    """Spans of which none overlaps another, by place.

    A span within a longer one goes, unless it is more certain by CONTAINED and more. Of others that overlap the more
    certain stays, then the longer, then the one whose class comes first in the alphabet.
    """
    starts: list[int] = []
    kept: dict[int, Span] = {}
    for span in sorted(_outer(spans), key=lambda s: (-s.confidence, s.start - s.end, s.start, s.class_)):
        place = bisect_right(starts, span.start)
        before, behind = starts[place - 1 : place], starts[place : place + 1]
        if all(kept[b].end <= span.start for b in before) and all(b >= span.end for b in behind):
            starts.insert(place, span.start)
            kept[span.start] = span
    return [kept[start] for start in starts]


def _outer(spans: Sequence[Span]) -> list[Span]:
    """Spans without those within a longer one that is about as certain."""
    open_: list[Span] = []
    tops = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, -s.confidence, s.class_)):
        open_ = [o for o in open_ if o.end > span.start]
        if not any(_covers(o, span) and o.confidence > span.confidence - CONTAINED for o in open_):
            tops.append(span)
            open_.append(span)
    return tops


def _covers(outer: Span, inner: Span) -> bool:
    longer = outer.end - outer.start > inner.end - inner.start
    return longer and outer.start <= inner.start and outer.end >= inner.end


def _buffers(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in runs of about BUFFER characters."""
    first, size = 0, 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= BUFFER:
            yield texts[first : place + 1]
            first, size = place + 1, 0
    if first < len(texts):
        yield texts[first:]
