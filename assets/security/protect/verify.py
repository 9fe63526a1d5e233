"""Looks at protected rows for what should not be in them: raw values, and columns that the detector still flags."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from assets.security.protect.errors import ProtectionError
from assets.security.protect.plan import Decision
from assets.security.protect.texts import as_text

LONG = 9  # signs from which a value does not stand in another text by chance
SHORTEST = 6
CHANCE = 10_000  # of shorter values one in so many rows may
SAMPLE = 20_000
RANDOM = ("hash", "token", "encrypt", "suppress")  # what they give holds nothing of the value
_BETWEEN = "\x1f"


class Leak(NamedTuple):
    """Where raw values, or values of a class, are still to be seen; `column` and `rows` say what, never which."""

    column: str
    rows: int
    what: str


def some(frame: pl.DataFrame, step: int) -> pl.DataFrame:
    """Every so many rows, copied: rows taken out of a frame keep all of its texts in memory."""
    rows = frame.gather_every(step)
    return pl.DataFrame(rows.cast({pl.Categorical: pl.String}).to_arrow(compat_level=pl.CompatLevel.oldest()))


class Watch:
    """Sees all batches, raw and protected.

    Args:
        decisions: of the table's columns.
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self.decisions = decisions
        self.rows = 0
        self.long: Counter[str] = Counter()
        self.short: Counter[str] = Counter()
        self.sample: list[pl.DataFrame] = []
        self._guarded = [d for d in decisions if d.protected]
        self._seen = [d for d in decisions if d.use.method not in RANDOM and not (d.named and not d.protected)]

    def see(self, raw: pl.DataFrame, made: pl.DataFrame) -> None:
        """Counts, row by row, protected values that stand in any column that is to be read. Raises ProtectionError."""
        try:
            self._see(raw, made)
        except Exception as error:  # engines quote the value they stumble over
            what = f"rows cannot be searched for raw values: {type(error).__name__}"
            raise ProtectionError(what, "suppress columns of unusual types") from None

    def _see(self, raw: pl.DataFrame, made: pl.DataFrame) -> None:
        self.rows += len(raw)
        step = max(1, self.rows // SAMPLE)
        self.sample.append(some(made, step).head(SAMPLE // 4))
        if sum(map(len, self.sample)) > 2 * SAMPLE:
            self.sample = [some(pl.concat(self.sample), 2)]
        whole = _joined(made, [d.column for d in self._seen])
        for d in self._guarded:
            values = as_text(raw[d.column])
            # of a method that may leave a value as it was, the own column does not count
            mine = whole if d.use.how.hides else _joined(made, [s.column for s in self._seen if s != d])
            held = pl.DataFrame({"t": mine, "v": values}).select(
                there=pl.col("t").str.contains(pl.col("v"), literal=True), size=pl.col("v").str.len_chars()
            )
            there = held.filter("there")
            self.long[d.column] += there.filter(pl.col("size") >= LONG).height
            self.short[d.column] += there.filter(pl.col("size").is_between(SHORTEST, LONG - 1)).height

    def leaks(self) -> list[Leak]:
        """What was seen."""
        what = "its values stand in a column that is to be read"
        found = []
        for d in self._guarded:
            chance = self.rows // CHANCE
            # a dense number may be encrypted to itself
            long = self.long[d.column] if self.long[d.column] > (chance if d.use.method == "fpe" else 0) else 0
            count = long + (self.short[d.column] if self.short[d.column] > chance else 0)
            if count:
                found.append(Leak(d.column, count, what))
        sample = pl.concat(self.sample) if self.sample else pl.DataFrame()
        return found + still_sensitive(sample, self.decisions)


def _joined(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    texts = [as_text(frame[c]).rename(str(n)) for n, c in enumerate(columns) if frame[c].dtype != pl.Null]
    if not texts:
        return pl.Series("t", [""]).new_from_index(0, len(frame))
    return pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=_BETWEEN, ignore_nulls=True)).to_series()


def still_sensitive(sample: pl.DataFrame, decisions: Sequence[Decision]) -> list[Leak]:
    """Columns of protected rows that the detector flags by content, though no one said that they may look so."""
    from assets.security.sensitive.columns import decide as look

    if not len(sample):
        return []
    stars = {d.column for d in decisions if d.use.method == "mask"}
    findings = look({c.name: _starless(c) if c.name in stars else c for c in sample.get_columns()})
    found = []
    for d in decisions:
        finding = findings.get(d.column)
        expected = d.named or d.use.how.keeps_form
        # a header stays; the names of fields stay where what is in them was not hidden
        header = finding is not None and finding.by == "name" and not finding.within
        if finding is None or not finding.flagged or header or expected:
            continue
        found.append(Leak(d.column, len(sample), f"it still looks like {finding.class_} ({finding.confidence:.0%})"))
    return found


def _starless(values: pl.Series) -> pl.Series:
    """What a mask let through: an address with stars still has the form of an address."""
    from assets.security.protect.methods.mask import STARS

    return values.to_frame("v").select(pl.col("v").filter(~pl.col("v").str.contains(STARS, literal=True))).to_series()


def refuse(leaks: Sequence[Leak]) -> None:
    """Raises ProtectionError when there are any."""
    if leaks:
        told = "; ".join(f"{leak.column!r}: {leak.what} ({leak.rows} rows looked at or found)" for leak in leaks)
        raise ProtectionError(f"not written: {told}", "name a method for the column that shows them in the policy")
