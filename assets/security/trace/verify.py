"""Whether the chain is what was written: every hash, every file of rows, the present states, every anchor."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assets.security.trace.anchors import Anchor
from assets.security.trace.chain import START, STATE, Chain, named, parsed
from assets.security.trace.keys import file_hash
from assets.security.trace.model import Entry
from core.errors import StoreError


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and the first thing that is wrong, "" for none; `number` is that of the bad entry."""

    entries: int
    rows: int
    anchors: int
    number: int = 0
    wrong: str = ""


def verify(chain: Chain, anchors: Iterable[Anchor]) -> Verdict:
    """Reads everything once, in memory that does not grow with the chain."""
    heads: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        heads.setdefault(anchor.number, []).append(anchor)
    looked = sum(map(len, heads.values()))
    entries = rows = 0
    before, last = START, {}
    for number, line in chain.lines():
        try:
            entry = parsed(line, f"line {number}")
        except StoreError as error:
            return Verdict(entries, rows, looked, number, error.what)
        wrong = _wrong(chain, entry, number, before, heads.pop(number, []))
        if wrong:
            return Verdict(entries, rows, looked, number, wrong)
        entries, rows, before = entries + 1, rows + _rows(entry), entry.hash
        if entry.document.get("state"):
            last[entry.table] = entry
    if heads:
        number = min(heads)
        where = ", ".join(sorted({a.where for a in heads[number]}))
        return Verdict(entries, rows, looked, number, f"the chain ends at {entries}; {where} knows entry {number}")
    for entry in last.values():
        wrong = _state(chain, entry)
        if wrong:
            return Verdict(entries, rows, looked, entry.number, wrong)
    return Verdict(entries, rows, looked)


def _wrong(chain: Chain, entry: Entry, number: int, before: str, anchors: list[Anchor]) -> str:
    if entry.number != number:
        return f"entry {entry.number} stands in place {number}: entries were removed or moved"
    if entry.document.get("previous") != before:
        return "it does not follow the entry before it: entries were removed, moved or written anew"
    if chain.signed(entry.document) != entry.hash:
        return "its content was altered, or written without the key"
    for anchor in anchors:
        if anchor.hash != entry.hash:
            return f"{anchor.where} knows another entry {number}: the chain was written anew"
    if entry.document.get("rows"):
        path = chain.rows_path(entry)
        if not path.exists():
            return f"its rows, {path.name}, are gone"
        if file_hash(path) != entry.document["rows"]:
            return f"its rows, {path.name}, were altered"
    return ""


def _state(chain: Chain, entry: Entry) -> str:
    path = state_path(chain, entry)
    if not path.exists():
        return f"the state of {entry.table}, {path.name}, is gone"
    return "" if file_hash(path) == entry.document["state"] else f"the state of {entry.table} was altered"


def state_path(chain: Chain, entry: Entry) -> Path:
    """The hashes of a table as an entry left them."""
    return chain.folder / STATE / slug_of(entry.table) / named(entry.number, str(entry.document["id"]))


def slug_of(table: str) -> str:
    """A table's folder."""
    from core.hashing import digest
    from core.slug import slug

    return f"{slug(table)[:60]}-{digest([table])[:8]}"


def _rows(entry: Entry) -> int:
    counted = (entry.document, entry.document.get("outside") or {})
    return sum(int(said.get(name, 0)) for said in counted for name in ("added", "changed", "removed"))
