"""SQL of H2, HSQLDB and Derby for the DuckDB that stands in for them.

Unquoted names become upper case, as these databases fold them. Declared lengths are kept: DuckDB forgets `VARCHAR(20)`,
so a column gets a CHECK on its length and a comment with the declared type, from which layouts are made.
"""

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from assets.kettle.errors import KettleError

Q = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
# what sqlglot does not read, on text outside of quotes and comments
_REWRITES = (
    (re.compile(r"//[^\n]*"), ""),
    (re.compile(r"\bCREATE\s+(?:MEMORY|CACHED)\s+TABLE\b", re.I), "CREATE TABLE"),
    (re.compile(r"\bCREATE\s+(?:LOCAL|GLOBAL)\s+TEMPORARY\s+TABLE\b", re.I), "CREATE TEMPORARY TABLE"),
    (re.compile(r"\bGENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY(?:\s*\([^)]*\))?", re.I), "AUTO_INCREMENT"),
    (re.compile(r"\b(?:BIGINT\s+)?(?<!AS )IDENTITY\b(?!\s*\()(?:\s*\([^)]*\))?", re.I), "BIGINT AUTO_INCREMENT"),
    (re.compile(r"\bVARCHAR_IGNORECASE\b|\bLONGVARCHAR\b", re.I), "VARCHAR"),
    (re.compile(r"\bNEXT\s+VALUE\s+FOR\s+(\w+)", re.I), r"NEXTVAL('\1')"),
    (re.compile(r"\b(\w+)\.NEXTVAL\b", re.I), r"NEXTVAL('\1')"),
    (re.compile(r"\bFROM\s+(?:DUAL|SYSIBM\.SYSDUMMY1)\b", re.I), ""),
    (re.compile(r"\bSYSDATE\b", re.I), "CURRENT_TIMESTAMP"),
    (re.compile(r"\bFETCH\s+FIRST\s+(\d+)\s+ROWS?\s+ONLY\b", re.I), r"LIMIT \1"),
    (re.compile(r"^(\s*SELECT)\s+TOP\s+(\d+)\s+(.*)$", re.I | re.S), r"\1 \3 LIMIT \2"),
    (re.compile(r"\bSET\s+(?:REFERENTIAL_INTEGRITY|MODE|LOCK_MODE|WRITE_DELAY)\s+\w+", re.I), ""),
    (re.compile(r"\bSHUTDOWN(?:\s+\w+)?\s*;?\s*$", re.I), ""),
)
_TEXT = (exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.NVARCHAR, exp.DType.NCHAR, exp.DType.TEXT)
_DECIMAL = (exp.DType.DECIMAL, exp.DType.BIGDECIMAL)
_UNITS = {"DAY", "MONTH", "YEAR", "HOUR", "MINUTE", "SECOND", "WEEK", "QUARTER", "MILLISECOND"}


def translate(sql: str) -> list[str]:
    """The statements of DuckDB for one statement (one, or more for a CREATE TABLE); none for mere settings.

    Raises:
        KettleError: the statement cannot be read.
    """
    prepared = _outside(sql)
    if not prepared.strip(" \r\n\t;"):
        return []
    try:
        parsed = [e for e in sqlglot.parse(prepared) if e is not None]
    except SqlglotError as error:
        raise KettleError(
            f"the stand-in for H2 cannot read this SQL: {_short(error)}", "write it in standard SQL"
        ) from None
    out: list[str] = []
    for expression in parsed:
        if isinstance(expression, exp.Command):
            raise KettleError(f"the stand-in for H2 has no {expression.name}: {sql[:80]!r}", "write it in standard SQL")
        out += _statement(expression)
    return out


def _short(error: SqlglotError) -> str:
    return re.sub(r"\x1b\[\d+m", "", str(error)).split("\n")[0]


def _outside(sql: str) -> str:
    """The rewrites, with quoted text and comments set aside."""
    kept: list[str] = []

    def hide(match: "re.Match[str]") -> str:
        if match.group().startswith(("--", "/*")):
            return " "
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    text = Q.sub(hide, re.sub(r"(?m)^\s*//[^\n]*", "", sql))
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m.group(1))], text)


def _statement(expression: exp.Expr) -> list[str]:
    before: list[str] = []
    after: list[str] = []
    if isinstance(expression, exp.Query):
        _name_outputs(expression)
    fold(expression)
    _functions(expression)
    if isinstance(expression, exp.Create) and expression.kind == "TABLE" and isinstance(expression.this, exp.Schema):
        _table(expression.this, before, after)
    if isinstance(expression, exp.Alter):
        for column in expression.find_all(exp.ColumnDef):
            _column(column, _table_name(expression.this), before, after, checked=False)
    return [*before, expression.sql(dialect="duckdb"), *after]


