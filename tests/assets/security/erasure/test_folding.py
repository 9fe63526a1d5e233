"""Every engine compares texts in its own way; the person is found in all of them, and nobody else is touched."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.catalog.remote.connection import Remote
from assets.catalog.store.versions import Change, Versions
from assets.security.erasure.run import Erasure
from core.settings import Settings

MAIL, PHONE = "jürgen.ÄÖ@example.com", "13812345678"
MINE = [  # how the person's cells are written
    MAIL, "JÜRGEN.äö@EXAMPLE.COM", "Ju\u0308rgen.A\u0308o\u0308@example.com",
    "ｊüｒｇｅｎ．ÄÖ＠ｅｘａｍｐｌｅ．ｃｏｍ",
    "ＪÜＲＧＥＮ．ÄÖ＠ＥＸＡＭＰＬＥ．ＣＯＭ",
    PHONE, "１３８１２３４５６７８", "138１２３４5678", "+86 138-1234-5678", "138　1234－5678",
]  # fmt: skip
OTHERS = [  # of whom an engine may think that they are the same
    "jurgen.AO@example.com", "jürgen.AO@example.com", "jürgen.ÄÖ@example.com.cn", "xjürgen.ÄÖ@example.com",
    "138123456789", "jürgen_ÄÖ@example.com",
]  # fmt: skip
SUBJECT = "raw/shop/people"
POLICY = f"subjects:\n  {SUBJECT}: {{key: [id], identifiers: [mail]}}\n"
Urls = Callable[[], str]


@pytest.fixture(params=["duckdb", "sqlite", "sqlite nocase", "postgres", "mariadb", "mariadb bin"])
def database(request: pytest.FixtureRequest, shop: Settings, tmp_path: Path) -> Remote:
    """A source `shop` with empty tables whose texts are compared in the given way."""
    engine, _, way = request.param.partition(" ")
    if engine == "sqlite":
        sqlite3.connect(tmp_path / "shop.db").close()
    urls: dict[str, Urls] = {
        "duckdb": lambda: f"duckdb:///{tmp_path}/shop.duckdb",
        "sqlite": lambda: f"sqlite:///{tmp_path}/shop.db",
        "postgres": lambda: str(request.getfixturevalue("postgres_url")),
        "mariadb": lambda: str(request.getfixturevalue("mariadb_url")),
    }
    if engine == "duckdb":
        import duckdb

        duckdb.connect(str(tmp_path / "shop.duckdb")).close()
    url = urls[engine]()
    (shop.catalog_files / "sources.yaml").write_text(f"sources:\n  - name: shop\n    url: {url}\n")
    (shop.protection / "erasure.yaml").write_text(POLICY)
    collation = {"nocase": " collate nocase", "bin": " collate utf8mb4_bin"}.get(way, "")
    remote = Remote.of(shop, "shop")
    with remote.transaction() as session:
        session.execute(f"create table people (id varchar(20){collation}, mail varchar(200){collation})")
        session.execute(f"create table cells (n integer, cell varchar(200){collation})")
    return remote


def fill(remote: Remote, table: str, rows: list[tuple[object, str]]) -> None:
    with remote.transaction() as session:
        for row in rows:
            session.execute(f"insert into {table} values ({session.mark}, {session.mark})", row)


def left(remote: Remote, table: str, column: str) -> list[str]:
    with remote.transaction() as session:
        return sorted(str(cell) for (cell,) in session.query(f"select {column} from {table}"))


def test_the_person_is_found_in_every_writing_and_others_stay(shop: Settings, database: Remote) -> None:
    fill(database, "cells", list(enumerate([*MINE, *OTHERS, *(f"says {m}, twice" for m in MINE)])))
    found = {f.how: f.count for f in Erasure(shop, [MAIL, PHONE]).find() if f.store == "shop"}
    assert found == {"is": len(MINE), "names": len(MINE)}
    report = Erasure(shop, [MAIL, PHONE]).erase("ann")
    assert report.left == []
    assert left(database, "cells", "cell") == sorted([*OTHERS, *["says [erased], twice"] * len(MINE)])


def test_keys_that_an_engine_takes_for_the_same_are_others(shop: Settings, database: Remote) -> None:
    fill(database, "people", [("a1", "ann@example.com"), ("A1", "bob@example.com"), ("ä1", "eve@example.com"),
                              ("a1 ", "joe@example.com")])  # fmt: skip
    report = Erasure(shop, [], [(SUBJECT, "a1")]).erase("ann")
    assert report.left == [] and left(database, "people", "mail") == [
        "bob@example.com", "eve@example.com", "joe@example.com"
    ]  # fmt: skip


@pytest.mark.parametrize("server", ["sqlite", "postgres"])
def test_the_platforms_own_documents_hold_escapes_in_any_case(
    shop: Settings, server: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if server == "postgres" else shop.catalog
    settings = shop.model_copy(update={"catalog": url})
    versions = Versions(settings.catalog)
    said = {"comment": f"such as {MAIL.upper()}, 欧阳伟安", "path": "C:\\u00fc"}
    versions.put("table", "crm/customer", said, Change("ann", "scan"))
    erasure = Erasure(settings, [MAIL, "欧阳伟安"])
    assert [(f.place, f.count) for f in erasure.find()] == [("catalog_versions", 1)]
    assert erasure.erase("ann").left == []
    found = versions.get("table", "crm/customer")
    assert found is not None and found.document == said | {"comment": "such as [erased], [erased]"}
