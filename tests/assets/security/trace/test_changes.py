"""What changed is found row by row and column by column, on every engine, with the cause it had."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.store.versions import Versions
from assets.security.trace import capture as captured
from assets.security.trace.anchors import known
from assets.security.trace.capture import opened
from assets.security.trace.keys import row_key, secret
from assets.security.trace.model import Cause
from assets.security.trace.show import changes, why
from assets.security.trace.verify import verify
from core.errors import HeddleError, SettingsError
from core.settings import Settings, variables
from orchestration.cli.main import main
from tests.assets.security.trace.conftest import CITY, TABLE, look, people, write

RUN = Cause(run="r1", step="load", user="ann")


def history(settings: Settings, *key: str, table: str = TABLE) -> list[tuple[str, list[str], str]]:
    found = changes(opened(settings), secret(settings), table, key)
    return [(c.action, [cell["name"] for cell in c.cells], why(c.entry, explained=c.explained)) for c in found]


def test_rows_and_columns_that_changed_with_their_cause(shop_anywhere: Settings) -> None:
    settings = shop_anywhere
    write(settings, people((1, "13800000001", 5.0), (2, None, 1.5), (3, "x", None)))
    first = look(settings)
    assert first is not None and first.document["kind"] == "baseline" and first.document["added"] == 3
    assert look(settings, RUN) is None  # nothing changed, nothing is written
    write(settings, people((1, "13800000009", 5.0), (3, "x", 0.0), (4, "", None)))
    entry = look(settings, RUN)
    assert entry is not None
    assert [entry.document[n] for n in ("added", "changed", "removed", "total")] == [1, 2, 1, 3]
    by = "ann, via run, step load, run r1"
    assert history(settings, "1") == [("baseline", [], "first look"), ("change", ["phone"], by)]
    assert history(settings, "3")[1:] == [("change", ["spent"], by)]
    assert history(settings, "2")[-1][0] == "remove" and history(settings, "4") == [
        ("add", ["id", "phone", "spent"], by)
    ]
    one, two = list(changes(opened(settings), secret(settings), TABLE, ["1"]))
    assert one.after == two.before != two.after


def test_what_no_cause_explains_is_from_outside(shop: Settings) -> None:
    write(shop, people((1, "a", 1.0), (2, "b", 2.0), (3, "c", 3.0)))
    look(shop)
    write(shop, people((1, "A", 1.0), (2, "B", 2.0), (3, "c", 3.0)))
    entry = look(shop, RUN, keys=[["1"]])
    assert entry is not None
    assert entry.document["changed"] == 1 and entry.document["outside"]["changed"] == 1
    assert history(shop, "1")[-1][2].startswith("ann") and history(shop, "2")[-1][2] == "outside the platform"
    write(shop, people((1, "A", 1.0), (2, "B", 2.0)))
    assert (entry := look(shop)) is not None and entry.document["outside"]["removed"] == 1


def test_other_columns_and_repeated_keys(shop: Settings) -> None:
    write(shop, people((1, "a", 1.0), (1, "b", 2.0), (1, "b", 2.0)))
    look(shop)
    write(shop, people((1, "b", 2.0), (1, "a", 1.0), (1, "b", 2.0)))
    assert look(shop) is None  # the same rows in another order
    write(shop, people((1, "b", 2.0), (1, "a", 1.0)))
    assert (entry := look(shop, RUN)) is not None and entry.document["removed"] == 1
    assert [action for action, *_ in history(shop, "1")].count("baseline") == 3
    write(shop, people((2, "b", 2.0)))
    look(shop, RUN)
    write(shop, people((2, "b", 2.0)).with_columns(vip=pl.lit(value=True)).drop("spent"))
    look(shop, RUN)
    assert sorted(history(shop, "2")[-1][1]) == ["spent", "vip"]


def test_edits_say_who_and_by_which_way(shop: Settings) -> None:
    versions = Versions(shop.catalog)
    DimensionBook(shop, versions, "cli").add("city", {"code": "XA", "名称": "西安"}, "ann")
    DimensionBook(shop, versions, "studio").change("city", {"code": "XA"}, {"名称": "长安"}, None, "bob")
    DimensionBook(shop, versions, "api").remove("city", {"code": "XA"}, None, "eve")
    assert history(shop, "XA", table=CITY) == [
        ("add", ["code", "名称"], "ann, via cli, step dimension city, action add"),
        ("change", ["名称"], "bob, via studio, step dimension city, action set"),
        ("remove", ["code", "名称"], "eve, via api, step dimension city, action remove"),
    ]


def test_an_edit_whose_trace_failed_is_taken_in_later(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = Versions(shop.catalog)
    book = DimensionBook(shop, versions, "api")
    book.add("city", {"code": "1", "名称": "a"}, "ann")
    with monkeypatch.context() as patch:
        patch.setattr(captured, "compare", lambda *_a, **_k: 1 / 0)
        book.add("city", {"code": "2", "名称": "b"}, "bob")  # the edit is made all the same
    book.change("city", {"code": "1"}, {"名称": "c"}, None, "ann")
    assert [e.causes[0]["user"] for e in opened(shop).entries() if e.table == CITY][-1] == "bob"


def test_hashes_need_the_key_and_the_key_is_private(shop: Settings) -> None:
    write(shop, people((1, "13800000001", 5.0), (2, "13800000001", 5.0)))
    look(shop)
    key_file = shop.home / "trace.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    chain = opened(shop)
    stored = b"".join(p.read_bytes() for p in chain.folder.rglob("*") if p.is_file())
    assert b"13800000001" not in stored and b"trace.key" not in stored
    assert row_key(secret(shop), TABLE, ["1"]) != row_key(b"other", TABLE, ["1"])
    assert verify(chain, known(shop)).wrong == ""
    key_file.write_text("another key")
    assert "without the key" in verify(opened(shop), known(shop)).wrong


def test_several_at_once(shop: Settings) -> None:
    book = DimensionBook(shop, Versions(shop.catalog), "api")

    def edit(n: int) -> None:
        book.add("city", {"code": str(n), "名称": "x"}, f"user{n}")
        look(shop, RUN, table=CITY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(edit, range(6)))
    found = verify(opened(shop), known(shop))
    assert found.wrong == "" and found.rows == 6


@pytest.mark.parametrize("point", ["file_hash", "_forget"])
def test_killed_in_the_middle_leaves_a_whole_chain(shop: Settings, point: str) -> None:
    write(shop, people((1, "a", 1.0)))
    look(shop)
    write(shop, people((1, "b", 1.0)))
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom core.settings import load\n"
        "from assets.security.trace import capture as c\nfrom assets.security.trace.model import Cause\n"
        "from tests.assets.security.trace.conftest import look\n"
        f"c.{point} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "look(load(os.environ, Path(sys.argv[1])), Cause(user='ann'))\n"
    )
    environ = os.environ | {f"HEDDLE_{k.upper()}": str(v) for k, v in shop.model_dump(mode="json").items() if v != ""}
    done = subprocess.run([sys.executable, "-c", code, str(shop.home)], env=environ, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert verify(opened(shop), known(shop)).wrong == ""
    look(shop, RUN)
    assert len(history(shop, "1")) == 2 and verify(opened(shop), known(shop)).wrong == ""


def test_mistakes_are_named(shop: Settings) -> None:
    write(shop, people((1, "a", 1.0)))
    look(shop)
    chain, key = opened(shop), secret(shop)
    with pytest.raises(HeddleError, match="has the key id"):
        list(changes(chain, key, TABLE, ["1", "2"]))
    with pytest.raises(HeddleError, match="no table table/shop/nothing"):
        list(changes(chain, key, "table/shop/nothing", ["1"]))
    path: Path = shop.protection / "trace.yaml"
    path.write_text("tables:\n  shop: {key: [id]}\n")
    with pytest.raises(SettingsError, match="shop is no asset key"):
        look(shop, table="shop")
    path.write_text("tables:\n  a/b/c: {keys: [id]}\n")
    with pytest.raises(SettingsError, match="keys"):
        look(shop, table="a/b/c")


def test_the_command_line_counts_changes_from_outside(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(shop).items():
        monkeypatch.setenv(name, value)
    write(shop, people((1, "a", 1.0), (2, "b", 2.0)))
    look(shop)
    write(shop, people((1, "A", 1.0), (3, "c", 2.0)))
    told = CliRunner().invoke(main, ["trace", "look", TABLE])
    assert "+1 ~1 -1  table/shop/customer  outside the platform" in told.output
    told = CliRunner().invoke(main, ["trace", "log", "--last", "1"])
    assert told.output.count("+1 ~1 -1") == 2 and "of it outside the platform" in told.output