def fold(expression: exp.Expr) -> None:
    """Upper case for every name that is not quoted; all are quoted then, so that DuckDB keeps them."""
    for identifier in expression.find_all(exp.Identifier):
        if not identifier.quoted:
            identifier.set("this", identifier.name.upper())
    for schema in list(expression.find_all(exp.Table)):
        if schema.db == "PUBLIC" and schema.catalog:
            schema.set("catalog", None)


def _name_outputs(query: exp.Query) -> None:
    """A column that is no plain column is called by its text, as H2 does (`COUNT(*)`)."""
    for select in [query] if isinstance(query, exp.Select) else query.find_all(exp.Select):
        if select.parent_select is not None and select is not query:
            continue
        named = []
        for projection in select.expressions:
            plain = isinstance(projection, exp.Alias | exp.Column | exp.Star)
            text = projection.sql().upper()
            named.append(projection if plain else exp.alias_(projection, text, quoted=True))
        select.set("expressions", named)


def _functions(expression: exp.Expr) -> None:
    """Functions that DuckDB lacks or reads otherwise."""
    for node in list(expression.find_all(exp.Anonymous)):
        name, args = node.name.upper(), node.expressions
        if name == "DATEADD" and len(args) == 3:
            unit = args[0].name.upper()
            node.replace(exp.Add(this=args[2], expression=_interval(unit, args[1])))
        elif name in ("CURTIME", "CURDATE", "TODAY"):
            node.replace(exp.CurrentTime() if name == "CURTIME" else exp.CurrentDate())
    for difference in list(expression.find_all(exp.DateDiff)):
        parts = [difference.args.get("unit"), difference.this, difference.expression]
        names = [p.name.upper() for p in parts if p is not None and p.name.upper() in _UNITS]
        if names:
            first, second = (p for p in parts if p is not None and p.name.upper() not in _UNITS)
            call = exp.func("DATE_DIFF", exp.Literal.string(names[0].lower()), second, first)
            difference.replace(
                exp.Anonymous(
                    this="DATE_DIFF",
                    expressions=call.expressions or [exp.Literal.string(names[0].lower()), second, first],
                )
            )


def _interval(unit: str, amount: exp.Expr) -> exp.Expr:
    return exp.Mul(
        this=exp.Paren(this=amount.copy()), expression=exp.Interval(this=exp.Literal.string("1"), unit=exp.var(unit))
    )


def _table_name(table: exp.Expr) -> str:
    return table.sql(dialect="duckdb")


def _table(schema: exp.Schema, before: list[str], after: list[str]) -> None:
    name = _table_name(schema.this)
    for column in list(schema.find_all(exp.ColumnDef)):
        _column(column, name, before, after, checked=True)


def _column(column: exp.ColumnDef, table: str, before: list[str], after: list[str], *, checked: bool) -> None:
    """Types as DuckDB has them, the declared length as check and comment, counters as sequences."""
    column.this.set("quoted", True)
    name = column.this.sql(dialect="duckdb")
    kind = column.kind
    declared = ""
    if kind is not None and kind.this in _TEXT and kind.expressions:
        declared = f"VARCHAR({kind.expressions[0].name})"
        if checked:
            limit = f"length({name}) <= {int(kind.expressions[0].name)}"
            check = exp.CheckColumnConstraint(this=exp.condition(limit, dialect="duckdb"))
            column.append("constraints", exp.ColumnConstraint(kind=check))
        column.set("kind", exp.DataType.build("VARCHAR"))
    elif kind is not None and kind.this in _DECIMAL and not kind.expressions:
        declared = "DECIMAL"
        column.set("kind", exp.DataType.build("DOUBLE"))
    for constraint in list(column.args.get("constraints") or []):
        if isinstance(constraint.kind, exp.AutoIncrementColumnConstraint):
            constraint.pop()
            sequence = re.sub(r"\W", "_", f"SEQ_{table}_{name}").replace("__", "_").strip("_")
            before.append(f'CREATE SEQUENCE IF NOT EXISTS "{sequence}"')
            default = exp.DefaultColumnConstraint(
                this=exp.Anonymous(this="nextval", expressions=[exp.Literal.string(f'"{sequence}"')])
            )
            column.append("constraints", exp.ColumnConstraint(kind=default))
    if declared:
        after.append(f"COMMENT ON COLUMN {table}.{name} IS '{declared}'")
