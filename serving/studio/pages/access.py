"""Who sees what: for a person, role, team or project each table's rows and columns, and the line of the policy."""

from typing import NamedTuple

from assets.security.access.access import Access
from assets.security.access.effective import GROUPS, Effective, effective, principals, tables
from serving.studio.pages.tags import HIDDEN
from serving.studio.visit import Visit

PAGE = 25  # tables
MOST_COLUMNS = 200
KINDS = ("person", *GROUPS)


class Shown(NamedTuple):
    """A table on the page; `entry` is the key of its page."""

    entry: str
    found: Effective


def page(visit: Visit) -> str:
    """The page of `?person=&role=&project=&team=&purpose=&q=&page=`; without them, of the reader for no purpose."""
    studio = visit.studio
    known = principals(studio.access("access"))
    wanted = {kind: visit[kind] for kind in (*KINDS, "purpose")}
    groups = frozenset(f"{kind}:{wanted[kind]}" for kind in GROUPS if wanted[kind])
    person = wanted["person"] or ("" if groups else studio.who)
    asked = Access(studio.settings, studio.versions, person, wanted["purpose"], entry="studio access", groups=groups)
    listing, words = studio.shelf.listing(), visit["q"].lower().split()
    keys = [
        found
        for found in tables(studio.versions)
        if all(map(listing.sees, found)) and all(w in " ".join(found).lower() for w in words)
    ]
    number = visit.number("page", 1)
    part = keys[(number - 1) * PAGE : number * PAGE]
    hidden = sorted(listing.hidden, key=len, reverse=True)

    def open_to_reader(text: str) -> str:
        """Reasons may name tables that are private to others."""
        for key in hidden:
            text = text.replace(key, HIDDEN)
        return text

    return visit.page(
        "access.html",
        visit.say("access"),
        known={**known, "person": sorted({studio.who, *known["person"]})},
        wanted={**wanted, "person": person},
        kinds=KINDS,
        name=asked.asker.name,
        policy=asked.policy,
        tables=[Shown(next((k for k in found if k in listing.by_key), ""), effective(asked, found)) for found in part],
        told=open_to_reader,
        most=MOST_COLUMNS,
        total=len(keys),
        number=number,
        more=len(keys) > number * PAGE,
    )
