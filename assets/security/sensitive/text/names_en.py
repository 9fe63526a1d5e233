"""English personal names in texts: forms of address, phrases before a name, and words of the name lists.

A capitalised word alone is a name only where it is in a list and no sentence begins with it, or where a form of address
or a phrase such as "my name is" says so. Names of other languages are found by what stands around them alone.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from assets.security.sensitive.text.spec import END, LATIN, Span, own_words

WORD = r"[A-ZÀ-ÖØ-ÞŠŽČĆĐŁ][a-zà-öø-ÿāăąćčđēėęěğīįłńňōőřśšťūůűųźżž'’-]{1,24}"
PARTICLE = r"(?:van|der|den|de|da|di|del|la|le|von|bin|al|el|dos|ter)"
NAME = rf"{WORD}(?:[ ](?:{PARTICLE}[ ]){{0,2}}(?:[A-Z]\.|{WORD})){{0,3}}"
TITLED = re.compile(
    rf"(?<![A-Za-z])(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Madam|Mister|President|Senator|Judge|Captain)\.? )(?P<v>{NAME})"
)
PHRASED = re.compile(
    r"(?:(?:my|his|her|customer|patient|full|the|applicant|cardholder|card holder|contact)(?:'s)? name(?: is|:)|name:"
    r"|i am|i'm|this is|call me|called|named|dear|hi|hello|regards,|sincerely,|signed(?: by)?"
    r"|attn:?|contact:?|from:|to:|cc:)\s{1,3}$",
    re.IGNORECASE,
)
RUN = re.compile(rf"(?<![A-Za-zÀ-ɏ.@_/-]){NAME}(?![A-Za-zÀ-ɏ@_])")
ENDS = re.compile(r"(?:^|[.!?:;\n\"“(]|\x00)\s{0,3}$")


@lru_cache(1)
def known() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Given names, surnames, and words that are places rather than persons."""
    from assets.catalog.semantics.dictionaries import builtin

    words = builtin()
    places = words["countries"] | words["cities"] | words["us_states"] | words["languages"]
    return words["en_given_names"], words["en_surnames"], places


def english_names(text: str) -> list[Span]:
    """Spans of English names, and of foreign ones where something before them says so."""
    if not LATIN.search(text):
        return []
    found = [
        Span(*m.span("v"), "person_name", 0.85, ("a form of address stands before it",)) for m in TITLED.finditer(text)
    ]
    for match in RUN.finditer(text):
        span = _run(text, match.start(), match.group())
        if span is not None:
            found.append(span)
    return found


def _run(text: str, at: int, run: str) -> Span | None:
    """The name in a run of capitalised words; None where there is none."""
    words, other = run.split(" "), own_words()["not_names"]
    left = text[max(0, at - 24) : at].rsplit(END, 1)[-1]
    opens = bool(ENDS.search(left))
    while words and _plain(words[0]) in other:
        at += len(words[0]) + 1
        left, opens = f"{left}{words.pop(0)} ", False
    while words and (_plain(words[-1]) in other or words[-1].islower()):
        words.pop()
    if not words:
        return None
    score, said = _judge([_plain(w) for w in words], left, opens)
    return Span(at, at + len(" ".join(words)), "person_name", score, said) if score else None


def _plain(word: str) -> str:
    plain = word.lower().replace("’", "'")
    return plain.removesuffix("'s").strip(".'-")


def _judge(words: Sequence[str], left: str, opens: bool) -> tuple[float, tuple[str, ...]]:
    given, surnames, places = known()
    if " ".join(words) in places:
        return 0.0, ()
    if PHRASED.search(left):
        return (0.8 if words[0] in given or len(words) > 1 else 0.6), ("a phrase before a name",)
    if len(words) > 1 and words[0] in given and words[-1] in surnames:
        return 0.9, ("a given name and a surname of the lists",)
    if len(words) > 1 and words[0] in given:
        return 0.75, ("a given name of the list, capitalised words behind it",)
    if len(words) > 1 and words[-1] in surnames and not opens:
        return 0.65, ("a surname of the list, capitalised words before it",)
    if len(words) == 1 and words[0] in given and words[0] not in places:
        return (0.55 if opens else 0.6), ("a given name of the list",)
    if len(words) == 1 and words[0] in surnames and not opens:
        return 0.5, ("a surname of the list",)
    return 0.0, ()
