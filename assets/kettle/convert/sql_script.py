"""A plan as SQL: per output one statement with one common table expression per step."""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from assets.kettle.convert.expressions import NoSql, identifier, table
from assets.kettle.convert.plan import Block, Plan, Stream, Write
from assets.kettle.errors import KettleError


@dataclass(slots=True)
class Statement:
    """What gives or writes the rows of one last step.

    Attributes:
        query: WITH ... SELECT of the rows alone.
        statement: the same, written into the table where the step writes one.
    """

    step: str
    query: exp.Select
    statement: exp.Expr
    write: Write | None


def statements(plan: Plan) -> list[Statement]:
    """One statement per last step. Raises KettleError naming every step that SQL cannot say."""
    problems = [
        f"step {b.step.name!r}: {s.query.reason}"
        for b in plan.blocks
        for s in b.streams
        if isinstance(s.query, NoSql) and not _inherited(plan, b, s.query)
    ]
    if problems:
        file = plan.model.path or plan.model.name
        listed = "".join(f"\n  {p}" for p in dict.fromkeys(problems))
        raise KettleError(f"{file} cannot be written as SQL:{listed}", "convert it to polars")
    found = []
    for block in plan.blocks:
        if block.write is None and block.step.name not in plan.ends:
            continue
        query = query_of(plan, block.streams[-1])
        statement = block.write.statement(query.copy()) if block.write and block.write.statement else query
        found.append(Statement(block.step.name, query, statement, block.write))
    return found


def _inherited(plan: Plan, block: Block, reason: NoSql) -> bool:
    """Whether a step before has the same reason: then that one is named."""
    before = plan.blocks[: plan.blocks.index(block)]
    return any(s.query is reason for b in before for s in b.streams)


def query_of(plan: Plan, stream: Stream) -> exp.Select:
    """SELECT * from the stream, with the common table expressions that it needs, each once."""
    needed = {stream.name}
    by_name = {s.name: s for b in plan.blocks for s in b.streams}
    chosen: list[Stream] = []
    for name in reversed(by_name):
        query = by_name[name].query
        if name in needed and isinstance(query, exp.Query):
            chosen.insert(0, by_name[name])
            needed |= {t.name for t in query.find_all(exp.Table) if t.name in by_name}
    whole = exp.select("*").from_(table(stream.name))
    order = _last_order(plan, stream)
    for part in chosen:
        assert isinstance(part.query, exp.Query)
        whole = whole.with_(identifier(part.name), as_=part.query.copy())
    return whole.order_by(*order) if order else whole


def _last_order(plan: Plan, stream: Stream) -> list[exp.Ordered]:
    """The order in which the rows are known to leave."""
    return [exp.Ordered(this=exp.Column(this=identifier(n)), nulls_first=True) for n in stream.order]


def rendered(tree: exp.Expr, dialect: str) -> str:
    """SQL text. Raises KettleError for what the dialect cannot say."""
    try:
        return tree.sql(dialect=dialect, pretty=True, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise KettleError(f"{dialect} cannot say it: {error}", "choose another dialect") from error
    except ValueError as error:
        raise KettleError(
            f"there is no SQL dialect {dialect!r}: {error}", "choose duckdb, postgres, mysql ..."
        ) from error


def sql_text(plan: Plan, dialect: str) -> str:
    """All statements with a header that tells where they differ from Kettle."""
    lines = [f"-- {' '.join(plan.model.name.split())}, one common table expression per step."]
    lines.append("-- Empty texts count as null in comparisons, keys and sorts, as in Kettle: see NULLIF(x, '').")
    lines.append("-- Rows are a set: only the final ORDER BY orders them.")
    lines += [f"-- {' '.join(note.split())}" for note in plan.notes]
    lines += [
        f"-- Parameter {' '.join(p.name.split())} has its value from when this was written."
        for p in plan.model.parameters
    ]
    parts = ["\n".join(lines)]
    for statement in statements(plan):
        place = " ".join(statement.write.place.split()) if statement.write else "rows"
        missing = statement.write is not None and statement.write.statement is None
        more = ", which SQL does not write" if missing else ""
        parts.append(f"-- {' '.join(statement.step.split())}: {place}{more}\n{rendered(statement.statement, dialect)};")
    return "\n\n".join(parts) + "\n"
