"""What people said of some rows, and what follows from it for the others."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form
from assets.quality.detect.forms.registry import forms
from assets.quality.repair.model import Repair, Repairs
from assets.quality.repair.transforms import Transform, induce

Labels = Mapping[int, Mapping[str, str]]
PRIOR = 4.0  # labels that a confidence is worth
REFUTED = 0.5  # accuracy below which a detector of writings is not asked again for a column


@dataclass(frozen=True)
class Known:
    """Lessons of labelled rows.

    Attributes:
        labels: row -> column -> right text ("" for a missing value).
        without: per column the detectors of writings that were refuted.
        transforms: per column what changes of texts were learned, with their confidence.
        accuracy: per column and sort: (right, wrong) repairs among the labelled cells.
        pairs: mistyped and right texts.
    """

    labels: Labels = field(default_factory=dict)
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    transforms: Mapping[str, list[tuple[Transform, float]]] = field(default_factory=dict)
    accuracy: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def forms(self, column: Coded) -> dict[int, Form]:
        """What each code should be written as, learned changes first."""
        found: dict[int, Form] = {}
        for transform, sure in self.transforms.get(column.name, ()):
            for code, text in enumerate(column.values):
                if code and code not in found and (after := transform(text)) is not None and after != text:
                    found[code] = Form(after, "learned", f"labelled cells were changed so: {transform.name}", sure)
        for code, form in forms(column, self.without.get(column.name, frozenset())).items():
            found.setdefault(code, form)
        return found

    def confidence(self, repair: Repair) -> float:
        """A repair's confidence in the light of what labels said of the same sort in the same column."""
        right, wrong = self.accuracy.get((repair.column, repair.sort), (0, 0))
        return (repair.confidence * PRIOR + right) / (PRIOR + right + wrong)


def learn(repairs: Repairs, labels: Labels) -> Known:
    """Lessons from labelled rows.

    Args:
        repairs: made before, without these labels.
        labels: row -> column -> right text; columns left out are not known.
    """
    columns = {c.name: c for c in repairs.observed}
    scores: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    errors: dict[str, list[tuple[str, str]]] = defaultdict(list)
    sound: dict[str, list[str]] = defaultdict(list)
    for row, cells in labels.items():
        for name, right in cells.items():
            column = columns[name]
            text = column.values[column.codes[row]]
            found = repairs.cells.get((name, row))
            if found is not None:
                good = found.after == right if found.after is not None else text != right
                scores[name, found.sort][0 if good else 1] += 1
            if text == right:
                sound[name].append(text)
            else:
                errors[name].append((text, right))
    without: dict[str, frozenset[str]] = {}
    for (name, sort), (right_, wrong) in scores.items():
        if wrong and right_ / (right_ + wrong) < REFUTED:
            without[name] = without.get(name, frozenset()) | {sort}
    transforms = {}
    for name, pairs in errors.items():
        unsolved = [p for p in pairs if not _solved(name, p, repairs)]
        learned = induce(unsolved, pairs, sound[name])
        if learned:
            transforms[name] = learned
    every = tuple(p for pairs in errors.values() for p in pairs if all(p))
    return Known(labels, without, transforms, {k: (v[0], v[1]) for k, v in scores.items()}, every)


def _solved(name: str, pair: tuple[str, str], repairs: Repairs) -> bool:
    return any(r.before == pair[0] and r.after == pair[1] for (column, _), r in repairs.cells.items() if column == name)
