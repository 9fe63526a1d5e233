"""Why an entry was found, in words."""

from collections.abc import Iterator, Mapping, Sequence

from assets.catalog.relations.names import alike
from assets.catalog.search.model import Entry
from assets.catalog.search.question import Concept, Question
from assets.catalog.search.rank import Ranking
from assets.catalog.search.words import pieces, terms, whole

SHOWN = 6
ALIKE = 0.7
Place = tuple[str, Mapping[str, str]]  # where, and the terms there with the words as they are written


def explain(asked: Question, ranking: Ranking, number: int, entry: Entry, keys: Sequence[str]) -> tuple[str, ...]:
    """The reasons, those of the concepts that count most first."""
    own = ranking.own[number]
    places = list(_places(entry))
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


def _reason(concept: Concept, places: Sequence[Place]) -> str:
    own = concept.alternatives[0][0]
    for phrase, _ in concept.alternatives:
        for where, found in places:
            if all(term in found for term in phrase):
                said = "" if phrase == own else f" (as {' '.join(found[t] for t in phrase)})"
                return f"“{concept.text}”{said} in the {where}"
    words = [phrase[0] for phrase, _ in concept.alternatives if len(phrase) == 1]
    for where, found in places:
        for term, word in found.items():
            if any(alike(term, one) >= ALIKE for one in words):
                return f"“{concept.text}” (as {word}) in the {where}"
    return f"“{concept.text}” in another spelling"


def _places(entry: Entry) -> Iterator[Place]:
    yield "name", _words(entry.title or entry.key.rsplit("/", 1)[-1])
    yield "other names", _words(*entry.synonyms)
    for column in entry.columns:
        yield f"column {column.name}", _words(column.name)
    for column in entry.columns:
        yield f"comment of {column.name}", _words(column.comment)
        yield f"meaning of {column.name}", _words(*column.labels)
        yield f"values of {column.name}", {**_words(*column.values), **{t: t for v in column.values for t in whole(v)}}
    yield "description", _words(entry.description)
    yield "tags", _words(*entry.tags, entry.kind)
    yield "owner", _words(entry.owner)
    yield "source", _words(entry.source)


def _words(*texts: str) -> dict[str, str]:
    """Terms to the words they come from; a pair of Chinese characters is its own word."""
    found: dict[str, str] = {}
    for text in texts:
        for piece in pieces(text):
            own = list(terms(piece))
            found.update({term: piece if len(own) == 1 else term for term in own})
    return found
