"""Steps without input: constant rows, CSV and text files, tables."""

from pathlib import Path
from typing import Any, cast

import sqlglot
from sqlglot import exp

from assets.kettle.convert.convert_values import from_text, trimmed
from assets.kettle.convert.expressions import (
    POLARS_TYPES,
    Both,
    CannotConvertError,
    NoSql,
    both,
    column,
    identifier,
    literal,
    normal,
    python_value,
    quoted,
    sql_literal,
    word,
)
from assets.kettle.convert.expressions import cast as sql_cast
from assets.kettle.convert.plan import Context, Generator, Query, Stream, named
from assets.kettle.engine.step import Step
from assets.kettle.formats.columns import Column
from assets.kettle.formats.fast_csv import Dialect
from assets.kettle.formats.text_lines import split_line
from assets.kettle.steps.database_input import TableInput
from assets.kettle.steps.generate import DataGrid, RowGenerator
from assets.kettle.steps.text_csv_input import CsvInput, header_mapping
from assets.kettle.steps.text_file_input import TextFileInput
from assets.kettle.values.fields import Field, Layout, ValueType

ROWS_AT_MOST = 2000
UTF8 = ("", "utf-8", "utf8", "us-ascii", "ascii")


def schema_code(layout: Layout) -> str:
    """A polars schema."""
    inside = ", ".join(f"{quoted(f.name)}: {POLARS_TYPES[f.type]}" for f in layout)
    return f"{{{inside}}}"


def rows_code(layout: Layout, rows: list[tuple[Any, ...]]) -> str:
    """A lazy frame of constant rows."""
    lines = "".join(f"        ({', '.join(map(python_value, row))}{',' * (len(row) == 1)}),\n" for row in rows)
    listed = f"[\n{lines}    ]" if rows else "[]"
    return f'pl.LazyFrame(\n    {listed},\n    schema={schema_code(layout)},\n    orient="row",\n)'


def rows_query(layout: Layout, rows: list[tuple[Any, ...]]) -> Query:
    """SELECT of constant rows."""
    names = layout.names
    if not rows:
        nulls = [exp.alias_(sql_literal(None, f.type), f.name, quoted=True) for f in layout]
        return exp.select(*nulls).where(exp.false())
    tuples = [
        exp.Tuple(
            expressions=[exp.Null() if v is None else sql_literal(v, f.type) for v, f in zip(r, layout, strict=True)]
        )
        for r in rows
    ]
    alias = exp.TableAlias(this=identifier("v"), columns=[identifier(n) for n in names])
    typed = [exp.alias_(sql_cast(cast(exp.Expr, column(f).sql), f.type), f.name, quoted=True) for f in layout]
    return exp.select(*typed).from_(exp.Values(expressions=tuples, alias=alias))


def data_grid(step: Step, context: Context) -> Stream:
    """The rows typed into the step."""
    frames = list(cast(DataGrid, step).produce())
    rows = [row for frame in frames for row in frame.rows()]
    if len(rows) > ROWS_AT_MOST or not step.output.names:
        raise CannotConvertError(f"it holds {len(rows)} rows of {len(step.output)} fields", "put them into a file")
    return context.stream(rows_code(step.output, rows), rows_query(step.output, rows))


def row_generator(step: Step, context: Context) -> Stream:
    """One row, many times; the number may be a parameter."""
    found = cast(RowGenerator, step)
    if found.endless:
        raise CannotConvertError("it never ends", "set a limit")
    found.start()
    values = {item.name: literal(found.row[item.name], item.type) for item, _ in found.constants}
    raw = step.options.text("limit", default="10")
    times = str(found.limit) if "{" not in raw else f"int({context.text(raw)})"
    if not values:
        return context.stream(f"pl.DataFrame(height={times}).lazy()", NoSql("its rows have no fields"))
    made = "".join(f"\n    {named(value, name)}," for name, value in values.items())
    code = f"pl.LazyFrame({{'_row': range({times})}}).with_columns({made}\n).drop('_row')"
    numbers = exp.Table(
        this=exp.GenerateSeries(start=exp.Literal.number(1), end=exp.Literal.number(found.limit)),
        alias=exp.TableAlias(this=identifier("n")),
    )
    picked = [exp.alias_(cast(exp.Expr, v.sql), n, quoted=True) for n, v in values.items()]
    return context.stream(code, exp.select(*picked).from_(numbers))


def csv_input(step: Step, context: Context) -> Stream:
    """A delimited file with one header line at most."""
    found = cast(CsvInput, step)
    if found.fed or found.include_filename or found.rownum or found.compression != "None":
        raise CannotConvertError("file names from a field, row numbers or compression", "read one plain file")
    fields = found.columns
    path = step.text("filename")
    if found.header:
        _check_header(path, found.dialect, fields)
    else:
        context.note("columns are read by position")
    lines = 1 if found.header else 0
    return _file(
        context, step.options.text("filename"), path, found.dialect, lines, [Column(f) for f in fields], found.encoding
    )


