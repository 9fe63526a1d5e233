"""Sound codes of words as Kettle's library (commons-codec) makes them: Soundex, refined Soundex, Metaphone."""

from collections.abc import Callable

_SOUNDEX = "01230120022455012623010202"
_REFINED = "01360240043788015936020505"
CODE_LENGTH = 4


def _letters(text: str) -> str:
    """Upper-case letters only. Raises ValueError for letters that have no code, as Kettle's step fails."""
    cleaned = "".join(c for c in text if c.isalpha()).upper()
    for char in cleaned:
        if not "A" <= char <= "Z":
            raise ValueError(f"the character {char!r} has no sound code")
    return cleaned


def soundex(text: str) -> str:
    """The first letter and three digits; H and W do not part equal sounds."""
    letters = _letters(text)
    if not letters:
        return ""
    digits: list[str] = []
    last = _SOUNDEX[ord(letters[0]) - 65]
    for char in letters[1:]:
        if char in "HW":
            continue
        digit = _SOUNDEX[ord(char) - 65]
        if digit not in ("0", last):
            digits.append(digit)
        last = digit
    return (letters[0] + "".join(digits) + "000")[:CODE_LENGTH]


def refined_soundex(text: str) -> str:
    """The first letter and a digit for each change of sound, of any length."""
    letters = _letters(text)
    last, out = "", letters[:1]
    for char in letters:
        digit = _REFINED[ord(char) - 65]
        if digit != last:
            out += digit
        last = digit
    return out


class _Word:
    """A word under the reading position."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def starts(self, *parts: str) -> bool:
        """Whether one of the parts stands here."""
        return self.text.startswith(parts, self.at)

    def near(self, offset: int) -> str:
        """The character at an offset from here, "" outside."""
        place = self.at + offset
        return self.text[place] if 0 <= place < len(self.text) else ""

    def vowel(self, offset: int) -> bool:
        """Whether a vowel stands there."""
        return self.near(offset) in tuple("AEIOU")

    def front(self, offset: int) -> bool:
        """Whether E, I or Y stands there."""
        return self.near(offset) in tuple("EIY")


def _c(word: _Word) -> str:
    after_s = word.near(-1) == "S"
    if after_s and word.front(1):
        return ""
    if word.starts("CIA"):
        return "X"
    if word.front(1):
        return "S"
    if word.near(1) != "H" or after_s:
        return "K"
    return "K" if word.at == 0 and word.vowel(2) else "X"


def _d(word: _Word) -> str:
    if word.near(1) == "G" and word.front(2):
        word.at += 2
        return "J"
    return "T"


def _g(word: _Word) -> str:
    if word.near(1) == "H" and not word.vowel(2):
        return ""
    if word.at and word.starts("GN"):
        return ""
    return "J" if word.front(1) else "K"


def _h(word: _Word) -> str:
    return "H" if word.vowel(1) and word.near(-1) not in tuple("CSPTG") else ""


def _t(word: _Word) -> str:
    if word.starts("TIA", "TIO"):
        return "X"
    if word.starts("TCH"):
        return ""
    return "0" if word.starts("TH") else "T"


def _glide(word: _Word) -> str:
    return word.near(0) if word.vowel(1) else ""


_SOUNDS: dict[str, Callable[[_Word], str]] = {
    **{v: (lambda word: word.near(0) if word.at == 0 else "") for v in "AEIOU"},
    **{c: (lambda word: word.near(0)) for c in "FJLMNR"},
    "B": lambda word: "" if word.near(-1) == "M" and word.near(1) == "" else "B",
    "C": _c,
    "D": _d,
    "G": _g,
    "H": _h,
    "K": lambda word: "" if word.near(-1) == "C" else "K",
    "P": lambda word: "F" if word.near(1) == "H" else "P",
    "Q": lambda word: "K",
    "S": lambda word: "X" if word.starts("SH", "SIO", "SIA") else "S",
    "T": _t,
    "V": lambda word: "F",
    "W": _glide,
    "X": lambda word: "KS",
    "Y": _glide,
    "Z": lambda word: "S",
}
_STARTS = {"KN": "N", "GN": "N", "PN": "N", "AE": "E", "WR": "R", "WH": "W"}


def metaphone(text: str) -> str:
    """At most four sounds; one character alone is its own code; what is no letter A to Z is silent."""
    if len(text) < 2:
        return text.upper()
    letters = text.upper()
    letters = _STARTS.get(letters[:2], letters[:2]) + letters[2:]
    word = _Word("S" + letters[1:] if letters[0] == "X" else letters)
    code = ""
    while len(code) < CODE_LENGTH and word.at < len(word.text):
        char = word.near(0)
        sound = _SOUNDS.get(char)
        if sound is not None and (char == "C" or word.near(-1) != char):
            code += sound(word)
        word.at += 1
    return code[:CODE_LENGTH]
