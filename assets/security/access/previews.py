"""Cards of the catalogue as a person may see them: no values, ranges or pictures of what the policy hides."""

from dataclasses import replace
from typing import TYPE_CHECKING

from assets.catalog.scan.profile.withhold import withhold
from assets.security.access.access import Access

if TYPE_CHECKING:
    from assets.catalog.card import Card


def of_card(found: "Card", access: Access) -> "Card":
    """The card; where rows are hidden no column shows values, otherwise those columns that are not seen as they are."""
    if access.policy is None:
        return found
    columns = [(line.column.name, line.column.type) for line in found.lines]
    _, decision = access.decided((found.asset, found.table), columns)
    if decision.whole:
        return found
    all_, hidden = decision.filtered or not decision.allowed, decision.hidden
    lines = tuple(
        replace(line, profile=withhold(line.profile))
        if line.profile is not None and (all_ or line.column.name in hidden)
        else line
        for line in found.lines
    )
    measured = {k: v for k, v in found.measured.items() if k != "profiles"}
    return replace(found, lines=lines, measured=measured)
