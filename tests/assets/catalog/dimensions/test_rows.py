"""Dimension tables on real MariaDB, PostgreSQL, SQLite and DuckDB: created, rows added, changed and removed."""

from collections.abc import Callable

import pytest

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.model import Dimension
from assets.catalog.remote.connection import Remote
from core.errors import ConflictError, HeddleError, SourceError
from core.settings import Settings
from tests.assets.catalog.dimensions.conftest import CITY

ROW: dict[str, str | None] = {
    "code": "610100",
    "名称": "西安'; drop table x; --",
    "select": "12952907",
    "area%": "10752.90",
    "since": "1928年11月1日",
    "capital": "是",
    'seen "at"': "2024-05-31 14:30:00",
    "ratio": "0.1",
}


def first(book: DimensionBook) -> tuple[dict[str, str | None], str]:
    with book.table("city") as table:
        row = table.rows()[0]
    return row.values, row.version


def test_a_row_is_added_changed_and_removed(city: DimensionBook) -> None:
    assert city.add("city", ROW, "ann").rows == 1
    values, version = first(city)
    assert values == ROW | {"since": "1928-11-01", "capital": "true"}
    with pytest.raises(ConflictError, match="there is a row code=610100"):
        city.add("city", ROW, "ann")

    done = city.change("city", {"code": "610100"}, {"名称": "西安 100%", "ratio": ""}, version, "bob")
    assert (done.changed, done.rows) == (1, 1)
    values, changed = first(city)
    assert (values["名称"], values["ratio"]) == ("西安 100%", None) and changed != version
    assert city.change("city", {"code": "610100"}, {"名称": "西安 100%"}, changed, "bob").unchanged == 1

    with pytest.raises(ConflictError, match="was changed meanwhile"):
        city.change("city", {"code": "610100"}, {"名称": "长安"}, version, "cid")
    with pytest.raises(ConflictError, match="was changed meanwhile"):
        city.remove("city", {"code": "610100"}, version, "cid")
    assert first(city)[0]["名称"] == "西安 100%"
    assert city.remove("city", {"code": "610100"}, changed, "bob").rows == 0
    with pytest.raises(HeddleError, match="there is no row code=610100"):
        city.remove("city", {"code": "610100"}, None, "bob")
    actions = [((v.document or {})["action"], v.change.author) for v in city.log("city")]
    assert actions == [("create", "ann"), ("add", "ann"), ("set", "bob"), ("remove", "bob")]


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "sqlite"], indirect=True)
def test_of_two_who_edit_at_once_one_is_refused(city: DimensionBook) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    city.add("city", ROW, "ann")
    _, version = first(city)
    start = Barrier(2)

    def edit(name: str) -> str:
        start.wait()
        try:
            city.change("city", {"code": "610100"}, {"名称": name}, version, name)
        except ConflictError:
            return ""
        return name

    with ThreadPoolExecutor(2) as pool:
        won = [name for name in pool.map(edit, ("a", "b")) if name]
    assert len(won) == 1 and first(city)[0]["名称"] == won[0]


def test_what_is_wrong_is_told_by_column_and_nothing_is_written(city: DimensionBook) -> None:
    wrong = {
        "code": "", "名称": None, "select": "1.5", "area%": "1.234", "since": "2024-02-30", "capital": "maybe",
        'seen "at"': "noon", "ratio": "nan",
    }  # fmt: skip
    for column, value in wrong.items():
        with pytest.raises(HeddleError, match="column"):
            city.add("city", ROW | {column: value}, "ann")
    with pytest.raises(HeddleError, match="no column 'colour'"):
        city.add("city", ROW | {"colour": "red"}, "ann")
    with city.table("city") as table:
        assert table.count() == 0


def test_clearing_needs_the_name(city: DimensionBook) -> None:
    city.add("city", ROW, "ann")
    with pytest.raises(HeddleError, match="nothing was cleared"):
        city.clear("city", "yes", "ann")
    assert city.clear("city", "city", "ann").removed == 1
    with city.table("city") as table:
        assert table.rows() == []


def test_what_is_there_is_not_created_again(city: DimensionBook) -> None:
    city.add("city", ROW, "ann")
    with pytest.raises(SourceError, match="exist"):
        city.create("city", "ann")
    with city.table("city") as table:
        assert table.count() == 1 and "CREATE TABLE" in table.ddl()[0].sql


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_the_scan_sees_it_as_the_same_asset(city: DimensionBook, crm: Settings) -> None:
    from assets.catalog.keys import asset_of
    from assets.catalog.scan.scanner import scan
    from assets.catalog.scan.sources import load_sources

    found = scan(load_sources(crm)[0], settings=crm)
    info = found.tables[0].table
    assert info.primary_key == ("code",) and [c.name for c in info.columns] == [c["name"] for c in CITY["columns"]]  # type: ignore[index]
    assert asset_of("crm", info) == city.asset(Dimension.model_validate(CITY))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"source": "none"}, "source none has no connection"),
        ({"key": ["nope"]}, "key: nope"),
        ({"columns": [{"name": "a", "type": "blob"}], "key": ["a"]}, "'blob' is no type"),
        ({"columns": [{"name": "a"}, {"name": "A"}], "key": ["a"]}, "is there twice"),
    ],
)
def test_a_wrong_definition_is_refused(crm: Settings, fields: dict[str, object], told: str) -> None:
    from assets.catalog.store.versions import Versions
    from assets.documents import shaped

    book = DimensionBook(crm, Versions(crm.catalog))
    with pytest.raises(HeddleError, match=told):
        book.define(shaped(CITY | fields, Dimension, "city"), "ann")
    assert book.records.all() == {}


def test_no_password_is_in_an_error(tmp_path: object, make_settings: Callable[..., Settings]) -> None:
    from pathlib import Path

    files = Path(str(tmp_path)) / "files"
    files.mkdir()
    url = "postgresql://ann:${env:CRM_PW}@127.0.0.1:1/x"
    (files / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: '{url}'\n")
    settings = make_settings(catalog_files=files)
    with (
        Remote.of(settings, "crm", {"CRM_PW": "s3cret"}) as remote,
        pytest.raises(SourceError, match="source crm") as told,
        remote.transaction(),
    ):
        pass
    assert "s3cret" not in str(told.value)
