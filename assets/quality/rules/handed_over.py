"""Several files put in place together: a process that ends in between leaves the former ones, or all new ones.

What is whole is renamed to a hidden name beside its goal, the list of these names is written (which decides), and then
each is renamed to its goal. A list that is still there is worked off by the next who looks.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.scratch import scratch

_LIST, _NEXT = ".handover.json", ".next"


@contextmanager
def together(goals: Sequence[Path]) -> Iterator[list[Path]]:
    """Gives names of parts, in a scratch folder beside the first goal; at the end they are handed over.

    Fails the block, or is the process killed, then all goals are as before.
    """
    with scratch(goals[0].parent, ".heddle-parts-") as folder:
        parts = [folder / f"{n}{goal.suffix}" for n, goal in enumerate(goals)]
        yield parts
        hand_over(dict(zip(goals, parts, strict=True)))


def hand_over(files: Mapping[Path, Path]) -> None:
    """Puts files in place.

    Args:
        files: where each is to be -> where it is now; the list is kept beside the first goal.
    """
    first = next(iter(files))
    for goal in files:
        goal.parent.mkdir(parents=True, exist_ok=True)
    with _alone(first):
        _finish(first)
        for goal, path in files.items():
            shutil.move(path, _beside(goal))
        part = _list(first).with_suffix(".part")  # one name under the lock: what a killed process left is written over
        part.write_text(json.dumps([str(goal.absolute()) for goal in files]), encoding="utf-8")
        part.replace(_list(first))
        _finish(first)


def finish(first: Path) -> None:
    """Ends what a killed process had begun with files of which this is the first; otherwise nothing."""
    if _list(first).exists():
        with _alone(first):
            _finish(first)


def _finish(first: Path) -> None:
    names = _list(first)
    if not names.exists():
        return
    for name in json.loads(names.read_text(encoding="utf-8")):
        goal = Path(name)
        if _beside(goal).exists():
            _beside(goal).replace(goal)
    names.unlink()


def _beside(goal: Path) -> Path:
    return goal.with_name(f".{goal.name}{_NEXT}")


def _list(first: Path) -> Path:
    return first.with_name(f".{first.name}{_LIST}")


@contextmanager
def _alone(first: Path) -> Iterator[None]:
    """Holds a lock file of its own, since the folder may be locked as scratch; the file goes with the lock."""
    path = first.with_name(f".{first.name}.lock")
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is(descriptor, path):
                yield
                path.unlink()
                return
        finally:
            os.close(descriptor)


def _is(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the one of that name, and not one that its former holder removed."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
