"""Changes of texts learned from pairs of a wrong and a right text: the simplest that explain several of a column.

A small language in the manner of FlashFill (Gulwani, 2011): each maker looks at one pair and proposes changes; those
that contradict no labelled cell stay.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

LONG = 400


@dataclass(frozen=True)
class Transform:
    """A named change; gives None where it does not apply.

    Attributes:
        least: pairs that it must explain to be believed.
    """

    name: str
    change: Callable[[str], str | None]
    least: int = 1

    def __call__(self, text: str) -> str | None:
        """The changed text, or None where the change does not apply."""
        return self.change(text) if len(text) <= LONG else None


def induce(
    unsolved: Sequence[tuple[str, str]], pairs: Sequence[tuple[str, str]], sound: Sequence[str]
) -> list[tuple[Transform, float]]:
    """Changes that explain pairs and contradict nothing, those that explain most first, with confidence.

    Args:
        unsolved: pairs of wrong and right texts that nothing explains yet.
        pairs: all such pairs of the column.
        sound: texts of the column that were right.
    """
    found: dict[str, tuple[Transform, float]] = {}
    for pair in unsolved:
        for transform in _proposed(*pair):
            if transform.name in found:
                continue
            hits = {p for p in pairs if transform(p[0]) == p[1]}
            misses = sum(transform(w) not in (None, w, r) for w, r in pairs)
            broken = sum(transform(s) not in (None, s) for s in sound)
            if len(hits) >= transform.least and not misses and not broken:
                found[transform.name] = (transform, (len(hits) + 1) / (len(hits) + 2))
    ranked = sorted(found.values(), key=lambda f: (-f[1], len(f[0].name)))
    return _cover(ranked, unsolved)


def _cover(
    ranked: Sequence[tuple[Transform, float]], unsolved: Sequence[tuple[str, str]]
) -> list[tuple[Transform, float]]:
    left, kept = set(unsolved), []
    for transform, sure in ranked:
        hit = {p for p in left if transform(p[0]) == p[1]}
        if hit:
            kept.append((transform, sure))
            left -= hit
    return kept


def _proposed(wrong: str, right: str) -> Iterator[Transform]:
    for maker in (_lost, _constant, _cut, _number, _case, _replaced):
        yield from maker(wrong, right)


def _lost(wrong: str, right: str) -> Iterator[Transform]:
    if right == "" and wrong:
        yield Transform(f"{wrong!r} is missing", lambda t: "" if t == wrong else None)


def _constant(wrong: str, right: str) -> Iterator[Transform]:
    if right and wrong:
        yield Transform(f"{wrong!r} is {right!r}", lambda t: right if t == wrong else None)


def _cut(wrong: str, right: str) -> Iterator[Transform]:
    """A constant added or taken at an end."""
    if not right or wrong == right or not wrong:
        return
    if wrong.startswith(right):
        end = wrong[len(right) :]
        yield Transform(f"without {end!r} at the end", lambda t: t.removesuffix(end) if t.endswith(end) else None)
    if wrong.endswith(right):
        start = wrong[: -len(right)]
        yield Transform(f"without {start!r} in front", lambda t: t.removeprefix(start) if t.startswith(start) else None)
    if right.startswith(wrong):
        more = right[len(wrong) :]
        yield Transform(f"with {more!r} at the end", lambda t: None if t.endswith(more) or not t else t + more)
    if right.endswith(wrong):
        first = right[: -len(wrong)]
        yield Transform(f"with {first!r} in front", lambda t: None if t.startswith(first) or not t else first + t)


_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def _number(wrong: str, right: str) -> Iterator[Transform]:
    """The number in the text: as it stands, shortest, or rounded to as many decimals."""
    if not _NUMBER.fullmatch(right) or not (m := _NUMBER.search(wrong)):
        return
    if m.group() == right:
        yield Transform("the number alone", lambda t: n.group() if (n := _NUMBER.search(t)) else None)
    if f"{float(m.group()):.12g}" == right:
        yield Transform("the shortest number", _shortest)
    places = len(right.partition(".")[2])
    if places and f"{float(m.group()):.{places}f}" == right:
        yield Transform(
            f"the number with {places} decimals",
            lambda t: f"{float(n.group()):.{places}f}" if (n := _NUMBER.search(t)) else None,
        )


def _shortest(text: str) -> str | None:
    found = _NUMBER.search(text)
    return f"{float(found.group()):.12g}" if found else None


_CASES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("lower case", str.lower),
    ("upper case", str.upper),
    ("title case", str.title),
)


def _case(wrong: str, right: str) -> Iterator[Transform]:
    for name, change in _CASES:
        if change(wrong) == right:
            yield Transform(name, change)


def _replaced(wrong: str, right: str) -> Iterator[Transform]:
    """One part replaced by another everywhere."""
    start = 0
    while start < min(len(wrong), len(right)) and wrong[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(wrong), len(right)) - start and wrong[-1 - end] == right[-1 - end]:
        end += 1
    old, new = wrong[start : len(wrong) - end], right[start : len(right) - end]
    if old and (len(old) > 1 or not old.isalnum()):
        yield Transform(f"{old!r} replaced by {new!r}", lambda t: t.replace(old, new) if old in t else None, 2)
