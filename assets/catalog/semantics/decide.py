"""From what values, header and neighbours say to one meaning with its confidence, evidence and alternatives."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from assets.catalog.model import Meaning
from assets.catalog.semantics.names import Hints
from assets.catalog.semantics.recognise import Found
from assets.catalog.semantics.registry import Registry
from assets.catalog.semantics.sample import Sample

THRESHOLD = 0.5  # below it there is no meaning
NAME = 0.75  # how much of what is missing to certainty the best header gives
NEAR = 0.35  # confidence from which a type counts for its neighbours
CLOSE = 3  # columns further away count half
OTHERS = 3


Said = dict[str, tuple[float, str]]  # types that a header speaks for: how strongly, by which word


class Candidate(NamedTuple):
    """A type for a column with what speaks for it."""

    type: str
    confidence: float
    by: str
    evidence: tuple[str, ...]


def hints(known: Hints, header: str, comment: str) -> Said:
    """What header and comment say; a comment counts a little less."""
    found = dict(known.of(header))
    for name, (strength, word) in known.of(comment).items() if comment else ():
        if strength * 0.9 > found.get(name, (0.0, ""))[0]:
            found[name] = (strength * 0.9, word)
    return found


def candidates(found: Mapping[str, Found], hints: Said, registry: Registry) -> dict[str, Candidate]:
    """Types the values allow, raised where header or comment say the same."""
    result = {}
    for name, (confidence, _, words) in found.items():
        strength, word = hints.get(name, (0.0, ""))
        raised = confidence + (1 - confidence) * NAME * strength
        limit = registry.types[name].named
        if limit is not None:
            raised = max(confidence, min(raised, limit))
        by = "content" if confidence >= THRESHOLD or not strength else "name"
        said = (f'the header says "{word}"',) if strength else ()
        result[name] = Candidate(name, raised, by, words + said if by == "content" else said + words)
    return result


def beside(columns: Sequence[dict[str, Candidate]], registry: Registry) -> None:
    """Raises candidates, in place, by the types that other columns of the table may have."""
    near = [{n for n, c in column.items() if c.confidence >= NEAR} for column in columns]
    for place, column in enumerate(columns):
        for name, candidate in list(column.items()):
            for other, bonus in registry.types[name].beside.items():
                places = [abs(i - place) for i, types in enumerate(near) if i != place and other in types]
                if places:
                    counted = bonus if min(places) <= CLOSE else bonus / 2
                    confidence = candidate.confidence + (1 - candidate.confidence) * counted
                    by = candidate.by if candidate.confidence >= THRESHOLD else "context"
                    evidence = (*candidate.evidence, f"another column looks like {other}")
                    candidate = Candidate(name, confidence, by, evidence)
            column[name] = candidate


def choose(column: Mapping[str, Candidate], sample: Sample, registry: Registry) -> Meaning | None:
    """The best candidate, or None when none convinces. A narrower type goes before the one it is a case of."""
    ranked = sorted(column.values(), key=lambda c: -c.confidence)
    good = [c for c in ranked if c.confidence >= THRESHOLD]
    if not good:
        return None
    special = [c for c in good if not registry.types[c.type].generic]
    best = (special or good)[0]
    for narrower in special:
        if registry.types[narrower.type].is_a == best.type and narrower.confidence >= best.confidence - 0.15:
            best = narrower
            break
    others = tuple((c.type, round(c.confidence, 3)) for c in ranked if c.type != best.type)[:OTHERS]
    return Meaning(
        type=best.type,
        confidence=round(best.confidence, 3),
        evidence=(*best.evidence, sample.note),
        by=best.by,
        others=others,
    )
