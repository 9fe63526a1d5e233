"""Sources in the studio: live structure, columns added and dropped after the DDL was read, everything logged."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from assets.catalog.card import card
from assets.catalog.remote.actions import browse, log
from core.settings import Settings
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE
from tests.serving.studio.forms import Reader, errors, filled

ODD = '备注 "x" 100%'
CHANGE, REMOTE, OFFLINE = "/remote/change", "/remote", "/sources/import"


@pytest.fixture(params=["sqlite", "postgres_url", "mariadb_url"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param != "sqlite":
        found: str = request.getfixturevalue(request.param)
        return found
    (tmp_path / "music.db").touch()
    return f"sqlite:///{tmp_path}/music.db"


@pytest.fixture
def reader(url: str, settings: Settings, studio: Studio) -> Reader:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.begin() as db:
        db.execute(text("create table artist (id integer primary key, title varchar(120) not null)"))
        db.execute(text("insert into artist values (1, 'AC/DC'), (2, 'Accept'), (3, '崔健')"))
    engine.dispose()
    said = f"sources:\n  - name: music\n    url: '{url}'\n    description: \"{HOSTILE.replace(chr(34), '')}\"\n"
    said += "  - name: away\n    url: ${env:HEDDLE_NOT_SET_PASSWORD}\n"
    (settings.catalog_files / "sources.yaml").write_text(said, encoding="utf-8")
    return Reader(studio)


def key_of(settings: Settings) -> str:
    return f"music/{browse(settings, 'music')[0].path}"


def names(settings: Settings) -> list[str]:
    return [c.name for c in browse(settings, "music")[0].columns]


@pytest.mark.covers("MLP-039", "RM-012")
def test_offline_tables_are_seen_and_changed_where_they_live(
    reader: Reader, settings: Settings, studio: Studio
) -> None:
    key = key_of(settings)
    schema, _, name = key.removeprefix("music/").rpartition(".")
    rows = f"{schema},{name},艺术家,id,integer\n{schema},{name},,title,varchar(120)\n"
    file = "库表.csv", f"库名,表名,表注释,字段名,类型\n{rows}".encode("gbk")
    page = reader.done(OFFLINE, reader.form(OFFLINE, OFFLINE) | {"source": "music"}, {"file": file})
    assert '<option value="music" selected>' in page and key in page and ">title<" in reader.get("/entry", key=key).text

    listed = reader.get("/sources").text
    assert "music" in listed and "<script>alert" not in listed and "127.0.0.1" not in listed.replace("href", "")
    assert f'href="/remote?key={key.replace("/", "%2F")}"' in reader.get("/source", name="music").text
    live = reader.get(REMOTE, key=key).text
    assert ">title" in live and "title" in live.lower()
    assert "Rows counted just now: 3" in reader.done(REMOTE, filled(live, REMOTE) | {"action": "count"})

    wanted = {"key": key, "action": "add_column", "review": "1", "column": ODD, "type": "varchar(20)"}
    assert errors(reader.get(CHANGE, **wanted | {"type": ""}).text) == {"type": "is empty"}
    review = reader.get(CHANGE, **wanted).text
    assert "ADD COLUMN" in review and names(settings) == ["id", "title"], "shown, not run"
    assert reader.send(CHANGE, filled(review, CHANGE) | {"type": "text"}).status_code == 409, "other DDL than shown"
    page = reader.done(CHANGE, filled(review, CHANGE))
    assert names(settings) == ["id", "title", ODD] and "ADD COLUMN" in page.split('id="log"')[1]
    last = card(studio.versions, key).history[-1]
    assert (last.number, last.change.author) == (2, "ann") and "ADD COLUMN" in last.change.cause

    drop = reader.get(CHANGE, key=key, action="drop_column", column=ODD).text
    assert "This loses" in drop
    reader.done(CHANGE, filled(drop, CHANGE))
    assert names(settings) == ["id", "title"] and card(studio.versions, key).history[-1].number == 3
    said = [(v.document or {}).get("outcome", "") for v in log(studio.versions, key)]
    assert said == ["", "done", "done"]


@pytest.mark.covers("RM-012")
def test_what_the_source_has_is_told_from_what_the_catalogue_knows(
    reader: Reader, settings: Settings, studio: Studio, url: str
) -> None:
    key = key_of(settings)
    assert "does not know this table yet" in reader.get(REMOTE, key=key).text
    reader.done(REMOTE, reader.form(REMOTE, REMOTE, key=key) | {"action": "refresh"})
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.begin() as db:
        db.execute(text("alter table artist add column born integer"))
    assert "new since the scan" in reader.get(REMOTE, key=key).text
    wanted = {"key": key, "action": "add_column", "review": "1", "column": "born", "type": "integer"}
    refused = reader.send(CHANGE, filled(reader.get(CHANGE, **wanted).text, CHANGE))
    assert refused.status_code == 400 and "born" in errors(refused.text)[""]
    assert "refused by the database" in log(studio.versions, key)[-1].change.cause
    assert "born" in reader.get(REMOTE, key=key).text.split('id="log"')[1]
    reader.done(REMOTE, reader.form(REMOTE, REMOTE, key=key) | {"action": "refresh"})
    there = reader.get(CHANGE, **wanted)
    assert "born" in errors(there.text)["column"]
    with engine.begin() as db:
        db.execute(text("drop table artist"))
    engine.dispose()
    assert "no such table now" in reader.get(REMOTE, key=key).text


def test_tables_of_a_file_are_taken_whole_or_not_at_all(reader: Reader, studio: Studio) -> None:
    form = reader.form(OFFLINE, OFFLINE)
    for given, file, field, told in (
        ({"source": "Music!"}, b"x", "source", "form of a name"),
        ({"source": "erp"}, None, "file", "choose a file"),
        ({"source": "erp"}, b"a,b\n1,2\n", "file", "column table is missing"),
        ({"source": "erp"}, b"table,column,type\nt,a,int\nt,,int\nt,a,int\n", "file", "row 3, column column: is empty"),
    ):
        answer = reader.send(OFFLINE, form | given, {"file": ("t.csv", file)} if file else None)
        assert answer.status_code == 400 and told in errors(answer.text)[field], errors(answer.text)
        assert "/tmp" not in answer.text and not studio.versions.history("table", "erp/t")
    odd = f"table,column,type\n{HOSTILE},{HOSTILE},int\n".encode()
    page = reader.done(OFFLINE, form | {"source": "erp"}, {"file": ("t.csv", odd)})
    assert "erp/&lt;script&gt;" in page and "<script>alert" not in page


def test_hostile_names_and_foreign_pages_run_nothing(reader: Reader, settings: Settings) -> None:
    key = key_of(settings)
    reader.done(REMOTE, reader.form(REMOTE, REMOTE, key=key) | {"action": "refresh"})
    evil = '"); drop table artist; --' + HOSTILE
    wanted = {"key": key, "action": "add_column", "review": "1", "column": evil[:60], "type": "integer"}
    review = reader.get(CHANGE, **wanted).text
    assert "<script>alert" not in review
    reader.done(CHANGE, filled(review, CHANGE))
    assert names(settings) == ["id", "title", evil[:60]], "a name, however odd, is a name"
    bad = reader.get(CHANGE, **wanted | {"column": "x", "type": "integer; drop table artist"})
    assert "drop table" in errors(bad.text)["type"] and "ADD COLUMN" not in bad.text
    again = filled(review, CHANGE)
    assert reader.send(CHANGE, again, origin="http://evil.example").status_code == 403
    assert reader.send(CHANGE, again | {"token": "x"}).status_code == 403
    for path, given in (
        (REMOTE, {"key": "nowhere/x"}), (REMOTE, {"key": "music"}), ("/source", {"name": HOSTILE}),
        (CHANGE, {"key": key, "action": "count"}), (CHANGE, {"key": "nowhere/x", "action": "add_column"}),
    ):  # fmt: skip
        assert reader.get(path, **given).status_code == 404, given
    away = reader.get("/source", name="away")
    assert away.status_code == 200 and "HEDDLE_NOT_SET_PASSWORD" in away.text
