"""Repairs of cells as rules: value maps, blanks, dependencies, patterns."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from assets.quality.detect.belief import believed, rated
from assets.quality.detect.coded import Coded
from assets.quality.detect.context import Context
from assets.quality.detect.detectors.chosen import choose
from assets.quality.detect.model import Action, Cell, Proposal
from assets.quality.detect.shapes import pattern
from assets.quality.detect.sureness import limits, upheld
from assets.quality.repair.model import Repair

Groups = dict[tuple[str, str, tuple[str, ...]], list[Repair]]
Alike = Counter[tuple[str, str, str | None]]  # cells by column, text before and after
LIKELY = 0.5
UPHELD = 0.5  # share of the cells breaking a dependency that must be wrong for it to be a rule
SLACK = 0.1  # by which its confidence may be above that share
MAPPED = 5_000  # values of one map
MAPS = ("label", "typo", "word")  # sorts that judge some cells of a text: a map of values changes all of them
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
        if repair.sort not in MAPS or _everywhere(repair, columns[repair.column], alike):
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
    """Whether a cell's change holds for all cells of that text, so that a map of values may say it."""
    code = int(column.codes[repair.row])
    return bool(repair.before) and alike[repair.column, repair.before, repair.after] == int(column.counts[code])


def _proposal(
    context: Context, column: Coded, sort: str, key: tuple[str, ...], repairs: Sequence[Repair]
) -> Proposal | None:
    given = [c for name in key for c in context.repairs.observed if c.name == name]
    each = [r.confidence for r in repairs]
    if sort in ("dependency", "value"):
        each = believed(given, column, repairs)
    if sort == "word":
        each = rated(repairs, column.filled)
    cells = [
        Cell(int(context.places[r.row]), r.column, r.before or None, r.after or None, confidence)
        for r, confidence in zip(repairs, each, strict=True)
    ]
    sure = sum(each) / len(repairs)
    why = _evidence(repairs)
    if sort == "dependency" and key:
        share = upheld(given, column, _likely(context, column))
        if share < UPHELD:
            return None
        strength = max(
            (r.strength for r in context.repairs.rules if _is(context, r.given, r.then, key, column)), default=sure
        )
        fill = any(not r.before for r in repairs)
        params = {**limits(given, column, _likely(context, column)), **({"fill": True} if fill else {})}
        action: Action = "repair" if sure >= LIKELY else "report"
        return Proposal(
            "dependency", (*key, column.name), params, action, min(sure, strength, share + SLACK), why, cells
        )
    if sort == "merged" and column.name == key[1]:
        params = {**limits(given[:1], column, _likely(context, column)), "fill": True}
        return Proposal("dependency", (key[0], column.name), params, "repair", sure, why, cells)
    if sort == "shape":
        found = pattern(column)
        return Proposal("pattern", (column.name,), {"pattern": found}, "report", sure, why, cells) if found else None
    if sort == "spaces":
        return Proposal("normalise", (column.name,), {"forms": SPACES}, "repair", sure, why, cells)
    mapping = _mapping(repairs)
    if not mapping or sure < LIKELY:
        return None
    return Proposal("replace", (column.name,), {"mapping": mapping}, "repair", sure, why, cells)


def _likely(context: Context, column: Coded) -> list[Repair]:
    return [r for r in context.repairs if r.column == column.name and r.confidence >= LIKELY]


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
    """The reasons that most cells have; of dependencies the columns that decide, each once."""
    voters = Counter(name for r in repairs for name in r.voters)
    if voters:
        told = ", ".join(name for name, _ in voters.most_common(3))
        return f"{repairs[0].column} follows from {told}"[:500]
    reasons = Counter(r.why for r in repairs if r.why)
    return "; ".join(why for why, _ in reasons.most_common(2))[:500]
