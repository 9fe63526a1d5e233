"""Whatever is altered, removed, cut off or moved is found, and the first bad entry is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.security.trace.anchors import known
from assets.security.trace.capture import opened
from assets.security.trace.chain import Chain
from assets.security.trace.model import Cause
from assets.security.trace.verify import Verdict, state_path, verify
from core.settings import Settings
from tests.assets.security.trace.conftest import look, people, write

Lines = list[bytes]


@pytest.fixture
def chain(shop: Settings) -> Chain:
    """Five entries, the first one of the empty dimension."""
    for n in range(4):
        write(shop, people((1, "a", float(n)), (2, "b", 0.0)))
        look(shop, Cause(run=f"r{n}", user="ann"))
    return opened(shop)


def verdict(shop: Settings, *, alone: bool = False) -> Verdict:
    return verify(opened(shop), [] if alone else known(shop))


def altered(lines: Lines) -> Lines:
    return [line.replace(b'"user":"ann"', b'"user":"bob"') if n == 2 else line for n, line in enumerate(lines)]


def without_one(lines: Lines) -> Lines:
    return lines[:2] + lines[3:]


def reordered(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def renumbered(lines: Lines) -> Lines:
    return [*lines[:2], *(line.replace(b'"number":%d' % n, b'"number":%d' % (n - 1)) for n, line in
                          enumerate(lines[3:], 4))]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "number"),
    [(altered, 3), (without_one, 3), (reordered, 2), (renumbered, 3), (lambda found: found[:-1], 5)],
)
def test_lines(shop: Settings, chain: Chain, change: Callable[[Lines], Lines], number: int) -> None:
    assert verdict(shop) == Verdict(5, 2 + 3, verdict(shop).anchors)
    chain.path.write_bytes(b"".join(change(chain.path.read_bytes().splitlines(keepends=True))))
    found = verdict(shop)
    assert found.number == number and found.wrong
    assert (number == 5) == (verdict(shop, alone=True).number != number)  # a cut tail is seen by the heads alone


def test_a_chain_written_anew_with_the_key_is_known_by_its_heads(shop: Settings, chain: Chain) -> None:
    entries = [e.document for e in chain.entries()]
    chain.path.unlink()
    for said in entries:
        left = {k: v for k, v in said.items() if k not in ("number", "id", "at", "previous", "rows", "state")}
        chain.append(left | {"causes": [{"user": "nobody"}]})
    assert verdict(shop, alone=True).wrong == ""
    assert verdict(shop).number == 1 and "written anew" in verdict(shop).wrong


def test_rows_and_states(shop: Settings, chain: Chain, tmp_path: Path) -> None:
    *_, fourth, last = chain.entries()
    rows = chain.rows_path(fourth)
    kept = shutil.copy(rows, tmp_path / "kept")
    pl.read_parquet(rows).with_columns(after=pl.lit("0" * 16)).write_parquet(rows)
    assert verdict(shop).number == 4 and "rows" in verdict(shop).wrong
    pl.read_parquet(kept).clear().write_parquet(rows)
    assert verdict(shop).number == 4
    rows.unlink()
    assert "are gone" in verdict(shop).wrong
    shutil.copy(kept, rows)
    state = state_path(chain, last)
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    assert verdict(shop).number == 5 and "state" in verdict(shop).wrong


def test_a_torn_line_of_a_killed_process_is_no_entry_and_goes(shop: Settings, chain: Chain) -> None:
    with chain.path.open("ab") as file:
        file.write(b'{"number":6,')
    assert verdict(shop).wrong == "" and verdict(shop).entries == 5
    write(shop, people((1, "z", 9.0)))
    look(shop)
    assert verdict(shop).wrong == "" and verdict(shop).entries == 6
    assert json.loads((shop.protection.parent / "heads.jsonl").read_text().splitlines()[-1])["number"] == 6
