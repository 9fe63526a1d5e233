"""Has a language model describe the assets of which something new is known, and keeps what it says beside the rest.

What it says is an entry of its own, so that it cannot touch what people wrote, tags, owners or anything else. Evidence
that is the same is never asked about again.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field

from assets.catalog.facts import KIND as ASSET
from assets.catalog.model import Value
from assets.catalog.narrate.answer import SYSTEM, Both, question, read
from assets.catalog.people import PRIVATE
from assets.catalog.store.versions import Change, Versions
from core.errors import LlmError
from core.hashing import digest

if TYPE_CHECKING:
    from assets.catalog.card import Card
    from resources.ports import Llm

KIND = "model_text"  # kind of these entries in the catalogue
SECONDS = 30.0  # of one registration: a sensor has a minute
TIMEOUT = 15.0  # of one question


class Told(Value):
    """What a model said of an asset.

    Attributes:
        evidence: digest of what it was told.
        at: ISO 8601 moment.
    """

    en: str = ""
    zh: str = ""
    columns: dict[str, Both] = Field(default_factory=dict)
    model: str
    at: str
    evidence: str


class Narrated(NamedTuple):
    """How many assets were described, how many wait, and why it stopped ("" when it did not)."""

    described: int
    waiting: int
    note: str


def narrate(versions: Versions, llm: "Llm", run: str = "", seconds: float = SECONDS) -> Narrated:
    """Asks about each asset whose versions differ from those asked about before, while there is time.

    A model that is down stops it: the templates' sentences stay, each with a note, and the next registration tries
    again. An answer that cannot be used is noted and not asked for again until the evidence differs.
    """
    from assets.catalog.card import card
    from assets.catalog.narrate.evidence import evidence

    seen, below = {k: d.get("seen") for k, d in versions.last_measured(KIND)}, _open_below(versions)
    tables = _tables(versions)
    numbers = versions.numbers()
    waiting = [k for k in below if seen.get(k) != _mark(k, tables.get(k, ""), numbers)]
    done, note, until = 0, "", time.monotonic() + seconds
    for place, key in enumerate(waiting):
        found = card(versions, key, below)
        mark = _mark(key, tables.get(key, ""), numbers)
        if _said_by_people(found) or PRIVATE in found.tags:
            versions.measure(KIND, {key: {"seen": mark}}, run)
            continue
        told = evidence(found, below.keys())
        hashed = digest([llm.model, question(told)])
        former = versions.get(KIND, key)
        if former and former.document and former.document["evidence"] == hashed:
            versions.measure(KIND, {key: {"seen": mark}}, run)
            continue
        if time.monotonic() > until:
            return Narrated(done, len(waiting) - place, f"no more than {seconds:g} s a time")
        try:
            text = llm.complete(SYSTEM, question(told))
        except LlmError as error:
            note = f"{error.what}; templates stand in"
            versions.measure(KIND, {k: {"note": note} for k in waiting[place:]}, run)
            return Narrated(done, len(waiting) - place, note)
        try:
            given = read(text, [line.column.name for line in found.lines])
        except LlmError as error:
            note = f"{llm.model}: {error.what}; templates stand in"
            versions.measure(KIND, {key: {"seen": mark, "note": note}}, run)
            continue
        at = datetime.now(UTC).isoformat(timespec="seconds")
        said = Told(en=given.en, zh=given.zh, columns=given.columns, model=llm.model, at=at, evidence=hashed)
        cause = "described from evidence"
        versions.put(KIND, key, said.model_dump(mode="json"), Change(f"model {llm.model}", cause, run, at))
        versions.measure(KIND, {key: {"seen": mark}}, run)
        done += 1
    return Narrated(done, 0, note)


def told_of(versions: Versions, key: str) -> tuple[Told | None, str]:
    """What a model said of an asset, and why it said nothing new."""
    found, last = versions.get(KIND, key), versions.measured(KIND, key)
    said = Told.model_validate(found.document) if found else None
    return said, last[0][2].get("note", "") if last else ""


def _said_by_people(card: "Card") -> bool:
    """Whether people described it and all its columns already."""
    return bool(card.written) and all(line.text for line in card.lines)


def _open_below(versions: Versions) -> dict[str, list[str]]:
    """Each asset that everybody may see -> those of them that are made from it."""
    documents = {v.key: v.document or {} for v in versions.latest(ASSET) if not _private(v.document or {})}
    found: dict[str, list[str]] = {key: [] for key in documents}
    for key, document in documents.items():
        for above in document.get("upstream", ()):
            if above in found:
                found[above].append(key)
    return found


def _private(document: Mapping[str, Any]) -> bool:
    return PRIVATE in document.get("tags", ()) or PRIVATE in document.get("written", {}).get("tags", ())


def _tables(versions: Versions) -> dict[str, str]:
    from assets.catalog.searchable import assets_of_tables

    return {asset: table for table, asset in assets_of_tables(versions).items()}


def _mark(key: str, table: str, numbers: Mapping[tuple[str, str], int]) -> list[int]:
    """The versions of what an asset's evidence is made of."""
    return [numbers.get((ASSET, key), 0), numbers.get(("table", table), 0), numbers.get(("tags", key), 0)]
