"""Chinese personal names in texts: a surname, one or two characters usual in given names, and what stands around them.

No word is cut out beforehand. A label ("联系人：") or a form of address ("先生") decides nearly alone; otherwise both
sides must end a word: punctuation, or one of the words after and before which a name is usual. Phrases of pypinyin's
dictionary that only look like names (高度, 于是) are none.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from assets.security.sensitive.text.spec import END, Span

HAN = "\u4e00-\u9fff"
LABEL = re.compile(
    r"(?:姓名|名字|联系人|经办人|负责人|收货人|收件人|寄件人|发件人|法人|法定代表人|申请人|持卡人|户主|患者|病人|业务员|经手人"
    r"|委托人|被告|原告|投保人|被保险人|受益人|付款人|收款人|签名|签字|署名|员工|同事|客户|学生|用户|本人|叫做?|名叫|我叫|我是)"
    r"[\]】)）]?[ \t]?[:：为是叫]?[ \t]{0,3}$"
)
TITLE = re.compile(
    r"(?:先生|女士|小姐|太太|老师|教授|医生|大夫|护士|律师|经理|主任|总监|总裁|董事长|同志|同学|师傅|院长|局长|处长|科长|部长|书记|校长|警官|法官)"
)
BEFORE = (
    *"由与和给请向找让对被把将同及跟为是、，。；：！？,.;:!? \t\n\r（）()【】[]<>《》“”\"'/|·-@*=",
    *[
        "经理",
        "主任",
        "老师",
        "医生",
        "通知",
        "联系",
        "咨询",
        "同事",
        "员工",
        "客户",
        "学生",
        "患者",
        "用户",
        "感谢",
        "转告",
        "邀请",
    ],
)
AFTER = re.compile(
    rf"(?:$|[^{HAN}]|的(?:手机|电话|身份|邮箱|地址|账号|银行|信息|资料|住址|护照|车牌|卡号|联系)"
    r"|(?:先生|女士|小姐|说|称|表示|反映|反馈|来电|致电|电话|手机|身份|身份证|邮箱|住在|住址|家住|签收|签字|申请|投诉|提交|提出|要求|办理"
    r"|报名|预约|入职|离职|出生|于[0-9一二]|已于|已经|在[0-9]|和[^\s]|与[^\s]|及|等))"
)
NEARBY = re.compile(r"[0-9]{7,}|手机|电话|身份证|邮箱|护照|@|住址|家住|住在")
LABEL_LAST = frozenset("名字人主者员方事户生叫本我是为]】)）:：")
UNSTARTED = 0.45  # what it costs that nothing says that a name begins
SINGLE = 0.12  # what a given name of one character costs


class Lists(NamedTuple):
    """Surnames of one and of two characters, characters of given names, and phrases that are none."""

    ones: frozenset[str]
    twos: frozenset[str]
    given: frozenset[str]
    phrases: frozenset[str]
    start: re.Pattern[str]


@lru_cache(1)
def lists() -> Lists:
    """The dictionaries, read once."""
    from pypinyin.phrases_dict import phrases_dict

    from assets.catalog.semantics.dictionaries import builtin

    words = builtin()
    ones = frozenset(w for w in words["cn_surnames"] if len(w) == 1)
    twos = frozenset(w for w in words["cn_surnames"] if len(w) == 2)
    places = words["cn_provinces"] | words["cn_cities"]
    phrases = frozenset(p for p in (*phrases_dict, *places) if 2 <= len(p) <= 3 and (p[0] in ones or p[:2] in twos))
    start = re.compile(f"(?=((?:{'|'.join(sorted(twos))}|[{''.join(sorted(ones))}])[{HAN}]))")
    return Lists(ones, twos, frozenset(words["cn_given_characters"]), phrases, start)


def chinese_names(text: str) -> list[Span]:
    """Spans of Chinese names."""
    held = lists()
    found: list[Span] = []
    last = -1
    for match in held.start.finditer(text):
        at = match.start()
        if at < last:
            continue
        best = max(_candidates(text, at, held), key=lambda s: (s.confidence, s.end), default=None)
        if best is not None and best.confidence >= 0.5:
            found.append(best)
            last = best.end
    return found


def _candidates(text: str, at: int, held: Lists) -> Iterator[Span]:
    """Names that may start at a place, with their confidence."""
    left = text[max(0, at - 12) : at].rsplit(END, 1)[-1]
    starts, label = not left or left.endswith(BEFORE), _label(left)
    if not (starts or label or TITLE.search(text[at : at + 8])):
        return
    surname = 2 if text[at : at + 2] in held.twos else 1
    for length in (2, 1):
        end = at + surname + length
        given = text[at + surname : end]
        if len(given) < length or not all("\u4e00" <= c <= "\u9fff" for c in given) or TITLE.match(given):
            continue
        right = text[end : end + 16].split(END, 1)[0]
        score, said = _judge(text[at:end], given, (starts, label), right, held)
        yield Span(at, end, "person_name", round(score, 3), said)
    title = TITLE.match(text[at + surname : at + surname + 3])
    if title and (starts or label):
        yield Span(at, at + surname, "person_name", 0.6, ("surname", f'"{title.group()}" follows'))


def _label(left: str) -> str:
    """The label before a name, "" where there is none."""
    if left.rstrip()[-1:] not in LABEL_LAST:
        return ""
    found = LABEL.search(left)
    return found.group().strip() if found else ""


def _judge(name: str, given: str, left: tuple[bool, str], right: str, held: Lists) -> tuple[float, tuple[str, ...]]:
    """How likely a candidate is a name, and why."""
    usual = sum(c in held.given for c in given) / len(given)
    cost = SINGLE if len(given) == 1 else 0.0
    ends = bool(AFTER.match(right))
    starts, label = left
    title = TITLE.match(right)
    if name in held.phrases or (name[:2] in held.phrases and not label):
        return 0.2, ("a usual phrase",)
    if label and (ends or title or not right):
        return 0.75 + 0.2 * usual, ("surname", f'"{label}" stands before it')
    if title:
        apart = 0.0 if starts or label else UNSTARTED
        return 0.65 + 0.25 * usual - cost / 2 - apart, ("surname", f'"{title.group()}" follows')
    if not (starts and ends):
        return 0.1, ()
    score = 0.25 + 0.3 * usual - cost
    said = ["surname", "usual characters of given names"] if usual else ["surname"]
    if NEARBY.search(right):
        score += 0.3
        said.append("a number or address of a person follows")
    return score, tuple(said)
