"""Drain (He, Zhu, Zheng, Lyu: Drain: an online log parsing approach with fixed depth tree, ICWS 2017).

Messages of one length go down a tree of fixed depth by their first words to a list of groups; a message joins the group
it shares most words with, if these are enough, and words that differ become `<*>`. Memory is bounded: so many groups,
children of a node and words of a message.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

ANY = "<*>"
WORDS = 120  # of a message that are looked at


@dataclass(slots=True)
class Group:
    """Messages of one template.

    Attributes:
        words: of the template; `<*>` where the messages differ.
        levels: level -> messages; "" for those without.
        first, last: the number of the first and the last message, and the moment as the log writes it.
    """

    words: list[str]
    count: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    first: tuple[int, str] = (0, "")
    last: tuple[int, str] = (0, "")

    def count_in(self, count: int, first: tuple[int, str], last: tuple[int, str]) -> None:
        """Counts further messages."""
        self.first = min(self.first, first) if self.count else first
        self.last = max(self.last, last)
        self.count += count

    @property
    def text(self) -> str:
        """The template."""
        return " ".join(self.words)


class Drain:
    """The tree.

    Args:
        prefix: words that choose the way down; the paper's depth is this and 2.
        similarity: share of equal words from which a message belongs to a group (the paper's st).
        children: different words of a node; further ones go the way of `<*>`.
        most: groups in all; messages that would make another one belong to none.
    """

    def __init__(self, prefix: int = 2, similarity: float = 0.5, children: int = 100, most: int = 2_000) -> None:
        self.prefix = prefix
        self.similarity = similarity
        self.children = children
        self.most = most
        self.groups: list[Group] = []
        self._ends: dict[tuple[str, ...], list[Group]] = {}
        self._nodes: dict[tuple[str, ...], set[str]] = {}

    def find(self, message: str) -> Group | None:
        """The group of a masked message, which learns from it; None when there may be no further group."""
        words = message.split(None, WORDS)[:WORDS]
        groups = self._ends.setdefault(self._way(words), [])
        best, shared = _best(groups, words)
        if best is None or shared < self.similarity * len(words):
            if len(self.groups) >= self.most:
                return None
            best = Group(words)
            groups.append(best)
            self.groups.append(best)
        else:
            _learn(best.words, words)
        return best

    def _way(self, words: Sequence[str]) -> tuple[str, ...]:
        way: tuple[str, ...] = (str(len(words)),)
        for word in words[: self.prefix]:
            known = self._nodes.setdefault(way, set())
            if "<" in word or any(c.isdigit() for c in word):
                step = ANY
            elif word in known or len(known) < self.children:
                known.add(word)
                step = word
            else:
                step = ANY
            way = (*way, step)
        return way


def _best(groups: Sequence[Group], words: Sequence[str]) -> tuple[Group | None, int]:
    """The group with most equal words, and of these the one with fewest `<*>`."""
    best, shared, free = None, -1, 0
    for group in groups:
        same = sum(map(str.__eq__, group.words, words))
        if same > shared or (same == shared and group.words.count(ANY) < free):
            best, shared, free = group, same, group.words.count(ANY)
    return best, shared


def _learn(template: list[str], words: Sequence[str]) -> None:
    for place, (one, other) in enumerate(zip(template, words, strict=True)):
        if one != other:
            name, equals, _ = one.partition("=")
            template[place] = f"{name}={ANY}" if equals and other.startswith(f"{name}=") else ANY


def unlike(templates: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """The templates that are none of the known ones: neither equal nor the same with more or fewer `<*>`."""
    by_length: dict[int, list[list[str]]] = {}
    exact = set(known)
    for text in known:
        words = text.split()
        by_length.setdefault(len(words), []).append(words)
    for text in templates:
        words = text.split()
        if text not in exact and not any(_agree(words, other) for other in by_length.get(len(words), ())):
            yield text


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    return all(a == b or a.endswith(ANY) or b.endswith(ANY) for a, b in zip(one, other, strict=True))
