"""Which steps go together: everything that can run in one place without waiting for another."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What bundling needs to know of a step.

    Attributes:
        deps: keys of the steps it waits for.
        kind: steps of different kinds never share a worker: place, and what the place reserves for them.
        name: steps of one kind and name share a worker even if nothing connects them.
    """

    key: str
    deps: frozenset[str]
    kind: str
    name: str = ""


def grow(
    tasks: Mapping[str, Task], ready: Collection[str], pending: Collection[str], done: Collection[str]
) -> set[str]:
    """The ready steps of one kind, and every pending one that waits only for these and for what is done.

    Args:
        tasks: in topological order, ready ones of one kind only among them.
    """
    members = set(ready)
    kinds = {tasks[key].kind for key in ready}
    for key, task in tasks.items():
        if key in pending and task.kind in kinds and task.deps & members and task.deps <= members.union(done):
            members.add(key)
    return members


def parts(tasks: Mapping[str, Task], members: Collection[str]) -> list[list[str]]:
    """The members split into groups that neither a dependency nor a name connects, each in the order of `tasks`."""
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for key in members:
        task = tasks[key]
        joined = [*(dep for dep in task.deps if dep in members), *([f"name {task.name}"] if task.name else [])]
        for other in joined:
            root[find(key)] = find(other)
    groups: dict[str, list[str]] = {}
    for key in tasks:
        if key in members:
            groups.setdefault(find(key), []).append(key)
    return list(groups.values())


def pack(groups: Sequence[Sequence[str]], slots: int) -> list[list[str]]:
    """The groups put together into at most `slots` bundles of about the same number of steps."""
    bundles: list[list[str]] = [[] for _ in range(max(1, min(slots, len(groups))))]
    for group in sorted(groups, key=len, reverse=True):
        min(bundles, key=len).extend(group)
    return [bundle for bundle in bundles if bundle]


def plan(
    tasks: Mapping[str, Task], ready: Collection[str], pending: Collection[str], done: Collection[str], slots: int
) -> Iterator[list[str]]:
    """The bundles to start now, at most `slots`."""
    kinds: dict[str, list[str]] = {}
    for key in tasks:
        if key in ready:
            kinds.setdefault(tasks[key].kind, []).append(key)
    for number, keys in enumerate(kinds.values()):
        left = slots - (len(kinds) - 1 - number)  # leave one for each kind still to come
        if slots <= 0:
            return
        for bundle in pack(parts(tasks, grow(tasks, keys, pending, done)), max(1, left)):
            slots -= 1
            order = {key: n for n, key in enumerate(tasks)}
            yield sorted(bundle, key=order.__getitem__)
