"""Figures of an index on labelled questions: recall per language and route, and how well it knows what it lacks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from assets.knowledge.evidence import Rule, calibrate, evidence, features
from assets.knowledge.extract import Unit, quoted
from assets.knowledge.fusion import ROUTES, Weights, choose, figures, first_ranks, fuse, reciprocal_ranks
from assets.knowledge.questions import Part, Question, holds_phrase, relevant
from assets.knowledge.search import HandbookIndex

LANGUAGES = ("zh", "en")
EQUAL: Weights = {"bigram": 0.4, "word": 0.2, "dense": 0.4}  # without questions to tune on
LOST = 10**6  # the rank of an answer that is not in the index


def tune(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, Weights]:
    """Weights per language from the answerable tune questions."""
    weights: dict[str, Weights] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == "tune" and q.answerable]
        mask = relevant(asked, index.chunks)
        known = mask.any(axis=1)
        if known.any():
            scores = index.scores([q.question for q in asked], ROUTES)
            weights[language] = choose({r: s[known] for r, s in scores.items()}, mask[known])
        else:
            weights[language] = EQUAL
    return weights


def thresholds(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, Rule]:
    """The evidence rule per language from all tune questions."""
    rules: dict[str, Rule] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == "tune"]
        found = [features(index, q.question, index.search(q.question, of=language)) for q in asked]
        rules[language] = calibrate(found, [q.answerable for q in asked])
    return rules


def route_figures(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, dict[str, dict[str, float]]]:
    """Held-out recall@1, recall@5 and MRR by language and by route, the fusion and rank fusion among them."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == "held-out" and q.answerable]
        if not asked:
            continue
        mask = relevant(asked, index.chunks)
        scores = index.scores([q.question for q in asked], ROUTES)
        ways = scores | {"rrf": reciprocal_ranks(scores), "fused": fuse(scores, index.weights(language))}
        found[language] = {way: figures(first_ranks(values, mask)) for way, values in ways.items()}
    return found


def refusal_figures(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, dict[str, float]]:
    """Held-out shares, by language: answerable questions accepted and unanswerable ones refused."""
    found: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == "held-out"]
        rule: Rule = index.manifest["evidence"][language]
        accepted = [
            evidence(rule, *features(index, q.question, index.search(q.question, of=language))) >= rule["threshold"]
            for q in asked
        ]
        answered = [a for q, a in zip(asked, accepted, strict=True) if q.answerable]
        refused = [not a for q, a in zip(asked, accepted, strict=True) if not q.answerable]
        if answered and refused:
            found[language] = {
                "answerable accepted": round(float(np.mean(answered)), 4),
                "unanswerable refused": round(float(np.mean(refused)), 4),
            }
    return found


def answer_figures(index: HandbookIndex, questions: Sequence[Question], part: Part) -> dict[str, dict[str, float]]:
    """How good extracts are, by language, over the answerable questions of a part.

    `right`: the share whose extract holds the labelled phrase; `wrong`: the share whose extract does not hold it (the
    rest is refused); `quotes` and `characters`: the mean length of an extract.
    """
    found: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == part and q.answerable]
        extracts = [[u.text for u in _extract(index, question)] for question in asked]
        given = [texts for texts in extracts if texts]
        if given:
            right = [[holds_phrase(t, q) for t in texts] for q, texts in zip(asked, extracts, strict=True)]
            values = {
                "right": np.mean([any(r) for r in right]),
                "wrong": np.mean([bool(r) and not any(r) for r in right]),
                "quotes": np.mean([len(texts) for texts in given]),
                "characters": np.mean([sum(map(len, texts)) for texts in given]),
            }
            found[language] = {name: round(float(value), 4) for name, value in values.items()}
    return found


def _extract(index: HandbookIndex, question: Question) -> list[Unit]:
    """What is quoted for a question; nothing when it is refused."""
    hits = index.search(question.question, of=question.language)
    rule: Rule = index.manifest["evidence"][question.language]
    if not hits or evidence(rule, *features(index, question.question, hits)) < rule["threshold"]:
        return []
    return quoted(index, question.question, hits)


def held_out_ranks(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, int]:
    """Question id -> rank of the first right chunk in the fused result; LOST where the index holds no right chunk."""
    ranks: dict[str, int] = {}
    for language in LANGUAGES:
        asked = [q for q in questions if q.language == language and q.part == "held-out" and q.answerable]
        if asked:
            mask = relevant(asked, index.chunks)
            fused = fuse(index.scores([q.question for q in asked], ROUTES), index.weights(language))
            found = np.where(mask.any(axis=1), first_ranks(fused, mask), LOST)
            ranks |= {q.id: int(rank) for q, rank in zip(asked, found, strict=True)}
    return ranks


def report(index: HandbookIndex, questions: Sequence[Question]) -> dict[str, Any]:
    """Everything above, as stored in the index's manifest."""
    return {
        "routes": route_figures(index, questions),
        "refusal": refusal_figures(index, questions),
        "answers": answer_figures(index, questions, "held-out"),
    }
