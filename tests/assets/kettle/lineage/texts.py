"""Texts of transformations, short: steps as (name, type, options in XML), hops as chains of names."""

from collections.abc import Sequence
from itertools import pairwise

CONNECTION = """<connection><name>db</name><server>db.invalid</server><type>POSTGRESQL</type><access>Native</access>
<database>shop</database><port>5432</port><username>me</username><password/></connection>"""


def ktr(steps: Sequence[tuple[str, str, str]], *hops: str, errors: str = "") -> str:
    """A transformation over connection `db`. Hops are written `a > b > c`; `errors` is the tag of error handling."""
    drawn = "".join(f"<step><name>{n}</name><type>{t}</type>{options}</step>" for n, t, options in steps)
    chains = [[name.strip() for name in chain.split(">")] for chain in hops]
    arrows = "".join(
        f"<hop><from>{a}</from><to>{b}</to><enabled>Y</enabled></hop>" for chain in chains for a, b in pairwise(chain)
    )
    handling = f"<step_error_handling>{errors}</step_error_handling>"
    info = "<info><name>labelled</name></info>"
    return f"<transformation>{info}{CONNECTION}<order>{arrows}</order>{drawn}{handling}</transformation>"


def query(name: str, sql: str) -> tuple[str, str, str]:
    """A Table input."""
    return name, "TableInput", f"<connection>db</connection><sql>{sql}</sql>"


def output(step: str, table: str, **columns: str) -> tuple[str, str, str]:
    """A Table output of all fields, or of column = field."""
    fields = "".join(
        f"<field><column_name>{c}</column_name><stream_name>{f}</stream_name></field>" for c, f in columns.items()
    )
    chosen = f"<specify_fields>Y</specify_fields><fields>{fields}</fields>" if columns else ""
    return step, "TableOutput", f"<connection>db</connection><table>{table}</table>{chosen}"


def select(name: str, *fields: str) -> tuple[str, str, str]:
    """Select values; `old=new` renames."""
    rows = "".join(
        f"<field><name>{f.partition('=')[0]}</name><rename>{f.partition('=')[2]}</rename></field>" for f in fields
    )
    return name, "SelectValues", f"<fields>{rows}</fields>"


def sort(name: str, *fields: str) -> tuple[str, str, str]:
    """Sort rows, ascending."""
    rows = "".join(f"<field><name>{f}</name><ascending>Y</ascending></field>" for f in fields)
    return name, "SortRows", f"<fields>{rows}</fields>"


def fields(parent: str, *rows: str, tags: str) -> str:
    """Repeated elements: each row's values, split at |, stand in the tags, split at |."""
    names = tags.split("|")
    made = []
    for row in rows:
        values = row.split("|")
        made.append("".join(f"<{n}>{v}</{n}>" for n, v in zip(names, values, strict=True)))
    *outer, inner = parent.split("/")
    inside = "".join(f"<{inner}>{text}</{inner}>" for text in made)
    return inside if not outer else f"<{outer[0]}>{inside}</{outer[0]}>"
