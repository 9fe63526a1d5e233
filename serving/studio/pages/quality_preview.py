"""What the accepted rules of a table would do, on its first rows as they are now."""

from typing import NamedTuple

from assets.quality.rules.model import Rule
from assets.quality.rules.reading import is_file
from core.errors import HeddleError
from core.naming import Key, table_name
from serving.studio import rulebook
from serving.studio.visit import Visit

ROWS = 20_000
SHOWN = 50  # cells and rejected rows in a list
MEMORY = 256 * 2**20
WIDE = 200  # characters of a value


class Did(NamedTuple):
    """A rule on the sample: `failing` rows break it, before any repair; `done` cells or rows by the plan."""

    rule: Rule
    compliance: float
    failing: int
    done: int


class Cell(NamedTuple):
    """One changed cell; values of guarded columns are hidden."""

    row: int
    column: str
    before: str | None
    after: str | None
    rule: str


class Preview(NamedTuple):
    """The plan over a sample."""

    rows: int
    clean: int
    rejected: int
    cells: int
    rules: list[Did]
    changes: list[Cell]
    gone: list[tuple[int, str]]


def page(visit: Visit) -> str:
    """The page of `?table=`."""
    studio, table = visit.studio, visit["table"]
    rules = rulebook.known(studio, table).accepted(table)
    found, problem = None, ""
    if is_file(table):
        problem = visit.say("preview_file", table=table)
    elif rules:
        try:
            found = _preview(visit, table, rules)
        except HeddleError as error:
            problem = f"{error.what}. {error.fix}"
    return visit.page(
        "quality_preview.html", visit.say("preview"), table=table, rules=rules, found=found, problem=problem, most=ROWS
    )


def _preview(visit: Visit, table: str, rules: list[Rule]) -> Preview:
    from sqlglot import exp

    from assets.quality.rules import joint
    from assets.quality.rules.kind import ROW
    from assets.quality.rules.measure import measure
    from assets.quality.rules.plan import RULES, plan, run_batch
    from assets.quality.rules.reading import looked_up
    from core.scratch import scratch

    settings = visit.studio.settings
    store = visit.studio.warehouse("quality preview", gaps=True)
    name = table_name(Key.parse(table))
    select = exp.select("*").from_(exp.table_(name.name, db=name.schema, quoted=True)).limit(ROWS)
    frame = store.query(select.sql(dialect=store.dialect))
    with scratch(settings.home, "clean-") as folder:
        tables = looked_up(folder, lambda: store)
        measured = {m.rule.id: m for m in measure(frame.lazy(), rules, memory=MEMORY, tables=tables)}
        made = plan(rules, dict(frame.schema), tables)
        numbered = frame.with_row_index(ROW)
        done = run_batch(made, numbered, joint.run(made, numbered.lazy(), len(frame), MEMORY))
    hidden = rulebook.guarded(visit.studio, table)
    changes = [
        Cell(c["row"], c["column"], _value(c["before"], c["column"] in hidden),
             _value(c["after"], c["column"] in hidden), c["rule"])
        for c in done.changes.head(SHOWN).iter_rows(named=True)
    ]  # fmt: skip
    gone = done.rejected.head(SHOWN).select(ROW, RULES).rows()
    did = [Did(r, measured[r.id].compliance, measured[r.id].failing, done.failing.get(r.id, 0)) for r in rules]
    return Preview(len(frame), len(done.clean), len(done.rejected), len(done.changes), did, changes,
                   [(int(row), str(why)) for row, why in gone])  # fmt: skip


def _value(value: str | None, hidden: bool) -> str | None:
    if value is None or (len(value) <= WIDE and not hidden):
        return value
    return rulebook.HIDDEN if hidden else value[:WIDE] + "…"
