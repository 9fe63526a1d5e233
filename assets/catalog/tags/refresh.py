"""Works out the tags of all assets: own proposals, what people decided, and what flows from upstream.

Nothing that a person said is changed. What nothing speaks for any more is removed, and with it what it gave to the
columns below.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from assets.catalog.changes.entry import TABLE, TableEntry
from assets.catalog.facts import KIND as ASSET
from assets.catalog.lineage.store import LineageStore
from assets.catalog.model import Profile
from assets.catalog.searchable import assets_of_tables
from assets.catalog.store.versions import Change, Version, Versions, insist
from assets.catalog.tags.flow import Flow, Link, Stops, flow
from assets.catalog.tags.kept import DECIDED, GUARDED, KIND, Tag, Tags, all_tags, document
from assets.catalog.tags.propose import Proposal, of_table
from assets.catalog.tags.vocabulary import load
from assets.catalog.tags.ways import Place, masked, ways
from core.settings import Settings

STEADY = 0.05  # a confidence that moves less is no new version
CERTAIN = 1.0
HASHES = {"hash", "password_hash"}  # types of columns in which nothing personal is left to see
Own = dict[Place, dict[str, Proposal]]
Implied = Callable[[str], tuple[str, ...]]


def refresh(settings: Settings, versions: Versions, change: Change, stops: Stops[Place] = masked) -> list[Version]:
    """Brings the tags of all assets up to date; returns the new versions.

    What a person decides meanwhile is taken into account.

    Args:
        change: who is the cause: a run, a scan, or the person who decided.
        stops: which edges take a tag away.

    Raises:
        SemanticsError: tags.yaml or a file of semantic types is wrong.
        ConflictError: others decide all the time.
    """
    return insist(lambda: _refresh(settings, versions, change, stops))


def _refresh(settings: Settings, versions: Versions, change: Change, stops: Stops[Place]) -> list[Version]:
    numbers = versions.numbers(KIND)  # before the tags are read: a change in between is a conflict, not lost
    former = all_tags(versions)
    own, columns, hashed, implied = _own(settings.catalog_files, versions)
    decided = {
        (key, column): {name: tag for name, tag in found.items() if tag.state in DECIDED}
        for key, tags in former.items()
        for column, found in tags.columns.items()
    }
    lineage = ways(LineageStore(settings.catalog), columns)

    def ends(link: Link[Place], tag: str) -> bool:
        return stops(link, tag) or (link.end in hashed and tag.startswith(GUARDED))

    flown = carry(own, decided, lineage, ends, implied)
    new = _once(_together(own, decided, flown, former), implied)
    entries = [(KIND, key, document(tags)) for key, tags in new.items() if former.get(key) != tags]
    entries += [(KIND, key, None) for key in former if key not in new]
    expected = {(kind, key): numbers.get((kind, key), 0) for kind, key, _ in entries}
    return versions.put_all(entries, change, expected=expected)


def carry(
    own: Mapping[Place, Mapping[str, Proposal]],
    decided: Mapping[Place, Mapping[str, Tag]],
    lineage: Collection[Link[Place]],
    stops: Stops[Place] = masked,
    implied: Implied = lambda tag: (),
) -> Flow[Place]:
    """Own proposals and accepted tags along lineage; a person's acceptance is certain, so it goes before guesses.

    Args:
        implied: the wider tags of a tag; who refused one of them refused the tag too, unless they accepted it.
    """
    tags = {place: {name: p.confidence for name, p in found.items()} for place, found in own.items()}
    for place, found in decided.items():
        accepted = {name: CERTAIN for name, tag in found.items() if tag.state == "accepted"}
        if accepted:
            tags[place] = tags.get(place, {}) | accepted
    refused = {(p, name) for p, found in decided.items() for name, tag in found.items() if tag.state == "refused"}
    names = {name for found in (*own.values(), *decided.values()) for name in found}
    narrower = {name: [n for n in names if name in implied(n)] for _, name in refused}
    refused |= {(p, n) for p, name in set(refused) for n in narrower[name] if n not in decided.get(p, {})}
    return flow(tags, lineage, refused=refused, stops=stops)


def _own(folder: Path, versions: Versions) -> tuple[Own, dict[str, set[str]], set[Place], Implied]:
    """The proposals of each column, the columns of each asset, those that hold hashes, and the tags' wider ones."""
    from assets.catalog.semantics import registry
    from assets.security.sensitive.observed import proposed

    types = registry.load(folder)
    vocabulary, assets = load(folder, types), assets_of_tables(versions)
    measured = dict(versions.last_measured(TABLE))
    own: Own = {}
    hashed: set[Place] = set()
    columns: dict[str, set[str]] = {}
    for version in versions.latest(TABLE):
        entry, key = TableEntry.model_validate(version.document), assets.get(version.key, version.key)
        said = measured.get(version.key, {}).get("profiles", {})
        profiles = {c: Profile.model_validate(p) for c, p in said.items()}
        columns.setdefault(key, set()).update(c.name for c in entry.table.columns)
        hashed |= {(key, c) for c, m in entry.meanings.items() if m.type in HASHES}
        own |= {(key, column): found for column, found in of_table(entry, profiles, vocabulary).items()}
    for place, said in proposed(versions, assets).items():
        own[place] = said | own.get(place, {})
    for version in versions.latest(ASSET):
        names = {c["name"] for c in (version.document or {}).get("columns", ())}
        if names:
            columns.setdefault(version.key, set()).update(names)
    return own, columns, hashed, vocabulary.implied


