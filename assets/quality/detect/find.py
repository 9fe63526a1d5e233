"""Finds what is wrong with a table: repairs of cells and the detectors of rows and columns, as proposed rules."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from assets.catalog.model import Profile
from assets.quality.detect.context import Context
from assets.quality.detect.detectors import (
    arithmetic,
    compare,
    drift,
    duplicates,
    filled,
    inclusion,
    keys,
    outliers,
    repairs,
    scales,
)
from assets.quality.detect.model import Finding, Findings, Proposal, finding
from assets.quality.repair.known import Known, Labels, learn
from assets.quality.repair.table import repair

if TYPE_CHECKING:
    import polars as pl

WHOLE = 200_000  # rows up to which every row is looked at; of larger tables so many are drawn
DETECTORS: Mapping[str, Callable[[Context], Iterator[Proposal]]] = {
    "repairs": repairs.find,
    "keys": keys.find,
    "drift": drift.find,
    "compare": compare.find,
    "arithmetic": arithmetic.find,
    "filled": filled.find,
    "scales": scales.find,
    "outliers": outliers.find,
    "inclusion": inclusion.find,
    "duplicates": duplicates.find,
}


def find(
    frame: "pl.DataFrame",
    table: str,
    *,
    others: "Mapping[str, pl.DataFrame] | None" = None,
    last: Mapping[str, Profile] | None = None,
    labels: Labels | None = None,
    sensitive: Collection[str] = (),
    budget_seconds: float = 120.0,
) -> Findings:
    """Findings of a table, the surest first.

    Tables of more than WHOLE rows are judged by that many of their rows, drawn evenly; `Findings.seen` says so, and row
    numbers are those of the whole table.

    Args:
        table: its name in the rules.
        others: further tables by name, to which this one may refer.
        last: profiles of the columns in the last good version.
        labels: row -> column -> right text ("" for a missing value), from people.
        sensitive: columns whose values the rules' examples do not show.
        budget_seconds: after this only the repairs of cells are told; `Findings.skipped` names what is left out.
    """
    start = time.monotonic()
    rows = frame.height
    places = np.arange(rows)
    if frame.height > WHOLE:
        places = np.sort(np.random.default_rng(17).choice(rows, WHOLE, replace=False))
        frame = frame[places]
    made = repair(frame)
    if labels:
        at = {int(place): row for row, place in enumerate(places.tolist()) if place in labels}
        known: Known = learn(made, {at[r]: cells for r, cells in labels.items() if r in at})
        made = repair(frame, known)
    context = Context(frame, table, places, made, others or {}, last or {})
    found: list[Finding] = []
    skipped: list[str] = []
    for name, detector in DETECTORS.items():
        if name != "repairs" and time.monotonic() - start > budget_seconds:
            skipped.append(name)
            continue
        found += [finding(proposal, table, sensitive) for proposal in detector(context)]
    return Findings(found, rows, len(places), tuple(skipped))
