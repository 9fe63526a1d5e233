"""What kind of fact a question asks for, and whether a text holds one: a number, a time, an amount of money."""

import re
from collections.abc import Iterable

_NUMBER = r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half)\b|[一二两三四五六七八九十百千半零])"
_NUMBERS = re.compile(_NUMBER)
_TIMES = re.compile(
    rf"{_NUMBER}[\d.,]*\s*(?:to \d+ )?(?:[-\w]+ )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|am|pm)\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{4}-\d\d-\d\d|midnight|noon|\d:\d\d|(?:first|last) day"
    rf"|{_NUMBER}\s*(?:个)?(?:秒|分钟|小时|天|日|周|月|年|点)|周[一二三四五六日]|首日|最后一[天日]"
)
_MONEY = re.compile(r"\d\s*(?:usd|dollars?|cents?)|price_usd|fee\b|\d\s*(?:美元|元|美分)")
# (what a question says, what a text that answers it says); the first that fits counts.
CUES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"how (?:long|often|quickly|early|soon|many days)|\bwhen\b"), _TIMES),
    (re.compile(r"(?:what|which) (?:time(?! zone)|day|date)"), _TIMES),
    (re.compile(r"多久|多少(?:天|秒|分钟|小时|周|年)|几(?:天|秒|分钟|小时|周|年|点)|什么时候|何时|多长时间"), _TIMES),
    (re.compile(r"how much (?:is|are|does|do)\b|\bcosts?\b|what .*\b(?:prices?|fees?)\b|多少钱|价格是|费用是"), _MONEY),
    (re.compile(r"how (?:many|much|far|large|old|big)|temperature|percent|多少|几|多远|多大|号码"), _NUMBERS),
)


def holds(question: str, text: str) -> float:
    """1 when a text holds the kind of fact that a question asks for, else 0; 0 when it asks for no known kind."""
    kind = _kind(question)
    return float(bool(kind and kind.search(text.lower())))


def lacks(question: str, texts: Iterable[str]) -> bool:
    """Whether a question asks for a known kind of fact and no text holds one."""
    return _kind(question) is not None and not any(holds(question, text) for text in texts)


def _kind(question: str) -> re.Pattern[str] | None:
    asked = question.lower()
    return next((answers for says, answers in CUES if says.search(asked)), None)
