"""Which commit a file is of."""

import subprocess
from functools import cache
from pathlib import Path

SECONDS = 10


def commit_of(path: Path) -> str:
    """The last commit that changed a file, with `+` behind when the file differs from it; "" outside git.

    Deleted and new files, and machines without git, have "" too.
    """
    try:
        return _commit(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@cache
def _commit(path: Path, _changed: int) -> str:
    found = _git(path, "log", "-1", "--format=%H", "--", path.name)
    if not found:
        return ""
    return f"{found}+" if _git(path, "status", "--porcelain", "--", path.name) else found


def _git(path: Path, *arguments: str) -> str:
    command = ["git", "-C", str(path.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
