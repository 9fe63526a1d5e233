"""A store that cannot be looked at: it is told, and never taken for empty."""

from collections.abc import Iterator
from typing import Any, NoReturn

from assets.security.erasure.model import Found, Subject
from core.errors import HeddleError


class Unseen:
    """A store that could not be opened, or of a kind that the platform does not search."""

    def __init__(self, name: str, why: HeddleError) -> None:
        self.name, self.why = name, why

    def find(self, subject: Subject) -> Iterator[Found]:
        """Raises what is wrong, as do the others."""
        self._told()

    def records(self, subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
        """As `find`."""
        self._told()

    def erase(self, subject: Subject) -> None:
        """As `find`."""
        self._told()

    def _told(self) -> NoReturn:
        raise self.why
