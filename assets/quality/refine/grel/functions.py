"""The functions of GREL by name; their arguments are values, what goes wrong is a GrelError."""

import hashlib
import html
import json
import math
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from assets.quality.refine.grel.dates import DATES, date_text
from assets.quality.refine.grel.values import Failure, GrelError, Regex, number, text, truth
from assets.quality.refine.grid import blank, said
from assets.quality.refine.keyers import KEYERS, fingerprint, ngram_fingerprint


def _texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose first argument is a text; null stays null."""
    return lambda first, *rest: None if first is None else function(text(first), *rest)


def _get(of: Any, start: Any, end: Any = None) -> Any:
    if isinstance(of, dict):
        return of.get(start)
    items = of if isinstance(of, (list, str)) else text(of)
    first = int(number(start))
    if end is None:
        place = first + len(items) if first < 0 else first
        return items[place] if 0 <= place < len(items) else None
    return items[first : int(number(end))]


def _slice(of: Any, start: Any, end: Any = None) -> Any:
    items = of if isinstance(of, (list, str)) else text(of)
    return items[int(number(start)) : None if end is None else int(number(end))]


def _replace(of: str, what: Any, by: Any) -> str:
    if not isinstance(what, Regex):
        return of.replace(text(what), text(by))
    from assets.kettle.text.java_replace import parse_replacement

    pattern = what.pattern
    parts = parse_replacement(text(by), pattern.groups, frozenset(pattern.groupindex))

    def filled(match: Any) -> str:
        return "".join(p if isinstance(p, str) else match[p[0] if isinstance(p, tuple) else p] or "" for p in parts)

    return str(pattern.sub(filled, of))


def _replace_chars(of: str, what: Any, by: Any) -> str:
    old, new = text(what), text(by)
    return of.translate({ord(c): new[n] if n < len(new) else None for n, c in reversed(list(enumerate(old)))})


def _split(of: str, at: Any, keep: Any = False) -> list[str]:
    parts = at.pattern.split(of) if isinstance(at, Regex) else of.split(text(at)) if text(at) else list(of)
    return list(parts) if keep is True else [p for p in parts if p]


def _by_lengths(of: str, *lengths: Any) -> list[str]:
    found, start = [], 0
    for length in lengths:
        found.append(of[start : start + int(number(length))])
        start += int(number(length))
    return found


def _partition(of: str, at: Any, *_omit: Any) -> list[str]:
    if isinstance(at, Regex):
        match = at.pattern.search(of)
        parts = [of, "", ""] if match is None else [of[: match.start()], match[0], of[match.end() :]]
    else:
        parts = list(of.partition(text(at)))
    return [parts[0], parts[2]] if _omit and _omit[0] is True and parts[1] else parts


def _rpartition(of: str, at: Any) -> list[str]:
    before, sign, after = of.rpartition(text(at))
    return [before, sign, after] if sign else [of, "", ""]


def _match(of: str, pattern: Any) -> list[Any] | None:
    compiled = pattern if isinstance(pattern, Regex) else Regex.of(text(pattern))
    found = compiled.pattern.fullmatch(of)
    return None if found is None else list(found.groups())


def _find(of: str, what: Any) -> list[str]:
    compiled = what if isinstance(what, Regex) else Regex.of(re.escape(text(what)))
    return [m[0] for m in compiled.pattern.finditer(of)]


def _contains(of: Any, what: Any) -> bool:
    if isinstance(of, list):
        return what in of
    return what.pattern.search(text(of)) is not None if isinstance(what, Regex) else text(what) in text(of)


def _titlecase(of: str) -> str:
    return re.sub(r"\S+", lambda m: m[0][:1].upper() + m[0][1:].lower(), of)


def _chomp(of: str, end: Any) -> str:
    return of.removesuffix(text(end))


def _list(of: Any) -> list[Any]:
    if not isinstance(of, list):
        raise GrelError("a list is expected")
    return of


def _join(of: Any, separator: Any) -> str:
    return text(separator).join(said(i) for i in _list(of) if i is not None)


def _sorted(of: Any) -> list[Any]:
    return sorted((i for i in _list(of) if i is not None), key=lambda i: (isinstance(i, str), i))


def _reverse(of: Any) -> Any:
    return list(reversed(of)) if isinstance(of, list) else text(of)[::-1]


def _uniques(of: Any) -> list[Any]:
    return list(dict.fromkeys(_list(of)))


def _length(of: Any) -> int:
    return len(of) if isinstance(of, (list, str)) else len(text(of))


def _round(of: Any) -> int:
    value: float = number(of)
    return math.floor(value + 0.5)


def _pow(of: Any, by: Any) -> float:
    return float(math.pow(number(of), number(by)))


def _type(of: Any) -> str:
    names = {bool: "boolean", str: "string", int: "number", float: "number", list: "array", type(None): "undefined"}
    return names.get(type(of), "date" if hasattr(of, "year") else "object")


def _xor(*values: Any) -> bool:
    return sum(map(truth, values)) == 1


def _coalesce(*values: Any) -> Any:
    return next((v for v in values if v is not None and not isinstance(v, Failure)), None)


def _phonetic(of: str, how: Any = "double-metaphone") -> str:
    names = {"metaphone3": "", "doublemetaphone": "double-metaphone", "cologne": "cologne-phonetic"}
    name = names.get(text(how).lower(), text(how).lower())
    if name not in KEYERS or "fingerprint" in name:
        raise GrelError(f"there is no phonetic code {how!r} here; double-metaphone, metaphone, soundex, cologne are")
    return KEYERS[name](of)


def _json(of: str) -> Any:
    try:
        return json.loads(of)
    except (json.JSONDecodeError, RecursionError):
        raise GrelError("the text is no JSON") from None


def _ngram(of: str, size: Any) -> list[str]:
    words, count = of.split(), int(number(size))
    return [" ".join(words[n : n + count]) for n in range(len(words) - count + 1)] or [of]


def _escape(of: str, mode: Any) -> str:
    modes: dict[str, Callable[[str], str]] = {
        "html": html.escape,
        "xml": html.escape,
        "url": lambda t: urllib.parse.quote_plus(t),
        "csv": lambda t: f'"{t.replace(chr(34), chr(34) * 2)}"' if re.search('[",\n\r]', t) else t,
        "javascript": lambda t: t.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
    }
    return _mode(modes, mode)(of)


def _unescape(of: str, mode: Any) -> str:
    modes: dict[str, Callable[[str], str]] = {
        "html": html.unescape,
        "xml": html.unescape,
        "url": urllib.parse.unquote_plus,
    }
    return _mode(modes, mode)(of)


def _mode(modes: dict[str, Callable[[str], str]], mode: Any) -> Callable[[str], str]:
    if text(mode) not in modes:
        raise GrelError(f"the mode {mode!r} is not known; {', '.join(modes)} are")
    return modes[text(mode)]


def _hash(name: str) -> Callable[[str], str]:
    return lambda of: hashlib.new(name, of.encode(), usedforsecurity=False).hexdigest()


def _to_number(of: Any) -> Any:
    if of == "" or of is None:
        raise GrelError("an empty text is no number")
    return number(of)


_TEXTS: dict[str, Callable[..., Any]] = {
    "toLowercase": str.lower,
    "toUppercase": str.upper,
    "toTitlecase": _titlecase,
    "trim": str.strip,
    "strip": str.strip,
    "chomp": _chomp,
    "startsWith": lambda of, what: of.startswith(text(what)),
    "endsWith": lambda of, what: of.endswith(text(what)),
    "indexOf": lambda of, what: of.find(text(what)),
    "lastIndexOf": lambda of, what: of.rfind(text(what)),
    "replace": _replace,
    "replaceChars": _replace_chars,
    "split": _split,
    "splitByLengths": _by_lengths,
    "splitByCharType": lambda of: re.findall(r"[A-Z]+|[a-z]+|[0-9]+|\s+|[^\sA-Za-z0-9]+", of),
    "partition": _partition,
    "rpartition": _rpartition,
    "match": _match,
    "find": _find,
    "fingerprint": fingerprint,
    "ngramFingerprint": lambda of, size=2: ngram_fingerprint(of, int(number(size))),
    "ngram": _ngram,
    "phonetic": _phonetic,
    "escape": _escape,
    "unescape": _unescape,
    "unicode": lambda of: [ord(c) for c in of],
    "parseJson": _json,
    "md5": _hash("md5"),
    "sha1": _hash("sha1"),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _texts(function) for name, function in _TEXTS.items()},
    **DATES,
    "[]": lambda *items: list(items),
    "get": _get,
    "slice": _slice,
    "substring": _slice,
    "contains": _contains,
    "length": _length,
    "join": _join,
    "sort": _sorted,
    "reverse": _reverse,
    "uniques": _uniques,
    "inArray": lambda of, what: what in _list(of),
    "toString": lambda of, mask=None: said(of) if mask is None else date_text(of, mask),
    "toNumber": _to_number,
    "type": _type,
    "coalesce": _coalesce,
    "hasField": lambda of, name: isinstance(of, dict) and not blank(of.get(name)),
    "and": lambda *values: all(map(truth, values)),
    "or": lambda *values: any(map(truth, values)),
    "xor": _xor,
    "not": lambda of: not truth(of),
    "round": _round,
    "floor": lambda of: math.floor(number(of)),
    "ceil": lambda of: math.ceil(number(of)),
    "abs": lambda of: abs(number(of)),
    "min": lambda one, two: min(number(one), number(two)),
    "max": lambda one, two: max(number(one), number(two)),
    "mod": lambda one, two: number(one) % number(two),
    "sum": lambda of: sum(map(number, _list(of))),
    "pow": _pow,
    "sqrt": lambda of: math.sqrt(number(of)),
    "ln": lambda of: math.log(number(of)),
    "log": lambda of: math.log10(number(of)),
    "exp": lambda of: math.exp(number(of)),
    "even": lambda of: 2 * math.ceil(number(of) / 2),
    "odd": lambda of: 2 * math.floor(number(of) / 2) + 1,
}
