"""Lineage as CSV: from, from_column, to, to_column, kind, detail; the first line names the columns."""

import csv
import io
from collections.abc import Iterable, Iterator

from assets.catalog.lineage.exchange.taken import Taken
from assets.catalog.lineage.model import DATA, KINDS, Edge, Stated
from core.hashing import digest

COLUMNS = ("from", "from_column", "to", "to_column", "kind", "detail")
OTHER = {  # as other tools' exports call these columns
    "source": "from",
    "upstream": "from",
    "source_table": "from",
    "from_table": "from",
    "source_column": "from_column",
    "upstream_column": "from_column",
    "target": "to",
    "downstream": "to",
    "target_table": "to",
    "to_table": "to",
    "target_column": "to_column",
    "downstream_column": "to_column",
    "type": "kind",
    "transformation": "detail",
    "description": "detail",
}
MOST = 1_000  # problems that are told


def read_csv(text: str, name: str) -> Taken:
    """The edges of a file, as one import; rows that cannot be taken are told by their line."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), dialect=_dialect(text))
    known = {_known(given): given for given in reader.fieldnames or ()}
    taken = Taken()
    if not {"from", "to"} <= known.keys():
        told = ", ".join(reader.fieldnames or ()) or "nothing"
        taken.problems.append(f"line 1: the columns `from` and `to` are needed; there is {told}")
        return taken
    edges = []
    for row in reader:
        cells = {column: (row.get(given) or "").strip() for column, given in known.items()}
        kind = cells.get("kind") or DATA
        wrong = "" if cells["from"] else "`from` is empty"
        wrong = wrong or ("" if cells["to"] else "`to` is empty")
        wrong = wrong or ("" if kind in KINDS else f"unknown kind {kind!r}; one of {', '.join(KINDS)}")
        wrong = wrong or ("more cells than columns" if None in row else "")
        if wrong:
            taken.problems.append(f"line {reader.line_num}: {wrong}")
            continue
        ends = cells["from"], cells.get("from_column", ""), cells["to"], cells.get("to_column", "")
        edges.append(Edge(*ends, kind, cells.get("detail", "")))
    del taken.problems[MOST:]
    if edges:
        taken.stated.append(Stated("import", name, tuple(edges), {"file": name, "digest": digest([text])}))
    return taken


def csv_text(stated: Iterable[Stated]) -> Iterator[str]:
    """A line for each edge."""
    for cells in [COLUMNS, *(_cells(e) for e in dict.fromkeys(e for s in stated for e in s.edges))]:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(cells)
        yield buffer.getvalue()


def _cells(edge: Edge) -> tuple[str, ...]:
    return edge.from_key, edge.from_column, edge.to_key, edge.to_column, edge.kind, edge.detail


def _known(given: str | None) -> str:
    name = (given or "").strip().lower().replace(" ", "_")
    return OTHER.get(name, name)


def _dialect(text: str) -> type[csv.Dialect]:
    first = text.split("\n", 1)[0]
    separator = max((",", ";", "\t", "|"), key=first.count)
    return type("_Found", (csv.excel,), {"delimiter": separator})
