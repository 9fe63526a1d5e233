"""Plans proposed for two or more tables: keys, fixes, how to join, and the counts of what would come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from assets.quality.fusion.candidates import ROWS, Candidate, candidates
from assets.quality.fusion.model import Join, JoinKind, KeyPair, Plan
from assets.quality.fusion.tables import Tables, predict
from core.errors import SourceError

KEPT = 0.9  # of the matched rows must still meet by other keys that multiply none
TRIED = 4  # other keys, and second key columns, that are looked at
Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A plan, and for each join the other keys that were found."""

    plan: Plan
    others: tuple[tuple[Candidate, ...], ...]


def propose(tables: Tables, names: Sequence[str], asset: str, how: JoinKind, say: Said | None = None) -> Proposed:
    """The likeliest plan to join the second and later tables to the first one.

    Raises:
        SourceError: a table is not there, or no columns of two tables have values in common.
    """
    if len(names) < 2:
        raise SourceError("a join needs two tables or more", "name them")
    twice = next((n for n in names if list(names).count(n) > 1), None)
    if twice is not None:
        raise SourceError(f"{twice} is named twice", "name a copy or a view of it under another name")
    layout = tables.layout(names)
    frames = {n: tables.query(_sample(layout.tables[n], tables.dialect)) for n in names}
    joins: list[Join] = []
    others: list[tuple[Candidate, ...]] = []
    for number, right in enumerate(names[1:], 1):
        if say is not None:
            say(f"looking for keys of {right}")
        found = [(t, c) for t in names[:number] for c in candidates((t, frames[t]), (right, frames[right]))]
        if not found:
            raise SourceError(
                f"no column of {right} has values in common with {' or '.join(names[:number])}",
                "write the keys into the plan yourself (docs/fusion.md)",
            )
        table, best = max(found, key=lambda item: item[1].score)
        plan = Plan(asset=asset, left=names[0], joins=(*joins, _join(table, right, how, [best])))
        joins.append(_single(plan, tables, table, [c for t, c in found if t == table]))
        taken = {(k.left, k.right) for k in joins[-1].keys}
        others.append(tuple(c for t, c in found if (f"{t}.{c.pair.left}", c.pair.right) not in taken)[:5])
    plan = Plan(asset=asset, left=names[0], joins=tuple(joins))
    counted = predict(plan, tables)
    done = [j.model_copy(update={"predicted": p}) for j, p in zip(joins, counted, strict=True)]
    return Proposed(plan.model_copy(update={"joins": tuple(done)}), tuple(others))


def _sample(table: exp.Table, dialect: str) -> str:
    return exp.select("*").from_(table.copy()).limit(ROWS).sql(dialect=dialect)


def _join(table: str, right: str, how: JoinKind, chosen: Sequence[Candidate]) -> Join:
    keys = tuple(_named(c.pair, table) for c in chosen)
    return Join(right=right, how=how, keys=keys, evidence="; ".join(chosen[0].told))


def _named(pair: KeyPair, table: str) -> KeyPair:
    return pair.model_copy(update={"left": f"{table}.{pair.left}"})


def _single(plan: Plan, tables: Tables, table: str, found: Sequence[Candidate]) -> Join:
    """The last join; where it would multiply rows, another one with hardly fewer matches that does not.

    By another key, if there is one (an identifier rather than a city of that name), or by a second key column.
    """
    last = plan.joins[-1]
    counted = predict(plan, tables)[-1]
    if not counted.added:
        return last
    used, first = last.keys[0].right, last.keys[0].left
    others = [c for c in found if (c.pair.right, f"{table}.{c.pair.left}") != (used, first)]
    wider = [c for c in others if c.pair.right != used and f"{table}.{c.pair.left}" != first]
    tried = [_join(table, last.right, last.how, [c]) for c in others[:TRIED]]
    tried += [last.model_copy(update={"keys": (*last.keys, _named(c.pair, table))}) for c in wider[:TRIED]]
    for join in tried:
        then = predict(plan.model_copy(update={"joins": (*plan.joins[:-1], join)}), tables)[-1]
        if not then.added and then.left_matched >= KEPT * counted.left_matched:
            return join
    return last
