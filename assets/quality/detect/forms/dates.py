"""Days in a writing that most of the column does not use."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

_NUMBERS = re.compile(r"^(\d{1,4})([-/.年 ])(\d{1,2})([-/.月 ])(\d{1,4})(日?)$")
_PLAIN = re.compile(r"^((?:19|20)\d\d)(\d\d)(\d\d)$")
MAIN = 0.6  # share of the column that the main writing must have
DAYS = 0.9  # share of the values that must be days


@dataclass(frozen=True)
class Writing:
    """Separators and order of a day's three numbers, and whether they are filled with zeros."""

    order: str
    separators: tuple[str, str, str]
    filled: bool

    def write(self, day: date) -> str:
        """The day in this writing."""
        width = 2 if self.filled else 1
        part = {"y": f"{day.year:04d}", "m": f"{day.month:0{width}d}", "d": f"{day.day:0{width}d}"}
        one, two, end = self.separators
        return part[self.order[0]] + one + part[self.order[1]] + two + part[self.order[2]] + end


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Days in another writing than the main one, where day and month cannot be mixed up."""
    parts: dict[tuple[str, ...], list[tuple[int, tuple[int, int, int], bool]]] = defaultdict(list)
    rows = 0
    for code, text in enumerate(column.values):
        if code and len(text) <= 12 and code not in earlier and (read := _read(text)):
            key, numbers, filled = read
            parts[key].append((code, numbers, filled))
            rows += int(column.counts[code])
    if not parts or rows < DAYS * (column.filled - sum(int(column.counts[c]) for c in earlier)):
        return {}
    weight = {k: sum(int(column.counts[c]) for c, _, _ in v) for k, v in parts.items()}
    main = max(weight, key=lambda k: weight[k])
    main_order = order(main, [n for _, n, _ in parts[main]])
    if main_order is None or weight[main] < MAIN * rows:
        return {}
    filled = Counter(f for _, _, f in parts[main]).most_common(1)[0][0]
    writing = Writing(main_order, (main[0], main[1], main[2]), filled)
    found = {}
    for key, values in parts.items():
        theirs = order(key, [n for _, n, _ in values]) if key != main else None
        for code, numbers, _ in values:
            day = _day(theirs, numbers) if theirs else None
            if day is not None:
                why = f"{weight[main]} rows write days like {writing.write(day)!r}"
                found[code] = Form(writing.write(day), "dates", why, 0.95)
    return found


def _read(text: str) -> tuple[tuple[str, ...], tuple[int, int, int], bool] | None:
    if plain := _PLAIN.match(text):
        return ("", "", "", "y"), tuple(map(int, plain.groups())), True  # type: ignore[return-value]
    if not (m := _NUMBERS.match(text)):
        return None
    a, one, b, two, c, end = m.groups()
    if (len(a) == 4) == (len(c) == 4):
        return None
    filled = len(b) == 2 and len(c if len(a) == 4 else a) == 2
    return (one, two, end, "y" if len(a) == 4 else "c"), (int(a), int(b), int(c)), filled


def order(key: tuple[str, ...], numbers: list[tuple[int, int, int]]) -> str | None:
    """Which number is what, told by those that can be no month; None where nothing tells or days contradict."""
    if key[3] == "y":
        return "ymd" if all(_day("ymd", n) for n in numbers) else None
    fits = [o for o in ("dmy", "mdy") if all(_day(o, n) for n in numbers)]
    return fits[0] if len(fits) == 1 else None


def _day(order_: str, numbers: tuple[int, int, int]) -> date | None:
    part = dict(zip(order_, numbers, strict=True))
    try:
        return date(part["y"], part["m"], part["d"])
    except ValueError:
        return None
