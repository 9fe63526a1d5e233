"""An installation that holds two persons everywhere it can: one who is to be erased, one who stays."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assets.catalog.lab.history import History
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.relations.model import Cardinality, End, Kind, Relation, State
from assets.catalog.relations.store import decide
from assets.catalog.store.versions import Change, Versions
from assets.security.protect.base import Scope
from assets.security.protect.keys import keyring
from assets.security.protect.vault import Vault
from core.naming import Key, TableName
from core.settings import Settings
from resources.open import objects, online, vectors, warehouse

PHONE, MAIL, NAME = "13812345678", "zhang.wei@example.com", "张伟安"
OTHER, OTHER_MAIL = "13912345679", "li.na@example.com"
CUSTOMER, DAILY, ORDERS, NOTES = "raw/crm/customer", "table/shop/daily", "table/shop/orders", "table/shop/notes"
POLICY = (
    f"subjects:\n  {CUSTOMER}: {{key: [id], identifiers: [phone, email]}}\n"
    f"tables:\n  {ORDERS}: {{do: anonymise, columns: {{receiver: null}}}}\n"
)


@dataclass
class Site:
    """Settings, and folders outside of home."""

    settings: Settings
    folder: Path

    def everything(self) -> dict[Path, bytes]:
        """The bytes of every file of the installation."""
        return {p: p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}


@pytest.fixture
def make_site(
    tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Site]:
    """A filled installation; keyword arguments override settings."""

    def make(**fields: object) -> Site:
        monkeypatch.setenv("PROTECTION_KEY", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")
        folder = tmp_path / "site"
        for name in ("files", "protection", "handbook", "drops", "kettle"):
            (folder / name).mkdir(parents=True)
        (folder / "protection" / "erasure.yaml").write_text(POLICY)
        (folder / "protection" / "trace.yaml").write_text(f"tables:\n  {CUSTOMER}: {{key: [id]}}\n")
        (folder / "files" / "sources.yaml").write_text(
            f"sources:\n  - name: shop\n    url: sqlite:///{folder}/shop.db\n"
        )
        settings = make_settings(
            home=folder / "home", catalog_files=folder / "files", protection=folder / "protection",
            handbook=folder / "handbook", drops=folder / "drops", kettle_files=folder / "kettle",
            protection_keys="k1=env:PROTECTION_KEY", **fields,
        )  # fmt: skip
        site = Site(settings, folder)
        _tables(site)
        _catalogue(site)
        _files(site)
        _stores(settings)
        return site

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """On DuckDB and SQLite."""
    return make_site()


def _tables(site: Site) -> None:
    store = warehouse(site.settings)
    people = pl.DataFrame(
        {"id": [17, 18], "name": [NAME, "李娜"], "phone": [PHONE, OTHER], "email": [MAIL, OTHER_MAIL]}
    )
    store.write(TableName("raw_crm", "customer"), people)
    store.write(TableName("table_shop", "daily"), pl.DataFrame({"id": [17, 17, 18], "spent": [1.0, 2.0, 17.0]}))
    orders = {
        "order_id": [1, 2, 17],
        "customer_id": [17, 18, 18],
        "receiver": [NAME, "李娜", "王"],
        "amount": [5, 6, 7],
    }
    store.write(TableName("table_shop", "orders"), pl.DataFrame(orders))
    notes = [f"call +86 138-1234-5678 or {OTHER}", f"mail {MAIL.upper()}", "nothing 913812345678"]
    store.write(TableName("table_shop", "notes"), pl.DataFrame({"note": notes}))
    with sqlite3.connect(site.folder / "shop.db") as db:
        db.execute("create table contacts (mobile text, city text)")
        db.executemany("insert into contacts values (?, ?)", [("138 1234 5678", "西安"), (OTHER, "北京")])
        db.execute("create table numbers (phone integer, n integer)")
        db.executemany("insert into numbers values (?, ?)", [(int(PHONE), 1), (int(OTHER), 2)])
    db.close()


def _catalogue(site: Site) -> None:
    settings = site.settings
    versions = Versions(settings.catalog)
    versions.measure("profile", {"crm/customer": {"top": [{"value": PHONE, "count": 1}, {"value": OTHER}]}}, "r")
    versions.put("table", "crm/customer", {"comment": f"such as {MAIL}"}, Change("ann", "scan"))
    History(settings, "ann").add("warehouse", f"select * from raw_crm.customer where phone = '{PHONE}'", 0.1, 1)
    child, parent = (
        End("warehouse", "table_shop.orders", ("customer_id",)),
        End("warehouse", "raw_crm.customer", ("id",)),
    )
    relation = Relation(child, parent, Kind.FOREIGN_KEY, 1.0, 1.0, Cardinality.MANY_TO_ONE)
    decide(settings.catalog_files, relation, State.ACCEPTED, "ann")
    edges = (
        Edge(CUSTOMER, "id", DAILY, "id"),
        Edge(CUSTOMER, "id", ORDERS, "amount"),
        Edge(DAILY, "spent", DATASET, ""),
    )
    model = (Edge(DATASET, "", "model/shop/churn", ""),)
    store = LineageStore(settings.catalog)
    store.put([Stated("definition", "d", edges, {"sql": "x"}), Stated("definition", "m", model, {"sql": "y"})])


DATASET = "dataset/shop/churn"


def _files(site: Site) -> None:
    settings = site.settings
    frame = pl.DataFrame({"phone": [PHONE, OTHER, None], "text": ["a", f"asked for {MAIL}", "c"], "n": [1, 2, 3]})
    objects(settings).write(Key.parse(DATASET), "v1", lambda made: frame.write_parquet(made / "train.parquet"))
    (settings.kettle_files / "out.csv").write_text(f"phone,city\n{PHONE},西安\n{OTHER},北京\n")
    (settings.drops / "rejects.csv").write_text(f"row;phone\n1;{PHONE}\n2;{OTHER}\n")
    (settings.handbook / "faq.md").write_text(f"# Who to ask\n\nAsk {NAME}, {PHONE}, or {OTHER_MAIL}.\n")
    (settings.home / "answers").mkdir(parents=True)
    line = json.dumps({"question": f"who is {MAIL}?", "text": "a customer"}) + "\n"
    (settings.home / "answers" / "2026-01-01.jsonl").write_text(line)
    (settings.home / "alerts.jsonl").write_text(json.dumps({"text": f"bad row {PHONE}"}) + "\n" + '{"text": "fine"}\n')
    chunks = [{"id": n, "document": "faq.md", "heading": ["Who"], "text": t} for n, t in
              (("c1", f"Ask {PHONE}."), ("c2", "Ask nobody."))]  # fmt: skip
    matrix = np.eye(2, 4, dtype=np.float32)

    def index(made: Path) -> None:
        (made / "chunks.jsonl").write_text("".join(json.dumps(c) + "\n" for c in chunks))
        np.save(made / "vectors.npy", matrix)

    objects(settings).write(Key("index", "shop", "faq"), "v1", index)
    vectors(settings).put("shop_faq_v1", ["c1", "c2"], matrix)


def _stores(settings: Settings) -> None:
    store = online(settings)
    rows = [(PHONE, 1, b"[1, 5.0]"), (OTHER, 1, b"[1, 6.0]"), ("x", 1, f'[1, "{MAIL}"]'.encode())]
    store.push("erasure_calls", lambda: b"{}", [rows], whole=True)
    store.close()
    vault = Vault(settings.vault)
    scope = Scope("analysis", "phone", keys=keyring(settings), vault=vault)
    vault.tokens([PHONE, OTHER], scope)


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> Settings:
    """Settings with nothing in them yet."""
    for name in ("files", "protection"):
        (tmp_path / name).mkdir()
    return make_settings(
        home=tmp_path / "home", catalog_files=tmp_path / "files", protection=tmp_path / "protection",
        handbook=tmp_path / "handbook", drops=tmp_path / "drops", kettle_files=tmp_path / "kettle",
    )  # fmt: skip
