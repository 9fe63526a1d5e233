"""A mapping proposed from two tables: for each target column the likeliest source columns and transform."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.quality.mapping.align import align
from assets.quality.mapping.codes import SHARES, counts
from assets.quality.mapping.match import LEAST, NAMES, Embed, scores, standing_out
from assets.quality.mapping.measure import Side, choice_by_rows, choice_by_values, single
from assets.quality.mapping.model import Choice, FieldMap, Mapping_
from assets.quality.mapping.registry import transform
from assets.quality.mapping.several import calculated, joined, joined_by_values
from assets.quality.mapping.transform import is_plain
from assets.quality.mapping.values import profile
from core.errors import SourceError
from core.near import near

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.standards.model import CodeTable

SAMPLE = 1_000  # rows that transforms are tried on without aligned rows
_NEAR = 6  # sources that are looked at for a target without aligned rows
_OPAQUE, _OPAQUE_WEIGHT = 0.35, 0.1
_WIDE = 20  # the same where names say nothing
_CODES = 40  # different values of a column that may hold codes
_ALTERNATIVES = 3
_MAYBE = 0.3
_BELOW = 0.35  # how much less sure than the choice an alternative may be
_WHOLE = ("copy", "cast", "normalise", "codes", "unit")

_UNLOOKED = Choice(transform="constant", confidence=0.0, evidence="lists, records and bytes are not looked at")


@dataclass(slots=True)
class _Found:
    """Choices by (source, target) index, the best first."""

    raw: Any
    likeness: list[list[Any]]
    aligned: bool
    nameless: bool = False
    single: dict[tuple[int, int], list[Choice]] = field(default_factory=dict)
    several: dict[int, list[Choice]] = field(default_factory=dict)

    def best(self) -> Any:
        """Confidence [sources, targets] of the best choice of one column."""
        best = np.zeros_like(self.raw)
        for (i, j), choices in self.single.items():
            best[i, j] = choices[0].confidence if choices else 0.0
        return best

    def of(self, j: int) -> list[Choice]:
        """All choices of a target, the surest first."""
        found = [c for (_, to), choices in self.single.items() if to == j for c in choices]
        return sorted([*found, *self.several.get(j, [])], key=lambda c: -c.confidence)


def suggest(
    name: str,
    source: tuple[str, "pl.DataFrame"],
    target: tuple[str, "pl.DataFrame"],
    *,
    key: tuple[str, str] | None = None,
    codes: "Sequence[CodeTable]" = (),
    embed: Embed | None = None,
) -> Mapping_:
    """Every target column with its likeliest choice and up to three others; nothing is decided.

    Columns of lists, records and bytes are not looked at; people can have them copied.

    Where both tables have rows of the same key, a transform is measured by how many of these it gets right; else by
    how alike names and values are afterwards.

    Args:
        source, target: name and rows of each.
        key: columns that identify a row in both; found from the values where it is not given.
        codes: code tables of the project, beside those that come with Heddle.
        embed: as in `match.scores`; without it names of like meaning but other words are not seen as such.

    Raises:
        SourceError: a key column is not there.
    """
    ours, theirs = source[1], target[1]
    for side, column in zip((source, target), key or (), strict=False):
        if column not in side[1].columns:
            raise SourceError(f"{side[0]}: there is no key column {column!r}", near(column, side[1].columns))
    ours, theirs = (f.select(n for n, t in f.schema.items() if is_plain(t)) for f in (ours, theirs))
    rows = align(ours, theirs, key)
    if key is not None and rows is None:
        raise SourceError(f"fewer than 12 rows of {source[0]} and {target[0]} have the same {key}", "name another key")
    raw, likeness = scores(ours, theirs, embed)
    found = _Found(raw, likeness, rows is not None)
    looked = (rows.source, rows.target) if rows else (ours.head(SAMPLE), theirs.head(SAMPLE))
    one, other = (Side(frame, tuple(codes)) for frame in looked)
    (_by_rows if rows else _by_values)(found, one, other)
    known = {f.target: f for f in _fields(found, one, theirs)}
    fields = [known.get(n) or FieldMap(target=n, **_UNLOOKED.model_dump()) for n in target[1].columns]
    used = {s for f in fields for s in f.sources}
    return Mapping_(
        name=name,
        asset="",
        source=source[0],
        target=target[0],
        key=rows.key if rows else None,
        fields=tuple(fields),
        spare=tuple(c for c in source[1].columns if c not in used),
    )


def _by_rows(found: _Found, source: Side, target: Side) -> None:
    for j, other in enumerate(target.frame.columns):
        goal = target.frame[other]
        for i, one in enumerate(source.frame.columns):
            raw = float(found.raw[i, j])
            tried = single(source, target, one, other, True)
            made = [choice_by_rows(source, [one], goal, how, name, p, raw) for how, name, p in tried]
            found.single[i, j] = sorted(made, key=lambda c: -c.confidence)[: _ALTERNATIVES + 1]
        best = max((c.confidence for c in found.of(j)), default=0.0)
        if best < 0.85:
            raw = float(found.raw[:, j].max(initial=0.0))
            several = [*joined(source, goal, raw), *calculated(source, goal, raw)]
            found.several[j] = [c for c in several if c.confidence > _MAYBE]


def _by_values(found: _Found, source: Side, target: Side) -> None:
    weight = _weight(found)
    found.nameless = weight < NAMES
    few = {n for n in source.frame.columns if 2 <= len(counts(source.shown(n))) <= _CODES}
    for j, other in enumerate(target.frame.columns):
        goal = profile(target.frame[other])
        coded = 2 <= len(counts(target.shown(other))) <= _CODES
        near = set(np.argsort(-found.raw[:, j])[: _NEAR if weight > 0.5 else _WIDE].tolist())
        for i, one in enumerate(source.frame.columns):
            if i not in near and not (coded and one in few):
                continue
            names = (found.likeness[i][j][0], weight)
            made = [
                choice_by_values(source, one, target, other, names, goal, how, name, p)
                for how, name, p in single(source, target, one, other, False)
            ]
            kept = sorted((c for c in made if c is not None), key=lambda c: -c.confidence)
            found.single[i, j] = kept[: _ALTERNATIVES + 1]
        best = max((c.confidence for c in found.of(j)), default=0.0)
        if best < 0.85:
            found.several[j] = list(joined_by_values(source, target.frame[other]))


def _weight(found: _Found) -> float:
    """What names count for: little where those of one table are like none of the other."""
    names = np.array([[pair[0] for pair in row] for row in found.likeness])
    opaque = names.size == 0 or float(np.median(names.max(axis=int(names.shape[0] < names.shape[1])))) < _OPAQUE
    return _OPAQUE_WEIGHT if opaque else NAMES


def _fields(found: _Found, source: Side, theirs: "pl.DataFrame") -> list[FieldMap]:
    from scipy.optimize import linear_sum_assignment

    best = found.best()
    chosen: dict[int, Choice] = {}
    if best.size:
        telling = standing_out(best)
        for i, j in zip(*linear_sum_assignment(-telling), strict=True):
            choices = found.single.get((int(i), int(j)))
            if choices and telling[i, j] >= LEAST:
                alone = found.nameless or choices[0].params.get("of") == SHARES  # standing out proves little then
                told = 0.0 if alone else round(float(telling[i, j]), 4)
                chosen[int(j)] = choices[0].model_copy(update={"confidence": told or choices[0].confidence})
    used = {source for choice in chosen.values() for source in choice.sources}
    fields = []
    for j, other in enumerate(theirs.columns):
        choices = found.of(j)
        pick = chosen.get(j)
        sure = next((c for c in choices if c.confidence >= LEAST and (found.aligned or _again(c, used))), None)
        if sure is not None and (pick is None or sure.confidence > pick.confidence + 0.1):
            pick = sure
        fields.append(_field(source, other, pick or _unfilled(theirs[other]), choices))
    return fields


def _again(choice: Choice, used: set[str]) -> bool:
    """Whether the choice is believable although another target has the whole of its column."""
    return choice.transform not in _WHOLE or not used & set(choice.sources)


def _field(source: Side, target: str, pick: Choice, choices: list[Choice]) -> FieldMap:
    least = max(_MAYBE, pick.confidence - _BELOW) if pick.sources else _MAYBE
    kept = [pick]
    for choice in choices:
        if choice.confidence >= least and not any(_same(source, choice, other) for other in kept):
            kept.append(choice)
    return FieldMap(target=target, alternatives=tuple(kept[1 : _ALTERNATIVES + 1]), **pick.model_dump())


def _same(source: Side, one: Choice, other: Choice) -> bool:
    """Whether people could not tell the two apart: by their parameters, or by all values that they make.

    Dates only by their parameters: which format is meant is a question although the days at hand leave it open.
    """
    if one.sources != other.sources:
        return False
    if one.transform == other.transform and (one.transform == "normalise" or _demand(one) == _demand(other)):
        return True
    return "date" not in (one.transform, other.transform) and _made(source, one).equals(
        _made(source, other), check_dtypes=True
    )


def _demand(choice: Choice) -> dict[str, Any]:
    """What the choice makes, whatever it was found by."""
    return {k: v for k, v in choice.params.items() if k != "of"}


def _made(source: Side, choice: Choice) -> "pl.Series":
    how = transform(choice.transform)
    return source.made(choice.sources, how, how.read(choice.params, choice.transform))


def _unfilled(values: "pl.Series") -> Choice:
    """A constant where the target has but one value; else nothing."""
    known = values.drop_nulls().unique()
    if len(known) == 1 and len(values) > 5 and isinstance(known[0], (bool, int, float, str)):
        said = "all rows of the target have this value; no source column fits"
        return Choice(transform="constant", params={"value": known[0]}, confidence=0.6, evidence=said)
    return Choice(transform="constant", confidence=0.0, evidence="no source column fits")
