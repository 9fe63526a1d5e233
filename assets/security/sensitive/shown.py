"""Values as people may see them: enough to recognise the kind, never enough to know the value."""

from unicodedata import category

SAMPLES = 3


def masked(value: str) -> str:
    """A value of which punctuation and blanks alone show, and little else.

    The first character of values over three characters stays, and in values of twelve and more the last two; of
    shorter values nothing does. At most a quarter of the value is shown, at most 24 characters come back.
    """
    text = value.strip()
    keep = (1 if len(text) > 3 else 0, 2 if len(text) >= 12 else 0)
    last = len(text) - keep[1]
    shown = "".join(
        c if c.isprintable() and (i < keep[0] or i >= last or category(c)[0] in "PSZ") else "*"
        for i, c in enumerate(text)
    )
    return shown if len(shown) <= 24 else f"{shown[:12]}…{shown[-2:]}"


def hidden(value: str) -> str:
    """A secret: only that there is one."""
    return f"<{len(value.strip())} characters>"


def sample(value: str, level: int) -> str:
    """A value of a class of that level, masked."""
    return hidden(value) if level >= 4 else masked(value)
