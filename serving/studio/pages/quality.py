"""Data quality: tables with rules, the rules of one to decide on, what was decided, and what else is proposed."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from assets.quality.rules.model import Rule
from core.errors import HeddleError
from serving.studio import rulebook
from serving.studio.pages.metric import tried
from serving.studio.pages.quality_others import marked, others
from serving.studio.pages.quality_pairs import listed as goldens
from serving.studio.visit import Visit

if TYPE_CHECKING:
    from starlette.responses import Response

PAGE = 25
MOST_LOG = 100
STATUS = ("proposed", "accepted", "refused")


class Line(NamedTuple):
    """A table in the list; `green` of its accepted rules' `checks` passed when they last ran."""

    table: str
    counts: Counter[str]
    rows: int
    cells: int
    green: int
    checks: int
    problem: str


def listed(visit: Visit) -> "str | Response":
    """The page of all tables; `?mark=` is the state of plans and mappings that its forms are made of."""
    found = others(visit)
    mark = marked(found)
    if (way := visit.pinned(mark)) is not None:
        return way
    lines = [_line(visit, table) for table in rulebook.tables(visit.studio)]
    return visit.page("quality.html", visit.say("quality"), lines=lines, outdated=visit.outdated(mark),
                      goldens=goldens(visit), **found)  # fmt: skip


def page(visit: Visit) -> "str | Response":
    """The page of `?table=&status=&page=&mark=`; its forms are made of the state `mark` and of no later one."""
    studio, table = visit.studio, visit["table"]
    files = rulebook.known(studio, table)
    mark = files.mark(table)  # before the rules are read: a change in between is a conflict, not lost
    if (way := visit.pinned(mark)) is not None:
        return way
    rules, problem = tried(lambda: files.read(table), list[Rule]())
    counts = Counter(rule.status for rule in rules)
    status = visit.choice("status", "", *STATUS)
    found = [r for r in rules if status in ("", r.status)]
    found.sort(key=lambda r: (STATUS.index(r.status), -r.confidence, r.id))
    number = visit.number("page", 1)
    hidden = rulebook.guarded(studio, table)
    part = found[(number - 1) * PAGE : number * PAGE]
    return visit.page(
        "quality_table.html",
        table,
        table=table,
        mark=visit["mark"],
        outdated=visit.outdated(mark),
        problem=problem,
        counts=counts,
        rules=[rulebook.shown(rule, hidden, visit.say) for rule in part],
        total=len(found),
        number=number,
        more=len(found) > number * PAGE,
        log=files.decisions(table)[:MOST_LOG],
        asset=table in studio.shelf.listing().by_key,
    )


def _line(visit: Visit, table: str) -> Line:
    files = rulebook.files(visit.studio)
    try:
        rules = files.read(table)
    except HeddleError as error:
        return Line(table, Counter(), 0, 0, 0, 0, error.what)
    open_ = [rule for rule in rules if rule.status == "proposed"]
    names = {"rule_" + "".join(c if c.isalnum() else "_" for c in r.id) for r in rules if r.status == "accepted"}
    checks = _checks(visit, table)
    ran = [checks[name] for name in names if checks.get(name) is not None]
    return Line(table, Counter(r.status for r in rules), sum(r.effect.rows for r in open_),
                sum(r.effect.cells for r in open_), sum(map(bool, ran)), len(ran), "")  # fmt: skip


def _checks(visit: Visit, table: str) -> dict[str, bool | None]:
    """Outcome of each check of an asset; none where the catalogue does not know it."""
    card, _ = (
        tried(lambda: visit.studio.card(table), None) if table in visit.studio.shelf.listing().by_key else (None, "")
    )
    return {c["name"]: c.get("passed") for c in card.measured.get("checks", ())} if card else {}
