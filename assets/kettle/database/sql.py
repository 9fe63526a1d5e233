"""SQL text: splitting scripts, `?` parameters, quoting of names, limits."""

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp

# what may hold a `;` or `?` that means nothing: quoted text and names, comments, PostgreSQL's dollar quotes
_TOKENS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|(\$[A-Za-z_]*\$).*?\1", re.DOTALL)
_MYSQL_TOKENS = re.compile(
    r"'(?:\\.|[^'\\]|'')*'|\"(?:\\.|[^\"\\]|\"\")*\"|`[^`]*`|--[ \t][^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _pieces(sql: str, dialect: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces: (piece, whether it is code and not quoted or a comment)."""
    tokens = _MYSQL_TOKENS if dialect == "mysql" else _TOKENS
    position = 0
    for match in tokens.finditer(sql):
        yield sql[position : match.start()], True
        yield match.group(), False
        position = match.end()
    yield sql[position:], True


def statements(script: str, dialect: str = "") -> list[str]:
    """The statements of a script: split at `;` outside of quotes and comments; empty ones are left out."""
    found: list[str] = []
    current: list[str] = []
    for piece, is_code in _pieces(script, dialect):
        if not is_code:
            current.append(piece)
            continue
        first, *rest = piece.split(";")
        current.append(first)
        for part in rest:
            found.append("".join(current))
            current = [part]
    found.append("".join(current))
    return [text.strip() for text in found if _has_code(text, dialect)]


def _has_code(text: str, dialect: str) -> bool:
    return any(
        piece.strip() if is_code else not piece.startswith(("--", "/*", "#"))
        for piece, is_code in _pieces(text, dialect)
    )


def parameters(sql: str, dialect: str = "") -> int:
    """How many `?` parameters the statement has."""
    return sum(piece.count("?") for piece, is_code in _pieces(sql, dialect) if is_code)


def bind(sql: str, style: str, dialect: str = "") -> str:
    """The statement with its `?` in the driver's parameter style (qmark, format, pyformat, numeric, named)."""
    if style == "qmark":
        return sql
    out: list[str] = []
    number = 0
    for piece, is_code in _pieces(sql, dialect):
        escaped = piece.replace("%", "%%") if style in ("format", "pyformat") else piece
        if not is_code:
            out.append(escaped)
            continue
        first, *rest = escaped.split("?")
        out.append(first)
        for part in rest:
            number += 1
            out.append("%s" if style in ("format", "pyformat") else f":{number}")
            out.append(part)
    return "".join(out)


def quoted(name: str, dialect: str, *, always: bool = False) -> str:
    """A name for use in SQL: as it is when it is plain, so that the database folds its case, else quoted."""
    if name.startswith(('"', "`", "[")) and name.endswith(('"', "`", "]")):
        return name
    if not always and _PLAIN.fullmatch(name) and name.lower() not in _RESERVED:
        return name
    return exp.to_identifier(name, quoted=True).sql(dialect=dialect or None)


def qualified(schema: str, table: str, dialect: str) -> str:
    """`schema.table` quoted as needed; a table that already names its schema stays so."""
    parts = [schema, table] if schema else re.split(r"\.(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", table)
    return ".".join(quoted(part, dialect) for part in parts if part)


def without_end(sql: str) -> str:
    """The statement without blanks and `;` at its end."""
    return sql.strip().rstrip(";").rstrip()


def limited(sql: str, dialect: str, rows: int) -> str | None:
    """The query with a limit; None when sqlglot cannot read it or it is no query."""
    try:
        parsed = sqlglot.parse_one(without_end(sql), dialect=dialect or None)
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(parsed, exp.Query):
        return None
    present = parsed.args.get("limit")
    if present is not None and rows > 0:
        return None
    return parsed.limit(rows).sql(dialect=dialect or None)


_RESERVED = frozenset({
    "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "check", "column", "constraint", "create",
    "cross", "current_date", "current_time", "current_timestamp", "current_user", "default", "delete", "desc",
    "distinct", "drop", "else", "end", "except", "exists", "false", "for", "foreign", "from", "full", "grant",
    "group", "having", "in", "index", "inner", "insert", "intersect", "into", "is", "join", "key", "left", "like",
    "limit", "natural", "not", "null", "offset", "on", "or", "order", "outer", "primary", "references", "right",
    "rows", "select", "session_user", "set", "some", "table", "then", "to", "true", "union", "unique", "update",
    "user", "using", "values", "when", "where", "with",
})  # fmt: skip
