"""Steps that write: Text file output, Table output, Insert / update. The rows go on unchanged."""

from typing import cast

from sqlglot import exp

from assets.kettle.convert.convert_values import to_text
from assets.kettle.convert.expressions import CannotConvertError, NoSql, both, column, identifier, quoted
from assets.kettle.convert.plan import Context, Generator, Stream, Write, everything, named
from assets.kettle.engine.step import Step
from assets.kettle.steps.database_output import TableOutput
from assets.kettle.steps.database_update import InsertUpdate
from assets.kettle.steps.text_file_output import TextFileOutput
from assets.kettle.values.fields import ValueType

STAMPS = ("add_date", "add_time", "SpecifyFormat", "haspartno", "split")


def passed(context: Context) -> Stream:
    """The rows of the main input."""
    main = context.main()
    return context.stream(main.name, everything(main), main.order)


def text_output(step: Step, context: Context) -> Stream:
    """A delimited file, written as texts so that numbers and dates look as Kettle writes them."""
    found = cast(TextFileOutput, step)
    plain = not (
        found.name_field or found.split_every or found.ending or found.footer or found.append or found.style.forced
        or found.compression not in ("", "None") or any(found.file.flag(tag) for tag in STAMPS)
        or found.file.flag("pad") or any(c.null_if for c in found.cells) or found.missing
    )  # fmt: skip
    style = found.style
    if not plain or style.encoding.lower().replace("-", "") not in ("utf8", "ascii"):
        raise CannotConvertError("it writes more than one plain delimited UTF-8 file", "write one file without extras")
    if len(style.separator) != 1 or not style.newline:
        raise CannotConvertError("its separator is no single character, or lines have no end", "use one character")
    values = {}
    for cell in found.cells:
        field = cell.field
        value = to_text(column(field), field)
        if field.type is ValueType.STRING and field.trim not in ("", "none"):
            raise CannotConvertError(f"field {field.name!r} is trimmed", "use String operations before")
        if field.type is ValueType.STRING and field.length >= 0:
            size = field.length
            value = both(f'{{v}}.fill_null("").str.slice(0, {size}).str.pad_end({size})', NoSql("files"), v=value)
        values[field.name] = value
    name = context.text(found.file.text("name"))
    ending = found.file.text("extention")
    path = f"{name} + {context.text('.' + ending)}" if ending else name
    made = ", ".join(named(v, n) for n, v in values.items())
    quote = f"quote_char={quoted(style.enclosure)}" if style.enclosure else 'quote_style="never"'
    code = (
        f"{{rows}}.select({made}).write_csv(\n    {path},\n    include_header={found.header},\n"
        f"    separator={quoted(style.separator)},\n    line_terminator={quoted(style.newline)},\n    {quote},\n)"
    )
    context.note("the file is the same where no text holds the separator, the enclosure or a line end")
    context.write = Write(code, None, f"file {step.resolve(found.file.text('name'))}")
    return passed(context)


def table_output(step: Step, context: Context) -> Stream:
    """Rows inserted into a table."""
    found = cast(TableOutput, step)
    if found.by_field or found.by_date or found.returning or found.ignore:
        raise CannotConvertError("its table comes from a field, it returns keys or ignores errors", "insert plainly")
    schema, table = step.options.text("schema"), step.options.text("table")
    url = context.connection(step.options.text("connection"))
    columns = {f.name: name for f, name in found.targets_of}
    inside = ", ".join(f"{quoted(f)}: {quoted(c)}" for f, c in columns.items())
    code = (
        f"insert({url}, {context.text(schema)}, {context.text(table)}, {{rows}}, {{{inside}}}, "
        f"truncate={found.truncating})"
    )
    target = exp.Table(this=identifier(step.resolve(table)), db=identifier(step.resolve(schema)) if schema else None)

    def statement(query: exp.Query) -> exp.Expr:
        picked = [exp.alias_(cast(exp.Expr, column(f).sql), c, quoted=True) for f, c in columns.items()]
        into = exp.Schema(this=target.copy(), expressions=[identifier(c) for c in columns.values()])
        return exp.Insert(this=into, expression=_over(query, picked))

    context.write = Write(code, statement, f"table {step.resolve(table)}", step.resolve(table), not found.truncating)
    return passed(context)


def _over(query: exp.Query, picked: list[exp.Expr]) -> exp.Query:
    """The named columns of a query that ends in SELECT * FROM one stream."""
    assert isinstance(query, exp.Select)
    return query.select(*picked, append=False)


def insert_update(step: Step, context: Context) -> Stream:
    """Rows merged into a table by equal keys."""
    found = cast(InsertUpdate, step)
    if any(k.operator != "=" for k in found.keys):
        raise CannotConvertError("a key is compared by something else than =", "compare keys by =")
    schema, table = step.options.text("lookup/schema"), step.options.text("lookup/table")
    url = context.connection(step.options.text("connection"))
    keys = {k.column: k.field for k in found.keys}
    values = {name: field.name for field, name, _ in found.mapped}
    changed = [name for _, name, update in found.mapped if update and not step.options.flag("update_bypassed")]
    key_code, value_code = (", ".join(f"{quoted(c)}: {quoted(f)}" for c, f in part.items()) for part in (keys, values))
    code = (
        f"merge({url}, {context.text(schema)}, {context.text(table)}, {{rows}}, keys={{{key_code}}}, "
        f"values={{{value_code}}}, changed=[{', '.join(map(quoted, changed))}])"
    )
    context.note("MERGE needs each key once in the rows; Kettle and the script take row after row")
    target = exp.Table(this=identifier(step.resolve(table)), db=identifier(step.resolve(schema)) if schema else None)

    def statement(query: exp.Query) -> exp.Expr:
        return _merge(target.copy(), query, keys, values, changed)

    context.write = Write(code, statement, f"table {step.resolve(table)}", step.resolve(table))
    return passed(context)


def _merge(
    target: exp.Table, query: exp.Query, keys: dict[str, str], values: dict[str, str], changed: list[str]
) -> exp.Expr:
    def new(name: str) -> exp.Column:
        return exp.Column(this=identifier(name), table=identifier("n"))

    def old(name: str) -> exp.Column:
        return exp.Column(this=identifier(name), table=identifier("o"))

    test = exp.and_(*(exp.EQ(this=old(c), expression=new(f)) for c, f in keys.items()))
    sets = [exp.EQ(this=exp.Column(this=identifier(c)), expression=new(values[c])) for c in changed]
    whens = [exp.When(matched=True, then=exp.Update(expressions=sets))] if sets else []
    added = exp.Insert(
        this=exp.Tuple(expressions=[exp.Column(this=identifier(c)) for c in values]),
        expression=exp.Tuple(expressions=[new(f) for f in values.values()]),
    )
    whens.append(exp.When(matched=False, then=added))
    return exp.Merge(
        this=exp.alias_(target, "o", quoted=True, table=True),
        using=exp.Subquery(this=query, alias=exp.TableAlias(this=identifier("n"))),
        on=test,
        whens=exp.Whens(expressions=whens),
    )


GENERATORS: dict[str, Generator] = {
    "TextFileOutput": text_output,
    "TableOutput": table_output,
    "InsertUpdate": insert_update,
}