def _check_header(path: str, dialect: Dialect, fields: list[Field]) -> None:
    """The columns must stand in the file as they are declared, where the file is at hand."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            line = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return
    names = [n.strip() for n in split_line(line, dialect)]
    if header_mapping(names, [f.name for f in fields]) != list(range(len(fields))):
        raise CannotConvertError("the file's columns stand in another order than the fields", "declare them in order")


def text_input(step: Step, context: Context) -> Stream:
    """A plain delimited text file."""
    found = cast(TextFileInput, step)
    shape = found.shape
    files = step.options.rows("file/name")
    paths = [o for o in step.options.texts("file/name") if o]
    plain = not (
        found.from_field or found.ignore or found.limit or found.include or found.rownum or found.facts
        or shape.slices or shape.wraps or shape.page or shape.footer or shape.filters
        or found.compression not in ("", "None") or len(paths) != 1 or any(step.options.texts("file/file_mask"))
        or any(c.null_if.strip() != c.null_if for c in found.columns)
    )  # fmt: skip
    if not plain or not files:
        raise CannotConvertError("it reads more than one plain delimited file", "read one file without extras")
    path = step.resolve(paths[0])
    return _file(context, paths[0], path, shape.dialect, shape.header, found.columns, shape.encoding)


def _file(
    context: Context, raw: str, path: str, dialect: Dialect, header: int, columns: list[Column], encoding: str
) -> Stream:
    fields = [c.field for c in columns]
    if not dialect.simple or encoding.lower() not in UTF8:
        raise CannotConvertError(f"its separator, enclosure or encoding {encoding}", "use a plain UTF-8 file")
    context.note("a text that is no plain number or date of the mask stops the script, as it stops the step")
    schema = ", ".join(f"{quoted(f.name)}: pl.String" for f in fields)
    quote = quoted(dialect.enclosure) if dialect.enclosure else "None"
    code = (
        f"pl.scan_csv(\n    {context.text(raw)},\n    has_header=False,\n    skip_lines={header},\n"
        f"    schema={{{schema}}},\n    separator={quoted(dialect.separator)},\n    quote_char={quote},\n"
        f'    truncate_ragged_lines=True,\n    missing_columns="insert",\n    extra_columns="ignore",\n)'
    )
    texts = {c.field.name: _value(c) for c in columns}
    made = "".join(f"\n    {named(v, n)}," for n, v in texts.items())
    return context.stream(f"{code}.select({made}\n)", _file_query(path, dialect, header, fields, texts))


def _value(item: Column) -> Both:
    """A column of the file: '' and the null text are null, then the default, then the value of the row before."""
    text = normal(column(item.field), item.field.but(type=ValueType.STRING))
    if item.null_if:
        cut = trimmed(text, item.field.trim)
        text = both(
            "pl.when({c} != {n}).then({v})", "CASE WHEN $c <> $n THEN $v END", c=cut, n=word(item.null_if), v=text
        )
    if item.if_null:
        text = both("{v}.fill_null({d})", "COALESCE($v, $d)", v=text, d=literal(item.if_null, ValueType.STRING))
    value = text if item.field.type is ValueType.STRING and item.field.trim == "none" else from_text(text, item.field)
    if item.field.type is ValueType.STRING and item.field.trim != "none":
        value = normal(value, item.field)
    return (
        both("{v}.forward_fill()", NoSql("it repeats the value of the row before"), v=value) if item.repeat else value
    )


def _file_query(path: str, dialect: Dialect, header: int, fields: list[Field], values: dict[str, Both]) -> Query:
    missing = next((v.sql for v in values.values() if isinstance(v.sql, NoSql)), None)
    if missing is not None:
        return missing
    options = {
        "header": "FALSE",
        "skip": str(header),
        "delim": exp.Literal.string(dialect.separator).sql("duckdb"),
        "quote": exp.Literal.string(dialect.enclosure).sql("duckdb"),
        "null_padding": "TRUE",
        "auto_detect": "FALSE",
        "columns": exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.Literal.string(f.name), expression=exp.Literal.string("VARCHAR"))
                for f in fields
            ]
        ).sql("duckdb"),
    }
    listed = ", ".join(f"{name} = {value}" for name, value in options.items())
    call = f"READ_CSV({exp.Literal.string(path).sql('duckdb')}, {listed})"
    table = sqlglot.parse_one(f"SELECT * FROM {call}", dialect="duckdb").find(exp.Table)
    assert table is not None
    picked = [exp.alias_(cast(exp.Expr, v.sql), n, quoted=True) for n, v in values.items()]
    return exp.select(*picked).from_(table)


def table_input(step: Step, context: Context) -> Stream:
    """A query; its parameters of the transformation stay parameters in Python."""
    found = cast(TableInput, step)
    if found.source or found.limit:
        raise CannotConvertError("it takes values from a step, or has a limit", "write both into the query")
    raw = step.options.text("sql")
    text = context.text(raw) if step.options.flag("variables_active") else quoted(raw)
    url = context.connection(step.options.text("connection"))
    code = f"read_table({url}, {text}, {schema_code(step.output)})"
    return context.stream(code, _table_query(found))


def _table_query(step: TableInput) -> Query:
    try:
        tree = sqlglot.parse_one(step.sql, dialect=step.database.dialect)
    except sqlglot.errors.SqlglotError as error:
        return NoSql(f"its query: {str(error).splitlines()[0]}")
    if not isinstance(tree, exp.Query):
        return NoSql("its query is no SELECT")
    alias = exp.TableAlias(this=identifier("q"), columns=[identifier(n) for n in step.output.names])
    typed = [exp.alias_(sql_cast(cast(exp.Expr, column(f).sql), f.type), f.name, quoted=True) for f in step.output]
    return exp.select(*typed).from_(exp.Subquery(this=tree, alias=alias))


GENERATORS: dict[str, Generator] = {
    "DataGrid": data_grid,
    "RowGenerator": row_generator,
    "CsvInput": csv_input,
    "CSVInput": csv_input,
    "TextFileInput": text_input,
    "TextFileInput2": text_input,
    "TextFileInputV2": text_input,
    "TableInput": table_input,
}
