"""Scans taken into the catalogue: versions, measurements, and breaking changes that wait for a person."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from assets.catalog.changes.diff import What
from assets.catalog.edit import Edit, edit
from assets.catalog.model import Meaning, Scan, ScannedTable
from assets.catalog.record import accept, current, known, pending, record
from assets.catalog.store.versions import Change, Versions
from core.errors import ConflictError
from tests.assets.catalog.changes.made import scanned

ORDERS = pl.DataFrame(
    {"id": range(50), "客户": [f"c{i % 7}" for i in range(50)], "total": [i * 1.5 for i in range(50)]}
)
KEY = "shop/orders"


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(f"sqlite:///{tmp_path}/catalog.db")


def scan(*tables: ScannedTable, **fields: object) -> Scan:
    return Scan(
        source="shop", url="sqlite:///shop.db", at="2026-01-01T00:00:00+00:00", seconds=0.1, tables=tables, **fields
    )


def test_a_second_scan_of_the_same_writes_no_version(versions: Versions) -> None:
    first = record(versions, scan(scanned("orders", ORDERS)), "run-1")
    again = record(versions, scan(scanned("orders", ORDERS.head(20))), "run-2")
    assert [(v.kind, v.key, v.change.run) for v in first.versions] == [
        ("source", "shop", "run-1"),
        ("table", KEY, "run-1"),
    ]
    assert again == ([], [], {})
    assert [m[2]["rows"] for m in versions.measured("table", KEY, 5)] == [20, 50]
    assert known(versions, "shop")[0].profiles["客户"].distinct == 7


def test_a_change_that_breaks_nobody_is_taken_and_a_breaking_one_waits(versions: Versions) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    added = ORDERS.with_columns(note=pl.lit("x"))
    assert record(versions, scan(scanned("orders", added))).broken == {}
    renamed = record(versions, scan(scanned("orders", added.rename({"total": "sum"}))), "run-3")
    assert [(d.what, d.column, d.after) for d in renamed.broken[KEY]] == [(What.COLUMN_RENAMED, "total", "sum")]
    assert pending(versions, KEY) == renamed.broken[KEY]
    record(versions, scan(scanned("orders", added.rename({"total": "sum"}).drop("note"))))
    assert {d.column for d in pending(versions, KEY)} == {"total", "note"}
    assert accept(versions, KEY, "ann") == 4
    assert pending(versions, KEY) == []


def test_a_breaking_change_that_is_taken_back_waits_no_more(versions: Versions) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    record(versions, scan(scanned("orders", ORDERS.drop("total"))))
    assert pending(versions, KEY)
    record(versions, scan(scanned("orders", ORDERS)))
    assert pending(versions, KEY) == []
    assert [v.number for v in versions.history("table", KEY)] == [1, 2, 3]


def test_what_cannot_be_read_keeps_its_entry(versions: Versions) -> None:
    record(versions, scan(scanned("orders", ORDERS), scanned("items", ORDERS)))
    down = record(versions, scan(errors=(("", "connection refused"),)))
    denied = record(versions, scan(scanned("items", ORDERS), errors=(("orders", "permission denied"),)))
    skipped = record(versions, scan(scanned("items", ORDERS), unchanged=("orders",)))
    assert down.versions == denied.versions == skipped.versions == []
    assert current(versions, KEY) is not None
    gone = record(versions, scan(scanned("items", ORDERS)))
    assert current(versions, KEY) is None and gone.broken[KEY][0].what is What.TABLE_REMOVED
    assert accept(versions, KEY, "ann") is None and pending(versions, KEY) == []


def test_a_renamed_table_keeps_what_people_wrote(versions: Versions) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    made = current(versions, KEY)
    assert made
    mine = made.model_copy(update={"description": "All orders", "owner": "team:shop"})
    versions.put("table", KEY, mine.model_dump(mode="json", exclude_defaults=True), Change("ann", "by hand"))
    found = record(versions, scan(scanned("order_2026", ORDERS)))
    after = current(versions, "shop/order_2026")
    assert after and (after.description, after.owner) == ("All orders", "team:shop")
    assert [d.what for d in found.broken[KEY]] == [What.TABLE_RENAMED]
    source = versions.get("source", "shop")
    assert source and source.document and source.document["tables"] == {"order_2026": "raw/shop/order_2026"}


def test_a_scan_that_is_killed_leaves_versions_and_what_waits_together_or_not_at_all(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    monkeypatch.setattr("assets.catalog.record._judge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        record(versions, scan(scanned("orders", ORDERS.drop("total"))))
    assert [v.number for v in versions.history("table", KEY)] == [1]
    monkeypatch.undo()
    assert record(versions, scan(scanned("orders", ORDERS.drop("total")))).broken[KEY] == pending(versions, KEY) != []


def test_what_a_scan_brought_while_a_person_accepted_still_waits(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    record(versions, scan(scanned("orders", ORDERS.drop("total"))))
    get = versions.get

    def meanwhile(kind: str, key: str, number: int | None = None) -> object:
        found = get(kind, key, number)
        if kind == "pending":
            monkeypatch.undo()
            record(versions, scan(scanned("orders", ORDERS.drop("total", "客户"))))
        return found

    monkeypatch.setattr(versions, "get", meanwhile)
    with pytest.raises(ConflictError, match="meanwhile"):
        accept(versions, KEY, "ann")
    assert {d.column for d in pending(versions, KEY)} == {"total", "客户"}
    assert accept(versions, KEY, "ann") == 3 and pending(versions, KEY) == []


def test_what_a_person_wrote_during_a_scan_stays(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    put_all = versions.put_all

    def meanwhile(*args: object, **named: object) -> object:
        monkeypatch.undo()
        edit(versions, "table", KEY, Edit(description="All orders", tags=["core"]), "ann")
        return put_all(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(versions, "put_all", meanwhile)
    assert [
        d.column for d in record(versions, scan(scanned("orders", ORDERS.with_columns(x=pl.lit("a"))))).differences
    ] == ["x"]
    entry = current(versions, KEY)
    assert entry and (entry.description, entry.tags, len(entry.table.columns)) == ("All orders", ("core",), 4)


def test_edits_at_once_are_all_kept(versions: Versions) -> None:
    record(versions, scan(scanned("orders", ORDERS)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: edit(versions, "table", KEY, Edit(tags=[f"t{n}"]), "ann"), range(4)))
    entry = current(versions, KEY)
    assert entry and entry.tags == ("t0", "t1", "t2", "t3")


def test_a_table_whose_rows_could_not_be_read_keeps_what_its_columns_mean(versions: Versions) -> None:
    whole = scanned("orders", ORDERS)
    whole = whole.model_copy(update={"meanings": {"id": Meaning(type="serial", confidence=0.9)}})
    record(versions, scan(whole))
    bare = ScannedTable(table=whole.table)
    assert record(versions, scan(bare, errors=(("orders", "connection lost"),))) == ([], [], {})
    assert known(versions, "shop")[0].profiles["id"].distinct == 50
    retyped = scanned("orders", ORDERS.cast({"id": pl.String}))
    record(versions, scan(ScannedTable(table=retyped.table), errors=(("orders", "connection lost"),)))
    assert known(versions, "shop")[0].meanings == {}
