"""The primary Double Metaphone code of a word (Lawrence Philips' rules, four sounds), as Kettle computes it.

A rule looks at the word around the letter and says which sounds to add and how many letters are used up.
"""

from collections.abc import Callable

CODE_LENGTH = 4
_GERMANIC = ("VAN ", "VON ", "SCH")


class _Word:
    """An upper-case word and a position in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.slavic = "W" in text or "K" in text or "CZ" in text

    def has(self, offset: int, *parts: str) -> bool:
        """Whether one of the parts stands at that offset from here."""
        place = self.at + offset
        return place >= 0 and self.text.startswith(parts, place)

    def begins(self, *parts: str) -> bool:
        """Whether the word begins with one of the parts."""
        return self.text.startswith(parts)

    def vowel(self, offset: int) -> bool:
        """Whether A, E, I, O, U or Y stands there."""
        return self.has(offset, *"AEIOUY")

    @property
    def last(self) -> bool:
        """Whether this is the last letter."""
        return self.at == len(self.text) - 1


Sound = tuple[str, int]


def _doubled(sound: str, letters: str) -> Callable[[_Word], Sound]:
    """The same sound always; one of `letters` behind it is swallowed."""
    return lambda w: (sound, 2 if w.has(1, *letters) else 1)


def _b_in_c(w: _Word) -> bool:
    if w.has(0, "CHIA"):
        return True
    if w.at <= 1 or w.vowel(-2) or not w.has(-1, "ACH"):
        return False
    return not w.has(2, "I", "E") or w.has(-2, "BACHER", "MACHER")


def _c(w: _Word) -> Sound:
    if _b_in_c(w):
        return "K", 2
    if w.at == 0 and w.has(0, "CAESAR"):
        return "S", 2
    if w.has(0, "CH"):
        return _ch(w), 2
    if w.has(0, "CZ") and not w.has(-2, "WICZ"):
        return "S", 2
    if w.has(1, "CIA"):
        return "X", 3
    if w.has(0, "CC") and not (w.at == 1 and w.begins("M")):
        return _cc(w)
    if w.has(0, "CK", "CG", "CQ"):
        return "K", 2
    if w.has(0, "CI", "CE", "CY"):
        return "S", 2
    if w.has(1, " C", " Q", " G"):
        return "K", 3
    return "K", 2 if w.has(1, "C", "K", "Q") and not w.has(1, "CE", "CI") else 1


def _cc(w: _Word) -> Sound:
    if not w.has(2, "I", "E", "H") or w.has(2, "HU"):
        return "K", 2
    return ("KS" if (w.at == 1 and w.has(-1, "A")) or w.has(-1, "UCCEE", "UCCES") else "X"), 3


def _ch(w: _Word) -> str:
    if w.at > 0 and w.has(0, "CHAE"):
        return "K"
    greek = w.has(1, "HARAC", "HARIS", "HOR", "HYM", "HIA", "HEM") and not w.begins("CHORE")
    if w.at == 0 and greek:
        return "K"
    hard_next = w.has(2, *"LRNMBHFVW ") or w.at + 1 == len(w.text) - 1
    if (
        w.begins(*_GERMANIC)
        or w.has(-2, "ORCHES", "ARCHIT", "ORCHID")
        or w.has(2, "T", "S")
        or ((w.at == 0 or w.has(-1, "A", "O", "U", "E")) and hard_next)
    ):
        return "K"
    return "K" if w.at > 0 and w.begins("MC") else "X"


def _d(w: _Word) -> Sound:
    if w.has(0, "DG"):
        return ("J", 3) if w.has(2, "I", "E", "Y") else ("TK", 2)
    return "T", 2 if w.has(1, "T", "D") else 1


def _g(w: _Word) -> Sound:
    if w.has(1, "H"):
        return _gh(w)
    if w.has(1, "N"):
        if w.at == 1 and w.vowel(-1) and not w.slavic:
            return "KN", 2
        return ("N" if not w.has(2, "EY") and not w.slavic else "KN"), 2
    if w.has(1, "LI") and not w.slavic:
        return "KL", 2
    if w.at == 0 and w.has(1, "Y", "ES", "EP", "EB", "EL", "EY", "IB", "IL", "IN", "IE", "EI", "ER"):
        return "K", 2
    soft = w.begins("DANGER", "RANGER", "MANGER") or w.has(-1, "E", "I") or w.has(-1, "RGY", "OGY")
    if w.has(1, "ER", "Y") and not soft:
        return "K", 2
    if w.has(1, "E", "I", "Y") or w.has(-1, "AGGI", "OGGI"):
        return ("K" if w.begins(*_GERMANIC) or w.has(1, "ET") else "J"), 2
    return "K", 2 if w.has(1, "G") else 1


def _gh(w: _Word) -> Sound:
    if w.at > 0 and not w.vowel(-1):
        return "K", 1
    if w.at == 0:
        return ("J" if w.has(2, "I") else "K"), 2
    if w.has(-2, "B", "H", "D") or w.has(-3, "B", "H", "D") or w.has(-4, "B", "H"):
        return "", 2
    if w.at > 2 and w.has(-1, "U") and w.has(-3, "C", "G", "L", "R", "T"):
        return "F", 2
    return ("" if w.has(-1, "I") else "K"), 2


def _h(w: _Word) -> Sound:
    return ("H", 2) if (w.at == 0 or w.vowel(-1)) and w.vowel(1) else ("", 1)


def _j(w: _Word) -> Sound:
    if w.has(0, "JOSE") or w.begins("SAN "):
        spanish = (w.at == 0 and w.has(4, " ")) or len(w.text) == 4 or w.begins("SAN ")
        return ("H" if spanish else "J"), 1
    step = 2 if w.has(1, "J") else 1
    if w.at == 0 or (w.vowel(-1) and not w.slavic and w.has(1, "A", "O")) or w.last:
        return "J", step
    return ("" if w.has(1, *"LTKSNMBZ") or w.has(-1, "S", "K", "L") else "J"), step


def _m(w: _Word) -> Sound:
    silent_b = w.has(-1, "UMB") and (w.at + 1 == len(w.text) - 1 or w.has(2, "ER"))
    return "M", 2 if w.has(1, "M") or silent_b else 1


def _p(w: _Word) -> Sound:
    return ("F", 2) if w.has(1, "H") else ("P", 2 if w.has(1, "P", "B") else 1)


def _r(w: _Word) -> Sound:
    french = w.last and not w.slavic and w.has(-2, "IE") and not w.has(-4, "ME", "MA")
    return ("" if french else "R"), 2 if w.has(1, "R") else 1


def _s(w: _Word) -> Sound:
    if w.has(-1, "ISL", "YSL"):
        return "", 1
    if w.at == 0 and w.has(0, "SUGAR"):
        return "X", 1
    if w.has(0, "SH"):
        return ("S" if w.has(1, "HEIM", "HOEK", "HOLM", "HOLZ") else "X"), 2
    if w.has(0, "SIO", "SIA"):
        return "S", 3
    if (w.at == 0 and w.has(1, "M", "N", "L", "W")) or w.has(1, "Z"):
        return "S", 2 if w.has(1, "Z") else 1
    if w.has(0, "SC"):
        return _sc(w), 3
    silent = w.last and w.has(-2, "AI", "OI")
    return ("" if silent else "S"), 2 if w.has(1, "S", "Z") else 1


def _sc(w: _Word) -> str:
    if w.has(2, "H"):
        if w.has(3, "ER", "EN"):
            return "X"
        return "SK" if w.has(3, "OO", "UY", "ED", "EM") else "X"
    return "S" if w.has(2, "I", "E", "Y") else "SK"


def _t(w: _Word) -> Sound:
    if w.has(0, "TION", "TIA", "TCH"):
        return "X", 3
    if w.has(0, "TH", "TTH"):
        return ("T" if w.has(2, "OM", "AM") or w.begins(*_GERMANIC) else "0"), 2
    return "T", 2 if w.has(1, "T", "D") else 1


def _w(w: _Word) -> Sound:
    if w.has(0, "WR"):
        return "R", 2
    if w.at == 0 and (w.vowel(1) or w.has(0, "WH")):
        return "A", 1
    if (w.last and w.vowel(-1)) or w.has(-1, "EWSKI", "EWSKY", "OWSKI", "OWSKY") or w.begins("SCH"):
        return "", 1
    return ("TS", 4) if w.has(0, "WICZ", "WITZ") else ("", 1)


def _x(w: _Word) -> Sound:
    if w.at == 0:
        return "S", 1
    silent = w.last and (w.has(-3, "IAU", "EAU") or w.has(-2, "AU", "OU"))
    return ("" if silent else "KS"), 2 if w.has(1, "C", "X") else 1


def _z(w: _Word) -> Sound:
    return ("J", 2) if w.has(1, "H") else ("S", 2 if w.has(1, "Z") else 1)


_RULES: dict[str, Callable[[_Word], Sound]] = {
    **dict.fromkeys("AEIOUY", lambda w: ("A" if w.at == 0 else "", 1)),
    "B": _doubled("P", "B"),
    "\u00c7": lambda w: ("S", 1),
    "C": _c,
    "D": _d,
    "F": _doubled("F", "F"),
    "G": _g,
    "H": _h,
    "J": _j,
    "K": _doubled("K", "K"),
    "L": _doubled("L", "L"),
    "M": _m,
    "N": _doubled("N", "N"),
    "\u00d1": lambda w: ("N", 1),
    "P": _p,
    "Q": _doubled("K", "Q"),
    "R": _r,
    "S": _s,
    "T": _t,
    "V": _doubled("F", "V"),
    "W": _w,
    "X": _x,
    "Z": _z,
}


def double_metaphone(text: str) -> str | None:
    """At most four sounds; None for a blank text."""
    letters = text.strip().upper()
    if not letters:
        return None
    word = _Word(letters)
    word.at = 1 if word.begins("GN", "KN", "PN", "WR", "PS") else 0
    code = ""
    while len(code) < CODE_LENGTH and word.at < len(letters):
        rule = _RULES.get(letters[word.at])
        sound, used = rule(word) if rule else ("", 1)
        code += sound
        word.at += used
    return code[:CODE_LENGTH]