def _together(
    own: Own, decided: Mapping[Place, Mapping[str, Tag]], flown: Flow[Place], former: Mapping[str, Tags]
) -> dict[str, Tags]:
    found: dict[str, dict[str, dict[str, Tag]]] = {}
    for place, tags in flown.nodes().items():
        key, column = place
        if not _asset(key):
            continue
        before = former.get(key, Tags()).columns.get(column, {})
        for name, confidence in tags.items():
            made = _tag(flown.path(place, name), confidence, own.get(place, {}).get(name))
            found.setdefault(key, {}).setdefault(column, {})[name] = _steady(made, before.get(name))
    for (key, column), said in decided.items():
        if said:
            found.setdefault(key, {}).setdefault(column, {}).update(said)
    return {key: Tags(columns=columns) for key, columns in found.items()}


def _once(found: dict[str, Tags], implied: Implied) -> dict[str, Tags]:
    """Each tag with the wider ones that it implies; and these not once more, unless a person said something of them."""
    return {key: Tags(columns={c: _narrow(tags, implied) for c, tags in t.columns.items()}) for key, t in found.items()}


def _narrow(tags: Mapping[str, Tag], implied: Implied) -> dict[str, Tag]:
    sure: set[str] = set()
    guessed: set[str] = set()
    for name, tag in tags.items():
        if tag.state != "refused":
            (sure if tag.in_force else guessed).update(implied(name))
    return {
        name: tag if tag.implies == (wider := implied(name)) else tag.model_copy(update={"implies": wider})
        for name, tag in tags.items()
        if tag.state in DECIDED or name not in (sure if tag.in_force else sure | guessed)
    }


def _tag(path: list[Place], confidence: float, own: Proposal | None) -> Tag:
    if len(path) == 1 and own is not None:
        return Tag(state="proposed", confidence=own.confidence, by=own.by, evidence=own.evidence)
    why = f"{_named(path[0])} has it; {len(path) - 1} step{'s' if len(path) > 2 else ''} of lineage"
    return Tag(
        state="inherited" if confidence == CERTAIN else "proposed",
        confidence=confidence,
        by="lineage",
        evidence=(why,),
        path=tuple(_named(place) for place in path),
    )


def _steady(made: Tag, former: Tag | None) -> Tag:
    """The former one where only its confidence and what was sampled moved a little."""
    same = former is not None and (former.state, former.by, former.path) == (made.state, made.by, made.path)
    return former if same and former and abs(former.confidence - made.confidence) < STEADY else made


def _asset(key: str) -> bool:
    """Whether a key of the graph is an asset's or a scanned table's; steps, answers and documents are not."""
    return "/" in key and ":" not in key


def _named(place: Place) -> str:
    return f"{place[0]}.{place[1]}" if place[1] else place[0]
