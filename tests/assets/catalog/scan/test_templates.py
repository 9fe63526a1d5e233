"""Templates of log messages: mined in one pass, typed, bounded; a new one is a change of the log's entry."""

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from assets.catalog.card import card
from assets.catalog.changes.diff import What
from assets.catalog.model import ScannedTable
from assets.catalog.observe import observe
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from assets.catalog.scan.templates.drain import Drain, unlike
from assets.catalog.scan.templates.masks import masked
from assets.catalog.scan.templates.miner import Miner
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.catalog_shown import plain

KINDS: dict[str, Callable[[random.Random], str]] = {
    "Payment of order <num> refused by <*>": lambda r: (
        f"Payment of order {r.randint(1, 9**9)} refused by {r.choice(['visa', 'amex', 'union'])}"
    ),
    "Received block blk_<num> of size <num> from <ip>": lambda r: (
        f"Received block blk_{r.randint(-(9**15), 9**15)} of size {r.randint(1, 9**7)} "
        f"from /10.{r.randint(0, 99)}.0.7:50010"
    ),
    "GET <path> took <num> ms": lambda r: f"GET /api/items/{r.randint(1, 999)} took {r.randint(1, 99)} ms",
    "Cache is full": lambda _: "Cache is full",
}


def lines(count: int, seed: int = 1, kinds: int = 4) -> list[str]:
    chance = random.Random(seed)
    made = []
    for second in range(count):
        level = "WARN" if second % 4 else "ERROR"
        message = list(KINDS.values())[second % kinds](chance)
        made.append(f"2026-01-01 00:{second // 60:02}:{second % 60:02} {level} shop - {message}")
    return made


def scanned(folder: Path, url: str = "logs") -> ScannedTable:
    found = scan(Source(name="logs", url=f"{url}://{folder}"))
    assert found.errors == ()
    return found.tables[0]


@pytest.mark.parametrize("url", ["logs", "file"])
def test_templates_with_counts_levels_moments_and_typed_variables(tmp_path: Path, url: str) -> None:
    (tmp_path / "app.log").write_text("\n".join(lines(400)))
    found = {t.text: t for t in scanned(tmp_path, url).templates}
    assert set(found) == set(KINDS) and {t.count for t in found.values()} == {100}
    block = found["Received block blk_<num> of size <num> from <ip>"]
    assert block.variables == ("num", "num", "ip") and block.levels == {"WARN": 100}
    payment = found["Payment of order <num> refused by <*>"]
    assert payment.variables == ("num", "*") and payment.levels == {"ERROR": 100}
    assert (payment.first, payment.last) == ("2026-01-01 00:00:00", "2026-01-01 00:06:36")


def test_lines_of_no_known_shape_and_json(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("\n".join(f"{n} worker {n % 5}: ERROR disk sd{n} failed" for n in range(50)))
    (plain_,) = scanned(tmp_path).templates
    assert (plain_.text, plain_.levels) == ("<num> worker <num>: ERROR disk sd<num> failed", {"ERROR": 50})
    rows = (f'{{"ts": {n}, "severity": "warn", "msg": "retry {n}"}}' for n in range(9))
    (tmp_path / "a.log").write_text("\n".join(rows))
    (json_,) = scanned(tmp_path).templates
    assert (json_.text, json_.count, json_.levels, json_.last) == ("retry <num>", 9, {"WARN": 9}, "8")


def test_a_new_template_is_a_change_and_one_that_is_gone_or_wider_is_none(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    settings = make_settings(catalog_files=tmp_path)
    versions, source = Versions(settings.catalog), Source(name="logs", url=f"logs://{logs}")

    def look(*texts: str) -> list[str]:
        (logs / "app.log").write_text("\n".join(texts))
        done = observe(settings, versions, source, whole=True)
        assert all(d.what is What.TEMPLATE and not d.breaks for d in done.recorded.differences)
        return [d.after for d in done.recorded.differences]

    assert look(*lines(120, kinds=3)) == []
    assert look(*lines(90, seed=2, kinds=2)) == [] and look(*lines(120, kinds=3)) == []
    assert look(*lines(160)) == ["Cache is full"]
    assert [v.number for v in versions.history("table", "logs/app.log")] == [1, 2]
    assert look(*lines(90, seed=3)) == []
    assert '"text": "Cache is full"' in plain(card(versions, "logs/app.log"))


def test_secrets_are_in_no_template() -> None:
    given = [
        "login password=hunter2 of ann",
        "sent Authorization: Bearer abcdefgh123",
        'set {"api_key": "k-12", "n": 1}',
        "mail to ann@example.org from 2001-02-03 at http://u:p@h/x?token=9 mac 00:1a:2b:3c:4d:5e",
        "id 123e4567-e89b-12d3-a456-426614174000 of 0xff deadbeef01 Mon Jan  5 10:11:12 2026",
    ]
    assert masked(pl.Series(given)).to_list() == [
        "login password=<secret> of ann",
        "sent Authorization: <secret> <secret>",
        'set {"api_key": <secret>, "n": <num>}',
        "mail to <email> from <date> at <url> mac <mac>",
        "id <uuid> of <hex> <hex> <time>",
    ]


def test_memory_is_bounded() -> None:
    tree = Drain(children=5, most=50)
    found = [tree.find(f"{chr(97 + n % 26)}{chr(97 + n // 26)} " + "x " * (n % 40)) for n in range(600)]
    assert len(tree.groups) == 50 and None in found
    miner = Miner(0)
    random_words = ["".join(random.Random(n).choices("abcdefghij", k=9)) + " is gone" for n in range(3_000)]
    miner.add(pa.record_batch([pa.array([*random_words, None, ""])], names=["0"]))
    templates = miner.finish()
    assert templates[0].text == "<*> is gone" and len(templates) <= 101


def test_templates_are_the_same_with_more_or_fewer_free_words() -> None:
    known = ["a <*> c", "x y=<*> z"]
    assert list(unlike(["a b c", "a <*> <*>", "x y=1 z", "a b", "q b c"], known)) == ["a b", "q b c"]
