"""What the last forms brought, for the pages that they lead to: kept in memory, the oldest forgotten first."""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

MOST = 16
MOST_BYTES = 64 * 2**20  # of the files kept


@dataclass(frozen=True)
class Result:
    """What a form brought.

    Attributes:
        about: name of what it was sent to.
        problems: what is wrong with the file, row by row.
        count: rows that are wrong, also those beyond `problems`.
        file: rows that were not taken, to be downloaded.
    """

    about: str
    called: str = ""
    done: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[Any] = field(default_factory=list)
    count: int = 0
    file: bytes = b""


class Results:
    """The last results by an id that nobody guesses."""

    def __init__(self) -> None:
        self._kept: dict[str, Result] = {}
        self._lock = threading.Lock()

    def keep(self, result: Result) -> str:
        """Keeps a result; returns its id."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = result
            while len(self._kept) > MOST or sum(len(r.file) for r in self._kept.values()) > MOST_BYTES:
                self._kept.pop(next(iter(self._kept)))
        return name

    def get(self, name: str) -> Result | None:
        """A result, None where it is forgotten."""
        return self._kept.get(name)
