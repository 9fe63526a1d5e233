"""A breaking change names exactly the assets that read what changed."""

from pathlib import Path

from assets.catalog.changes.diff import Difference, What
from assets.catalog.hits import hits, told
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore

RAW, CLEAN, REPORT = "raw/shop/orders", "table/shop/orders_clean", "report/shop/sales"


def test_who_reads_the_column_is_hit_and_nobody_else(tmp_path: Path) -> None:
    store = LineageStore(f"sqlite:///{tmp_path}/c.db")
    edges = (Edge(RAW, "total", CLEAN, "amount"), Edge(RAW, "id", CLEAN, "id"), Edge(RAW, "id", "table/shop/ids", "id"))
    store.put([Stated("definition", CLEAN, edges, {"sql": "1"})])
    store.put([Stated("definition", REPORT, (Edge(CLEAN, "amount", REPORT, "sum"),), {"sql": "2"})])
    renamed = Difference(
        what=What.COLUMN_RENAMED, table="orders", column="total", before="total", after="t", breaks="readers"
    )
    unread = Difference(what=What.COLUMN_REMOVED, table="orders", column="note", before="text", breaks="readers")
    added = Difference(what=What.COLUMN_ADDED, table="orders", column="x", after="int")
    gone = Difference(what=What.TABLE_REMOVED, table="orders", breaks="readers")
    elsewhere = Difference(what=What.TABLE_REMOVED, table="nobody", breaks="readers")
    found = hits(store, "shop", [renamed, unread, added, gone, elsewhere])
    assert found[renamed] == (CLEAN, REPORT)
    assert found[unread] == found[elsewhere] == () and added not in found
    assert set(found[gone]) == {CLEAN, REPORT, "table/shop/ids"}
    assert told([renamed, added], found) == [
        f"orders.total: column renamed: total -> t [breaks readers]; hits {CLEAN}, {REPORT}",
        "orders.x: column added: int",
    ]
