"""Why an entry was found, in words."""

from collections.abc import Iterator, Sequence

from assets.catalog.search.model import Entry
from assets.catalog.search.question import Concept, Question
from assets.catalog.search.rank import Ranking
from assets.catalog.search.words import terms, whole

SHOWN = 6


def explain(asked: Question, ranking: Ranking, number: int, entry: Entry, keys: Sequence[str]) -> tuple[str, ...]:
    """The reasons, those of the concepts that count most first."""
    own = ranking.own[number]
    places = dict(_places(entry))
    order = sorted(range(len(own)), key=lambda c: -float(own[c]))
    told = [_reason(asked.concepts[c], places) for c in order if own[c] > 0]
    for concept, lender in ranking.lenders.get(number, {}).items():
        told.append(f"“{asked.concepts[concept].text}” is in {keys[lender]}, which it is joined to")
    if asked.time:
        dates = [c.name for c in entry.columns if c.date]
        if dates:
            told.append(f"“{asked.time}”: has dates ({', '.join(dates[:3])})")
        if entry.changed:
            told.append(f"“{asked.time}”: last changed {entry.changed[:10]}")
    return tuple(dict.fromkeys(told))[:SHOWN]


def _reason(concept: Concept, places: dict[str, frozenset[str]]) -> str:
    for phrase, _ in concept.alternatives:
        for where, found in places.items():
            if found.issuperset(phrase):
                said = "" if phrase == concept.alternatives[0][0] else f" (as {' '.join(phrase)})"
                return f"“{concept.text}”{said} in the {where}"
    return f"“{concept.text}” in another spelling"


def _places(entry: Entry) -> Iterator[tuple[str, frozenset[str]]]:
    yield "name", frozenset(terms(entry.title or entry.key.rsplit("/", 1)[-1]))
    yield "other names", frozenset(t for s in entry.synonyms for t in terms(s))
    for column in entry.columns:
        yield f"column {column.name}", frozenset(terms(column.name))
    for column in entry.columns:
        if column.comment:
            yield f"comment of {column.name}", frozenset(terms(column.comment))
        if column.labels:
            yield f"meaning of {column.name}", frozenset(t for label in column.labels for t in terms(label))
        if column.values:
            yield f"values of {column.name}", frozenset(t for v in column.values for t in (*terms(v), *whole(v)))
    yield "description", frozenset(terms(entry.description))
    yield "tags", frozenset(t for tag in (*entry.tags, entry.kind) for t in terms(tag))
    yield "owner", frozenset(terms(entry.owner))
    yield "source", frozenset(terms(entry.source))
