"""How many assets depend on each, however far."""

from collections.abc import Mapping, Sequence


def reaches(downstream: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Key -> number of different assets below it. Cycles (of files that read what they write) count each asset once."""
    return {key: len(_below(key, downstream)) for key in downstream}


def _below(key: str, downstream: Mapping[str, Sequence[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(downstream.get(key, ()))
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting += downstream.get(found, ())
    return seen - {key}
