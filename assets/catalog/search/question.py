"""A question to what is looked for: concepts with their synonyms, without words of time, courtesy and generality."""

import re
import unicodedata
from dataclasses import dataclass

from assets.catalog.search.glossary import Glossary, Phrase
from assets.catalog.search.words import chinese, pieces
from assets.knowledge.tokens import STOP_PHRASES, STOP_WORDS, is_cjk, stem

SYNONYM = 0.45  # what a synonym counts beside the word itself
TRANSLATION = 0.9  # the other language is no worse a word
PAIR = 0.5  # a pair of Chinese characters that no glossary knows

_UNIT = "(?:小时|天|日|周|星期|礼拜|月|季度|季|年)"
_MANY = "[0-9０-９一二三四五六七八九十两半几]+"
_TIME_ZH = re.compile(
    f"(?:最近|近|过去|前|上|本|这|当|下|未来|每)(?:{_MANY})?个?{_UNIT}(?:内|来|度)?|{_MANY}个?{_UNIT}(?:以来|内|以内|前|之前)"
    "|昨天|今天|今日|昨日|前天|明天|今年|去年|前年|明年|历年|当前|目前|最新|实时|近期|最近|近来"
    r"|(?:19|20)\d\d\s*年(?:\s*\d{1,2}\s*月)?(?:\s*\d{1,2}\s*[日号])?"
)
_TIME_EN = re.compile(
    r"\b(?:(?:last|past|recent|previous|current|this|next|latest|trailing)\s+(?:\d+|few|two|three|six|twelve)?\s*"
    r"(?:day|week|month|quarter|year|hour)s?|\d+[ -](?:day|week|month|year)s?|today|yesterday|recently|latest"
    r"|year[ -]to[ -]date|ytd|mtd)\b|\b(?:in|since|before|after|from|during)\s+(?=(?:19|20)\d\d\b)"
)
_EMPTY_ZH = re.compile(
    STOP_PHRASES.pattern + "|"
    "数据集|数据表|数据|资料表|信息|列表|报表|表格|字段|表里|表中|哪张表|哪个表|这张表|表|查询|查找|查看|查一下|搜索|查|找出|找到|找|列出|显示"
    "|给出|给我|帮我|我要|我想|想要|想看|想知道|看看|需要|请|所有|全部|各个|每个|各|每|相关|有关|关于|按照|按|对应|以及|及其|及|还有|情况|统计|分析|汇总"
    "|存储|存放|保存|存|记录了|包含|含有|里面|里|中|用于|使用|名单|目前|有"
)
_SORTING_EN = re.compile(
    r"\b(?:in |by )?(?:(?:ascending|descending|alphabetic\w*|lexicographic\w*|reverse)\s+)+order(?:\s+of)?\b"
    r"|\b(?:order|sort)(?:ed)?\s+by\b|\b(?:sort|count)\b|\b(?:total\s+|the\s+)*number\s+of\b|\balphabetically\b"
)
_GENERIC_TEXT = """
    data dataset table column field information info list show display find give get return tell look search see want
    need please all each every any different distinct same one two three first second other their them whose more less
    most least than also both between only not no without within across per along including include contain hold store
    about related corresponding regarding respective either over under above below up down out there here
"""
_GENERIC = frozenset(stem(word) for word in _GENERIC_TEXT.split()) | frozenset(_GENERIC_TEXT.split())
# Ways to ask that name a kind of column.
_HINTS: dict[Phrase, tuple[str, ...]] = {
    ("how", "old"): ("age",),
    ("how", "long"): ("duration", "length"),
    ("how", "tall"): ("height",),
    ("how", "heavy"): ("weight",),
    ("how", "much"): ("price", "amount", "cost"),
    ("older",): ("age",),
    ("oldest",): ("age",),
    ("younger",): ("age",),
    ("youngest",): ("age",),
    ("cheapest",): ("price", "cost"),
    ("expensive",): ("price", "cost"),
    ("heaviest",): ("weight",),
    ("tallest",): ("height",),
    ("longest",): ("length", "duration"),
    ("shortest",): ("length", "duration"),
    ("where",): ("location", "city", "address"),
    ("when",): ("date", "time", "year"),
}
_QUOTED = re.compile(r"\"([^\"]{1,60})\"|'([^']{2,60})'|“([^”]{1,60})”|「([^」]{1,60})」|‘([^’]{2,60})’")
_CAPITALS = re.compile(r"(?<=[a-z0-9,] )[A-Z][\w.-]*(?: (?:of |the |and )?[A-Z][\w.-]*)*")
HINT = 0.5
DIGITS = 4  # shorter numbers are no words to look for
LONGEST_VALUE = 6  # characters of a Chinese value


@dataclass(frozen=True)
class Concept:
    """One thing that a question names.

    Attributes:
        text: as the question has it, or its stems.
        alternatives: terms that must all occur, with how much that counts; the question's own words first.
    """

    text: str
    alternatives: tuple[tuple[Phrase, float], ...]


@dataclass(frozen=True)
class Question:
    """What is looked for; `time` is the phrase of time that was left out, "" where there was none."""

    text: str
    concepts: tuple[Concept, ...]
    time: str = ""


