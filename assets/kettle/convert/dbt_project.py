"""A plan as a dbt project: one model per output, sources for the tables that are read, columns described by lineage."""

import re
from pathlib import Path

import yaml
from sqlglot import exp

from assets.kettle.convert.plan import Plan
from assets.kettle.convert.sql_script import Statement, rendered, statements
from assets.kettle.errors import KettleError
from assets.kettle.lineage import Tracer
from assets.kettle.steps.database_input import TableInput
from core.atomic import write_text


def dbt_files(plan: Plan, dialect: str) -> dict[str, str]:
    """Path in the project -> content. Raises KettleError for what SQL cannot say."""
    project = _slug(plan.model.name)
    tables = _input_tables(plan)
    models, described = {}, []
    for statement in statements(plan):
        name = _slug(statement.write.table if statement.write and statement.write.table else statement.step)
        if f"models/{name}.sql" in models:
            raise KettleError(f"two steps write {name!r}", "let each step write a table of its own")
        models[f"models/{name}.sql"] = _model(plan, statement, tables, dialect, project)
        described.append({"name": name, "description": _words(statement), "columns": _columns(plan, statement)})
    settings = {"name": project, "version": "1.0.0", "config-version": 2, "profile": project, "model-paths": ["models"]}
    files = {"dbt_project.yml": _yaml(settings), "models/schema.yml": _yaml({"version": 2, "models": described})}
    if tables:
        files["models/sources.yml"] = _yaml({"version": 2, "sources": _sources(tables)})
    return files | models


def write_dbt(plan: Plan, folder: Path, dialect: str) -> list[Path]:
    """Writes the project; the paths of its files."""
    written = []
    for name, text in dbt_files(plan, dialect).items():
        path = folder / name
        write_text(path, text)
        written.append(path)
    return written


def _slug(text: str) -> str:
    found = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_") or "model"
    return f"m_{found}" if found[0].isdigit() else found


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)


Tables = dict[tuple[str, str], str]


def _input_tables(plan: Plan) -> Tables:
    """(schema, table) of every table that a query reads -> the connection."""
    found: Tables = {}
    for block in plan.blocks:
        if isinstance(block.step, TableInput):
            for stream in block.streams:
                if isinstance(stream.query, exp.Query):
                    for table in _outside(stream.query):
                        found[(table.db, table.name)] = block.step.connection
    return found


def _outside(query: exp.Query) -> list[exp.Table]:
    inner = {cte.alias for cte in query.find_all(exp.CTE)}
    return [t for t in query.find_all(exp.Table) if t.name and t.name not in inner]


def _model(plan: Plan, statement: Statement, tables: Tables, dialect: str, project: str) -> str:
    query = statement.query.copy()
    streams = {s.name for b in plan.blocks for s in b.streams}
    marks: dict[str, str] = {}
    for table in list(query.find_all(exp.Table)):
        key = (table.db, table.name)
        if key in tables and table.name not in streams | {c.alias for c in query.find_all(exp.CTE)}:
            mark = f"__source_{len(marks)}__"
            marks[mark] = f"{{{{ source('{_slug(tables[key])}', '{table.name}') }}}}"
            table.set("db", None)
            table.set("this", exp.to_identifier(mark, quoted=False))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(key[1], quoted=True)))
    text = _no_jinja(rendered(query, dialect))
    for mark, call in marks.items():
        text = text.replace(mark, call)
    title = _no_jinja(" ".join(statement.step.split()))
    append = statement.write is not None and bool(statement.write.table) and statement.write.append
    notes = _no_jinja("".join(f"-- {' '.join(n.split())}\n" for n in plan.notes))
    if append:
        notes += "-- Kettle adds rows to the table; this model makes it anew.\n"
    return f"{{{{ config(materialized='table') }}}}\n-- {project}: {title}\n{notes}{text}\n"


def _no_jinja(text: str) -> str:
    """Braces of the file's own texts, told to dbt as text."""
    return re.sub(r"\{[{%#]", lambda found: f"{{{{ '{found[0]}' }}}}", text)


def _words(statement: Statement) -> str:
    place = statement.write.place if statement.write else "rows"
    return f"{statement.step}: {place}"


def _columns(plan: Plan, statement: Statement) -> list[dict[str, str]]:
    """Each column with where it comes from."""
    tracer = Tracer(plan.engine, {})
    step = plan.engine.nodes[statement.step].steps[0]
    columns = []
    for field in step.output:
        sources = tracer.entering(statement.step, field.name) if step.inputs else ()
        told = []
        for source in sources:
            start = f"{source.place}.{source.column}" if source.place else ""
            told.append("; ".join([start, *(f"{h.step}: {h.words}" for h in source.way)]).strip("; "))
        columns.append({"name": field.name, "description": " | ".join(told)})
    return columns


def _sources(tables: Tables) -> list[dict[str, object]]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for (schema, table), connection in tables.items():
        grouped.setdefault((connection, schema), []).append(table)
    made: list[dict[str, object]] = []
    for (connection, schema), names in grouped.items():
        one: dict[str, object] = {"name": _slug(connection)}
        if schema:
            one["schema"] = schema
        made.append(one | {"tables": [{"name": n} for n in names]})
    return made
