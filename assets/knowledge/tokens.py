"""Text to tokens for the sparse routes. Standard library only: it is on the path of every question."""

import re
import unicodedata
from collections.abc import Iterator

_CJK = "\u3400-\u9fff"
_RUN = re.compile(f"[{_CJK}]+|[a-z0-9]+(?:[.'][a-z0-9]+)*")
_WORD = re.compile("[a-z0-9]+(?:[.'][a-z0-9]+)*")
_FIRST_CJK, _LAST_CJK = "\u3400", "\u9fff"
# Words that carry no content in a question: they neither find a passage nor prove that one answers.
_STOP_TEXT = """
    a an and are as at be been by can could did do does for from had has have how i if in into is it its me my of on
    or our shall should so such than that the their them then there these they this those to under us was we were what
    when where which who whom why will with would you your many much long often
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
STOP_PHRASES = re.compile(
    "一起|其他|之内|以内|东西|能不能|能否|可不可以|办理|同一个|多少|什么|怎么|怎样|如何|哪些|哪个|哪种|哪里|几个|几张|是否|可以|需要|应该|吗|呢|请问|我们|一个|有没有|为什么|的|了|是|在|和|与|或|几|多久|时候"
)


def normalize(text: str) -> str:
    """NFKC (full-width letters and digits become half-width) and lower case; 1,234 becomes 1234."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", unicodedata.normalize("NFKC", text).lower())


def bigrams(text: str) -> list[str]:
    """Chinese text as overlapping pairs of characters; Latin words and numbers stay whole."""
    return [token for run in _RUN.findall(normalize(text)) for token in _pairs(run)]


def words(text: str) -> list[str]:
    """Latin words without stop words, reduced to their stems; numbers whole; Chinese characters are left out."""
    return [stem(word) for word in _WORD.findall(normalize(text)) if word not in STOP_WORDS]


def content(text: str) -> list[str]:
    """The tokens that carry a question's meaning: stems of Latin words and pairs of Chinese characters."""
    tokens: list[str] = []
    for run in content_runs(text):
        tokens.extend(_pairs(run) if is_cjk(run) else [stem(run)])
    return tokens


def content_runs(text: str) -> list[str]:
    """A question's Latin words and runs of Chinese characters, without words that carry no content."""
    return [run for run in _RUN.findall(STOP_PHRASES.sub(" ", normalize(text))) if run not in STOP_WORDS]


def stem(word: str) -> str:
    """A light stem: plural, -ing, -ed and -ity endings off, long words only."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "ity"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            word = word.removesuffix(ending)
            return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1 or not is_cjk(run):
        yield run
    else:
        for start in range(len(run) - 1):
            yield run[start : start + 2]


def is_cjk(run: str) -> bool:
    """Whether a run of characters of one kind is Chinese."""
    return _FIRST_CJK <= run[0] <= _LAST_CJK
