"""The SQL page: a query over a source, its answer page by page and as a file, its lineage, and former queries."""

from typing import TYPE_CHECKING, Any

from assets.catalog.lab import export, known
from assets.catalog.lab.model import Answer, Limits, QueryError
from assets.catalog.lab.trace import Traced
from assets.catalog.scan.arrow import text
from assets.security.access.files import load
from core.errors import HeddleError
from serving.studio.fields import AgainError
from serving.studio.forms import Form
from serving.studio.queries import Asked
from serving.studio.texts import MissingError
from serving.studio.visit import Visit, link

if TYPE_CHECKING:
    from starlette.responses import Response

PAGE = 100  # rows
ROWS = (100, 1_000, 10_000, 100_000)
SECONDS = (10, 30, 120, 600)
LONGEST = 400  # characters of a cell on the page; files have all
MOST_TABLES = 300
QUICK = 0.7  # seconds that a page waits for an answer before it says that the query runs
FILES = {
    "csv": (export.as_csv, "text/csv; charset=utf-8"),
    "parquet": (export.as_parquet, "application/octet-stream"),
}


def page(visit: Visit) -> str:
    """The page of `?run=&page=`, or with a text to begin with: `?source=&table=`, `&saved=`, `&asked=`."""
    asked = visit.studio.queries.get(visit["run"])
    source, sql, limits = _given(visit, asked)
    return _shown(visit, source, sql, limits, asked)


def act(visit: Visit, form: Form) -> str:
    """Runs, cancels, traces or saves what the form says.

    Raises:
        AgainError: the form is shown again, with what is wrong or with the lineage.
    """
    queries, what = visit.studio.queries, form.get("do", "run")
    source, sql = form.get("source", ""), form.get("sql", "").strip()
    if what == "cancel":
        asked = queries.cancel(form.get("run", ""))
        return link("/lab", run=asked.id if asked else "")
    limits = Limits(_number(form, "rows", ROWS), _number(form, "seconds", SECONDS)).bounded()
    try:
        if what == "save":
            queries.history.save(form.get("name", ""), source, sql)
            return link("/lab", saved=form.get("name", "").strip())
        if what == "forget":
            queries.history.remove(form.get("name", ""))
            return link("/lab", source=source)
        if what == "trace":
            raise AgainError(_shown(visit, source, sql, limits, None, traced=queries.trace(sql, source)), 200)
    except HeddleError as error:
        raise AgainError(_shown(visit, source, sql, limits, None, error=error)) from None
    purpose = form.get("purpose", "").strip()[:LONGEST]
    return link("/lab", run=queries.start(sql, source, limits, QUICK, purpose).id)


def download(visit: Visit) -> "Response":
    """The answer of `?run=` as `&format=` csv or parquet."""
    from starlette.responses import Response

    asked = visit.studio.queries.get(visit["run"])
    if asked is None or asked.answer is None:
        raise MissingError("")
    ending = visit.choice("format", *FILES)
    make, kind = FILES[ending]
    name = f'attachment; filename="query.{ending}"'
    return Response(make(asked.answer), media_type=kind, headers={"content-disposition": name})


def _given(visit: Visit, asked: Asked | None) -> tuple[str, str, Limits]:
    history, limits = visit.studio.queries.history, Limits()
    if asked is not None:
        return asked.source, asked.sql, asked.limits
    if visit["saved"]:
        found = next((s for s in history.saved() if s.name == visit["saved"]), None)
        return (found.source, found.sql, limits) if found else (visit["source"], "", limits)
    if visit["asked"]:
        old = next((a for a in history.asked(500) if str(a.id) == visit["asked"]), None)
        return (old.source, old.sql, limits) if old else (visit["source"], "", limits)
    return visit["source"], "", limits


def _shown(
    visit: Visit,
    source: str,
    sql: str,
    limits: Limits,
    asked: Asked | None,
    *,
    error: HeddleError | None = None,
    traced: Traced | None = None,
) -> str:
    queries = visit.studio.queries
    names = [s.name for s in known.sources(queries.settings)]
    source = source if source in names else names[0]
    tables = queries.tables(source)
    wanted = next((t for t in tables if t.path == visit["table"]), None)
    if wanted is not None and not sql:
        sql = f"SELECT *\nFROM {_quoted(wanted.schema)}{_quoted(wanted.name).rstrip('.')}\n"
    words = visit["find"].lower().split()
    fitting = [t for t in tables if all(w in f"{t.path} {t.comment}".lower() for w in words)]
    failed = error or (asked.error if asked else None)
    return visit.page(
        "lab.html",
        visit.say("lab"),
        sources=names,
        source=source,
        sql=sql,
        limits=limits,
        purpose=None if load(queries.settings) is None else asked.purpose if asked else "",
        choices={"rows": ROWS, "seconds": SECONDS},
        tables=fitting[:MOST_TABLES],
        unshown=max(0, len(fitting) - MOST_TABLES),
        wanted=wanted,
        asked=asked,
        error=failed,
        place=(failed.line, failed.column) if isinstance(failed, QueryError) else (0, 0),
        result=_result(visit, asked.answer) if asked and asked.answer else None,
        traced=traced,
        history=queries.history.asked(),
        saved=queries.history.saved(),
        gone=bool(visit["run"]) and asked is None,
    )


def _result(visit: Visit, answer: Answer) -> dict[str, Any]:
    """A page of the rows as texts; numbers are marked."""
    last = max(1, -(-len(answer.rows) // PAGE))
    number = min(visit.number("page", 1), last)
    rows = answer.rows[(number - 1) * PAGE : number * PAGE]
    shown = [[_cell(v) for v in row] for row in rows]
    numeric = [all(number or cell is None for cell, number in column) for column in zip(*shown, strict=True)]
    return {
        "columns": list(zip(answer.columns, numeric or [False] * len(answer.columns), strict=True)),
        "rows": shown,
        "number": number,
        "last": last,
        "first": (number - 1) * PAGE + 1,
    }


def _cell(value: Any) -> tuple[str | None, bool]:
    """The text, None for null; whether it is a number."""
    if value is None:
        return None, False
    shown = text(value)
    numeric = not isinstance(value, bool | str) and shown.lstrip("-").replace(".", "", 1).isdigit()
    return (shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"), numeric


def _number(form: Form, name: str, choices: tuple[int, ...]) -> int:
    given = form.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else choices[1]


def _quoted(name: str) -> str:
    """`name.`, in the quotes that standard SQL has where it needs them."""
    if not name:
        return ""
    plain = name.isidentifier() and name.isascii() and name == name.lower()
    return f"{name}." if plain else '"' + name.replace('"', '""') + '".'
