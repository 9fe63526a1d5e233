"""What is wrong with a cell of a dimension table, in the page's language; the domain says it in English."""

import re
from collections.abc import Sequence

_QUOTED = r"('.*'|\".*\")"
_CHINESE: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r"is empty", "不能为空"),
        (rf"{_QUOTED} is no whole number", r"\1 不是整数"),
        (rf"{_QUOTED} is no number", r"\1 不是数值"),
        (rf"{_QUOTED} is neither true nor false", r"\1 不是布尔值（是/否）"),
        (rf"{_QUOTED} is no date such as (.*)", r"\1 不是日期，应如 \2"),
        (rf"{_QUOTED} is no moment such as (.*), without time zone", r"\1 不是时间，应如 \2，不带时区"),
        (rf"{_QUOTED} has more than (\d+) digits before and (\d+) after the point", r"\1 超出整数 \2 位、小数 \3 位"),
        (r"has (\d+) characters, more than (\d+)", r"有 \1 个字符，超过 \2 个"),
        (r"has (\d+) fields, not (\d+)", r"有 \1 个字段，应为 \2 个"),
        (r"holds bytes that are not of the file's encoding", "含有不属于文件编码的字节"),
        (r"holds a zero character", "含有空字符（NUL）"),
        (r"key (.*) is in row (\d+) already", r"键 \1 已在第 \2 行出现"),
        (r"there is a row of this key", "该键值已存在"),
        (r"the database refuses it: (.*)", r"数据库拒绝：\1"),
        (r"(.*) is no type; use (.*)", r"\1 不是类型；可用 \2"),
    )
]


def told(message: str, language: str) -> str:
    """The message in a language; in English where there is no other."""
    if language == "zh":
        for pattern, text in _CHINESE:
            if found := pattern.fullmatch(message):
                return found.expand(text)
    return message
