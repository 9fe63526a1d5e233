"""Numbers written with a unit or a currency here and without there, or with several spellings of one unit.

A column that mixes writings becomes plain numbers, unless nearly all of it has one writing, which then stays. What a
writing's numbers must be multiplied by to be comparable is told by the numbers themselves: the factor under which
most of them meet values of the main writing.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.measures import FACTORS, KNOWN, SAME, ratio
from assets.quality.detect.forms.model import Form
from assets.quality.detect.forms.precision import shorter

_CURRENCIES = "USD|EUR|GBP|CNY|RMB|JPY|HKD|CHF|CAD|AUD|INR|KRW|SGD|TWD|Rs"
_NUMBER = re.compile(
    r"^([$€£¥￥₹]|US\$|(?:"
    + _CURRENCIES
    + r")(?![A-Za-z]))?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(\s*\D{0,40})$"
)
_BOUND = re.compile(r"\s*[+<>≤≥~≈±*/:;?!–—-]")  # `5+` and `1/2` say more than a number
_WORD = re.compile(r"[^\W\d_]+")
PARSED = 0.95  # share of the rows that must read as a number with an affix
UNIFORM = 0.9  # share of one writing from which the others take it on
SPELLINGS = 60
SHARE = {True: 0.004, False: 0.05}  # of the rows that a second unit must have: one that is known, any other word
LEAST = 3  # rows
FAR = math.log(4)  # distance of two writings' middles from which they are not the same unit
GAIN = 0.25  # by which a factor must fit better than none
CODE = 4  # digits from which numbers of one length are codes, not quantities


@dataclass(frozen=True)
class Affixed:
    """A value read as a number with what stands around it."""

    code: int
    digits: str
    number: float
    affix: tuple[str, str]


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Values to be plain numbers, where the column mixes writings."""
    read = [a for code, text in enumerate(column.values) if code and code not in earlier and (a := parse(code, text))]
    rows = column.filled - sum(int(column.counts[c]) for c in earlier)
    weight: Counter[tuple[str, str]] = Counter()
    for a in read:
        weight[a.affix] += int(column.counts[a.code])
    if len(weight) < 2 or len(weight) > SPELLINGS or sum(weight.values()) < PARSED * rows or _codes(read):
        return {}
    by_unit: dict[str, list[Affixed]] = defaultdict(list)
    for a in read:
        by_unit[unit(a.affix)].append(a)
    total = {u: sum(int(column.counts[a.code]) for a in v) for u, v in by_unit.items()}
    by_unit = {u: v for u, v in by_unit.items() if not u or total[u] >= max(LEAST, SHARE[u in KNOWN] * rows)}
    if len(weight := Counter({a: n for a, n in weight.items() if unit(a) in by_unit})) < 2 or not _mixed(weight):
        return {}
    main = max(by_unit, key=lambda u: total[u])
    plain = weight[("", "")] / sum(weight.values())
    usual, most = weight.most_common(1)[0]
    around = usual if most >= UNIFORM * sum(weight.values()) else ("", "")
    shortest = plain < 0.5 and around == ("", "")
    found = {}
    for name, values in by_unit.items():
        sure = ratio(name, main)
        factor = comparable(values, by_unit[main], column) if sure is None else sure
        if factor == 0:
            continue  # another currency, or no unit of the same thing
        for a in values:
            after = around[0] + written(a, factor, shortest) + around[1]
            if (a.affix != around or shortest) and after != column.values[a.code]:
                why = f"numbers of this column are written in {len(weight)} ways: {_some(weight)}"
                found[a.code] = Form(after, "units", why, 0.9 if factor == 1.0 else 0.75)
    return found


def _codes(read: list[Affixed]) -> bool:
    lengths = Counter(len(a.digits) for a in read if a.affix == ("", ""))
    if not lengths:
        return False
    length, number = lengths.most_common(1)[0]
    return length >= CODE and number >= 0.9 * sum(lengths.values()) and not any("." in a.digits for a in read)


def _mixed(weight: Counter[tuple[str, str]]) -> bool:
    """Whether a second writing is more than a slip: plain numbers, another unit, or the same one spelt often."""
    total = sum(weight.values())
    main = weight.most_common(1)[0][0]
    return any(
        a != main and n >= max(LEAST, SHARE[unit(a) in KNOWN or a == ("", "")] * total) for a, n in weight.items()
    )


def parse(code: int, text: str) -> Affixed | None:
    """The number in a text, or None; numbers with leading zeros are codes and no quantities."""
    m = _NUMBER.match(text) if len(text) <= 60 else None
    if m is None or _BOUND.match(m[3] or "") or _phrase(m[3] or ""):
        return None
    digits = m[2].replace(",", "")
    bare = digits.lstrip("+-").split(".")[0]
    if (len(bare) > 1 and bare[0] == "0") or len(bare) > 15:
        return None
    return Affixed(code, digits, float(digits), (m[1] or "", (m[3] or "").rstrip()))


def _phrase(after: str) -> bool:
    """Several words of which the first is no unit are a phrase (`2 adults no kids`), not a quantity."""
    words = _WORD.findall(after.lower())
    return len(words) > 1 and words[0] not in KNOWN


def unit(affix: tuple[str, str]) -> str:
    """The unit without case, spaces and points: its first word, since `oz` and `oz. can` are one."""
    words = re.findall(r"[^\W\d_]+|[%‰°$€£¥￥₹]", " ".join(affix).lower())
    return SAME.get(words[0], words[0]) if words else ""


def comparable(values: list[Affixed], main: list[Affixed], column: Coded) -> float:
    """The factor that makes numbers of one writing comparable with the main one."""
    there = {round(a.number, 6) for a in main}
    logs = _logs(main, column)
    if not there or not logs:
        return 1.0
    middle = logs[len(logs) // 2]
    ours = _logs(values, column)

    def away(factor: float) -> float:
        return abs(ours[len(ours) // 2] + math.log(factor) - middle) if ours else 0.0

    def fit(factor: float) -> float:
        met = sum(round(a.number * factor, 6) in there for a in values) / len(values)
        near = away(1.0) > FAR and away(factor) < away(1.0) / 3
        return round(met, 1) + (0.5 - 0.1 * away(factor) if near else 0.0)

    best = max(FACTORS, key=lambda f: (fit(f), -FACTORS.index(f)))
    return best if fit(best) >= fit(1.0) + GAIN else 1.0


def _logs(values: list[Affixed], column: Coded) -> list[float]:
    found: list[float] = []
    for a in values:
        if a.number > 0:
            found += [math.log(a.number)] * min(5, int(column.counts[a.code]))
    return sorted(found)


def written(value: Affixed, factor: float, shortest: bool) -> str:
    """The plain number: as its digits stand, or without zeros at the end."""
    if factor == 1.0 and not shortest:
        return shorter(value.digits)
    return f"{round(value.number * factor, 9):.12g}"


def _some(weight: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{n} like '{b}9{e}'" for (b, e), n in weight.most_common(3))
