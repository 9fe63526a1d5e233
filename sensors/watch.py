"""Which watched files are new, changed or gone. Plain Python: no Dagster, no look into the files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.hashing import file_digest

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp", "~")
FILES = 10_000  # watched at most
CHANGES = 20  # taken up in one tick; the rest waits for the next
BYTES = 2 << 30  # hashed in one tick, but always at least one file

Stamp = tuple[int, int]  # size, modification time in ns


@dataclass
class Memory:
    """What a watcher remembers between ticks.

    Attributes:
        files: name -> size, modification time and digest when it was last taken up.
        waiting: name -> size and time at the last tick, of files not yet seen twice alike.
    """

    files: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    waiting: dict[str, Stamp] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> "Memory":
        """Read a cursor; one that is damaged counts as none, so that files are looked at again."""
        try:
            read = json.loads(text or "{}")
            files = {str(k): (int(a), int(b), str(c)) for k, (a, b, c) in read.get("files", {}).items()}
            waiting = {str(k): (int(a), int(b)) for k, (a, b) in read.get("waiting", {}).items()}
        except (ValueError, TypeError, AttributeError):
            return cls()
        return cls(files, waiting)

    def text(self) -> str:
        """The cursor."""
        return json.dumps({"files": self.files, "waiting": self.waiting}, sort_keys=True)


@dataclass
class Changes:
    """What a tick found.

    Attributes:
        changed: name -> content digest of new and changed files.
        gone: names of files that were taken up before and are no longer there.
        unsettled: how many files are still being written or wait for the next tick.
        memory: what to remember once all of this is dealt with.
    """

    changed: dict[str, str]
    gone: list[str]
    unsettled: int
    memory: Memory


def scan(roots: Mapping[str, Path]) -> dict[str, Path]:
    """Name (`<root's name>/<path inside>`) -> file, hidden and unfinished files left out; sorted, at most FILES."""
    found: dict[str, Path] = {}
    for label, root in roots.items():
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            inside = path.relative_to(root)
            hidden = any(part.startswith(".") for part in inside.parts)
            if hidden or path.name.lower().endswith(UNFINISHED) or not path.is_file():
                continue
            found[f"{label}/{inside.as_posix()}"] = path
            if len(found) == FILES:
                return found
    return found


def look(present: Mapping[str, Path], before: Memory) -> Changes:
    """Compare the files that are there with what was remembered. Files change size or time while being written, so
    one counts only once two ticks have seen it alike; one whose content is the same as before does not count.
    """
    after = Memory({name: known for name, known in before.files.items() if name in present})
    changed: dict[str, str] = {}
    hashed = 0
    for name, path in present.items():
        stamp = _stamp(path)
        known = before.files.get(name)
        if stamp is None or (known and known[:2] == stamp):
            continue
        after.waiting[name] = stamp
        full = len(changed) >= CHANGES or (changed and hashed + stamp[0] > BYTES)
        if before.waiting.get(name) != stamp or full:
            continue
        hashed += stamp[0]
        digest = _digest(path)
        if digest is None or _stamp(path) != stamp:  # it changed while it was read
            continue
        del after.waiting[name]
        after.files[name] = (*stamp, digest)
        if known is None or known[2] != digest:
            changed[name] = digest
    gone = sorted(set(before.files) - set(present))
    return Changes(changed, gone, len(after.waiting), after)


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:  # removed since the folder was listed
        return None
    return stat.st_size, stat.st_mtime_ns


def _digest(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None
