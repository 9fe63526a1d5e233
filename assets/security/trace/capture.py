"""Takes in what became of a table: hashes it, compares with the state of before, and appends an entry to the chain.

The state and the rows lie in place before the line of the chain is written, and a killed process leaves the former
state. One capture a table at a time; others wait.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assets.security.trace import anchors
from assets.security.trace.chain import ROWS, STATE, Chain, named
from assets.security.trace.keys import file_hash, row_key, secret
from assets.security.trace.model import BASELINE, CHANGE, Cause, Entry, Traced
from assets.security.trace.rows import exists, rows
from assets.security.trace.state import State, compare, write_state
from assets.security.trace.tables import folder
from assets.security.trace.verify import slug_of, state_path
from core.atomic import write_text
from core.scratch import scratch
from core.settings import Settings

CURSORS = "cursors"
Cursor = Mapping[str, Any]  # what of each log of causes was taken in already
Explain = Callable[[Cursor], tuple[Sequence[Cause], Cursor]]
Rules = Callable[[Settings, Traced, Path, bytes], tuple[Path | None, tuple[tuple[str, int], ...]]]


def opened(settings: Settings) -> Chain:
    """The chain of these settings."""
    return Chain(folder(settings), secret(settings))


def capture(
    settings: Settings, table: Traced, explain: Explain, *, keys: Sequence[Sequence[str | None]] | None = None
) -> Entry | None:
    """An entry about what changed in a table since its last one; None where nothing did.

    Args:
        explain: the causes since the cursor, and the new cursor; no causes: the change is from outside.
        keys: of the rows that the cause changed; changes of others are from outside. None for all.

    Raises:
        StoreError: there is no such table.
    """
    from assets.security.trace.rules import cell_rules

    key, chain = secret(settings), opened(settings)
    slug = slug_of(table.name)
    if not exists(settings, table):
        return None
    with chain.locked(f"table-{slug}"), scratch(chain.folder, "work-") as work:
        former = chain.last_of(table.name)
        cursor_path = chain.folder / CURSORS / f"{slug}.json"
        cursor = _cursor(cursor_path, former)
        causes, after = explain(cursor)
        batches = rows(settings, table)
        now = write_state(
            batches, work / "new.parquet", secret=key, table=table.name, key=table.key, memory=settings.memory
        )
        before = None
        if former is not None:
            before = State(state_path(chain, former), tuple(former.document["columns"]))
            before.path.stat()  # gone: the chain says so, and nothing is compared with nothing
        ruled, figures = cell_rules(settings, table, work, key)
        if causes and figures:
            causes = [*causes[:-1], replace(causes[-1], rules=figures)]
        mine = None if keys is None else [row_key(key, table.name, k) for k in keys]
        explained, outside = compare(
            before, now, work / "rows.parquet", secret=key, table=table.name, memory=settings.memory,
            known=bool(causes), rules=ruled, only=mine,
        )  # fmt: skip
        entry = None
        if former is None or explained.total or outside.total:
            said: dict[str, Any] = {"kind": CHANGE if former else BASELINE, "table": table.name}
            said |= {"key": list(table.key)}
            said |= {"columns": list(now.columns), "total": now.rows, "cursor": dict(after)}
            said |= {"causes": [c.document() for c in causes]} | asdict(explained)
            said |= {"outside": asdict(outside)} if outside.total else {}
            entry = chain.append(said, lambda number, name: _placed(chain, slug, work, number, name))
            anchors.keep(settings, entry, causes[-1].run if causes else "")
            _forget(chain, slug, entry)
        _keep_cursor(cursor_path, after)
        return entry


def _placed(chain: Chain, slug: str, work: Path, number: int, name: str) -> dict[str, Any]:
    said = {}
    for what, folder_ in (("rows", chain.folder / ROWS), ("state", chain.folder / STATE / slug)):
        path = work / ("rows.parquet" if what == "rows" else "new.parquet")
        folder_.mkdir(parents=True, exist_ok=True)
        said[what] = file_hash(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.rename(folder_ / named(number, name))
    return said


def _forget(chain: Chain, slug: str, entry: Entry) -> None:
    """Removes the former states."""
    kept = state_path(chain, entry).name
    for path in (chain.folder / STATE / slug).glob("*.parquet"):
        if path.name != kept:
            path.unlink()


def _cursor(path: Path, former: Entry | None) -> dict[str, Any]:
    """What was taken in: as the file says, or where that was lost the last entry."""
    said = dict(former.document.get("cursor", {})) if former else {}
    with suppress(FileNotFoundError, ValueError):
        said |= json.loads(path.read_text(encoding="utf-8"))
    return said


def _keep_cursor(path: Path, cursor: Cursor) -> None:
    write_text(path, json.dumps(dict(cursor)))
