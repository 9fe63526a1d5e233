"""Chinese addresses in texts: the names of divisions and the suffixes of roads, houses and flats, walked both ways.

A road or estate with a number anchors an address. What follows as house, storey and flat belongs to it, and before it
the divisions of GB/T 2260 (python-stdnum's list) and whatever stands between the first of them and the road.
"""

import re
from functools import lru_cache

from assets.security.sensitive.text.spec import END, Span

NUMBER = "[0-9０-９A-Za-z一二三四五六七八九十百零〇甲乙丙丁]{1,6}"
UNIT = "号楼|号院|号|弄|栋|幢|座|单元|室|层|楼|户|期|院|组|排|房"
ESTATE = "小区|花园|大厦|广场|公寓|新村|家园|园区|科技园|产业园|社区|大楼|宿舍|村|苑|园|城|府|中心|庄|屯"
ROAD = "大道|路|街|巷|弄|胡同|道|村|镇|乡|街道|里|段"
JOIN = r"[-－—#、·， ]?"
ANCHOR = re.compile(
    rf"(?:(?:{ROAD}|{ESTATE})[东西南北中]?(?:段)?{JOIN}(?:{NUMBER}(?:[-－—]{NUMBER}){{0,3}}(?:{UNIT}))"
    rf"|(?:小区|花园|公寓|家园|新村|大厦)(?![\u4e00-\u9fff]))"
)
TAIL = re.compile(
    rf"(?:{JOIN}(?:第?{NUMBER}(?:[-－—]{NUMBER}){{0,3}}(?:(?:{UNIT})|(?![0-9A-Za-z]))|[\u4e00-\u9fff]{{1,8}}?(?:{ESTATE})(?={NUMBER})))"
)
LABEL = re.compile(
    r"(?:地址|住址|住所|住在|家住|户籍|寄往|寄到|送到|送至|位于|居住|居住于|坐落)(?:在|于|是|为)?[:：]?\s{0,2}$"
)
STOP = re.compile(r"[，。；;:：！!？?,\n\r\t\"'“”（）()【】\[\]<>《》|]|[在于至到往是为]")
NUMBERED, ESTATE_ONLY = "road or estate with a number", "an estate"
BEFORE = 32  # characters before the anchor that may belong to an address


@lru_cache(1)
def divisions() -> tuple[frozenset[str], int, frozenset[str]]:
    """Names of provinces, cities and counties with how long they get and how they begin."""
    from assets.catalog.semantics.dictionaries import builtin

    words = builtin()
    names = words["cn_provinces"] | words["cn_cities"] | words["cn_counties"]
    kept = frozenset(n for n in names if len(n) >= 2)
    return kept, max(map(len, kept)), frozenset(n[:2] for n in kept)


def chinese_addresses(text: str) -> list[Span]:
    """Spans of Chinese addresses."""
    found: list[Span] = []
    last = 0
    for match in ANCHOR.finditer(text):
        if match.start() < last:
            continue
        span = _address(text, match, last)
        if span is not None:
            found.append(span)
            last = span.end
    return found


def _address(text: str, anchor: re.Match[str], least: int) -> Span | None:
    end = _tail(text, anchor.end())
    begin = max(least, anchor.start() - BEFORE)
    left = text[begin : anchor.start()]
    cut = left.rfind(END) + 1
    begin, left = begin + cut, left[cut:]
    start = _first_division(left)
    said = [NUMBERED if any(c.isdigit() for c in text[anchor.start() : end]) else ESTATE_ONLY]
    if start is not None:
        score = 0.9 if said[0] == NUMBERED else 0.4
        said.append("division of China")
    else:
        stops = [m.end() for m in STOP.finditer(left)]
        start = max([len(left) - 8, *stops, 0])
        score = 0.6 if "号" in text[anchor.start() : end] or "室" in text[anchor.start() : end] else 0.45
        if len(left) - start < 1:
            return None
    before = left[:start] or text[max(0, begin - 8) : begin].rsplit(END, 1)[-1]
    if label := LABEL.search(before):
        score = min(0.97, score + 0.25)
        said.append(f'"{label.group().strip()}" stands before it')
    return Span(begin + start, end, "address", round(score, 3), tuple(said))


def _tail(text: str, at: int) -> int:
    """Where the houses, storeys and flats behind the anchor end."""
    for _ in range(6):
        found = TAIL.match(text, at, at + 24)
        if found is None:
            break
        at = found.end()
    return at


def _first_division(left: str) -> int | None:
    """Where the first name of a division starts from which no sentence ends before the anchor."""
    names, longest, begins = divisions()
    ends = [m.end() for m in re.finditer(r"[。；;！!？?\n\r\t：:]", left)]
    for at in range(ends[-1] if ends else 0, len(left) - 1):
        if left[at : at + 2] not in begins:
            continue
        for length in range(min(longest, len(left) - at), 1, -1):
            if left[at : at + length] in names:
                return at
    return None
