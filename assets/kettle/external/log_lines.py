"""What the log of PDI and Hop tells: figures per step, errors with their step."""

import re
from dataclasses import dataclass, field

from assets.kettle.engine.result import Counters

MOST_PROBLEMS = 20
_TIME = r"\d{4}[/-]\d\d[/-]\d\d \d\d:\d\d:\d\d(?:\.\d+)? - "
_FIGURES = re.compile(
    _TIME + r"(?P<step>.+)\.\d+ - Finished processing "
    r"\(I=(?P<I>[\d.,]+), O=(?P<O>[\d.,]+), R=(?P<R>[\d.,]+), W=(?P<W>[\d.,]+), U=(?P<U>[\d.,]+), E=(?P<E>[\d.,]+)\)"
)
_ERROR = re.compile(_TIME + r"(?P<subject>.+?) - ERROR(?: \(version .*?\))? ?: ?(?P<text>.*)")
_COPY = re.compile(r"(.*)\.\d+")
_NAMES = {"I": "input", "O": "output", "R": "read", "W": "written", "U": "updated", "E": "errors"}


@dataclass(slots=True)
class LogReader:
    """Takes lines one by one.

    Attributes:
        steps: figures by step, copies added up. The log does not tell rejected rows.
        problems: the first errors, "step 'x': text".
    """

    steps: dict[str, Counters] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Takes a line in."""
        self.lines.append(line)
        if figures := _FIGURES.match(line):
            counters = self.steps.setdefault(figures["step"], Counters())
            counters.add(**{name: int(re.sub(r"\D", "", figures[key])) for key, name in _NAMES.items()})
        elif (error := _ERROR.match(line)) and len(self.problems) < MOST_PROBLEMS:
            subject = error["subject"]
            copy = _COPY.fullmatch(subject)
            name = f"step {copy.group(1)!r}" if copy else repr(subject)
            if error["text"].strip():
                self.problems.append(f"{name}: {error['text'].strip()}")

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


def total(steps: dict[str, Counters]) -> Counters:
    """The figures of all steps added up."""
    found = Counters()
    for counters in steps.values():
        found.add(**{name: getattr(counters, name) for name in (*_NAMES.values(), "rejected")})
    return found
