"""What the trace knows: the changes of one row, the chain, and copies of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.security.trace.chain import Chain, canonical
from assets.security.trace.keys import row_key
from assets.security.trace.model import BASELINE, OUTSIDE, Entry
from core.atomic import replacing
from core.errors import HeddleError
from resources.quoting import literal

MANY = 1 << 20  # rows of one key: `state` numbers them in the last bits of j


@dataclass(frozen=True)
class RowChange:
    """One change of a row.

    Attributes:
        before, after: keyed hashes of the row, None where it was not there.
        cells: name, before, after, rule of each column that changed.
        explained: false: the change is from outside the platform.
    """

    entry: Entry
    action: str
    before: str | None
    after: str | None
    cells: tuple[dict[str, Any], ...]
    explained: bool

    def document(self) -> dict[str, Any]:
        """As JSON."""
        said = {k: self.entry.document[k] for k in ("number", "at")} | {"action": self.action}
        said |= {"before": self.before, "after": self.after, "columns": list(self.cells)}
        return said | {"causes": self.entry.causes if self.explained else [], "outside": not self.explained}


def changes(chain: Chain, key: bytes, table: str, values: Sequence[str]) -> Iterator[RowChange]:
    """All changes of a row, the oldest first.

    Args:
        values: of the table's key columns, as texts.

    Raises:
        HeddleError: the table was never traced, or has another key.
    """
    import duckdb

    seen = False
    with closing(duckdb.connect()) as connection:
        for entry in chain.entries():
            if entry.table != table or "columns" not in entry.document:
                continue
            seen = True
            wanted = entry.document["key"] or entry.document["columns"]
            if len(values) != len(wanted):
                raise HeddleError(f"{table} has the key {', '.join(wanted)}", f"give {len(wanted)} values")
            path = chain.rows_path(entry)
            sql = f"select * from read_parquet({literal(str(path))}) where k = ? and xor(j, ?) < {MANY}"
            found = connection.execute(sql, list(row_key(key, table, values)))
            names = [d[0] for d in found.description or []]
            for row in found.fetchall():
                yield _change(entry, dict(zip(names, row, strict=True)))
    if not seen:
        known = sorted({e.table for e in chain.entries() if e.table})
        raise HeddleError(f"the trace has no table {table}", f"there are: {', '.join(known) or 'none'}")


def said_of(cause: dict[str, Any]) -> str:
    """A cause in one line."""
    parts = [cause.get("user", "") or "nobody named", f"via {cause.get('via', '')}"]
    parts += [f"{k} {cause[k]}" for k in ("step", "action") if cause.get(k)]
    parts += [f"run {cause['run'][:8]}"] if cause.get("run") else []
    return ", ".join(parts)


def why(entry: Entry, *, explained: bool = True) -> str:
    """What explains an entry, in one line."""
    if entry.document.get("kind") == BASELINE and not entry.causes:
        return "first look"
    return " or ".join(map(said_of, entry.causes)) if entry.causes and explained else OUTSIDE


def export(chain: Chain, target: Path) -> int:
    """The chain with the rows of its entries as JSON lines, by rename; returns how many lines."""
    import duckdb

    lines = 0
    with closing(duckdb.connect()) as connection, replacing(target) as made, made.open("w", encoding="utf-8") as file:
        for entry in chain.entries():
            file.write(canonical(entry.document | {"hash": entry.hash}) + "\n")
            lines += 1
            if not entry.document.get("rows"):
                continue
            found = connection.execute(f"select * from read_parquet({literal(str(chain.rows_path(entry)))})")
            names = [d[0] for d in found.description or []]
            while batch := found.fetchmany(10_000):
                for row in batch:
                    file.write(json.dumps({"entry": entry.number} | dict(zip(names, row, strict=True))) + "\n")
                lines += len(batch)
    return lines


def _change(entry: Entry, row: dict[str, Any]) -> RowChange:
    cells = tuple(row.get("cells") or ())
    return RowChange(entry, row["action"], row.get("before"), row["after"], cells, bool(row.get("explained", True)))
