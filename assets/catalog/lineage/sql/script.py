"""Column lineage of SQL scripts: statements in order, temporary tables, the statements inside procedures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlglot
from sqlglot import Dialect, Token, TokenType, exp
from sqlglot.errors import ErrorLevel, SqlglotError

from assets.catalog.lineage.sql.identifiers import Schemas
from assets.catalog.lineage.sql.known import Known
from assets.catalog.lineage.sql.result import ScriptLineage, StatementLineage
from assets.catalog.lineage.sql.statements import Statements

QUERIES = {TokenType.WITH, TokenType.SELECT}
BEGINS = QUERIES | {TokenType.INSERT, TokenType.MERGE, TokenType.UPDATE, TokenType.CREATE}
ROUTINES = {"PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "PACKAGE"}
WRITES = (exp.Insert, exp.Merge, exp.Update, exp.Create)


def script_lineage(sql: str, dialect: str, schemas: Schemas | None = None, default: str = "") -> ScriptLineage:
    """Trace all statements of a script.

    Temporary tables are seen through; other tables that the script makes are targets, and sources of what follows.
    Values flow from all columns of an expression, conditions of CASE and windows included; WHERE, JOIN and GROUP BY
    are influences. A star over a table that is not in `schemas` is the column "*".

    Args:
        dialect: as sqlglot names it; "" for a common one.
        schemas: `database.schema.table` -> column -> type, as far as known; parts with dots stand in double quotes.
        default: `database.schema` or `schema` of tables that are named without.
    """
    known = Known.of(schemas or {}, default)
    statements = Statements(dialect, known)
    found: list[StatementLineage] = []
    problems: list[str] = []
    with quiet():
        for statement in _statements(sql, dialect, problems):
            try:
                found += statements.read(statement)
            except Exception as error:  # a construct that nobody thought of must not hold up the other statements
                problems.append(f"{statement.key} statement: {str(error)[:200] or type(error).__name__}")
    return ScriptLineage(tuple(found), tuple(problems))


@contextmanager
def quiet() -> Iterator[None]:
    """Without sqlglot's warnings of statements that it keeps as text; what is lost is told in `problems`."""
    logger = logging.getLogger("sqlglot")
    logger.addFilter(_no)
    try:
        yield
    finally:
        logger.removeFilter(_no)


def _no(_record: logging.LogRecord) -> bool:
    return False


def _statements(sql: str, dialect: str, problems: list[str]) -> Iterator[exp.Expr]:
    """The statements; those that cannot be read as a whole are searched for statements inside."""
    try:
        parsed = sqlglot.parse(sql, dialect=dialect or None, error_level=ErrorLevel.RAISE)
    except SqlglotError:
        yield from _inside(sql, dialect, problems)
        return
    if any(isinstance(p, (exp.Command, exp.Block)) for p in parsed) or _procedures(parsed):
        yield from _inside(sql, dialect, problems)
    else:
        yield from (p for p in parsed if p is not None)


def _procedures(parsed: list[exp.Expr | None]) -> bool:
    return any(isinstance(p, exp.Create) and p.kind in ("PROCEDURE", "FUNCTION") for p in parsed)


def _inside(sql: str, dialect: str, problems: list[str]) -> Iterator[exp.Expr]:
    """Statements between semicolons, each from the first word that begins one and can be read to the end."""
    try:
        tokens = Dialect.get_or_raise(dialect or None).tokenize(sql)
    except SqlglotError as error:
        problems.append(f"line 1: {str(error).splitlines()[0]}")
        return
    chunk: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.token_type is not TokenType.SEMICOLON:
            chunk.append(token)
            continue
        if chunk:
            read = _read_chunk(chunk, sql, dialect)
            if read is not None:
                yield read
            elif _starts(chunk):
                problems.append(f"line {chunk[0].line}: no statement can be read from {_text(chunk, sql)[:80]!r}")
        chunk = []


def _starts(chunk: list[Token]) -> list[int]:
    """Where statements might begin; what creates a procedure is none, what stands in it is.

    After a write that cannot be read its SELECT is left out, and after a WITH all: alone they would tell otherwise.
    """
    routine = any(t.text.upper() in ROUTINES for t in chunk[:6])
    found: list[int] = []
    seen: set[TokenType] = set()
    for position, token in enumerate(chunk):
        kind = token.token_type
        if kind not in BEGINS or (routine and position == 0) or TokenType.WITH in seen:
            continue
        if kind not in QUERIES or not seen - QUERIES:
            found.append(position)
        seen.add(kind)
    return found


def _read_chunk(chunk: list[Token], sql: str, dialect: str) -> exp.Expr | None:
    for start in dict.fromkeys([0, *_starts(chunk)]):
        try:
            parsed = sqlglot.parse_one(_text(chunk[start:], sql), dialect=dialect or None)
        except SqlglotError:
            continue
        if isinstance(parsed, (*WRITES, exp.Query, exp.Alter, exp.Drop)) and not _procedures([parsed]):
            return parsed
    return None


def _text(chunk: list[Token], sql: str) -> str:
    return sql[chunk[0].start : chunk[-1].end + 1]
