"""What helps who wrote a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 30


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three names that are alike, whatever their case, the nearest first."""
    by_case: dict[str, str] = {}
    for one in known:
        by_case.setdefault(one.casefold(), one)
    return [by_case[found] for found in get_close_matches(name.casefold(), by_case, 3)]


def near(name: str, known: Iterable[str]) -> str:
    """`did you mean customer_id? there are: …`: the nearest names, whatever their case, then the first 30 of all."""
    names = list(known)
    close = nearest(name, names)
    more = f", … ({len(names):,} in all)" if len(names) > _MOST else ""
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{meant}there are: {', '.join(names[:_MOST]) or 'none'}{more}"
