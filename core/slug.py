"""Any text as a part of an asset key."""

import re

from core.hashing import digest

LONGEST = 63


def slug(text: str) -> str:
    """The text as a part of a key: lower case letters, digits and single underscores; a digest where it is too long."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or f"n_{digest([text])[:8]}"
    if not plain[0].isalpha():
        plain = f"n{plain}"
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 9].rstrip('_')}_{digest([text])[:8]}"
