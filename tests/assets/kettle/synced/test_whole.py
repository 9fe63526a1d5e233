"""A complete transformation from two catalogue tables and rules: real steps, run on SQLite, the rows that SQL gives."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.catalog.relate import relate
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Change
from assets.kettle.describe import describe
from assets.kettle.engine.start import run_transformation
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.publish import engine_settings
from assets.kettle.synced.follow import followed
from assets.kettle.synced.order import wanted
from assets.kettle.synced.rules import Rules
from assets.kettle.synced.whole import whole
from orchestration.cli.main import main
from tests.assets.kettle.synced.conftest import Site

# ids of Kettle's own kettle-steps.xml
CORE = {
    *("Dummy", "ExecSQL", "FilterRows", "MergeJoin", "SelectValues", "SortRows", "TableInput", "TableOutput"),
    *("TextFileOutput", "Validator", "ValueMapper"),
}
MADE = (
    "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40), city text)",
    "CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, total decimal(10,2), day date)",
    """INSERT INTO customers SELECT value, 'name ' || value, iif(value % 3, 'Ulm', 'Bonn')
       FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]')""",
    """INSERT INTO orders SELECT a.value * 10 + b.value, nullif((a.value * 7 + b.value * 3) % 23, 0),
       (a.value * 13 + b.value * 5) % 40 + 0.25, '2024-0' || (b.value % 9 + 1) || '-15'
       FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]') a, json_each('[0,1,2,3,4,5,6,7,8,9]') b""",
)
ORDERS, CUSTOMERS = "shop/orders", "shop/customers"


@pytest.fixture
def site(lite: Site) -> Site:
    lite.sql(*MADE)
    lite.scan()
    return lite


def rows(site: Site, sql: str) -> list[tuple[object, ...]]:
    return sorted(site.sql(sql), key=repr)


def generated(site: Site, into: str = "shop/made", **rules: object) -> bytes:
    found = wanted(site.settings, site.versions, "made", ORDERS, CUSTOMERS, into, **rules)  # type: ignore[arg-type]
    data = to_bytes(whole(found, Rules.of(site.settings)))
    assert to_bytes(whole(found, Rules.of(site.settings))) == data
    return data


def run(site: Site, data: bytes, path: Path) -> Sequence[str]:
    """Runs the file; its step types."""
    path.write_bytes(data)
    model = read_transformation(path)
    assert {step.type for step in model.steps.values()} <= CORE
    info = describe(path, settings=engine_settings(site.settings), connect=True)
    assert info.problems == [] and len(info.outputs) == 1
    result = run_transformation(model, settings=engine_settings(site.settings))
    assert result.ok, result.log_text
    return [step.type for step in model.steps.values()]


@pytest.mark.covers("DATA-002")
@pytest.mark.parametrize(
    ("kind", "where", "sql"),
    [
        ("inner", "", "JOIN"),
        ("left", "orders.total > 10 AND (city <> 'Ulm' OR city IS NULL)", "LEFT JOIN"),
        ("full", "NOT (name LIKE 'name 1%') OR customers.id IS NULL", "FULL JOIN"),
    ],
)
def test_the_rows_are_those_of_sql(site: Site, tmp_path: Path, kind: str, where: str, sql: str) -> None:
    data = generated(site, keys=[("customer_id", "id")], kind=kind, where=where)
    types = run(site, data, tmp_path / "made.ktr")
    assert types.count("TableInput") == 2 and "MergeJoin" in types and ("FilterRows" in types) == bool(where)
    query = f"""SELECT orders.id, customer_id, total, day, customers.id, name, city
                FROM orders {sql} customers ON customer_id = customers.id WHERE {where or "true"}"""
    expected = rows(site, query)
    plain = 'SELECT id, customer_id, total, date(day), customers_id, name, city FROM "made"'
    assert rows(site, plain) == expected and len(expected) > 20


@pytest.mark.covers("DATA-002")
def test_a_catalogued_target_rules_and_the_file_follows_it(site: Site, tmp_path: Path) -> None:
    site.sql("CREATE TABLE paid (number integer NOT NULL, who varchar(40), total decimal(10,2))")
    site.scan()
    chosen = {"number": "orders.id", "who": "customers.name", "total": "total"}
    data = generated(site, "shop/paid", keys=[("customer_id", "id")], where="total >= 20", chosen=chosen)
    assert "ExecSQL" not in run(site, data, tmp_path / "paid.ktr")
    query = "SELECT o.id, name, total FROM orders o JOIN customers c ON c.id = customer_id WHERE total >= 20"
    assert rows(site, "SELECT number, who, total FROM paid") == rows(site, query)
    site.sql("ALTER TABLE paid ADD COLUMN city text")
    site.scan()
    after = followed(site.settings, site.versions, read_transformation(data), tmp_path / "paid.ktr")
    site.sql("DELETE FROM paid")
    run(site, to_bytes(after.model), tmp_path / "paid.ktr")
    assert rows(site, "SELECT number, city FROM paid") == rows(
        site, "SELECT o.id, city FROM orders o JOIN customers c ON c.id = customer_id WHERE total >= 20"
    )


def test_the_keys_come_from_the_relations_found(site: Site, tmp_path: Path) -> None:
    with pytest.raises(KettleError, match="no relation between shop/orders and shop/customers"):
        generated(site)
    site.sql("UPDATE orders SET customer_id = customer_id % 20 + 1")
    relate(site.settings, site.versions, load_sources(site.settings), {}, Change("ann", "test"))
    run(site, generated(site), tmp_path / "made.ktr")
    assert site.sql('SELECT count(*) FROM "made"') == site.sql("SELECT count(customer_id) FROM orders")


def test_what_cannot_be_is_refused(site: Site) -> None:
    on = [("customer_id", "id")]
    with pytest.raises(KettleError, match=r"column 'id' is in both tables"):
        generated(site, keys=on, where="id > 3")
    with pytest.raises(KettleError, match="has no column 'nothing'"):
        generated(site, keys=[("customer_id", "nothing")])
    with pytest.raises(KettleError, match="are of different types"):
        generated(site, keys=[("customer_id", "name")])
    with pytest.raises(KettleError, match="no table shop/nowhere"):
        wanted(site.settings, site.versions, "x", ORDERS, "shop/nowhere", "shop/made", keys=on)


def test_the_command_writes_a_file_once(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "kettle_files", "catalog_files", "kettle_connections", "catalog"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(site.settings, name)))
    path = tmp_path / "made.ktr"
    command = ["kettle", "generate", str(path), "--left", ORDERS, "--right", CUSTOMERS, "--into", "shop/made"]
    done = CliRunner().invoke(main, [*command, "--on", "customer_id=id"])
    assert done.exit_code == 0 and "joined by customer_id = id" in done.output, done.output
    assert path.read_bytes() == generated(site, keys=[("customer_id", "id")])
    again = CliRunner().invoke(main, [*command, "--on", "customer_id=id"])
    assert again.exit_code == 2 and "is there already" in again.output
