"""Texts that stand for a missing value: those pandas reads as null, and the usual marks in Chinese and in forms."""

import re
from collections.abc import Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

# pandas.read_csv's default na_values, without case, then marks of forms
_SPELT = (
    "#n/a|#n/a n/a|#na|-1.#ind|-1.#qnan|-nan|1.#ind|1.#qnan|<na>|n/a|na|null|nan|none",
    "n.a.|n.a|(null)|<null>|nil|\\n|unknown|not available|not applicable|missing|undefined|tbd|tba",
    "?|??|???|-|--|---|—|——|.|/|无|空|暂无|无数据|未知|未填|未填写|不详|不明|缺失",
)
MARKS = frozenset(mark for line in _SPELT for mark in line.split("|"))
WEAK = frozenset(
    ("unknown", "none", "na", "nil", ".", "/", "无", "missing", "未知")
)  # words and codes that may be meant
# may say that there is nothing, which is a value and no gap
NOTHING = frozenset(("none", "not applicable", ".", "/", "无", "空", "tbd", "tba"))
LIKE = 0.5  # share of rows in the mark's own shape from which it is one of the column's values


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Marks of missing values; a mark that looks like the column's other values (NA among country codes) stays."""
    found = {}
    counts = dict(zip(column.values[1:], column.counts[1:].tolist(), strict=True))
    for code, text in enumerate(column.values):
        mark = text.strip().lower()
        if code and mark in MARKS:
            if mark in WEAK and common_shape(text, counts):
                continue
            found[code] = Form("", "missing", f"{text!r} stands for a missing value", 0.8 if mark in WEAK else 0.95)
    return found


def common_shape(text: str, counts: Mapping[str, int]) -> bool:
    """Whether so many rows of a column (value -> rows) have a mark's own shape that it is one of the values."""
    shape = _shape(text)
    alike = sum(n for value, n in counts.items() if _shape(value) == shape)
    return alike >= LIKE * max(1, sum(counts.values()))


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", text))) if len(text) <= 16 else ""
