"""Addresses and places in English and other Latin-script texts: number and street word, then unit, town, state, code.

Words for streets are those of a dozen European languages, before or behind the name. Places are the countries, states
and the cities of time zones as the Unicode CLDR names them; smaller towns are found within an address alone.
"""

import re
from functools import lru_cache

from assets.security.sensitive.text.spec import LATIN, Span, own_words

L = "A-Za-zÀ-ɏ"
WORD = rf"[{L}][{L}'’.-]{{0,24}}"
BEHIND = (
    "street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|place|pl|square|sq|way|parkway|pkwy|terrace|ter|circle|cir"
    "|highway|hwy|trail|route|row|alley|close|crescent|gardens?|grove|hill|mews|walk|quay|esplanade|parade"
)
GLUED = (
    "straße|strasse|str|gasse|weg|platz|allee|straat|laan|plein|dijk|gade|vej|gata|gatan|vägen"
    "|vegen|veien|katu|tie|utca|út|ulica"
)
AHEAD = (
    "rue|avenue|boulevard|place|chemin|via|viale|piazza|corso|calle|avenida|paseo|plaza|carrera|rua|travessa|largo|praça|ulica|ul|rúa"
    "|camino|camiño|carrer|c/|strada|bulevardul|nám|ul"
)
UNIT = r"(?:apt|apartment|suite|ste|unit|flat|room|rm|floor|p\.?o\.? box|box)\.? ?#?[0-9A-Za-z-]{1,6}"
CODE = (
    r"(?:[A-Z]{1,2}-?)?[0-9]{4,6}(?:-[0-9]{3,4})?|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}"
    r"|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"
)
GAP = r"[ ,]{1,3}|[ ,]{0,3}\n[ ,]{0,3}"
STREET = re.compile(
    rf"(?<![{L}0-9.$])(?:"
    rf"[0-9]{{1,6}}[A-Za-z]?(?:-[0-9]{{1,5}})?,? "
    rf"(?:(?:[NSEW]\.?|{WORD}|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?(?:{BEHIND})(?![{L}])\.?"
    rf"|[0-9]{{1,6}} (?:{WORD} ){{0,3}}{WORD}(?:{GLUED})(?![{L}])"
    rf"|(?:{WORD} ){{0,3}}?{WORD}(?:{GLUED})\.? [0-9]{{1,5}}[A-Za-z]?(?![{L}0-9])"
    rf"|(?:[0-9]{{1,6}},? )?(?:{AHEAD})\.? (?:{WORD} ){{0,3}}{WORD},? [0-9]{{1,5}}(?![{L}0-9])"
    rf"|[0-9]{{1,6}},? (?:{AHEAD})\.? (?:{WORD} ){{0,3}}{WORD}(?![{L}0-9])"
    rf")",
    re.IGNORECASE,
)
USUAL = re.compile(  # words of streets that are usual words in lower case
    r"(?<![A-Za-z])(?:place|close|way|row|walk|hill|grove|court|drive|lane|route|trail|square|parade|via|st|dr|garden|park)"
    r"(?![A-Za-z])"
)
UNITS = re.compile(rf"(?:{GAP})(?:{UNIT})(?![{L}])", re.IGNORECASE)
TOWN = re.compile(
    rf"(?:{GAP})(?:(?:{CODE})[ ,]{{1,2}})?[A-ZÀ-ÖØ-Þ][{L}'’.-]{{1,24}}(?: [A-ZÀ-ÖØ-Þ][{L}'’.-]{{1,24}}){{0,2}}(?![{L}])"
)
STATE = re.compile(rf"(?:{GAP})[A-Z]{{2}}(?![A-Za-z])")
ZIP = re.compile(rf"(?:{GAP})(?:{CODE})(?![{L}0-9])")
BOX = re.compile(rf"(?<![{L}])(?:P\.? ?O\.? Box|Suite|Apt\.?|Apartment) #?[0-9]{{1,6}}(?![0-9])", re.IGNORECASE)
LIVES = re.compile(
    rf"(?:grew up in|lives? in|living in|i am in|i'm in|born in|moved to|travel(?:l?ing)? to"
    rf"|flight to|arrived (?:at|in)) "
    rf"(?P<v>[A-ZÀ-ÖØ-Þ][{L}'’-]{{2,24}}(?: [A-ZÀ-ÖØ-Þ][{L}'’-]{{2,24}}){{0,2}})(?![{L}])"
)
BEHIND_PLACE = re.compile(rf"[ ,]{{1,2}}(?P<v>(?:[A-Z]{{2}} )?[0-9]{{4,6}}(?:-[0-9]{{4}})?)(?![0-9{L}-])")
TOKENS = re.compile(rf"[{L}][{L}'’.-]*")


def english_addresses(text: str) -> list[Span]:
    """Spans of addresses with a street or a post box."""
    if not LATIN.search(text):
        return []
    found: list[Span] = []
    last = 0
    for match in STREET.finditer(text):
        if match.start() < last or not any(c.isdigit() for c in match.group()):
            continue
        end, more = _rest(text, match.end())
        if not more and USUAL.search(match.group()):
            continue
        score = min(0.95, 0.62 + 0.12 * more)
        said = ("number and street", *(("town, state or code behind it",) if more else ()))
        found.append(Span(match.start(), end, "address", round(score, 3), said))
        last = end
    return found + [Span(*m.span(), "address", 0.6, ("a post box or unit",)) for m in BOX.finditer(text)]


def _rest(text: str, at: int) -> tuple[int, int]:
    """Where unit, town, state and code behind a street end, and how many of them there are."""
    more = 0
    for part in (UNITS, UNITS, TOWN, STATE, ZIP, TOWN):
        found = part.match(text, at, at + 80)
        if found is not None:
            at, more = found.end(), more + 1
    return at, more


@lru_cache(1)
def places() -> tuple[dict[str, int], frozenset[str]]:
    """Names of places (lower case) with how many words they have, and those found in lower case too."""
    from assets.catalog.semantics.dictionaries import builtin

    words = builtin()
    names = {n for n in words["countries"] | words["cities"] | words["us_states"] if n.isascii() and len(n) >= 4}
    kept = {n: n.count(" ") + 1 for n in names - own_words()["not_places"]}
    return kept, frozenset(n for n in words["countries"] if n in kept and len(n) >= 5)


def locations(text: str) -> list[Span]:
    """Spans of countries, states and larger cities."""
    if not LATIN.search(text):
        return []
    names, anyhow = places()
    tokens = [(m.start(), m.end()) for m in TOKENS.finditer(text)]
    found = [Span(*m.span("v"), "location", 0.55, ("words before a place",)) for m in LIVES.finditer(text)]
    skip = -1
    for i, (start, _) in enumerate(tokens):
        if start < skip:
            continue
        capital = text[start].isupper()
        for length in (4, 3, 2, 1):
            if i + length > len(tokens):
                continue
            end = tokens[i + length - 1][1]
            if end - start > 40:
                continue
            name = text[start:end].rstrip(".'’-").lower()
            if names.get(name) == length and (capital or name in anyhow):
                found.append(Span(start, start + len(name), "location", 0.6, ("a country, state or city",)))
                if code := BEHIND_PLACE.match(text, start + len(name)):
                    found.append(Span(*code.span("v"), "address", 0.55, ("a postcode behind a place",)))
                skip = end
                break
    return found
