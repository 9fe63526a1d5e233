"""A person's decision about a tag, from an entry's page."""

from assets.catalog.tags.decide import decide
from core.errors import HeddleError
from serving.studio.forms import Form
from serving.studio.pages.save import expected
from serving.studio.visit import Visit, link


def save(visit: Visit, form: Form) -> str:
    """Accepts or refuses a tag, made of the version of the tags that was shown.

    Raises:
        HeddleError: there is no such column, or no name of a tag.
        StoreError: somebody else decided meanwhile.
    """
    studio = visit.studio
    card = studio.card(form.get("key", ""))
    state = form.get("state", "")
    if state not in ("accepted", "refused"):
        raise HeddleError("the form says neither accept nor refuse", "open the page again")
    place = (card.asset, form.get("column", "").strip())
    decide(studio.settings, studio.versions, place, form.get("tag", "").strip(), state == "accepted", studio.who,
           expected=expected(form))  # fmt: skip
    return link("/entry", key=card.key) + "#tags"
