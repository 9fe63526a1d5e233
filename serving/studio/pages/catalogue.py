"""The list of entries: searched, narrowed down, fifty at a time, the most valuable first."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from serving.studio.pages.record import address
from serving.studio.shelf import Listing, Row, Wanted
from serving.studio.visit import Visit

PAGE = 50
MOST_PAGES = 20  # of a search: nobody reads on, and each page costs what those before it cost
MOST_CHOICES = 200
MOST_KEPT = 50  # combinations of filters whose rows are kept
FILTERS = Wanted._fields


class Found(NamedTuple):
    """One line of the list, with the reasons of a search."""

    row: Row
    reasons: tuple[str, ...] = ()


def page(visit: Visit) -> str:
    """The page of `?q=&kind=&source=&owner=&tag=&page=`."""
    listing = visit.studio.shelf.listing()
    wanted = Wanted(*(visit[name] for name in FILTERS))
    number = visit.number("page", 1)
    number = min(number, MOST_PAGES) if visit["q"] else number
    found, total = _found(listing, visit["q"], wanted, number, visit.say.lang)
    everywhere = dict(_narrowed(listing, Wanted())[1]["tag"])
    return visit.page(
        "catalogue.html",
        visit.say("catalogue"),
        found=found,
        total=total,
        number=number,
        more=total > number * PAGE and not (visit["q"] and number == MOST_PAGES),
        wanted=wanted._asdict(),
        choices=_narrowed(listing, wanted)[1],
        common={tag for tag, n in everywhere.items() if 2 * n > len(listing.rows)},
        empty=not listing.rows,
        address=address,
    )


def _found(listing: Listing, question: str, wanted: Wanted, number: int, lang: str) -> tuple[list[Found], int]:
    """The entries of a page, and how many there are; of a search, one more than were shown stands for more."""
    begin, end = (number - 1) * PAGE, number * PAGE
    if question:
        hits = listing.find(question, end + 1, wanted)
        return [Found(listing.by_key[h.key], h.told(lang)) for h in hits[begin:end]], len(hits)
    rows, _ = _narrowed(listing, wanted)
    return [Found(r) for r in rows[begin:end]], len(rows)


Choices = dict[str, list[tuple[str, int]]]


def _narrowed(listing: Listing, wanted: Wanted) -> tuple[list[Row], Choices]:
    """The wanted rows; and filter -> its values with how many entries each would leave, given the other filters."""
    if wanted not in listing.memo:
        if len(listing.memo) > MOST_KEPT:
            listing.memo.clear()
        listing.memo[wanted] = _narrow(listing.rows, wanted)
    kept: tuple[list[Row], Choices] = listing.memo[wanted]
    return kept


def _narrow(rows: Iterable[Row], wanted: Wanted) -> tuple[list[Row], Choices]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILTERS}
    kept = []
    asked = [(name, want) for name, want in wanted._asdict().items() if want]
    for row in rows:
        values = {"kind": (row.kind,), "source": (row.source,), "owner": row.owners, "tag": (*dict.fromkeys(row.tags),)}
        missed = [name for name, want in asked if want not in values[name]]
        if not missed:
            kept.append(row)
        for name in missed if len(missed) == 1 else () if missed else FILTERS:
            counts[name].update(values[name])
    return kept, {name: sorted((v, n) for v, n in c.most_common(MOST_CHOICES) if v) for name, c in counts.items()}
