"""Texts of data for a terminal, which obeys the control characters in them if it is let."""

_CODES = {c: 0x2400 + c for c in range(0x20) if chr(c) not in "\n\t"}
_CODES |= {0x7F: 0x2421} | dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)


def visible(text: str) -> str:
    """The text with pictures in place of control characters: `\\x1b` is `␛`; line ends and tabs stay."""
    return text.translate(_CODES)
