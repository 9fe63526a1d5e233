"""Identifiers of things that stay when linkage runs again: a thing keeps its name as long as most of it is there."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence


def identities(keys: Sequence[str], clusters: Sequence[int], before: Mapping[str, str]) -> list[str]:
    """The identifier of each record's thing.

    A cluster takes the identifier most of its records had; when two clusters claim one, the one with more of its
    records has it. New things are named by the hash of their least record key, so that a first run is reproducible.

    Args:
        keys: a record's key, `source:id`, unique; clusters: number of its cluster; before: identifiers by key.
    """
    members: dict[int, list[str]] = defaultdict(list)
    for key, number in zip(keys, clusters, strict=True):
        members[number].append(key)
    claims = [
        (-count, identifier, min(group), number)
        for number, group in members.items()
        for identifier, count in Counter(before[k] for k in group if k in before).items()
    ]
    names: dict[int, str] = {}
    taken: set[str] = set()
    for _, identifier, _, number in sorted(claims):
        if number not in names and identifier not in taken:
            names[number] = identifier
            taken.add(identifier)
    for number, group in sorted(members.items(), key=lambda item: min(item[1])):
        if number not in names:
            names[number] = _fresh(min(group), taken)
            taken.add(names[number])
    return [names[number] for number in clusters]


def _fresh(key: str, taken: set[str]) -> str:
    attempt = 0
    while True:
        name = "e" + hashlib.sha256(f"{key}\x00{attempt or ''}".encode()).hexdigest()[:15]
        if name not in taken:
            return name
        attempt += 1