def parse(text: str, glossary: Glossary) -> Question:
    """The concepts of a question in English, Chinese or both."""
    plain = unicodedata.normalize("NFKC", text)
    lower = plain.lower()
    times = [*_TIME_ZH.findall(lower), *_TIME_EN.findall(lower)]
    bare = _TIME_EN.sub(" ", _TIME_ZH.sub(" ", lower))
    kept = _SORTING_EN.sub(" ", bare)
    concepts = _concepts(kept, glossary) or _concepts(bare, glossary, generic=True)
    concepts += _values(plain)
    merged: dict[str, Concept] = {}
    for concept in concepts:
        merged.setdefault(" ".join(concept.alternatives[0][0]), concept)
    return Question(text, tuple(merged.values()), next((t.strip() for t in times if t.strip()), ""))


def _concepts(text: str, glossary: Glossary, generic: bool = False) -> list[Concept]:
    found: list[Concept] = []
    latin: list[str] = []
    for piece in (*pieces(text), "\u3400"):  # the last one flushes
        if not is_cjk(piece):
            latin.append(piece)
            continue
        found += _english(latin, glossary, generic)
        latin = []
        if piece != "\u3400":
            found += _chinese(piece, glossary, generic)
    return found


def _english(words: list[str], glossary: Glossary, generic: bool) -> list[Concept]:
    found: list[Concept] = []
    at = 0
    stems = [stem(word) for word in words]
    while at < len(words):
        widths = range(min(glossary.widest, len(words) - at), 1, -1)
        width = next((w for w in widths if tuple(stems[at : at + w]) in glossary.same), 1)
        hint = next((w for w in (2, 1) if tuple(words[at : at + w]) in _HINTS), 0)
        own = tuple(stems[at : at + width])
        if hint:
            found.append(_hint(tuple(words[at : at + hint])))
            at += hint
        elif width > 1:
            found.append(_concept(" ".join(words[at : at + width]), own, glossary))
            found += [_concept(w, (s,), glossary) for w, s in zip(words[at : at + width], own, strict=True)]
            at += width
        else:
            word = words[at]
            if len(word) < DIGITS and word.isdigit():
                pass  # a small number is in every table
            elif generic or (word not in STOP_WORDS and word not in _GENERIC and own[0] not in _GENERIC):
                found.append(_concept(word, own, glossary))
            at += 1
    return found


def _hint(words: Phrase) -> Concept:
    own = (((stem(words[0]),), 1.0),) if len(words) == 1 and words[0] not in STOP_WORDS else ()
    return Concept(" ".join(words), (*own, *(((stem(w),), HINT) for w in _HINTS[words])))


def _concept(text: str, own: Phrase, glossary: Glossary) -> Concept:
    others = [(_terms(p), TRANSLATION if _translates(own, p) else SYNONYM) for p in glossary.same.get(own, ())]
    return Concept(text, ((_terms(own), 1.0), *others))


def _translates(one: Phrase, other: Phrase) -> bool:
    return is_cjk(one[0]) != is_cjk(other[0])


def _terms(phrase: Phrase) -> Phrase:
    if is_cjk(phrase[0]):
        return tuple(chinese(phrase[0]))[:3] if len(phrase[0]) > 2 else phrase
    return phrase


def _chinese(run: str, glossary: Glossary, generic: bool) -> list[Concept]:
    """Longest words of the glossary first, then words without weight; what is left over as pairs of characters."""
    found: list[Concept] = []
    rest = ""
    at = 0
    while at < len(run):
        word = _word(run, at, glossary, generic)
        empty = None if word else _EMPTY_ZH.match(run, at)
        if not word and not (empty and not generic):
            rest += run[at]
            at += 1
            continue
        found += _pairs(rest)
        rest = ""
        if word:
            found.append(_concept(word, (word,), glossary))
        at += len(word or (empty[0] if empty else ""))
    return found + _pairs(rest)


def _word(run: str, at: int, glossary: Glossary, generic: bool) -> str:
    """The longest word of the glossary at a place, "" where there is none or it carries no weight."""
    for size in range(min(glossary.longest, len(run) - at), 0, -1):
        word = run[at : at + size]
        if (word,) in glossary.same and (generic or not _EMPTY_ZH.fullmatch(word)):
            return word
    return ""


def _pairs(run: str) -> list[Concept]:
    return [Concept(pair, (((pair,), PAIR),)) for pair in dict.fromkeys(chinese(run)) if len(pair) == 2]


def _values(text: str) -> list[Concept]:
    """What is quoted or written with capitals within the question, as a possible value, and parts of Chinese runs."""
    told = [next(filter(None, found)) for found in _QUOTED.findall(text)]
    told += [run for run in _CAPITALS.findall(text) if run.lower() not in STOP_WORDS]
    texts = {" ".join(pieces(one)) for one in told}
    for word in filter(lambda piece: is_cjk(piece), pieces(text)):
        size = len(word)
        texts |= {word[a:b] for a in range(size) for b in range(a + 1, min(size, a + LONGEST_VALUE) + 1)}
    return [Concept(one, (((f"= {one}",), 1.0),)) for one in sorted(texts)]
