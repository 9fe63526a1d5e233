"""A plan as a Python script: one block per step, arguments for parameters, files and tables written at the end."""

import re
import textwrap

from assets.kettle.convert.expressions import quoted
from assets.kettle.convert.plan import Block, Plan, Stream

READ_TABLE = '''
def read_table(url: str, sql: str, schema: dict[str, pl.DataType]) -> pl.LazyFrame:
    """The rows of a query, in the types that the steps expect."""
    with sa.create_engine(url).connect() as connection:
        frame = pl.read_database(sql, connection)
    frame.columns = list(schema)
    return frame.cast(schema).lazy()
'''
INSERT = '''
def table_of(connection: sa.Connection, schema: str, table: str) -> sa.Table:
    """The table as the database knows it."""
    return sa.Table(table, sa.MetaData(), schema=schema or None, autoload_with=connection)


def insert(
    url: str, schema: str, table: str, rows: pl.DataFrame, columns: dict[str, str], *, truncate: bool
) -> None:
    """Inserts rows; `columns` maps their fields to those of the table."""
    with sa.create_engine(url).begin() as connection:
        target = table_of(connection, schema, table)
        if truncate:
            connection.execute(sa.delete(target))
        if rows.height:
            connection.execute(sa.insert(target), rows.select(*columns).rename(columns).to_dicts())
'''
MERGE = '''
def merge(
    url: str,
    schema: str,
    table: str,
    rows: pl.DataFrame,
    *,
    keys: dict[str, str],
    values: dict[str, str],
    changed: list[str],
) -> None:
    """Updates the rows whose keys are there, inserts the others, row after row; null keys never match."""
    with sa.create_engine(url).begin() as connection:
        target = sa.Table(table, sa.MetaData(), schema=schema or None, autoload_with=connection)
        for row in rows.to_dicts():
            found = [target.c[column] == row[field] for column, field in keys.items()]
            known = connection.execute(sa.select(sa.literal(1)).select_from(target).where(*found)).first()
            if known is None:
                connection.execute(sa.insert(target).values({c: row[f] for c, f in values.items()}))
            elif changed:
                new = {column: row[values[column]] for column in changed}
                connection.execute(sa.update(target).where(*found).values(new))
'''


def script(plan: Plan) -> str:
    """The script. Its rows are those of the engine but for what its header notes."""
    body = "\n".join(_block(block) for block in plan.blocks)
    ends = ", ".join(f"{quoted(name)}: {stream.name}" for name, stream in _results(plan).items())
    writes = _writes(plan)
    helpers = [
        text
        for word, text in (("read_table(", READ_TABLE), (" insert(", INSERT), (" merge(", MERGE))
        if word in body + writes
    ]
    arguments = [f"{name}: str" for name in plan.connections.values()]
    arguments += [f"{name}: str = {quoted(_default(plan, p))}" for p, name in plan.used.items()]
    signature = ", ".join(arguments)
    imports = ["import argparse"]
    if re.search(r"\bdatetime\(", body):
        imports.append("from datetime import datetime")
    imports += ["from pathlib import Path", "", "import polars as pl"]
    if helpers:
        imports.append("import sqlalchemy as sa")
    parts = [
        _header(plan),
        "\n".join(imports) + "\n",
        *helpers,
        f'\ndef flow({signature}) -> dict[str, pl.LazyFrame]:\n    """The rows of the last steps, by name."""\n'
        f"{textwrap.indent(body, '    ')}\n    return {{{ends}}}\n",
        _main(plan, writes),
    ]
    return "\n".join(parts)


def _default(plan: Plan, parameter: str) -> str:
    return next(p.default for p in plan.model.parameters if p.name == parameter)


def _results(plan: Plan) -> dict[str, Stream]:
    writing = {b.step.name: b.streams[-1] for b in plan.blocks if b.write is not None}
    return {**plan.ends, **writing}


def _header(plan: Plan) -> str:
    title = _plain(
        f"{plan.model.name}: written from {plan.model.path.name if plan.model.path else 'a transformation'}."
    )
    fixed = [p.name for p in plan.model.parameters if p.name not in plan.used]
    lines = [
        title,
        "",
        'Empty texts count as null in comparisons, keys and sorts, as in Kettle: see .replace("", None).',
    ]
    notes = [*plan.notes, *(f"parameter {name} is fixed to its value when this was written" for name in fixed)]
    if notes:
        lines += ["", "Where this differs from Kettle:"]
    lines += [f"- {_plain(note)}" for note in notes]
    text = "\n".join(textwrap.fill(x, 110, subsequent_indent="  ") if x else "" for x in lines)
    return f'"""{text}\n"""\n'


def _plain(text: str) -> str:
    return text.replace("\\", "/").replace('"""', "'''")


def _block(block: Block) -> str:
    name = " ".join(block.step.name.split())
    lines = [f"# {name} [{block.step.node.type}]"]
    lines += [f"{stream.name} = {stream.code}" for stream in block.streams]
    return "\n".join(lines)


def _writes(plan: Plan) -> str:
    made = []
    for block in plan.blocks:
        if block.write is not None:
            rows = f"rows[{quoted(block.step.name)}]"
            made.append(
                f"    # {' '.join(block.write.place.split())}\n"
                + textwrap.indent(" " + block.write.code.replace("{rows}", rows), "   ")
            )
    return "\n".join(made)


def _main(plan: Plan, writes: str) -> str:
    names = [*plan.connections.values(), *plan.used.values()]
    writing = f"def write(rows: dict[str, pl.DataFrame]{''.join(f', {n}: str' for n in names)}) -> None:\n"
    writing += '    """Writes what the last steps write."""\n' + writes + "\n\n\n"
    lines = [
        "def main() -> None:",
        '    """Runs the flow from the command line."""',
        "    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])",
    ]
    for connection, name in plan.connections.items():
        lines.append(
            f'    parser.add_argument("--{name.replace("_", "-")}", required=True, '
            f"help={quoted(f'SQLAlchemy URL of {connection}'.replace('%', '%%'))})"
        )
    for parameter, name in plan.used.items():
        lines.append(
            f'    parser.add_argument("--{name.replace("_", "-")}", default={quoted(_default(plan, parameter))})'
        )
    lines += [
        '    parser.add_argument("--rows", type=Path, help="folder for the rows of the last steps, as parquet")',
        "    options = vars(parser.parse_args())",
        '    folder = options.pop("rows")',
        "    rows = dict(zip(found := flow(**options), pl.collect_all(found.values()), strict=True))",
    ]
    if writes:
        lines.append("    write(rows, **options)")
    lines += [
        "    for number, (name, frame) in enumerate(rows.items()):",
        '        print(f"{name}: {frame.height} rows")',
        "        if folder is not None:",
        '            frame.write_parquet(folder / f"{number}.parquet")',
    ]
    text = "\n".join(lines)
    return f'\n{writing if writes else ""}{text}\n\n\nif __name__ == "__main__":\n    main()\n'
