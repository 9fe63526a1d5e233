"""Targets that several source columns fill together: joined texts and arithmetic."""

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from assets.quality.mapping.measure import Side, choice_by_rows
from assets.quality.mapping.model import Choice
from assets.quality.mapping.registry import transform
from assets.quality.mapping.transforms.arithmetic import OPERATORS

if TYPE_CHECKING:
    import polars as pl

_SEPARATORS = (" ", "-", ", ", "/", "_", "")
_MOST_NUMBERS = 12
_HELD = 0.7


def joined(source: Side, target: "pl.Series", raw: float) -> Iterator[Choice]:
    """Of aligned rows: columns whose texts the target's texts hold, in the order in which they stand there."""
    import polars as pl

    if target.dtype != pl.String:
        return
    rows = source.frame.with_columns(target.alias("\0target")).filter(target.is_not_null())
    places: dict[str, float] = {}
    for name in source.frame.columns:
        if source.frame.schema[name].is_float():
            continue
        text = source.column(name).text
        held = rows.filter(text.str.len_chars() > 0).select(
            pl.col("\0target").str.find(text, literal=True).alias("at"), (text == pl.col("\0target")).alias("all")
        )
        if len(held) < 5 or held["at"].is_not_null().mean() < _HELD or held["all"].mean() > 0.5:  # type: ignore[operator]
            continue
        places[name] = float(held["at"].mean() or 0)  # type: ignore[arg-type]
    order = sorted(places, key=lambda n: places[n])[:5]
    how = transform("merge")
    for count in (2, 3):
        for names in itertools.combinations(order, count):
            for sign in _signs(rows, source, names):
                p = how.read({"separator": sign}, "guess")
                yield choice_by_rows(source, names, target, how, "merge", p, raw)


def _signs(rows: "pl.DataFrame", source: Side, names: tuple[str, ...]) -> list[str]:
    """What stands between the first two in the target's texts."""
    texts = rows.select(*(source.column(n).text.alias(n) for n in names[:2]), "\0target").drop_nulls().head(50)
    found: dict[str, int] = {}
    for one, two, whole in texts.iter_rows():
        match = re.search(f"{re.escape(one)}(.{{0,5}}?){re.escape(two)}", whole)
        if match:
            found[match[1]] = found.get(match[1], 0) + 1
    return sorted(found, key=lambda s: -found[s])[:2]


def joined_by_values(source: Side, target: "pl.Series") -> Iterator[Choice]:
    """Without aligned rows: the target's parts at a separator are values of two source columns."""
    import polars as pl

    known = target.drop_nulls().head(500)
    if target.dtype != pl.String or len(known) < 10:
        return
    texts = [n for n in source.frame.columns if source.frame.schema[n] == pl.String or _whole(source, n)]
    values = {n: source.frame.select(source.column(n).text).to_series().unique().implode() for n in texts}
    for sign in filter(None, _SEPARATORS):
        parts = known.str.split_exact(sign, 1).struct.unnest()
        if parts.to_series(1).is_null().mean() > 0.2:  # type: ignore[operator]
            continue
        for one, two in itertools.permutations(texts, 2):
            shares = [float(parts.to_series(k).is_in(values[n]).mean() or 0) for k, n in enumerate((one, two))]  # type: ignore[arg-type]
            if min(shares) > 0.5 and min(len(values[n][0]) for n in (one, two)) > 5:
                said = f"{shares[0]:.0%} and {shares[1]:.0%} of the parts at {sign!r} are values of these columns"
                sure = round(0.8 * min(shares), 4)
                found = {"sources": (one, two), "transform": "merge", "params": {"separator": sign}}
                yield Choice(**found, confidence=sure, evidence=said)  # type: ignore[arg-type]


def _whole(source: Side, name: str) -> bool:
    return source.frame.schema[name].is_integer()


def calculated(source: Side, target: "pl.Series", raw: float) -> Iterator[Choice]:
    """Of aligned rows: sums, differences, products and quotients of two numbers."""
    if not target.dtype.is_numeric():
        return
    numbers = [n for n in source.frame.columns if source.frame.schema[n].is_numeric()][:_MOST_NUMBERS]
    how: Any = transform("arithmetic")
    for operator in OPERATORS:
        p = how.read({"operator": operator}, "guess")
        pairs = itertools.permutations if operator in "-/" else itertools.combinations
        for pair in pairs(numbers, 2):
            yield choice_by_rows(source, pair, target, how, "arithmetic", p, raw)
