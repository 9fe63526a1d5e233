"""Word lists by name: YAML files beside this module, lists that installed packages carry, and a user's own.

Chinese divisions come from python-stdnum (GB/T 2260 as Wikipedia lists it), countries, languages, currencies and the
cities of time zones from the Unicode CLDR in Babel. Keys are lower case, blanks trimmed.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from assets.catalog.semantics.spec import SemanticsError, read_yaml

FOLDER = Path(__file__).parent / "dictionaries"
SUFFIXES = (
    "省",
    "市",
    "自治区",
    "壮族自治区",
    "回族自治区",
    "维吾尔自治区",
    "特别行政区",
    "区",
    "县",
    "旗",
    "州",
    "盟",
    "地区",
)
Words = frozenset[str]


def fold(words: Iterable[str]) -> Words:
    """Words as they are compared: trimmed and in lower case."""
    return frozenset(w.strip().lower() for w in words if w.strip())


def split(text: str) -> list[str]:
    """Words of a YAML entry: separated by `;` where it has one, otherwise by blanks."""
    return text.split(";") if ";" in text else text.split()


def read_words(path: Path) -> dict[str, Words]:
    """The dictionaries in one file: names to words, each a text to split or a list.

    Raises:
        SemanticsError: the file is not such a mapping.
    """
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise SemanticsError(f"{path} is not a mapping of names to words", "write `name: word word` on each line")
    found = {}
    for name, words in document.items():
        if isinstance(words, str):
            found[str(name)] = fold(split(words))
        elif isinstance(words, list):
            found[str(name)] = fold(map(str, words))
        else:
            raise SemanticsError(f"{path}, {name}: words are neither text nor a list", "write a text or a list")
    return found


@lru_cache(1)
def shipped() -> dict[str, Words]:
    """The dictionaries of the YAML files that Heddle ships."""
    found: dict[str, Words] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        found |= read_words(path)
    return found


@lru_cache(1)
def builtin() -> dict[str, Words]:
    """All dictionaries that come with Heddle; reading them takes some tenths of a second, once."""
    found = dict(shipped())
    for names, provide in _PROVIDERS.items():
        found |= dict(zip(names, provide(), strict=True))
    return found


def _divisions() -> tuple[Words, ...]:
    """Provinces, cities, counties (each with and without its suffix) and six-digit codes of China."""
    from stdnum import numdb

    provinces: set[str] = set()
    cities: set[str] = set()
    counties: set[str] = set()
    codes: set[str] = set()
    for prefix, _, properties, children in _tree(numdb.get("cn/loc")):
        provinces.add(properties.get("province", ""))
        for place, _, below, _ in children:
            names = {name.strip("-[]") for name in below.get("county", "").split(",")}
            names = {name.rsplit("]", 1)[-1].split("-")[0] for name in names} - {"市辖区", "县", ""}
            (cities if place.endswith("00") else counties).update(names)
            codes.add(prefix + place)
    named = (fold(_shortened(names)) for names in (provinces, cities, counties))
    return (*named, frozenset(codes))


def _tree(database: object) -> list[tuple[str, str, dict[str, str], list[tuple[str, str, dict[str, str], object]]]]:
    """Entries of a python-stdnum number database, two levels deep, as (low, high, properties, children)."""
    entries = []
    for length, low, high, properties, children in database.prefixes:  # type: ignore[attr-defined]
        assert length == len(low)
        entries.append((low, high, properties, [(c[1], c[2], c[3], c[4]) for c in children]))
    return entries


def _shortened(names: set[str]) -> set[str]:
    short = set(names)
    for name in names:
        short.update(name.removesuffix(s) for s in SUFFIXES if name.endswith(s) and len(name) - len(s) >= 2)
    return short


def _countries() -> tuple[Words, ...]:
    words, english, chinese = shipped(), _cldr("en", "territories"), _cldr("zh", "territories")
    codes = {code for code in english if len(code) == 2 and code.isalpha()} - {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
    names = {territories[code] for territories in (english, chinese) for code in codes if code in territories}
    spelled = {name.replace("&", "and").replace("St.", "Saint") for name in names}
    return words["country_names"] | fold(names) | fold(spelled), fold(codes) | words["country_codes_3"]


def _languages() -> tuple[Words, ...]:
    english, chinese = _cldr("en", "languages"), _cldr("zh", "languages")
    codes = [code for code in english if code.isalpha() and len(code) in (2, 3)]
    names = [languages[code] for languages in (english, chinese) for code in codes if code in languages]
    more = ("mandarin", "汉语", "普通话", "英文", "日文", "韩文")
    return fold(names) | fold(more), fold(c for c in codes if len(c) == 2)


def _currencies() -> tuple[Words, ...]:
    english, chinese = _cldr("en", "currencies"), _cldr("zh", "currencies")
    signs = "$ € £ ¥ ￥ ₹ ₩ ₽ US$ HK$ RMB 元 美元 人民币 欧元 英镑 日元 港币"
    return (fold((*english, *english.values(), *chinese.values(), *split(signs))),)


def _cldr(language: str, what: str) -> dict[str, str]:
    """Names of territories, languages or currencies by code."""
    from babel import Locale

    return {str(code): str(name) for code, name in getattr(Locale(language), what).items()}


def _cities() -> tuple[Words, ...]:
    from babel import Locale

    zones = Locale("en").time_zones
    exemplar = [zone["city"] for zone in zones.values() if "city" in zone]
    return (fold(exemplar) | shipped()["cities_more"] | _zone_cities(),)


def _zone_cities() -> Words:
    from zoneinfo import available_timezones

    names = [z.rsplit("/", 1)[1].replace("_", " ") for z in available_timezones() if z.count("/") and "Etc" not in z]
    return fold(names)


_PROVIDERS: dict[tuple[str, ...], Callable[[], tuple[Words, ...]]] = {
    ("cn_provinces", "cn_cities", "cn_counties", "cn_division_codes"): _divisions,
    ("countries", "country_codes"): _countries,
    ("languages", "language_codes"): _languages,
    ("currencies",): _currencies,
    ("cities",): _cities,
}


def names() -> tuple[tuple[str, ...], ...]:
    """Names of all built-in dictionaries, without computing the provided ones."""
    return (*_PROVIDERS, tuple(shipped()))
