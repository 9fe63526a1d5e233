"""Keys of several columns, and identifiers that persons share: only the person's own rows are touched."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.record import record
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, State
from assets.catalog.relations.store import decide
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from assets.security.erasure.run import Erasure, reports
from assets.security.erasure.stores.tables import Tables
from assets.security.trace.capture import capture, opened
from assets.security.trace.tables import traced
from core.errors import HeddleError, SourceError
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse

MEMBER, VISITS, DAILY = "raw/club/member", "table/club/visits", "table/club/daily"
GUEST = "raw/inn/guest"
POLICY = f"subjects:\n  {MEMBER}: {{key: [club, number], identifiers: [mail]}}\n"


@pytest.fixture
def club(shop: Settings) -> Settings:
    """Members by club and number: every neighbour shares one part of the key of (A, 1)."""
    (shop.protection / "erasure.yaml").write_text(POLICY)
    _write(shop, MEMBER, [("A", 1, "ann@example.com"), ("A", 2, "bob@example.com"), ("B", 1, "eve@example.com")])
    frame = pl.DataFrame([(1, "A"), (2, "A"), (1, "B"), (1, None)], schema=["member", "house"], orient="row")
    warehouse(shop).write(TableName("table_club", "visits"), frame)
    _write(shop, DAILY, [("A", 1, "x"), ("A", 2, "x"), ("B", 1, "x"), ("1", 1, "x")])
    child = End("warehouse", "table_club.visits", ("member", "house"))
    parent = End("warehouse", "raw_club.member", ("number", "club"))  # the other way round than the key
    relation = Relation(child, parent, Kind.FOREIGN_KEY, 1.0, 1.0, Cardinality.MANY_TO_ONE)
    decide(shop.catalog_files, relation, State.ACCEPTED, "ann")
    part = Relation(
        End("warehouse", "table_club.visits", ("member",)), End("warehouse", "raw_club.member", ("number",)),
        Kind.FOREIGN_KEY, 1.0, 1.0, Cardinality.MANY_TO_ONE,
    )  # fmt: skip
    decide(shop.catalog_files, part, State.ACCEPTED, "ann")
    edges = (
        Edge(MEMBER, "club", DAILY, "club"),
        Edge(MEMBER, "number", DAILY, "number"),
        Edge(MEMBER, "number", VISITS, "member"),
    )
    LineageStore(shop.catalog).put([Stated("definition", "d", edges, {"sql": "x"})])
    return shop


def _write(settings: Settings, table: str, rows: list[tuple[str, int, str]]) -> None:
    layer, domain, noun = table.split("/")
    frame = pl.DataFrame(rows, schema=["club", "number", "mail"], orient="row")
    warehouse(settings).write(TableName(f"{layer}_{domain}", noun), frame)


def _left(settings: Settings, table: str) -> list[tuple[object, ...]]:
    return warehouse(settings).query(f"select * exclude (mail) from {table} order by all").rows()


@pytest.mark.parametrize("values, rows", [((), [(MEMBER, '["A", 1]')]), (("ann@example.com",), [])])
def test_all_parts_of_a_key_count(club: Settings, values: tuple[str, ...], rows: list[tuple[str, str]]) -> None:
    report = Erasure(club, values, rows).erase("ann")
    assert report.left == [] and {(f["place"], f["count"]) for f in report.found if f["how"] == "key"} == {
        (MEMBER, 1), (VISITS, 1), (DAILY, 1)
    }  # fmt: skip
    assert _left(club, "raw_club.member") == [("A", 2), ("B", 1)]
    assert _left(club, "table_club.daily") == [("1", 1), ("A", 2), ("B", 1)]
    assert warehouse(club).query("select * from table_club.visits order by all").rows() == [
        (1, "B"), (1, None), (2, "A")
    ]  # fmt: skip


def test_anonymised_rows_are_the_persons_alone(club: Settings) -> None:
    (club.protection / "erasure.yaml").write_text(f"{POLICY}tables:\n  {VISITS}: {{do: anonymise}}\n")
    Erasure(club, [], [(MEMBER, '["A", 1]')]).erase("ann")
    found = warehouse(club).query("select * from table_club.visits order by all nulls last").rows()
    assert found == [(1, "B"), (1, None), (2, "A"), (None, None)]


@pytest.mark.parametrize(
    "key", ["A", "1", '["A"]', '["A", 1, 2]', '{"club": "A", "number": 1}', '["A", ""]', '["A", null]', '["A", true]']
)
def test_half_a_key_is_refused(club: Settings, key: str) -> None:
    with pytest.raises(HeddleError, match=MEMBER):
        Erasure(club, [], [(MEMBER, key)])


@pytest.mark.parametrize("key", ['["A", 3]', '["B", 2]', '["a", 1]', '["A\' OR 1=1 --", 1]', '["<b>", 1]', '["%", 1]'])
def test_a_key_of_nobody_finds_nothing(club: Settings, key: str) -> None:
    assert Erasure(club, [], [(MEMBER, key)]).find() == []


def test_a_row_without_a_whole_key_names_nobody_else(club: Settings) -> None:
    frame = pl.DataFrame([("A", None, "ann@example.com"), ("A", None, "x"), ("None", None, "x")],
                         schema={"club": pl.String, "number": pl.Int64, "mail": pl.String}, orient="row")  # fmt: skip
    warehouse(club).write(TableName("raw_club", "member"), frame)
    Erasure(club, ["ann@example.com"]).erase("ann")
    assert _left(club, "raw_club.member") == [("A", None), ("None", None)]


def test_persons_who_share_an_identifier_are_not_taken_for_one(club: Settings) -> None:
    shared = [("A", 1, "family@example.com"), ("A", 2, "family@example.com"), ("B", 1, "eve@example.com")]
    _write(club, MEMBER, shared)
    for values, rows in (([], [(MEMBER, '["A", 1]')]), (["family@example.com"], [])):
        with pytest.raises(HeddleError, match="rows of raw/club/member") as told:
            Erasure(club, values, rows)
        assert "family@" not in str(told.value)
    Erasure(club, [], [(MEMBER, '["A", 1]'), (MEMBER, '["A", 2]')]).erase("ann")
    assert _left(club, "raw_club.member") == [("B", 1)]


GUESTS = [("ann", "13800000001", "a@example.com"), ("ann", "13800000001", "a@example.com"),
          ("tom", "13800000001", "t@example.com"), ("eve", "13900000002", "e@example.com")]  # fmt: skip


@pytest.fixture
def guests(shop: Settings) -> Settings:
    """A table without a key; ann and tom have one telephone. By lineage another table has the names."""
    (shop.protection / "erasure.yaml").write_text(f"subjects:\n  {GUEST}: {{identifiers: [phone, mail]}}\n")
    frame = pl.DataFrame(GUESTS, schema=["name", "phone", "mail"], orient="row")
    warehouse(shop).write(TableName("raw_inn", "guest"), frame)
    warehouse(shop).write(TableName("table_inn", "names"), frame.select("name"))
    edges = (Edge(GUEST, "name", "table/inn/names", "name"),)
    LineageStore(shop.catalog).put([Stated("definition", "d", edges, {"sql": "x"})])
    return shop


@pytest.mark.parametrize(
    "values, rows",
    [(["13800000001"], []), (["a@example.com"], []), ([], ['{"name": "ann"}']), (["13800000001"], ['{"name": "ann"}'])],
)
def test_without_a_key_a_shared_identifier_is_nobodys_either(
    guests: Settings, values: list[str], rows: list[str]
) -> None:
    with pytest.raises(HeddleError, match=r"[12] of 2 rows of raw/inn/guest"):
        Erasure(guests, values, [(GUEST, row) for row in rows])
    assert warehouse(guests).query("select count(*) from raw_inn.guest").item() == len(GUESTS)


@pytest.mark.parametrize(
    "values, rows, left",
    [
        (["e@example.com"], [], ["ann", "ann", "tom"]),
        (["13800000001"], ['{"name": "ann"}', '{"name": "tom", "phone": "13800000001"}'], ["eve"]),
        ([], ['{"name": "ann", "mail": "a@example.com"}', '{"name": "tom"}'], ["eve"]),
    ],
)
def test_without_a_key_each_row_is_named_by_its_cells(
    guests: Settings, values: list[str], rows: list[str], left: list[str]
) -> None:
    assert Erasure(guests, values, [(GUEST, row) for row in rows]).erase("ann").left == []
    assert warehouse(guests).query("select name from raw_inn.guest order by 1")["name"].to_list() == left
    assert warehouse(guests).query("select * from table_inn.names").height == len(GUESTS)  # names are not followed


@pytest.mark.parametrize(
    "row", ["17", '["ann"]', "{}", '{"name": ""}', '{"name": null}', '{"name": {"a": 1}}', "ann", '{"nom": "ann"}']
)
def test_without_a_key_a_row_needs_cells(guests: Settings, row: str) -> None:
    with pytest.raises(HeddleError, match=GUEST):
        Erasure(guests, [], [(GUEST, row)])


@pytest.mark.parametrize("policy", ["{key: [nr]}", "{identifiers: [phon]}"])
def test_columns_of_the_policy_that_are_not_there_are_refused(guests: Settings, policy: str) -> None:
    (guests.protection / "erasure.yaml").write_text(f"subjects:\n  {GUEST}: {policy}\n")
    with pytest.raises(HeddleError, match=r"erasure\.yaml names raw/inn/guest\.(nr|phon), which is not there"):
        Erasure(guests, ["13800000001"])


def test_two_at_once_wait_for_each_other_and_every_report_stays(club: Settings) -> None:
    club.drops.mkdir()
    (club.drops / "a.txt").write_text("ann@example.com\neve@example.com\nbob@example.com\n" * 5_000)
    with ThreadPoolExecutor(2) as pool:
        asked = [Erasure(club, [mail]) for mail in ("ann@example.com", "eve@example.com")]
        assert [r.state for r in pool.map(lambda e: e.erase("ann"), asked)] == ["done", "done"]
    left = (club.drops / "a.txt").read_text()
    assert "ann@" not in left and "eve@" not in left and left.count("bob@example.com") == 5_000
    again = Erasure(club, ["ann@example.com"]).erase("ann")
    found = [r["found"] for r in reports(club) if r["id"] == again.id]
    assert len(found) == 2 and any(found) and again.found == []


def test_what_an_engine_says_of_a_refused_row_is_not_told(club: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SourceError("null value ann@example.com in 'Zhang Wei'\nDETAIL:  Failing row contains (A, 1, secret).")

    monkeypatch.setattr(Tables, "erase", refuse)
    with pytest.raises(HeddleError, match="warehouse: null value") as told:
        Erasure(club, ["ann@example.com"]).erase("ann")
    assert not any(word in str(told.value) for word in ("ann@", "Zhang", "secret"))
    assert [r["state"] for r in reports(club)] == ["started"]  # the next one goes on


def test_tables_may_be_named_as_they_were_scanned(shop: Settings, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as db:
        db.execute("create table 客户 (编号 integer primary key, 电话 text)")
        db.executemany("insert into 客户 values (?, ?)", [(17, "13800000001"), (18, "13900000002")])
    db.close()
    (shop.catalog_files / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: sqlite:///{tmp_path}/crm.db\n")
    record(Versions(shop.catalog), scan(load_sources(shop)[0], settings=shop))
    (shop.protection / "erasure.yaml").write_text("subjects:\n  crm/客户: {key: [编号], identifiers: [电话]}\n")
    (shop.protection / "trace.yaml").write_text("tables:\n  crm/客户: {source: crm, table: 客户}\n")
    capture(shop, traced(shop)["crm/客户"], lambda cursor: ([], cursor))
    erasure = Erasure(shop, [], [("crm/客户", "17")])
    assert {(f.how, f.count, "table 客户" in f.note) for f in erasure.find() if f.store == "crm"} == {
        ("is", 1, True), ("key", 1, True)
    }  # fmt: skip
    assert erasure.erase("ann").state == "done"
    *_, gone, _ = opened(shop).entries()  # the trace says who took the row away
    assert gone.table == "crm/客户" and gone.document["removed"] == 1 and gone.causes[0]["user"] == "ann"
