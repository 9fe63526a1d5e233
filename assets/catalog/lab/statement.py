"""A person's text as one query that only reads, over tables they may see, with every name written out.

What runs is written anew from the parsed query, so that no engine can read the text in another way than it was
checked: tables by their full quoted names, and WITH names made unlike any table's. What is not known to be harmless is
refused; the engine's own read-only modes come on top.
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import ParseError, SqlglotError

from assets.catalog.lab.guard import KEY
from assets.catalog.lab.model import QueryError, Table
from assets.catalog.lineage.sql.script import quiet

LONGEST = 100_000  # characters
_FORBIDDEN = (exp.DDL, exp.DML, exp.Command, exp.Into, exp.Lock, exp.Set, exp.Pragma, exp.SessionParameter)
# functions that may stand in FROM; all others there read files, other databases or settings
_IN_FROM = {"generate_series", "range", "unnest", "explode", "posexplode", "numbers", "flatten", "json_each",
            "json_tree", "json_array_elements", "jsonb_array_elements", "explodinggenerateseries"}  # fmt: skip
# functions that reach files, settings, other databases, text of queries, or that change or block something
_REFUSED = re.compile(
    r"^(pg_|lo_|dblink|read_|readfile|writefile|load_|file|url|s3|hdfs|remote|mysql$|postgresql$|sqlite|odbc|jdbc|"
    r"getenv|getvariable|current_setting|set_config|setval|nextval|currval|lastval|query$|query_table|query_to_|"
    r"table_to_xml|schema_to_xml|database_to_xml|cursor_to_xml|ts_stat|crosstab|connectby|xpath_table|edit$|"
    r"copy_|sys_|benchmark|sleep|get_lock|release_|is_free_lock|is_used_lock|master_|source_|wait_|waitfor|"
    r"java_method|reflect|xmltype|utl_|dbms_|httpuritype|openrowset|opendatasource|openquery|duckdb_|"
    r"parquet_|glob$|sniff_|iceberg_|delta_|ducklake_|st_read|shell|system|eval|fts|zeroblob|randomblob|executable|"
    r"input$|infile|dictget|merge$|cluster|view$|txid_|notify|load$|install)"
)
_ONLY_READS = "only one SELECT is run: it may have WITH, joins, unions and subqueries, and changes nothing"


class _Backticks(SQLite):
    """SQLite takes a name in double quotes that it does not know for a text, and one in backticks for a mistake."""

    class Tokenizer(SQLite.Tokenizer):
        IDENTIFIERS: ClassVar = ["`", *(i for i in SQLite.Tokenizer.IDENTIFIERS if i != "`")]


class Checked(NamedTuple):
    """A query with the tables it reads."""

    query: exp.Query
    tables: tuple[Table, ...]


def checked(sql: str, dialect: str, known: Sequence[Table]) -> Checked:
    """The query of a text.

    Args:
        dialect: sqlglot's name; "" for a common one.
        known: the tables that the person may see.

    Raises:
        QueryError: it is no single query, does more than read, or names a table that is not among the known ones.
    """
    query = _parsed(sql, dialect)
    for node in query.walk():
        _harmless(node)
        if isinstance(node, exp.In) and node.args.get("field") is not None and dialect == "sqlite":
            raise _refusal(node, "IN takes a list or a query here: SQLite would read a table by its name")
    _rename(query)
    read: dict[str, Table] = {}
    for node in list(query.find_all(exp.Table)):
        if not node.meta.pop("cte", False) and isinstance(node.this, exp.Identifier):
            table = _named(node, known)
            _write_out(node, table)
            read[table.key] = table
    return Checked(query, tuple(read.values()))


def limited(query: exp.Query, rows: int) -> exp.Query:
    """The query with at most so many rows; a smaller limit of its own stays."""
    own = query.args.get("limit")
    if own is None:
        return query.limit(rows, copy=True)
    size = own.expression if isinstance(own, exp.Limit) else None
    if isinstance(size, exp.Literal) and size.is_int:
        return query.limit(rows, copy=True) if int(size.name) > rows else query
    return exp.select("*").from_(query.subquery("lab")).limit(rows)


def written(query: exp.Expr, dialect: str) -> str:
    """The text that runs: without comments, for those of MySQL may hold code that it runs."""
    return query.sql(dialect=_Backticks if dialect == "sqlite" else dialect or None, comments=False)


def position(query: exp.Expr, message: str) -> tuple[int, int]:
    """Where in the person's text the name stands that an engine complains of; zeros where it names none."""
    places: dict[str, tuple[int, int]] = {}
    for node in query.find_all(exp.Identifier):
        if "line" in node.meta and isinstance(node.parent, exp.Column):
            places[node.name.lower()] = min(_place(node), places.get(node.name.lower(), (1 << 30, 0)))
    words = re.findall(r"[\"'`\[]([^\"'`\[\]]+)[\"'`\]]", message) + re.findall(r"[\w.]+", message)
    names = (part.lower() for word in words for part in (word, word.rpartition(".")[2]))
    return next((places[name] for name in names if name in places), (0, 0))


