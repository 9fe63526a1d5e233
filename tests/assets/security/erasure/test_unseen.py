"""A store that cannot be looked at or changed is told, and the person is not said to be gone."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.catalog.remote.connection import Remote
from assets.security.erasure.run import Erasure
from assets.security.erasure.stores.databases import is_sqlite
from core.errors import HeddleError
from core.settings import variables
from orchestration.cli.main import main
from tests.assets.security.erasure.conftest import CUSTOMER, DAILY, PHONE, Site
from tests.assets.security.erasure.test_erasure import gone, rows

URLS = {
    "sqlite": "sqlite:///{folder}/gone.db",
    "duckdb": "duckdb:///{folder}/gone.duckdb",
    "broken sqlite": "sqlite:///{folder}/broken.db",
    "broken duckdb": "duckdb:///{folder}/broken.db",
    "folder": "file://{folder}/gone",
    "postgres": "postgresql:///crm?host={folder}",
    "mariadb": "mysql+pymysql://root@127.0.0.1:1/crm",
    "other": "https://crm.example.com/api",
    "secret": "postgresql://crm:${{env:NO_SUCH_SECRET}}@localhost/crm",
}


def named(site: Site, url: str) -> None:
    """A second source, beside `shop`."""
    path = site.settings.catalog_files / "sources.yaml"
    path.write_text(f"{path.read_text()}  - name: crm\n    url: {url.format(folder=site.folder)}\n")


@pytest.mark.parametrize("kind", URLS)
def test_a_store_that_cannot_be_looked_at_is_told(site: Site, kind: str) -> None:
    (site.folder / "broken.db").write_bytes(b"SQLite format 3\x00" + b"x" * 4096)
    before = (site.settings.catalog_files / "sources.yaml").read_text()
    named(site, URLS[kind])
    erasure = Erasure(site.settings, [PHONE])
    assert [(f.store, f.count) for f in erasure.find() if f.how == "not looked at"] == [("crm", 0)]
    report = erasure.erase("ann")
    assert report.state == "left" and {(f["store"], f["how"]) for f in report.left if f["store"] != "warehouse"} == {
        ("crm", "not looked at")
    }  # fmt: skip
    assert "crm" in next(f["note"] for f in report.left if f["store"] == "crm")
    # the person's own row leads to what is there; all else went
    assert len(rows(site, "raw_crm.customer")) == 2 and len(rows(site, "table_shop.daily")) == 1
    assert {(f["place"], f["note"]) for f in report.left if f["store"] == "warehouse"} == {
        (CUSTOMER, "wait"), (CUSTOMER, "the person's own row; wait")
    }  # fmt: skip
    (site.settings.catalog_files / "sources.yaml").write_text(before)
    assert Erasure(site.settings, [PHONE]).erase("ann").state == "done"
    gone(site)


def test_the_command_line_does_not_say_done(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named(site, URLS["sqlite"])
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    found = run(main, ["erase", "find", "--value", "nobody@example.com"])
    assert found.exit_code == 1 and "not looked at crm: crm" in found.output and "nowhere" not in found.output
    copy = run(main, ["erase", "export", "--value", PHONE, "--output", str(tmp_path / "copy.jsonl")])
    assert copy.exit_code == 1 and "not looked at: crm" in copy.output and "records in" in copy.output
    done = run(main, ["erase", "run", "--value", PHONE, "--yes"])
    assert done.exit_code == 1 and "left: crm: crm  not looked at" in done.output and "done;" not in done.output
    assert "left: crm: crm  not looked at" in run(main, ["erase", "report"]).output


@pytest.fixture(params=["sqlite", "postgres"])
def refusing(request: pytest.FixtureRequest, site: Site) -> Callable[[bool], None]:
    """A source `crm` with the person, which can be read, and (True) changed or not."""
    url = f"sqlite:///{site.folder}/crm.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        sqlite3.connect(site.folder / "crm.db").close()
    named(site, url.replace("{", "{{"))
    with Remote.of(site.settings, "crm") as remote, remote.transaction() as session:
        session.execute("create table contacts (phone varchar(20))")
        session.execute(f"insert into contacts values ({session.mark})", [PHONE])

    def writable(yes: bool) -> None:
        made = "create trigger no before delete on contacts begin select raise(abort, 'read-only'); end"
        sql = "drop trigger no" if yes else made
        if request.param == "postgres":
            database = url.partition("?")[0].rpartition("/")[2]
            sql = f"alter database {database} set default_transaction_read_only = {'off' if yes else 'on'}"
        with Remote.of(site.settings, "crm") as remote, remote.transaction() as session:
            if request.param == "postgres" and yes:
                session.execute("set transaction read write")
            session.execute(sql)

    return writable


def test_a_store_that_cannot_be_changed_is_told_and_the_rest_is_erased(
    site: Site, refusing: Callable[[bool], None]
) -> None:
    refusing(False)
    erasure = Erasure(site.settings, [PHONE])
    with pytest.raises(HeddleError, match=r"crm: .*read-only"):
        erasure.erase("ann")
    report = json.loads(erasure.path.read_text())
    assert report["state"] == "started"
    assert {(f["store"], f["how"]) for f in report["left"]} == {
        ("crm", "is"), ("crm", "not erased"), ("warehouse", "is"), ("warehouse", "key")
    }  # fmt: skip
    assert len(rows(site, "raw_crm.customer")) == 2 and len(rows(site, "table_shop.daily")) == 1
    refusing(True)
    again = Erasure(site.settings, [PHONE]).erase("ann")
    assert again.state == "done" and {f["place"] for f in again.found} >= {DAILY, CUSTOMER}  # of both runs
    gone(site)


def test_files_and_databases_of_the_platform_that_are_broken_are_told(site: Site) -> None:
    (site.settings.drops / "torn.parquet").write_bytes(b"PAR1" + b"x" * 100 + b"PAR1")
    (site.settings.handbook / "torn.pdf").write_bytes(b"%PDF-1.7 torn")
    (site.settings.home / "torn.sqlite").write_bytes(b"SQLite format 3\x00" + b"x" * 4096)
    report = Erasure(site.settings, [PHONE]).erase("ann")
    assert report.state == "left" and {(f["place"], f["how"]) for f in report.left if f["store"] != "warehouse"} == {
        ("drops/torn.parquet", "not looked at"), ("handbook/torn.pdf", "not looked at"),
        ("home/torn.sqlite", "not looked at"),
    }  # fmt: skip


def test_a_policy_about_tables_that_are_not_there_is_refused(site: Site) -> None:
    path = site.settings.protection / "erasure.yaml"
    path.write_text(path.read_text().replace("do: anonymise, columns: {receiver: null}", "do: keep")
                    .replace("table/shop/orders", "table/shop/order"))  # fmt: skip
    with pytest.raises(HeddleError, match=r"erasure\.yaml names table/shop/order, which no database has"):
        Erasure(site.settings, [PHONE])


def test_a_warehouse_that_nobody_made_yet_holds_nothing(site: Site) -> None:
    path = Path(site.settings.warehouse.removeprefix("duckdb://"))
    path.unlink()
    (site.settings.protection / "erasure.yaml").unlink()
    assert not [f for f in Erasure(site.settings, [PHONE]).find() if f.how == "not looked at"]
    named(site, "${{heddle:warehouse}}")  # but one that is scanned was there
    assert [f.store for f in Erasure(site.settings, [PHONE]).find() if f.how == "not looked at"] == ["crm"]
    assert not path.exists()  # nor did the search make it


def test_looking_for_databases_takes_no_lock_from_them(tmp_path: Path) -> None:
    """Else another process may write while this one does: SQLite's locks go with any descriptor that is closed."""
    path = tmp_path / "runs.db"
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("create table t (x)")
        db.execute("begin immediate")
        db.execute("insert into t values (1)")
        assert [p.name for p in sorted(tmp_path.iterdir()) if is_sqlite(p)] == ["runs.db"]
        assert is_sqlite(path)
        code = f"import sqlite3; sqlite3.connect({str(path)!r}, 0, isolation_level=None).execute('begin immediate')"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "database is locked" in other.stderr
        db.execute("commit")
    db.close()
