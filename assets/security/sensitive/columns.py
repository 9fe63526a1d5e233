"""Which columns of a table are sensitive: by content, name and context of a sample, never cell by cell.

The meaning of a column (assets/catalog/semantics) gives its class. A header alone speaks for the few classes that have
no form of their own, such as a diagnosis. Columns of texts, and those of which nothing is known, are searched for spans
(text/engine.py), so that a phone number in every tenth remark is found. Bytes, lists, structs and JSON texts are looked
into (inside.py). Values leave this module masked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from assets.catalog.model import Meaning, Value
from assets.catalog.semantics import classify
from assets.catalog.semantics.corrections import Corrections
from assets.catalog.semantics.registry import Registry
from assets.catalog.semantics.sample import Sample, take
from assets.security.sensitive.classes import FLAGGED, Classes, Protection, SensitiveClass, builtin
from assets.security.sensitive.inside import Parts, opened
from assets.security.sensitive.shown import SAMPLES, sample
from assets.security.sensitive.text.engine import Detector, detector
from assets.security.sensitive.text.patterns import pattern_finders
from assets.security.sensitive.text.spec import Span

if TYPE_CHECKING:
    import polars as pl

SEARCHED = frozenset({"free_text", "text_with_personal_data", "html", "json", "category", "code_set", "product_zh"})
CODES = frozenset(
    {"serial", "identifier", "sku", "barcode", "bank_account", "money"}
)  # of a class only by check digits
CHECKED = frozenset({"id_card", "bank_card", "credit_card", "iban", "uscc", "residence_permit"})
PASSED = 0.4  # share of values whose check digits are right from which the others count as mistyped; chance gives 0.1
TEXTS = 120  # values of a column that are searched
LONG = 2_000  # characters of a value that are searched
SURE = 0.6  # confidence of a span that counts in a column
HELD = 0.03  # share of values with a span from which a column of texts is sensitive
WHOLE = 0.8  # share of its value that a span covers when the value is of its class
MOST = 0.6  # share of values of one class from which the column is of that class
NAMED = 0.7  # confidence of a class that a header alone gives, where the header is the word itself


class Finding(Value):
    """Why a column is sensitive.

    Attributes:
        type: its semantic type, "" where it has none.
        by: content, name, context, text or person (a correction).
        within: for columns of texts, the classes within with the share of the searched values that hold them; of what
            has several places inside, with their confidence.
        samples: masked.
    """

    column: str
    class_: str
    level: int
    confidence: float
    protection: Protection
    type: str = ""
    by: str = "content"
    evidence: tuple[str, ...] = ()
    within: dict[str, float] = Field(default_factory=dict)
    samples: tuple[str, ...] = ()

    @property
    def flagged(self) -> bool:
        """Whether the column is to be tagged and protected."""
        return self.level >= FLAGGED


def decide(
    columns: "Mapping[str, pl.Series]",
    context: classify.Context | None = None,
    types: Registry | None = None,
    corrections: Corrections | None = None,
    classes: Classes | None = None,
) -> dict[str, Finding | None]:
    """The class of each column of a table, None where it is none.

    Values are sampled (assets/catalog/semantics/sample.py), so the time hardly depends on the number of rows.
    """
    values, parts = opened(columns)
    samples = take(values)
    found = _of_samples(samples, classify.of_samples(samples, context, types, corrections), classes or builtin())
    return _whole(columns, found, parts, classes or builtin())


def of_meanings(
    columns: "Mapping[str, pl.Series]", meanings: Mapping[str, Meaning | None], classes: Classes | None = None
) -> dict[str, Finding | None]:
    """The class of each column when meanings are known already; those of what is inside are found here."""
    values, parts = opened(columns)
    samples = take(values)
    made = {name for places in parts.values() for name in places.values()}
    inside = classify.of_samples([s for s in samples if s.name in made]) if made else {}
    found = _of_samples(samples, {**meanings, **inside}, classes or builtin())
    return _whole(columns, found, parts, classes or builtin())


def _whole(
    columns: "Mapping[str, pl.Series]", found: Mapping[str, Finding | None], parts: Parts, classes: Classes
) -> dict[str, Finding | None]:
    return {name: _folded(name, found, parts[name], classes) if name in parts else found.get(name) for name in columns}


def _of_samples(
    samples: Sequence[Sample], meanings: Mapping[str, Meaning | None], classes: Classes
) -> dict[str, Finding | None]:
    found = {s.name: _one(s, meanings.get(s.name), classes) for s in samples}
    asked = [s for s in samples if len(s.values) and _to_search(found[s.name], meanings.get(s.name))]
    codes = [s for s in asked if (m := meanings.get(s.name)) is not None and m.type in CODES]
    coded = {s.name for s in codes}
    texts = [s for s in asked if s.name not in coded]
    checked = {n: f for n, f in _searched(codes, classes, _checked()).items() if f and f.class_ in CHECKED}
    for name, finding in (checked | _searched(texts, classes, detector())).items():
        if finding is not None:
            found[name] = finding.model_copy(update={"type": m.type if (m := meanings.get(name)) else ""})
    return found


def _folded(
    column: str, found: Mapping[str, Finding | None], places: Mapping[str, str], classes: Classes
) -> Finding | None:
    """One finding from those of the places within a column, and of a JSON text from what it says as a text.

    Elements of a list and bytes give the column their class; several places make it a text with personal data, whose
    level is that of the gravest.
    """
    own = found.get(column) if column not in places.values() else None  # of a JSON text
    if set(places) <= {""}:
        alone = next((found[name] for name in places.values()), None)
        alone = own if alone is None or not alone.flagged else alone
        return alone.model_copy(update={"column": column}) if alone is not None else None
    inside = [*((place or "elements", found[name]) for place, name in places.items()), ("text", own)]
    bad = [(place, f) for place, f in inside if f is not None and f.flagged]
    if not bad:
        return None
    bad.sort(key=lambda item: (-item[1].level, -item[1].confidence))
    within: dict[str, float] = {}
    for _, f in bad:
        for name, sure in (f.within or {f.class_: f.confidence}).items():
            within[name] = max(sure, within.get(name, 0.0))
    text, first = classes["text"], bad[0][1]
    return Finding(
        column=column, class_=text.name, level=first.level, confidence=first.confidence, protection=text.protection,
        by="name" if all(f.by == "name" for _, f in bad) else "text", within=within, samples=first.samples,
        evidence=tuple(f"{place}: {f.class_} ({f.confidence:.0%})" for place, f in bad),
    )  # fmt: skip


def _one(sample: Sample, meaning: Meaning | None, classes: Classes) -> Finding | None:
    """What meaning and header say."""
    named = _by_header(sample, meaning, classes)
    class_ = classes.by_type.get(meaning.type) if meaning is not None else None
    if named is not None and (class_ is None or class_.level < named[0].level):
        return _finding(sample, named[0], named[1], meaning.type if meaning else "", "name", (named[2],))
    if class_ is None or meaning is None:
        return None
    by = meaning.by if meaning.by in ("name", "context", "person") else "content"
    return _finding(sample, class_, meaning.confidence, meaning.type, by, meaning.evidence)


def _by_header(sample: Sample, meaning: Meaning | None, classes: Classes) -> tuple[SensitiveClass, float, str] | None:
    """The class that the header names, where the meaning of the column allows it."""
    said = sorted(classes.headers.of(sample.name).items(), key=lambda item: -item[1][0])
    for name, (strength, word) in said:
        class_ = classes[name]
        if strength >= NAMED and sample.rows and (not class_.given or meaning is None or meaning.type in class_.given):
            return class_, round(NAMED * strength + 0.2, 3), f'the header says "{word}"'
    return None


def _finding(
    held: Sample, class_: SensitiveClass, confidence: float, type_: str, by: str, evidence: tuple[str, ...]
) -> Finding:
    shown = tuple(sample(v, class_.level) for v in held.values.head(SAMPLES).to_list())
    return Finding(
        column=held.name, class_=class_.name, level=class_.level, confidence=confidence, protection=class_.protection,
        type=type_, by=by, evidence=evidence, samples=shown if class_.flagged else (),
    )  # fmt: skip


@lru_cache(1)
def _checked() -> Detector:
    """Finds what has check digits alone, for columns that look like codes."""
    return Detector([f for f in pattern_finders() if f.spec.class_ in CHECKED and f.spec.validator])


def _to_search(found: Finding | None, meaning: Meaning | None) -> bool:
    if found is not None and found.type not in CODES:
        return found.class_ == "text"
    return meaning is None or meaning.type in SEARCHED | CODES


def _searched(samples: Sequence[Sample], classes: Classes, by: Detector) -> dict[str, Finding | None]:
    """What spans in the values of columns say."""
    texts: list[str] = []
    ends = []
    for held in samples:
        step = -(-len(held.values) // TEXTS)
        texts += [v[:LONG] for v in held.values.gather_every(step).to_list()]
        ends.append(len(texts))
    spans = by.many(texts)
    found = {}
    first = 0
    for held, end in zip(samples, ends, strict=True):
        part = list(zip(texts[first:end], spans[first:end], strict=True))
        found[held.name] = _of_spans(held, part, classes)
        first = end
    return found


def _of_spans(held: Sample, texts: Sequence[tuple[str, Sequence[Span]]], classes: Classes) -> Finding | None:
    within: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    some = 0
    for value, spans in texts:
        sure = [s for s in spans if s.confidence >= SURE and classes[s.class_].flagged]
        within.update(sorted({s.class_ for s in sure}))  # in one order, so that evidence of equal columns is equal
        whole.update(sorted({s.class_ for s in sure if s.end - s.start >= WHOLE * len(value)}))
        some += bool(sure)
    n = len(texts)
    if some < max(HELD * n, 2 if n > 20 else 1):
        return None
    shares = {c: round(k / n, 3) for c, k in within.most_common()}
    best, count = whole.most_common(1)[0] if whole else ("", 0)
    level = max(classes[c].level for c in within)
    if count >= (PASSED if best in CHECKED else MOST) * n:
        why = f"{count / n:.0%} of the values are one, the others are mistyped or something else"
        return _finding(held, classes[best], round(count / n, 3), "", "content", (why, held.note))
    why = f"{some} of {n} values searched hold " + ", ".join(shares)
    made = _finding(held, classes["text"], round(min(0.99, 0.6 + some / n), 3), "", "text", (why, held.note))
    return made.model_copy(update={"within": shares, "level": level})
