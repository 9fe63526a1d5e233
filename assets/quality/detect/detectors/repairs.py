"""Repairs of cells as rules: value maps, blanks, dependencies, patterns."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assets.quality.detect.coded import Coded
from assets.quality.detect.context import Context
from assets.quality.detect.detectors.chosen import choose
from assets.quality.detect.model import Cell, Proposal
from assets.quality.detect.shapes import pattern
from assets.quality.detect.sureness import limits, upheld
from assets.quality.repair.model import Repair

Groups = dict[tuple[str, str, tuple[str, ...]], list[Repair]]
Alike = Counter[tuple[str, str, str | None]]  # cells by column, text before and after
LIKELY = 0.5
UPHELD = 0.5  # share of the cells breaking a dependency that must be wrong for it to be a rule
MAPPED = 5_000  # values of one map
SPACES = ("no_controls", "half_width", "trim", "collapse")


def find(context: Context) -> Iterator[Proposal]:
    """One proposal per reason and column."""
    groups: Groups = defaultdict(list)
    columns = {c.name: c for c in context.repairs.observed}
    alike = Counter((r.column, r.before, r.after) for r in context.repairs)
    for repair in context.repairs:
        if repair.confidence < LIKELY or not repair.why:
            continue
        sort = "learned" if repair.sort == "label" else repair.sort
        if repair.sort != "label" or _everywhere(repair, columns[repair.column], alike):
            groups[repair.column, sort, repair.key].append(repair)
    for name in dict.fromkeys(n for n, sort, _ in list(groups) if sort == "dependency"):
        _regroup(context, name, groups, alike)
    for (name, sort, key), repairs in groups.items():
        if not repairs:
            continue
        made = _proposal(context, columns[name], sort, key, repairs)
        if made is not None:
            yield made


def _regroup(context: Context, name: str, groups: Groups, alike: Alike) -> None:
    """Repairs by votes under the dependencies that, as rules, make them; the others as values, where that says it."""
    keys = [k for k in groups if k[:2] == (name, "dependency")]
    repairs = {r.row: r for k in keys for r in groups[k]}
    observed = context.repairs.observed
    then = next(p for p, c in enumerate(observed) if c.name == name)
    chosen = choose(observed, context.repairs.rules, then, repairs)
    if not chosen:
        return
    for key in keys:
        del groups[key]
    for rule, rows in chosen:
        key = (name, "dependency", tuple(observed[g].name for g in rule.given))
        groups[key] = [repairs[row] for row in sorted(rows)]
    left = [repairs[row] for row in sorted(set(repairs) - {r for _, made in chosen for r in made})]
    groups[name, "value", ()] = [r for r in left if _everywhere(r, observed[then], alike)]


def _everywhere(repair: Repair, column: Coded, alike: Alike) -> bool:
    """Whether a labelled cell's change holds for all cells of that text, so that a map of values may say it."""
    code = int(column.codes[repair.row])
    return bool(repair.before) and alike[repair.column, repair.before, repair.after] == int(column.counts[code])


def _proposal(
    context: Context, column: Coded, sort: str, key: tuple[str, ...], repairs: Sequence[Repair]
) -> Proposal | None:
    cells = [
        Cell(int(context.places[r.row]), r.column, r.before or None, r.after or None, r.confidence) for r in repairs
    ]
    sure = sum(r.confidence for r in repairs) / len(repairs)
    why = _evidence(repairs)
    if sort == "dependency" and key:
        if _upheld(context, key, column) < UPHELD:
            return None
        strength = max(
            (r.strength for r in context.repairs.rules if _is(context, r.given, r.then, key, column)), default=sure
        )
        fill = any(not r.before for r in repairs)
        params = {**_limits(context, key, column), **({"fill": True} if fill else {})}
        return Proposal("dependency", (*key, column.name), params, "repair", min(sure, strength), why, cells)
    if sort == "merged" and column.name == key[1]:
        params = {**_limits(context, key[:1], column), "fill": True}
        return Proposal("dependency", (key[0], column.name), params, "repair", sure, why, cells)
    if sort == "shape":
        found = pattern(column)
        return Proposal("pattern", (column.name,), {"pattern": found}, "report", sure, why, cells) if found else None
    if sort == "spaces":
        return Proposal("normalise", (column.name,), {"forms": SPACES}, "repair", sure, why, cells)
    mapping = _mapping(repairs)
    return Proposal("replace", (column.name,), {"mapping": mapping}, "repair", sure, why, cells) if mapping else None


def _limits(context: Context, key: tuple[str, ...], column: Coded) -> Mapping[str, Any]:
    columns = {c.name: c for c in context.repairs.observed}
    likely = [r for r in context.repairs if r.column == column.name and r.confidence >= LIKELY]
    return limits([columns[name] for name in key], column, likely)


def _upheld(context: Context, key: tuple[str, ...], column: Coded) -> float:
    columns = {c.name: c for c in context.repairs.observed}
    likely = [r for r in context.repairs if r.column == column.name and r.confidence >= LIKELY]
    return upheld([columns[name] for name in key], column, likely)


def _is(context: Context, given: tuple[int, ...], then: int, key: tuple[str, ...], column: Coded) -> bool:
    names = [c.name for c in context.repairs.observed]
    return names[then] == column.name and tuple(names[g] for g in given) == key


def _mapping(repairs: Sequence[Repair]) -> dict[str, str | None]:
    """Wrong to right texts, the main one where a text has several; those that most rows have first."""
    choices: dict[str, Counter[str]] = defaultdict(Counter)
    for repair in repairs:
        if repair.before and repair.after is not None:
            choices[repair.before][repair.after] += 1
    ranked = sorted(choices, key=lambda b: (-choices[b].total(), b))[:MAPPED]
    return {before: choices[before].most_common(1)[0][0] or None for before in ranked}


def _evidence(repairs: Sequence[Repair]) -> str:
    reasons = Counter(r.why for r in repairs if r.why)
    return "; ".join(why for why, _ in reasons.most_common(2))[:500]