def _parsed(sql: str, dialect: str) -> exp.Query:
    if len(sql) > LONGEST:
        raise QueryError(f"the query has more than {LONGEST:,} characters", "shorten it")
    try:
        with quiet():
            found = [s for s in sqlglot.parse(sql, dialect=dialect or None) if s is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = f"{first.get('description', error)}".rstrip(".")
        near = str(first.get("highlight") or "")[:60]
        line, column = int(first.get("line") or 0), int(first.get("col") or 0)
        shown = f"{what}, near {near!r}" if near else what
        raise QueryError(shown, "correct the query", line, max(1, column - len(near) + 1)) from None
    except (SqlglotError, RecursionError, ValueError) as error:
        raise QueryError(f"the query cannot be read: {str(error)[:300]}", "correct the query") from None
    if len(found) != 1:
        raise QueryError(
            f"{len(found)} statements; {_ONLY_READS}", "run them one by one" if found else "write a SELECT"
        )
    (query,) = found
    if not isinstance(query, exp.Query) or isinstance(query, exp.Table):
        raise QueryError(f"{query.key.upper()} is not run: {_ONLY_READS}", "write a SELECT")
    return query


def _harmless(node: exp.Expr) -> None:
    """Raises QueryError for what may do more than read tables."""
    if isinstance(node, _FORBIDDEN):
        raise _refusal(node, f"{node.key.upper()} is not run: {_ONLY_READS}")
    if isinstance(node, exp.Hint):
        node.pop()  # of MySQL may set variables
    elif isinstance(node, exp.Func) and not isinstance(node, exp.And | exp.Or | exp.Connector):
        name = _function(node)
        if _REFUSED.match(name) or type(node).__name__.startswith("Read"):
            raise _refusal(node, f"the function {name} is not allowed here")
    elif isinstance(node, exp.Table | exp.Lateral) and not isinstance(
        node.this, exp.Identifier | exp.Query | exp.Subquery
    ):
        inner: exp.Expr = node.this or node
        name = _function(inner) if isinstance(inner, exp.Func) else inner.key
        if name not in _IN_FROM:
            raise _refusal(node, f"{name} is not allowed in FROM")


def _function(node: exp.Expr) -> str:
    name = node.name if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc) else node.sql_name()  # type: ignore[attr-defined]
    return str(name).lower()


def _refusal(node: exp.Expr, what: str) -> QueryError:
    line, column = next(((p) for n in node.walk() if (p := _place(n)) != (0, 0)), (0, 0))
    return QueryError(what, "read tables that the catalogue shows", line, column)


def _place(node: exp.Expr) -> tuple[int, int]:
    """Where a name or a literal begins; sqlglot's column is that of its last character."""
    line, column = node.meta.get("line", 0), node.meta.get("col", 0)
    size = len(node.name) + (2 if node.args.get("quoted") else 0)
    return (line, max(1, column - size + 1)) if line else (0, 0)


def _rename(query: exp.Query) -> None:
    """Gives each WITH name one that no table has, there and where it is used; the old one stays as the alias."""
    ctes = list(query.find_all(exp.CTE))
    names = {id(cte): f"lab_{n}_{cte.alias}" for n, cte in enumerate(ctes)}
    used = [(node, cte) for node in query.find_all(exp.Table) if (cte := _cte_of(node)) is not None]
    for node, cte in used:
        node.meta["cte"] = True
        if not node.alias:
            node.set("alias", exp.TableAlias(this=node.this.copy()))
        node.set("this", exp.to_identifier(names[id(cte)], quoted=True))
    for cte in ctes:
        cte.args["alias"].set("this", exp.to_identifier(names[id(cte)], quoted=True))


def _cte_of(node: exp.Table) -> exp.CTE | None:
    """The WITH query that a name in FROM stands for, by SQL's rules of what is visible where."""
    if node.args.get("db") or not isinstance(node.this, exp.Identifier):
        return None
    inside: exp.Expr | None = node
    while inside is not None:
        parent = inside.parent
        for cte in _visible(parent, inside):
            if cte.alias.lower() == node.name.lower():
                return cte
        inside = parent
    return None


def _visible(parent: exp.Expr | None, inside: exp.Expr) -> Iterator[exp.CTE]:
    """The WITH queries of `parent` that what is `inside` it may name."""
    if isinstance(parent, exp.With):
        place = next(i for i, cte in enumerate(parent.expressions) if cte is inside)
        yield from parent.expressions[: place + bool(parent.recursive)]
    elif parent is not None and not isinstance(inside, exp.With):
        given = parent.args.get("with_") or parent.args.get("with")
        yield from given.expressions if given is not None else ()


def _named(node: exp.Table, known: Sequence[Table]) -> Table:
    if node.args.get("catalog"):
        raise _refusal(node, f"{node.sql()} names another database")
    schema = node.db
    same = [t for t in known if t.name == node.name and schema in ("", t.schema)]
    folded = [t for t in known if t.name.lower() == node.name.lower() and schema.lower() in ("", t.schema.lower())]
    found = same or folded
    if len(found) == 1:
        return found[0]
    line, column = _place(node.this)
    if found:
        raise QueryError(f"{node.name} may be {', '.join(t.path for t in found[:5])}", "name its schema", line, column)
    shown = f"{schema}.{node.name}" if schema else node.name
    near = [t.path for t in known if node.name.lower() in t.path.lower()][:3]
    fix = f"perhaps {', '.join(near)}" if near else "`heddle catalog scan` reads new tables; others may be private"
    raise QueryError(f"the catalogue shows you no table {shown} here", fix, line, column)


def _write_out(node: exp.Table, table: Table) -> None:
    if not node.alias:
        node.set("alias", exp.TableAlias(this=node.this.copy()))
    node.set("this", exp.to_identifier(table.name, quoted=True))
    node.set("db", exp.to_identifier(table.schema, quoted=True) if table.schema else None)
    node.meta[KEY] = table.key
    # `schema.table.column` names a schema that an alias has not
    for column in node.root().find_all(exp.Column):
        if column.args.get("db") and column.table.lower() in (table.name.lower(), node.alias.lower()):
            column.set("db", None)
