"""Relations over sources of several kinds, kept, decided by a person and remembered."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.catalog.relate import of_table, related
from assets.catalog.relations.model import State
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.main import main

PAIR = ("files/orders.csv.customer_id", "shop/customers.id")


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Customers in SQLite, orders in a CSV file, and a source that is down."""
    files, data = tmp_path / "files", tmp_path / "data"
    files.mkdir()
    data.mkdir()
    with sqlite3.connect(tmp_path / "shop.db") as db:
        db.execute("create table customers (id integer, name text)")
        db.executemany("insert into customers values (?, ?)", [(70_000 + 13 * i, f"n{i}") for i in range(300)])
    rows = [f"{i},{70_000 + 13 * (i * 7 % 300)},{i % 17}" for i in range(900)]
    (data / "orders.csv").write_text("order_id,customer_id,quantity\n" + "\n".join(rows))
    (files / "sources.yaml").write_text(
        f"sources:\n  - {{name: shop, url: 'sqlite:///{tmp_path}/shop.db'}}\n"
        f"  - {{name: files, url: 'file://{data}'}}\n  - {{name: gone, url: 'postgresql://x@127.0.0.1:1/y'}}\n"
    )
    settings = make_settings(catalog_files=files)
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))
    return settings


def test_a_key_between_two_kinds_of_sources_is_found_kept_and_decided(shop: Settings) -> None:
    call = CliRunner().invoke
    looked = call(main, ["catalog", "relate"])
    assert looked.exit_code == 1 and "gone could not be read" in looked.output
    best = related(Versions(shop.catalog), shop)[0]
    assert (str(best.child), str(best.parent)) == ("files/orders.csv(customer_id)", "shop/customers(id)")
    assert best.containment == 1.0 and best.score > 0.8 and best.reasons
    assert "many-to-one" in call(main, ["catalog", "relations", "shop/customers"]).output

    assert call(main, ["catalog", "join", *PAIR, "--refuse", "--author", "ann"]).output.endswith("refused\n")
    call(main, ["catalog", "relate", "shop", "files"])
    again = related(Versions(shop.catalog), shop)
    assert next(r for r in again if r.child == best.child and r.parent == best.parent).state is State.REFUSED
    assert best.child not in [r.child for r in of_table(again, "shop/customers")]
    assert "by: ann" in (shop.catalog_files / "relations.yaml").read_text()
    assert call(main, ["catalog", "join", *PAIR]).output.endswith("accepted\n")
    assert related(Versions(shop.catalog), shop)[0].state is State.ACCEPTED


def test_a_relation_that_was_not_found_cannot_be_decided(shop: Settings) -> None:
    CliRunner().invoke(main, ["catalog", "relate", "shop", "files"])
    wrong = CliRunner().invoke(main, ["catalog", "join", "files/orders.csv.quantity", "shop/customers.name"])
    assert wrong.exit_code == 2 and f"{PAIR[0]} {PAIR[1]}" in wrong.output


def test_relations_of_sources_that_were_not_looked_at_or_are_down_stay(shop: Settings) -> None:
    call, versions = CliRunner().invoke, Versions(shop.catalog)
    call(main, ["catalog", "relate"])
    before = [(str(r.child), str(r.parent)) for r in related(versions, shop)]
    assert before
    call(main, ["catalog", "relate", "shop"])
    assert [(str(r.child), str(r.parent)) for r in related(versions, shop)] == before
    (shop.catalog_files.parent / "shop.db").unlink()
    assert call(main, ["catalog", "relate"]).exit_code == 1
    assert [(str(r.child), str(r.parent)) for r in related(versions, shop)] == before
    (shop.catalog_files.parent / "data" / "orders.csv").unlink()
    call(main, ["catalog", "relate", "files"])
    assert related(versions, shop) == []
