"""Why an entry was found, in words of English and Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from assets.catalog.relations.names import alike
from assets.catalog.search.model import Entry
from assets.catalog.search.question import Concept, Question
from assets.catalog.search.rank import Ranking
from assets.catalog.search.words import pieces, terms, whole

SHOWN = 6
ALIKE = 0.7


class Told(NamedTuple):
    """The same in English and Chinese."""

    en: str
    zh: str


Place = tuple[Told, Mapping[str, str]]  # where, and the terms there with the words as they are written


def explain(asked: Question, ranking: Ranking, number: int, entry: Entry, keys: Sequence[str]) -> tuple[Told, ...]:
    """The reasons, those of the concepts that count most first."""
    own = ranking.own[number]
    places = list(_places(entry))
    order = sorted(range(len(own)), key=lambda c: -float(own[c]))
    told = [_reason(asked.concepts[c], places) for c in order if own[c] > 0]
    for concept, lender in ranking.lenders.get(number, {}).items():
        text = asked.concepts[concept].text
        told.append(
            Told(f"“{text}” is in {keys[lender]}, which it is joined to", f"“{text}”见于与它关联的 {keys[lender]}")
        )
    if asked.time:
        dates = [c.name for c in entry.columns if c.date]
        if dates:
            names = ", ".join(dates[:3])
            told.append(Told(f"“{asked.time}”: has dates ({names})", f"“{asked.time}”：含日期列（{names}）"))
        if entry.changed:
            day = entry.changed[:10]
            told.append(Told(f"“{asked.time}”: last changed {day}", f"“{asked.time}”：最近修改于 {day}"))
    return tuple(dict.fromkeys(told))[:SHOWN]


def _reason(concept: Concept, places: Sequence[Place]) -> Told:
    own = concept.alternatives[0][0]
    for phrase, _ in concept.alternatives:
        for where, found in places:
            if all(term in found for term in phrase):
                return _said(concept.text, "" if phrase == own else " ".join(found[t] for t in phrase), where)
    words = [phrase[0] for phrase, _ in concept.alternatives if len(phrase) == 1]
    for where, found in places:
        for term, word in found.items():
            if any(alike(term, one) >= ALIKE for one in words):
                return _said(concept.text, word, where)
    return Told(f"“{concept.text}” in another spelling", f"“{concept.text}”以其他写法出现")


def _said(text: str, word: str, where: Told) -> Told:
    as_en, as_zh = (f" (as {word})", f"（即 {word}）") if word else ("", "")
    return Told(f"“{text}”{as_en} in the {where.en}", f"“{text}”{as_zh}见于{where.zh}")


def _places(entry: Entry) -> Iterator[Place]:
    yield Told("name", "名称"), _words(entry.title or entry.key.rsplit("/", 1)[-1])
    yield Told("other names", "别名"), _words(*entry.synonyms)
    for column in entry.columns:
        yield Told(f"column {column.name}", f"列 {column.name}"), _words(column.name)
    for column in entry.columns:
        yield Told(f"comment of {column.name}", f"{column.name} 的注释"), _words(column.comment)
        yield Told(f"meaning of {column.name}", f"{column.name} 的语义"), _words(*column.labels)
        yield (
            Told(f"values of {column.name}", f"{column.name} 的取值"),
            {**_words(*column.values), **{t: t for v in column.values for t in whole(v)}},
        )
    yield Told("description", "描述"), _words(entry.description)
    yield Told("tags", "标签"), _words(*entry.tags, entry.kind)
    yield Told("attributes", "属性"), _words(*entry.attributes)
    yield Told("owner", "负责人"), _words(entry.owner)
    yield Told("source", "来源"), _words(entry.source)


def _words(*texts: str) -> dict[str, str]:
    """Terms to the words they come from; a pair of Chinese characters is its own word."""
    found: dict[str, str] = {}
    for text in texts:
        for piece in pieces(text):
            own = list(terms(piece))
            found.update({term: piece if len(own) == 1 else term for term in own})
    return found
