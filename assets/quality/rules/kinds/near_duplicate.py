"""No two rows are nearly the same in the columns; the first of those alike is kept."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

import polars as pl
from pydantic import Field

from assets.quality.rules.expressions import Tables
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

_BLOCK = 1_000  # rows of a block that are compared all with all; of larger ones, sorted neighbours
_WINDOW = 20


class Given(Params):
    """When two rows are alike.

    Attributes:
        threshold: similarity of the texts joined, from 0 to 1 (normalised indel distance).
        block: columns in which rows have to agree to be compared at all.
    """

    threshold: float = Field(0.9, gt=0, le=1)
    block: tuple[str, ...] = ()


class NearDuplicate(Kind):
    """Fails where an earlier row, itself kept, is alike. All columns null: passes."""

    params = Given
    most = None
    at_once = 320

    def reads(self, rule: Rule) -> tuple[str, ...]:
        """See Kind."""
        return tuple(dict.fromkeys((*rule.columns, *self.read(rule).block)))

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """See Kind."""
        given: tuple[str, ...] = self.read(rule).block
        return given

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind."""
        given: Given = self.read(rule)
        texts = [pl.col(c).cast(pl.String).str.to_lowercase().str.strip_chars() for c in rule.columns]
        joined = pl.concat_str(texts, separator=" ", ignore_nulls=True).alias("text")
        block = pl.struct(given.block).hash() if given.block else pl.lit(0, pl.UInt64)
        both = pl.struct(joined, block.alias("block"))

        def judged(values: pl.Series) -> pl.Series:
            return alike(values.struct.field("text"), values.struct.field("block"), given.threshold)

        return both.map_batches(judged, return_dtype=pl.Boolean, is_elementwise=False)


def alike(texts: pl.Series, blocks: pl.Series, threshold: float) -> pl.Series:
    """Whether a row is alike to an earlier one of its block that is kept (Boolean, as long as the texts)."""
    found = [False] * len(texts)
    groups: dict[int, list[int]] = defaultdict(list)
    for row, (text, block) in enumerate(zip(texts, blocks, strict=True)):
        if text:
            groups[block].append(row)
    words = texts.to_list()
    for rows in groups.values():
        if len(rows) > 1:
            for row in _later(rows, words, threshold):
                found[row] = True
    return pl.Series(found, dtype=pl.Boolean)


def _later(rows: list[int], words: list[str], threshold: float) -> set[int]:
    """The rows of one block that are alike to an earlier one that stays."""
    if len(rows) <= _BLOCK:
        return _all_pairs(rows, words, threshold)
    from rapidfuzz.distance import Indel

    ordered = sorted(rows, key=lambda row: (words[row], row))
    pairs = (pair for step in range(1, _WINDOW) for pair in zip(ordered, islice(ordered, step, None), strict=False))
    close = (p for p in pairs if Indel.normalized_similarity(words[p[0]], words[p[1]]) >= threshold)
    return _thinned((min(p), max(p)) for p in close)


def _all_pairs(rows: list[int], words: list[str], threshold: float) -> set[int]:
    import numpy as np
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    mine = [words[row] for row in rows]
    close = cdist(mine, mine, scorer=Indel.normalized_similarity, score_cutoff=threshold, workers=1)
    first, second = np.nonzero(np.triu(close, 1) >= threshold)
    return _thinned((rows[a], rows[b]) for a, b in zip(first, second, strict=True))


def _thinned(pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Rows to drop: a row is dropped when an earlier row that is not dropped is alike to it."""
    dropped: set[int] = set()
    for early, late in sorted(pairs):
        if early not in dropped:
            dropped.add(late)
    return dropped
