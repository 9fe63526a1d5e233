"""What an import brought."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assets.catalog.lineage.model import Stated
from core.jsons import parse


@dataclass
class Taken:
    """Good rows as what they state; bad ones told, each with its line."""

    stated: list[Stated] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def objects(self, text: str, what: str) -> Iterator[tuple[str, Any]]:
        """The values of a JSON text, a list of them or one a line; each with where it stands, such as `line 3`.

        Args:
            what: of a value, in the words of the format: event, request.
        """
        try:
            whole = parse(text)
        except ValueError:
            yield from self._lines(text)
            return
        for number, given in enumerate(whole if isinstance(whole, list) else [whole], 1):
            yield f"{what} {number}", given

    def _lines(self, text: str) -> Iterator[tuple[str, Any]]:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield f"line {number}", parse(line)
                except ValueError as error:
                    self.problems.append(f"line {number}: no JSON: {error}")
