"""Sort keys of text by the letters of a locale, close to Java's Collator for Latin scripts."""

import unicodedata

_IGNORED = {" ", "-", "\u00a0", "\u00ad", "\u200b", "\t", "\n", "\r"}


def collation_key(text: str, strength: int) -> bytes:
    """Bytes that order as the collator does.

    Letters decide first whatever their case and accents, blanks and hyphens last; strength 0 looks at letters only,
    1 also at accents, 2 also at case (small before capital), 3 at everything.
    """
    base: list[int] = []
    accents: list[int] = []
    cases: list[int] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            accents.append(ord(char))
            continue
        if char in _IGNORED:
            accents.append(ord(char))
            continue
        base += _weight(char)
        accents.append(0)
        cases.append(1 if char.isupper() else 0)
    levels = [base, accents, cases, [ord(c) for c in text]][: strength + 1]
    return b"\0\0\0\0".join(b"".join((v + 1).to_bytes(4, "big") for v in level) for level in levels)


def _weight(char: str) -> list[int]:
    """Signs before digits before letters; letters by their folded form."""
    if char.isdecimal():
        return [0x100000 + int(char)]
    if char.isalpha():
        return [0x200000 + ord(c) for c in char.casefold()]
    return [ord(char)]
