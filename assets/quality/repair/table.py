"""All repairs of a table: writings first, then cells run together, votes of dependencies, misspellings, odd shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assets.quality.detect.coded import MISSING, Coded, as_numbers, encode, recode
from assets.quality.detect.detectors.triples import triples
from assets.quality.detect.forms.model import Form
from assets.quality.detect.shapes import odd
from assets.quality.repair.endings import endings
from assets.quality.repair.factors import supported
from assets.quality.repair.known import Known
from assets.quality.repair.merged import merged
from assets.quality.repair.model import Repair, Repairs
from assets.quality.repair.rounds import Voted, rounds
from assets.quality.repair.typos import typos
from assets.quality.repair.words import words

if TYPE_CHECKING:
    import polars as pl


class Reason(NamedTuple):
    """Why a cell was changed, as `Repair` has it."""

    confidence: float
    sort: str
    why: str
    key: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()


@dataclass
class _Work:
    """Texts as they stand, and for each changed cell what changed it."""

    names: list[str]
    observed: list[Coded]
    current: list[Coded]
    reasons: list[dict[int, Reason]] = field(default_factory=list)

    def change(self, place: int, cells: Mapping[int, tuple[str, Reason]]) -> None:
        """Puts texts into cells of a column: row -> (text, reason)."""
        column = self.current[place]
        texts = [column.values[k] for k in column.codes.tolist()]
        for row, (text, reason) in cells.items():
            texts[row] = text
            self.reasons[place][row] = reason
        self.current[place] = recode(column.name, texts)


def repair(frame: "pl.DataFrame", known: Known | None = None) -> Repairs:
    """Repairs of a table's cells.

    Args:
        known: lessons of labelled rows; without, nothing is known but the table.
    """
    import polars as pl

    known = known or Known()
    names = [
        name for name, dtype in frame.schema.items() if not dtype.is_nested() and dtype not in (pl.Binary, pl.Object)
    ]
    observed = [encode(frame[name]) for name in names]
    texts = [frame.schema[name] == pl.String for name in names]
    work = _Work(names, observed, list(observed), [{} for _ in observed])
    for place, column in enumerate(observed):
        if texts[place]:
            _form(work, place, known.forms(column))
    for found in list(merged(work.current)):
        _split(work, found.column, found.other, found.parts, found.confidence)
    _answer(work, known)
    voted = rounds(work.current, pairs=known.pairs, computed=_computed(work.current))
    _vote(work, voted)
    repairs = Repairs(observed, voted.rules)
    _misspelt(work, voted)
    _collect(work, repairs)
    _shapes(work, repairs, texts)
    _judge(repairs, known)
    return repairs


def _computed(columns: Sequence[Coded]) -> list[frozenset[int]]:
    """Columns of which one is the sum or product of two others."""
    places = {c.name: p for p, c in enumerate(columns)}
    numbers = {c.name: n for c in columns if (n := as_numbers(c)) is not None}
    return [frozenset(places[n] for n in (t.result, t.one, t.two)) for t in triples(numbers)]


def _answer(work: _Work, known: Known) -> None:
    """Puts the labels in, so that votes and channel rest on them."""
    for place, name in enumerate(work.names):
        cells = {row: labels[name] for row, labels in known.labels.items() if name in labels}
        if cells:
            work.change(place, {row: (text, Reason(1.0, "label", "labelled")) for row, text in cells.items()})


def _judge(repairs: Repairs, known: Known) -> None:
    """Confidence by what labels said of the same sort; labelled cells as labelled."""
    for key, found in repairs.cells.items():
        repairs.cells[key] = replace(found, confidence=known.confidence(found))
    for row, labels in known.labels.items():
        for column in repairs.observed:
            if column.name in labels:
                before, after = column.values[column.codes[row]], labels[column.name]
                repairs.cells.pop((column.name, row), None)
                if before != after:
                    made = Repair(row, column.name, before, after, 1.0, "label", "labelled")
                    repairs.cells[column.name, row] = made


def _form(work: _Work, place: int, found: Mapping[int, Form]) -> None:
    """Writes values otherwise; a value found wrong without a better one stays."""
    column = work.observed[place]
    if not found:
        return
    texts = [found[c].after if c in found else v for c, v in enumerate(column.values)]
    for row in np.flatnonzero(np.isin(column.codes, np.fromiter(found, dtype=np.int64))).tolist():
        form = found[int(column.codes[row])]
        work.reasons[place][row] = Reason(form.confidence, form.sort, form.why)
    work.current[place] = recode(column.name, [texts[c] for c in column.codes.tolist()])


def _split(work: _Work, place: int, other: int, parts: Mapping[int, tuple[str, str]], confidence: float) -> None:
    column = work.current[place]
    empty = work.current[other].codes == MISSING
    rows = [r for r in np.flatnonzero(empty).tolist() if int(column.codes[r]) in parts]
    both = [parts[int(column.codes[r])] for r in rows]
    names = (work.names[place], work.names[other])
    why = f"{len(rows)} cells of {names[0]} end in a value of {names[1]}, which is empty there"
    reason = Reason(confidence, "merged", why, names)
    work.change(place, {row: (parts_[0], reason) for row, parts_ in zip(rows, both, strict=True)})
    work.change(other, {row: (parts_[1], reason) for row, parts_ in zip(rows, both, strict=True)})


def _vote(work: _Work, voted: Voted) -> None:
    for place, found in enumerate(voted.verdicts):
        for row, verdict in found.items():
            givens = [tuple(work.names[g] for g in rule.given) for rule in verdict.voters]
            voters = tuple("+".join(given) for given in givens)
            why = f"{work.names[place]} follows from {', '.join(voters[:3])}" if voters else ""
            key = givens[0] if givens else ()
            work.reasons[place][row] = Reason(verdict.confidence, "dependency", why, key, voters)
    work.current = voted.columns


def _misspelt(work: _Work, voted: Voted) -> None:
    for place, column in enumerate(work.current):
        found = {t.before: (column.values[t.after], t.confidence, "typo") for t in typos(column, voted.channel)}
        for code, (text, sure) in words(column, voted.channel).items():
            found.setdefault(code, (text, sure, "word"))
        if not found:
            continue
        free = ~supported(column, [r for r in voted.rules if r.then == place])
        free[list(voted.verdicts[place])] = False
        free &= np.isin(column.codes, np.fromiter(found, dtype=np.int64))
        cells: dict[int, tuple[str, Reason]] = {}
        for row in np.flatnonzero(free).tolist():
            code = int(column.codes[row])
            after, sure, sort = found[code]
            why = f"{column.values[code]!r} is close to {after!r}, which is frequent"
            cells[row] = after, Reason(sure, sort, why)
        if cells:
            work.change(place, cells)


def _collect(work: _Work, repairs: Repairs) -> None:
    for place, reasons in enumerate(work.reasons):
        name, before, after = work.names[place], work.observed[place], work.current[place]
        for row, reason in reasons.items():
            one, two = before.values[before.codes[row]], after.values[after.codes[row]]
            if one != two:
                repairs.cells[name, row] = Repair(row, name, one, two, *reason)


def _shapes(work: _Work, repairs: Repairs, texts: Sequence[bool]) -> None:
    for place, column in enumerate(work.current):
        if not texts[place]:
            continue
        name = work.names[place]
        found = odd(column)
        if not found:
            continue
        mended = endings(column, list(found))
        for row in np.flatnonzero(np.isin(column.codes, np.fromiter(found, dtype=np.int64))).tolist():
            why, confidence = found[code := int(column.codes[row])]
            text = work.observed[place].values[work.observed[place].codes[row]]
            before = repairs.cells.get((name, row))
            if before is None or before.sort in ("typo", "word"):  # half mended is not mended
                after = mended.get(code)
                sort = "shape" if after is None else "ending"
                repairs.cells[name, row] = Repair(row, name, text, after, confidence, sort, why)
