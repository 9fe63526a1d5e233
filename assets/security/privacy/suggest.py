"""Suggests how to generalise quasi-identifiers until classes are large enough.

Global recoding in the manner of Datafly (Sweeney 1997): as long as too many rows stand in small classes, the column
with the most different values gets one step coarser; a column without a coarser step is suppressed. It is greedy, so
the result is a good one and seldom the best; unlike Mondrian's, its steps are the same for all rows, which is what a
policy can say. The columns are generalised by the methods that would do it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from assets.security.privacy.anonymity import COUNT
from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.policy import Use

_PERIODS = ("month", "quarter", "year", "decade")
_WIDTHS = (1, 2, 5)
_PREFIXES = (12, 8, 6, 4, 3, 2, 1)


class Suggestion(NamedTuple):
    """What would be done.

    Attributes:
        uses: column -> rule, as a policy says it; columns that may stay are not in it.
        at_risk: rows that would still stand in classes smaller than k.
    """

    uses: dict[str, Use]
    k: int
    groups: int
    at_risk: int
    rows: int

    def yaml(self, table: str) -> str:
        """As lines of a policy."""
        import yaml

        columns = {c: {"method": use.method} | use.given for c, use in self.uses.items()}
        return yaml.safe_dump({"tables": {table: {"columns": columns}}}, allow_unicode=True, sort_keys=False)


def suggest(table: pl.LazyFrame, quasi: Sequence[str], wanted: int = 5, left: float = 0.01) -> Suggestion:
    """Suggests generalisations.

    Args:
        left: share of rows that may stay in classes smaller than `wanted`; these would have to leave the table.

    Raises:
        ProtectionError: `left` is no share.
    """
    if not 0 <= left <= 1:
        raise ProtectionError(f"--left {left:g} is no share", "give one from 0 to 1, as 0.01")
    tuples = table.group_by(quasi).len(COUNT).collect(engine="streaming")
    rows = int(tuples[COUNT].sum() or 0)
    ladders = {c: _ladder(tuples[c], c) for c in quasi}
    at = dict.fromkeys(quasi, -1)
    now = tuples
    while True:
        grouped = now.group_by(quasi).agg(pl.col(COUNT).sum())
        counts = grouped[COUNT]
        at_risk = int(counts.filter(counts < wanted).sum())
        open_ = [c for c in quasi if at[c] + 1 < len(ladders[c]) and now[c].n_unique() > 1]
        if at_risk <= left * rows or not open_:
            break
        column = max(open_, key=lambda c: now[c].n_unique())
        at[column] += 1
        use = ladders[column][at[column]]
        made = use.how.protect(tuples[column], use.read(column), Scope("suggest", column))
        now = now.with_columns(made.alias(column))
    uses = {c: ladders[c][n] for c, n in at.items() if n >= 0}
    return Suggestion(uses, int(counts.min() or 0), len(grouped), at_risk, rows)  # type: ignore[arg-type]


def _ladder(values: pl.Series, column: str) -> list[Use]:
    """The steps from fine to coarse; the last one suppresses."""
    last = [Use(method="suppress")]
    kind = values.dtype
    if kind.is_temporal():
        return [_generalise(period=p) for p in _PERIODS] + last
    if kind.is_numeric():
        return [_generalise(width=w) for w in _steps(values)] + last
    if kind != pl.String:
        return last
    from assets.security.sensitive.columns import decide

    finding = decide({column: values})[column]
    class_ = finding.class_ if finding is not None else ""
    if class_ in ("birth_date", "date"):
        return [_generalise(period=p) for p in _PERIODS] + last
    if class_ == "address":
        return [_generalise(region=r) for r in ("city", "province")] + last
    longest = int(values.str.len_chars().max() or 0)  # type: ignore[arg-type]
    coded = values.str.contains(r"^[0-9A-Za-z. -]+$").all() and longest <= max(_PREFIXES)
    return [_generalise(prefix=n) for n in _PREFIXES if n < longest and coded] + last


def _steps(values: pl.Series) -> list[float]:
    """Widths of 1, 2 or 5 times a power of ten, from twice the finest difference to half the range."""
    known = values.drop_nulls().cast(pl.Float64)
    if known.n_unique() < 3:
        return []
    distinct = known.unique().sort().to_numpy()
    finest, wide = float(np.diff(distinct).min()), float(distinct[-1] - distinct[0])
    found = [m * 10.0**e for e in range(-6, 12) for m in _WIDTHS]
    return [w for w in found if 2 * finest <= w <= wide / 2]


def _generalise(**given: Any) -> Use:
    return Use.model_validate({"method": "generalise", **given})
