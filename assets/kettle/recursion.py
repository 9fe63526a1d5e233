"""Finds files that call themselves, directly or through others, and whether that can ever end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assets.kettle.calls import Link, links_of


@dataclass(frozen=True, slots=True)
class Loop:
    """Calls that lead from a file back to itself."""

    links: tuple[Link, ...]

    @property
    def endless(self) -> bool:
        """No call of it is under a condition."""
        return not any(link.when for link in self.links)

    def __str__(self) -> str:
        way = "".join(f"{link.source.name} [{link.node}] -> " for link in self.links) + self.links[0].source.name
        if self.endless:
            return f"{way}: always, so that it never ends"
        return f"{way}: only {'; and only '.join(dict.fromkeys(link.when for link in self.links if link.when))}"


def loops(path: Path) -> list[Loop]:
    """The shortest loop through each call of the file that leads back to it. Files that cannot be read call nothing."""
    home = path.resolve()
    seen = cache(links_of)
    found = []
    for first in seen(home):
        back = _way(first.target, home, seen)
        if back is not None:
            found.append(Loop((first, *back)))
    return found


def _way(start: Path, goal: Path, links: Callable[[Path], list[Link]]) -> tuple[Link, ...] | None:
    """The shortest chain of calls from one file to another; of equally short ones, one without conditions first."""
    ways: dict[Path, tuple[Link, ...]] = {start: ()}
    front = [start]
    while front and goal not in ways:
        following: list[Path] = []
        for path in front:
            for link in sorted(links(path), key=lambda link: bool(link.when)):
                if link.target not in ways:
                    ways[link.target] = (*ways[path], link)
                    following.append(link.target)
        front = following
    return ways.get(goal)
