"""Keys by which values collide that are spellings of the same thing, as OpenRefine's clustering makes them."""

import re
import unicodedata
from collections.abc import Callable

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~\u2010-\u2027\u3001-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_LETTERS = {
    "ß": "ss",
    "æ": "ae",
    "ø": "oe",
    "å": "a",
    "©": "c",
    "ð": "d",
    "đ": "d",
    "ɖ": "d",
    "þ": "th",
    "ħ": "h",
    "ı": "i",
    "ĳ": "ij",
    "ĸ": "k",
    "ŀ": "l",
    "ł": "l",
    "ŉ": "n",
    "ŋ": "n",
    "œ": "oe",
    "ŧ": "t",
    "ſ": "s",
    "ẜ": "s",
    "ẝ": "s",
    "ẚ": "a",
    "ﬅ": "st",
}


def normalised(text: str, *, blanks: bool = False) -> str:
    """Lower case, without punctuation, control signs and accents; with `blanks` also without these."""
    found = _CONTROL.sub("", _PUNCTUATION.sub("", text.strip().lower()))
    spelled = "".join(_LETTERS.get(c, c) for c in found)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))
    plain = "".join(_LETTERS.get(c, c) for c in _PUNCTUATION.sub("", plain))
    return re.sub(r"\s+", "", plain) if blanks else plain


def fingerprint(text: str) -> str:
    """The different words, sorted."""
    return " ".join(sorted(set(normalised(text).split())))


def ngram_fingerprint(text: str, size: int = 2) -> str:
    """The different runs of so many characters, sorted."""
    plain = normalised(text, blanks=True)
    return "".join(sorted({plain[n : n + size] for n in range(len(plain) - size + 1)}))


def double_metaphone(text: str) -> str:
    """Lawrence Philips' code of 2000, of each word."""
    from assets.kettle.text.double_metaphone import double_metaphone as code

    return " ".join(filter(None, (code(word) for word in normalised(text).split())))


def metaphone(text: str) -> str:
    """Lawrence Philips' code of 1990."""
    import jellyfish

    return jellyfish.metaphone(normalised(text))


def soundex(text: str) -> str:
    """Russell's code, of each word."""
    import jellyfish

    return " ".join(jellyfish.soundex(word) for word in normalised(text).split() if word[0].isascii())


_COLOGNE = {"h": "", "b": "1", "f": "3", "v": "3", "w": "3", "g": "4", "k": "4", "q": "4", "l": "5", "m": "6", "n": "6"}
_COLOGNE |= {"r": "7", "s": "8", "z": "8"} | dict.fromkeys("aeijouy", "0")


def cologne(text: str) -> str:
    """Cologne phonetics (Postel 1969), for German names; of each word."""
    folded = text.lower().replace("ä", "a").replace("ö", "o").replace("ü", "u").replace("ß", "ss")
    return " ".join(filter(None, (_cologne_word(word) for word in normalised(folded).split())))


def _cologne_word(word: str) -> str:
    letters = [c for c in word if "a" <= c <= "z"]
    codes = []
    for n, letter in enumerate(letters):
        before, after = (letters[n - 1] if n else ""), (letters[n + 1] if n + 1 < len(letters) else "")
        codes.append(_cologne_letter(letter, before, after, first=n == 0))
    digits = "".join(codes)
    single = re.sub(r"(.)\1+", r"\1", digits)
    return single[:1] + single[1:].replace("0", "")


def _cologne_letter(letter: str, before: str, after: str, *, first: bool) -> str:
    if letter == "p":
        return "3" if after == "h" else "1"
    if letter in "dt":
        return "8" if after and after in "csz" else "2"
    if letter == "x":
        return "8" if before and before in "ckq" else "48"
    if letter == "c":
        hard = after and after in ("ahkloqrux" if first else "ahkoqux")
        return "4" if hard and not (before and before in "sz") else "8"
    return _COLOGNE.get(letter, "")


KEYERS: dict[str, Callable[..., str]] = {
    "fingerprint": fingerprint,
    "ngram-fingerprint": ngram_fingerprint,
    "double-metaphone": double_metaphone,
    "metaphone": metaphone,
    "soundex": soundex,
    "cologne-phonetic": cologne,
}
