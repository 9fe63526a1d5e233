"""The pattern recognisers at work: all matches of a buffer, their check digits in one go, then the words near them."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from assets.catalog.semantics.prefilter import need
from assets.security.sensitive.text.spec import END, PatternSpec, Span, near, specs

LEFT, RIGHT = 40, 16  # characters before and behind a value where words count
LONGEST = 64  # characters of a value that check digits are worked out for


class PatternFinder:
    """Finds what one pattern describes; it can be called with one text or with many joined by END."""

    def __init__(self, spec: PatternSpec) -> None:
        self.spec = spec
        self._regex = spec.compiled()
        self._needed = [c for c in map(chr, range(1, 128)) if need(spec.pattern).needed >> ord(c) & 1]
        self._context, self._against = near(spec.context), near(spec.against)

    def __call__(self, text: str) -> list[Span]:
        """The spans in a text, with what speaks for them."""
        if not all(c in text for c in self._needed):  # quicker than to try every place
            return []
        matches = [m.span(m.lastgroup or 0) for m in self._regex.finditer(text)]
        return self._judged(text, matches) if matches else []

    def _judged(self, text: str, places: list[tuple[int, int]]) -> list[Span]:
        said = [f"pattern {self.spec.name}"]
        if self.spec.validator:
            ok = self._valid([text[s:e] for s, e in places])
            places = [p for p, fits in zip(places, ok, strict=True) if fits]
            said.append(f"passes {self.spec.validator}")
        if self._context is None and self._against is None:
            return [Span(s, e, self.spec.class_, self.spec.score, tuple(said)) for s, e in places]
        return [self._with_words(text, s, e, said) for s, e in places]

    def _valid(self, values: Sequence[str]) -> list[bool]:
        import polars as pl

        from assets.catalog.semantics.validators import validate

        out = str.maketrans("", "", self.spec.strip)
        bare = [v.translate(out)[:LONGEST] for v in values]
        if self.spec.upper:
            bare = [v.upper() for v in bare]
        return [bool(ok) for ok in validate(self.spec.validator, pl.Series(bare, dtype=pl.String))]

    def _with_words(self, text: str, start: int, end: int, said: list[str]) -> Span:
        left, right = around(text, start, end)
        word, at = _last(self._context, left)
        counter, counter_at = _last(self._against, left)
        if counter_at > at:
            evidence = (*said, f'"{counter}" speaks against it')
            return Span(start, end, self.spec.class_, min(self.spec.lowered, self.spec.score), evidence)
        if not word and self._context is not None:
            found = self._context.search(right)
            word = found.group() if found else ""
        if not word:
            return Span(start, end, self.spec.class_, self.spec.score, tuple(said))
        class_ = self.spec.context_class or self.spec.class_
        return Span(start, end, class_, max(self.spec.raised, self.spec.score), (*said, f'"{word}" stands near'))


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a place, within its own text, in lower case."""
    left = text[max(0, start - LEFT) : start]
    right = text[end : end + RIGHT]
    return left[left.rfind(END) + 1 :].lower(), right.split(END, 1)[0].lower()


def _last(words: re.Pattern[str] | None, text: str) -> tuple[str, int]:
    """The last of the words in a text, with where it ends; -1 where there is none."""
    found = list(words.finditer(text)) if words is not None else []
    return (found[-1].group(), found[-1].end()) if found else ("", -1)


@lru_cache(1)
def pattern_finders() -> tuple[PatternFinder, ...]:
    """One finder per pattern of patterns.yaml."""
    return tuple(PatternFinder(spec) for spec in specs())


def split(spans: Sequence[Span], starts: Sequence[int], count: int) -> list[list[Span]]:
    """Spans of joined texts as spans of each text, by where the texts start."""
    found: list[list[Span]] = [[] for _ in range(count)]
    for span in spans:
        place = bisect_right(starts, span.start) - 1
        offset = starts[place]
        found[place].append(span._replace(start=span.start - offset, end=span.end - offset))
    return found
