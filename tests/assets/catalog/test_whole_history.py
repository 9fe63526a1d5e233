"""Every change of a table has version, author, moment and cause: an ALTER that a scan finds, and what people write."""

import sqlite3
from pathlib import Path

import pytest

from assets.catalog.changes.diff import What
from assets.catalog.edit import Edit, difference, edit
from assets.catalog.observe import observe
from assets.catalog.scan.sources import Source
from assets.catalog.store.versions import Versions
from core.settings import load

KEY = "shop/orders"


@pytest.mark.covers("DATA-016")
def test_an_alter_and_what_people_write_have_version_author_moment_and_cause(tmp_path: Path) -> None:
    settings = load({"HEDDLE_HOME": str(tmp_path), "HEDDLE_CATALOG_FILES": str(tmp_path)}, project=tmp_path)
    source, versions = Source(name="shop", url=f"sqlite:///{tmp_path}/shop.db"), Versions(settings.catalog)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id integer, total integer)")
        observe(settings, versions, source, run="run-1")
        database.execute("ALTER TABLE orders ADD COLUMN note text")
    database.close()
    observe(settings, versions, source, run="run-2")
    observe(settings, versions, source, run="run-3")  # nothing changed
    edit(versions, "table", KEY, Edit(description="All orders."), "ann")
    edit(versions, "table", KEY, Edit(tags=["core"]), "bob")
    edit(versions, "table", KEY, Edit(owners=["team:shop"]), "cleo")

    history = versions.history("table", KEY)
    assert [(v.number, v.change.author, v.change.cause, v.change.run) for v in history] == [
        (1, "scan", "scan of shop", "run-1"),
        (2, "scan", "scan of shop", "run-2"),
        (3, "ann", "edited by hand", ""),
        (4, "bob", "edited by hand", ""),
        (5, "cleo", "edited by hand", ""),
    ]
    moments = [v.change.at for v in history]
    assert moments == sorted(moments) and all(m.startswith("20") and m.endswith("+00:00") for m in moments)
    steps = [difference(versions, "table", KEY, n, n + 1) for n in range(1, 5)]
    assert [[d.what for d in found] for found in steps] == [
        [What.COLUMN_ADDED],
        [What.DESCRIPTION],
        [What.TAGS],
        [What.OWNER],
    ]
    assert (steps[0][0].column, steps[1][0].after, steps[2][0].after) == ("note", "All orders.", "core")
