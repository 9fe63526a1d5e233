"""What forms do: write words, accept changes, decide on relations; each returns the page to go to."""

from assets.catalog import edit as edits
from assets.catalog.attributes.model import read
from assets.catalog.card import Card
from assets.catalog.changes.entry import TABLE
from assets.catalog.people import PRIVATE, sees, teams
from assets.catalog.record import accept as take
from assets.catalog.relate import named
from assets.catalog.relations.model import State
from assets.catalog.relations.store import decide
from core.errors import HeddleError
from serving.studio import attributes
from serving.studio.forms import Form
from serving.studio.pages.column import find, places
from serving.studio.pages.entry import edited, mark
from serving.studio.studio import Studio
from serving.studio.visit import Visit, link

LONGEST = {"description": 20_000, "owners": 500, "tags": 1000, "text": 5000, "note": 1000, "owner": 500}


def entry(visit: Visit, form: Form) -> str:
    """Description, owners and tags of an entry, made of the version that was shown.

    Raises:
        HeddleError: a text is too long, an attribute does not fit or is missing, or the writer would not see the
            entry any more.
        StoreError: somebody else changed it meanwhile.
    """
    studio = visit.studio
    card = studio.card(form.get("key", ""))
    kind, key = edited(card)
    found = studio.versions.get(kind, key)
    before = (found.document if found else None) or {}
    former = set((before.get("written", {}) if kind != TABLE else before).get("tags", []))
    owners, tags = listed_in(_text(form, "owners")), set(listed_in(_text(form, "tags")))
    said, known = attributes.sent(form), read(studio.settings.catalog_files)
    description = _text(form, "description")
    wanted = edits.Edit(description, owners, sorted(tags - former), sorted(former - tags), attributes=said)
    _stays_visible(studio, card, owners, tags)
    edits.edit(studio.versions, kind, key, wanted, studio.who, expected(form), known)
    return link("/entry", key=card.key)


def column(visit: Visit, form: Form) -> str:
    """What people say of a column, or its semantic type; `what` says which.

    Raises:
        HeddleError: there is no such type, a text is too long, or an attribute does not fit.
        StoreError: somebody else changed the entry meanwhile.
    """
    studio = visit.studio
    card = studio.card(form.get("key", ""))
    line = find(card, form.get("name", "").strip())
    name = line.column.name
    text, meaning = places(studio, card, name)
    if form.get("what") == "meaning":
        wanted = edits.Edit(meanings={name: studio.types[form.get("type", "")].name})
        place = meaning
    else:
        said = _text(form, "text")
        # the definition's words do not become a person's
        texts = {} if said == line.text.strip() else {name: said}
        own = {name: attributes.sent(form)}
        wanted, place = (
            edits.Edit(columns=texts, column_attributes=own, column_owners={name: _text(form, "owner")}),
            text,
        )
    known = read(studio.settings.catalog_files)
    edits.edit(studio.versions, *place, wanted, studio.who, expected(form), known)
    return link("/column", key=card.key, name=name)


def accept(visit: Visit, form: Form) -> str:
    """Accepts the breaking changes of a scanned table that were shown.

    Raises:
        HeddleError: others came since.
    """
    studio = visit.studio
    card = studio.card(form.get("key", ""))
    if not card.pending or form.get("shown") != mark(card.pending):
        raise HeddleError(f"{card.key} changed since the page was shown", "look at it again")
    take(studio.versions, card.table, studio.who)
    return link("/entry", key=card.key)


def relation(visit: Visit, form: Form) -> str:
    """Accepts or refuses a relation of tables that the person may see.

    Raises:
        HeddleError: there is no such relation.
    """
    studio = visit.studio
    known = studio.relations(studio.shelf.listing())
    found = named(known, form.get("child", ""), form.get("parent", ""))
    state = State.REFUSED if form.get("state") == State.REFUSED.value else State.ACCEPTED
    decide(studio.settings.catalog_files, found, state, studio.who, _text(form, "note"))
    back = form.get("back", "")
    return link("/entry", key=back) if back else link("/graph", view="relations")


def _text(form: Form, name: str) -> str:
    text = form.get(name, "").strip()
    if len(text) > LONGEST[name]:
        raise HeddleError(f"{name} has {len(text)} characters", f"write at most {LONGEST[name]}")
    return text


def listed_in(text: str) -> list[str]:
    """The parts of a list with commas, each once."""
    return list(dict.fromkeys(part for part in (p.strip() for p in text.replace("，", ",").split(",")) if part))


def expected(form: Form) -> int:
    """The version that a form was made of. Raises HeddleError where it says none."""
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit()):
        raise HeddleError("the form does not say which version it was made of", "open the page again")
    return int(text[:9])


def _stays_visible(studio: Studio, card: Card, owners: list[str], tags: set[str]) -> None:
    """Nobody locks themselves out."""
    if PRIVATE in tags and not sees(studio.who, teams(studio.settings.catalog_files))(tags, owners or card.owners):
        raise HeddleError(
            f"you ({studio.who}) would not see {card.key} any more", "name yourself or a team of yours as owner too"
        )
