"""How well a transform of source columns gives a target column: by aligned rows, or by likeness of the values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assets.quality.mapping.codes import SHARES
from assets.quality.mapping.match import confidence_of
from assets.quality.mapping.model import Choice
from assets.quality.mapping.registry import names, transform
from assets.quality.mapping.transform import Column, Shown, Transform
from assets.quality.mapping.units import UNKNOWN
from assets.quality.mapping.values import Profile, compare, profile

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.standards.model import CodeTable

_TEXT = 0.03  # what a text in the place of an integer takes off
_RANK, _PAIR = 0.006, 0.0005  # what a less simple transform, and a longer table of codes, take off
_NAMELESS = 0.85  # what is left of confidence where names say nothing
_NAMED = 0.5  # how alike names are at least where quantiles alone give a factor: some line fits most of them
_GUESSED = 0.55  # most confidence in codes that are told apart by their shares alone


@dataclass(frozen=True, slots=True)
class Side:
    """A table as transforms are measured on it, and the code tables of the project; what was made of it is kept."""

    frame: "pl.DataFrame"
    codes: "tuple[CodeTable, ...]" = ()
    columns: dict[str, Shown] = field(default_factory=dict)
    kept: "dict[str, pl.Series]" = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)

    def shown(self, name: str) -> Shown:
        """One column."""
        if name not in self.columns:
            self.columns[name] = Shown(self.column(name), self.frame[name], self.codes)
        return self.columns[name]

    def made(self, columns: Sequence[str], how: Transform, p: Any) -> "pl.Series":
        """What the transform makes of the columns."""
        key = f"{type(how).__name__} {tuple(columns)!r} {p!r}"
        if key not in self.kept:
            value = how.value([self.column(c) for c in columns], p).alias(key)
            self.kept[key] = self.frame.select(value).to_series()
        return self.kept[key]

    def profiled(self, made: "pl.Series") -> Profile:
        """The profile of something made."""
        if made.name not in self.profiles:
            self.profiles[made.name] = profile(made)
        return self.profiles[made.name]

    def column(self, name: str) -> Column:
        """Its name and type."""
        return Column(name, self.frame.schema[name])


def single(source: Side, target: Side, one: str, other: str, aligned: bool) -> Iterator[tuple[Transform, str, Any]]:
    """Transforms of one column that might fit: (transform, name, parameters)."""
    ours, theirs = source.shown(one), target.shown(other)
    for name in names():
        how = transform(name)
        if how.arity == (1, 1):
            for params in how.guesses(ours, theirs, aligned):
                yield how, name, how.read(params, "guess")


def by_rows(source: Side, columns: Sequence[str], target: "pl.Series", how: Transform, p: Any) -> tuple[float, int]:
    """Share of aligned rows where the transform gives the target, over what its most frequent value gives; rows."""
    made = source.made(columns, how, p)
    equal = _equal(made, target)
    if equal is None:
        return 0.0, len(target)
    used = target.is_not_null()
    there = source.frame[columns[0]].is_not_null()
    for column in columns[1:]:
        there |= source.frame[column].is_not_null()
    goal = target.filter(used & there)
    if len(goal) < 5:
        return 0.0, len(goal)
    share = float((equal & used & there).sum()) / len(goal)
    if share <= 0.3:
        return 0.0, len(goal)
    chance = float(goal.value_counts()["count"].to_numpy().max()) / len(goal)
    return (0.0 if chance > 0.98 else max(0.0, (share - chance) / (1 - chance))), len(goal)


def _equal(made: "pl.Series", goal: "pl.Series") -> "pl.Series | None":
    """Where both are the same; None for types that never are."""
    import polars as pl

    if goal.dtype.is_integer() and made.dtype == pl.String:  # digits are written without quotes in a CSV file
        return (made == goal.cast(pl.String)).fill_null(False)
    number = goal.dtype.is_numeric()
    if number != made.dtype.is_numeric() or (goal.dtype == pl.Boolean) != (made.dtype == pl.Boolean):
        return None
    if number:
        one, two = made.cast(pl.Float64), goal.cast(pl.Float64)
        off = (one - two).abs()
        cents = 0.0051 if float(two.abs().median() or 0) >= 1 else 0.0  # type: ignore[arg-type]
        return ((off <= 1e-6 * two.abs() + 1e-9) | (off < cents)).fill_null(False)
    if goal.dtype.is_temporal() and made.dtype.is_temporal():
        return (made.cast(pl.Datetime("us")) == goal.cast(pl.Datetime("us"))).fill_null(False)
    if goal.dtype != made.dtype:
        return None
    return (made == goal).fill_null(False)


def choice_by_rows(
    source: Side, columns: Sequence[str], target: "pl.Series", how: Transform, name: str, p: Any, raw: float
) -> Choice:
    """A choice measured on aligned rows."""
    share, rows = by_rows(source, columns, target, how, p)
    sure = 0.9 * share * rows / (rows + 1) + 0.1 * raw if share > 0.3 else 0.35 * raw
    sure -= _TEXT if target.dtype.is_integer() and name in ("date", "extract", "split", "normalise") else 0.0
    sure -= how.rank * _RANK + _PAIR * len(getattr(p, "values", ()))
    return _choice(columns, name, p, sure, f"{share:.0%} of {rows:,} rows of the same key agree beyond chance")


def choice_by_values(
    source: Side,
    column: str,
    target: Side,
    other: str,
    names: tuple[float, float],
    goal_profile: Profile,
    how: Transform,
    name: str,
    p: Any,
) -> Choice | None:
    """A choice measured by how alike the values are afterwards; None where the transform does not apply.

    Args:
        names: how alike the names are, and what that counts for.
    """
    import polars as pl

    before, goal = source.frame[column], target.frame[other]
    made = source.made([column], how, p)
    known = before.is_not_null()
    fails = float((made.is_null() & known).sum()) / max(1, int(known.sum()))
    if fails > 0.5:
        return None
    v = compare(source.profiled(made), goal_profile)
    if name == "unit" and p.of == UNKNOWN and names[0] < _NAMED:
        return None
    sure = confidence_of(names[0], v, names[1]) - 0.4 * fails - how.rank * _RANK
    sure += 0.08 * _exact(made, goal)
    sure = sure if names[1] > 0.5 else min(_NAMELESS * sure, 0.6 + 0.4 * v.shared)
    if made.dtype.is_numeric() != goal.dtype.is_numeric() or (made.dtype == pl.Boolean) != (goal.dtype == pl.Boolean):
        sure -= 0.15
    if name == "normalise" and not _settles(how, p, before, goal):
        return None
    if name in ("extract", "split") and v.shared < 0.3:
        sure -= 0.2
    told = ""
    if name == "codes":
        of = str(getattr(p, "of", ""))
        sure, told = (min(sure, _GUESSED) if of == SHARES else max(sure, 0.75)), f"{of}; "
    parts = (("names", names[0]), ("shared values", v.shared), ("look of values", v.looks), ("spread", v.spread))
    words = ", ".join(f"{what} {share:.0%}" for what, share in sorted(parts, key=lambda part: -part[1])[:3])
    return _choice([column], name, p, sure, told + words)


def _exact(made: "pl.Series", goal: "pl.Series") -> float:
    """Share of different values that are in the target letter by letter."""
    if made.dtype != goal.dtype or not len(values := made.drop_nulls().unique()):
        return 0.0
    return float(values.is_in(goal.unique().implode()).cast(float).to_numpy().mean())


def _settles(how: Transform, p: Any, before: "pl.Series", goal: "pl.Series") -> bool:
    """Whether the target has the form already and the source has not."""
    import polars as pl

    def stays(values: "pl.Series") -> float:
        known = pl.DataFrame({"v": values.drop_nulls().head(1_000)})
        after = known.select(how.value([Column("v", values.dtype)], p) == pl.col("v")).to_series()
        return float(after.fill_null(False).cast(float).to_numpy().mean()) if len(after) else 1.0

    return stays(goal) > 0.99 and stays(before) < 0.9


def _choice(columns: Sequence[str], name: str, p: Any, sure: float, evidence: str) -> Choice:
    params = p.model_dump(mode="json", exclude_defaults=True)
    sure = round(min(1.0, max(0.0, sure)), 4)
    return Choice(sources=tuple(columns), transform=name, params=params, confidence=sure, evidence=evidence)
