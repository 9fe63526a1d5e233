"""Bounds on what one value may cost: time of a regular expression, length of a text that is made, work of an XPath.

Errors are KettleError without a step; the engine puts step and file before them.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assets.kettle.errors import KettleError

if TYPE_CHECKING:
    import regex

REGEX_SECONDS = 10.0
"""Time that one expression may take on one text. Expressions of the common subset run in polars in linear time."""
TEXT_LENGTH = 64 << 20
"""Characters of a text that a function makes from a number (REPT, rightPad, repeat)."""
XPATH_VISITS = 10**9
"""Nodes that an XPath may visit at worst: the document's nodes, once for each level of nested searches."""
_SEARCH = re.compile(r"//|\b(?:descendant|ancestor|following|preceding)(?:-or-self|-sibling)?::")


class Timed:
    """A compiled expression of `regex` that gives up on a text after REGEX_SECONDS."""

    def __init__(self, compiled: "regex.Pattern[str]") -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups
        self.groupindex: dict[str, int] = dict(compiled.groupindex)

    def _within(self, name: str, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except TimeoutError:
            raise KettleError(
                f"the regular expression {str(self._compiled.pattern)[:100]!r} did not end on a text within"
                f" {REGEX_SECONDS:g} s ({name})",
                "avoid nested repetitions such as (a+)+, or shorten the text",
            ) from None

    def fullmatch(self, text: str) -> Any:
        """As of `regex`. Raises KettleError when it takes too long, as all of these."""
        return self._within("match", lambda: self._compiled.fullmatch(text, timeout=REGEX_SECONDS))

    def match(self, text: str) -> Any:
        """As of `regex`."""
        return self._within("match", lambda: self._compiled.match(text, timeout=REGEX_SECONDS))

    def search(self, text: str) -> Any:
        """As of `regex`."""
        return self._within("search", lambda: self._compiled.search(text, timeout=REGEX_SECONDS))

    def sub(self, replacement: Any, text: str, count: int = 0) -> str:
        """As of `regex`."""
        work = self._compiled.sub
        return str(self._within("replace", lambda: work(replacement, text, count=count, timeout=REGEX_SECONDS)))

    def split(self, text: str, limit: int = 0) -> list[str]:
        """As of `regex`."""
        work = self._compiled.split
        found: list[str] = self._within("split", lambda: work(text, limit, timeout=REGEX_SECONDS))
        return found

    def finditer(self, text: str) -> Iterator[Any]:
        """As of `regex`; the time is that of all matches together."""
        work = self._compiled.finditer
        return iter(self._within("search", lambda: list(work(text, timeout=REGEX_SECONDS))))


def text_length(length: int) -> int:
    """The length of a text that is to be made. Raises KettleError when it is more than TEXT_LENGTH."""
    if length > TEXT_LENGTH:
        raise KettleError(
            f"a text of {length:,} characters is asked for; at most {TEXT_LENGTH:,} are made", "correct the length"
        )
    return length


def repeated(text: str, times: int) -> str:
    """The text so many times. Raises KettleError when that is longer than TEXT_LENGTH."""
    text_length(times * len(text))
    return text * times


def xpath_work(path: str, nodes: int) -> None:
    """Raises KettleError for a path that could visit more than XPATH_VISITS nodes of a document of `nodes` nodes.

    A search (`//`, descendant::, ...) inside the predicate of another runs once per node that the outer visits.
    """
    deepest = _search_depth(path)
    if deepest > 1 and nodes**deepest > XPATH_VISITS:
        raise KettleError(
            f"the XPath {path[:100]!r} searches {deepest} levels deep in a document of {nodes:,} nodes",
            "search by a path without // inside of predicates",
        )


@lru_cache(maxsize=512)
def _search_depth(path: str) -> int:
    """How many searches run inside of one another at most."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "''", path)
    deepest = depth = 0
    open_searches = [0]
    for piece in re.finditer(rf"\[|\]|{_SEARCH.pattern}", plain):
        if piece[0] == "[":
            depth += 1
            open_searches.append(0)
        elif piece[0] == "]" and depth:
            depth -= 1
            open_searches.pop()
        else:
            open_searches[-1] = 1
            deepest = max(deepest, sum(open_searches))
    return deepest
