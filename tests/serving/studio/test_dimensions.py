"""Dimension tables in the studio, on real PostgreSQL and MariaDB: defined, filled, edited, imported, cleared."""

import io
import re
from pathlib import Path

import pytest

from core.errors import SourceError
from core.settings import Settings
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE
from tests.serving.studio.forms import Reader, errors, filled

DEFINE, CREATE, ROW = "/dimension/define", "/dimension/create", "/dimension/row"
REMOVE, IMPORT, CLEAR = "/dimension/remove", "/dimension/import", "/dimension/clear"
NEW = {
    "name": "city", "source": "crm", "table": '城市"; drop table x; --', "label.en": "Cities", "label.zh": "城市",
    "description": HOSTILE, "owner": "team:shop",
    "c0.name": "code", "c0.type": "text(12)", "c0.key": "1", "c0.label.zh": "编码",
    "c1.name": "名称", "c1.type": "text(40)", "c1.required": "1", "c1.label.en": "name",
    "c3.name": "people", "c3.type": "integer", "c3.label.zh": "人口", "c3.comment": "o'clock 100%",
}  # fmt: skip


@pytest.fixture(params=["postgres_url", "mariadb_url"])
def reader(request: pytest.FixtureRequest, settings: Settings, studio: Studio) -> Reader:
    return connected(studio, request.getfixturevalue(request.param))


@pytest.fixture
def local(studio: Studio, tmp_path: Path) -> Reader:
    """On SQLite, for what no engine changes."""
    (tmp_path / "crm.db").touch()
    return connected(studio, f"sqlite:///{tmp_path}/crm.db")


def connected(studio: Studio, url: str) -> Reader:
    text = f"sources:\n  - name: crm\n    url: '{url}'\n  - name: files\n    url: file:///nowhere\n"
    (studio.settings.catalog_files / "sources.yaml").write_text(text, encoding="utf-8")
    return Reader(studio)


def made(reader: Reader) -> str:
    page = reader.done(DEFINE, reader.form(DEFINE, DEFINE) | NEW)
    return reader.done(CREATE, filled(page, CREATE))


def row(reader: Reader, **values: str) -> str:
    return reader.done(ROW, reader.form(ROW, ROW, name="city") | {f"v.{k}": v for k, v in values.items()})


def key(code: str) -> dict[str, str]:
    return {"name": "city", "k.code": code}


@pytest.mark.covers("MLP-041", "RM-016")
def test_a_table_is_defined_created_and_its_rows_are_edited(reader: Reader, studio: Studio) -> None:
    page = reader.done(DEFINE, reader.form(DEFINE, DEFINE) | NEW)
    assert "CREATE TABLE" in page and "drop table" in page and "<script>alert" not in page
    with pytest.raises(SourceError), studio.dimensions.table("city") as table:
        table.count()
    page = reader.done(CREATE, filled(page, CREATE))
    assert "No rows yet" in page and "&lt;script&gt;" in page and "<script>alert" not in page
    again = reader.send(CREATE, reader.form(CREATE, CREATE, name="city"))
    assert again.status_code == 400 and "exist" in errors(again.text)[""].lower()

    page = row(reader, code="xa", 名称="西安", people="13")
    assert "西安" in page and "Rows: 1" in page
    row(reader, code="bj", 名称=HOSTILE, people="")
    assert errors(reader.send(ROW, reader.form(ROW, ROW, name="city") | {"v.code": "xa", "v.名称": "x"}).text) == {
        "code": "there is a row of this key already"
    }
    wrong = reader.send(ROW, reader.form(ROW, ROW, name="city") | {"v.code": "x" * 20, "v.people": "many"})
    told = errors(wrong.text)
    assert wrong.status_code == 400 and told.keys() == {"code", "名称", "people"}
    assert "no whole number" in told["people"] and filled(wrong.text, ROW)["v.people"] == "many"

    one, other = (reader.form(ROW, ROW, **key("xa")) for _ in range(2))
    assert "长安" in reader.done(ROW, one | {"v.名称": "长安"})
    stale = reader.send(ROW, other | {"v.名称": "镐京", "v.people": "14"})
    assert stale.status_code == 409 and "Somebody else changed it" in errors(stale.text)[""]
    assert "now: 长安" in stale.text and filled(stale.text, ROW)["v.名称"] == "镐京"
    assert "长安" in reader.get("/dimension", name="city").text

    asked = reader.form(REMOVE, REMOVE, **key("xa"))
    reader.done(ROW, reader.form(ROW, ROW, **key("xa")) | {"v.people": "15"})
    changed = reader.send(REMOVE, asked)
    assert changed.status_code == 409 and "people: 15" in changed.text, "shown as it is now"
    page = reader.done(REMOVE, filled(changed.text, REMOVE))
    assert "长安" not in page.split('id="history"')[0] and "row removed" in page
    assert reader.get(ROW, **key("xa")).status_code == 404
    actions = [(v.document or {})["action"] for v in studio.dimensions.log("city")]
    assert actions == ["create", "add", "add", "set", "set", "remove"]


@pytest.mark.covers("MLP-042")
def test_files_come_in_with_errors_by_row_and_go_out(reader: Reader) -> None:
    made(reader)
    form = reader.form(IMPORT, IMPORT, name="city")
    bad = "编码,name,人口\n1,北京,1\n2,,2\n3,上海,x\n".encode("gbk")
    page = reader.done(IMPORT, form, {"file": ("城市.csv", bad)})
    assert "nothing was written" in page and "Bad rows: 2" in page and "城市.csv" in page
    cells = re.findall(r'<td class="num">(\d+)<td>(\S*?)<td class="error">([^<]+)', page)
    assert [(r, c) for r, c, _ in cells] == [("3", "名称"), ("4", "people")]
    assert "No rows yet" in reader.get("/dimension", name="city").text
    rejected = reader.get(re.findall(r'href="(/dimension/rejected[^"]+)"', page)[0].replace("&amp;", "&"))
    lines = rejected.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "row,error,编码,name,人口" and lines[2].startswith("4,people: 'x' is no whole number,3,上海,x")
    assert "attachment" in rejected.headers["content-disposition"]

    page = reader.done(IMPORT, form | {"skip_bad": "1"}, {"file": ("城市.csv", bad)})
    assert "<b>1</b> added" in page and "<b>2</b> rejected" in page
    fixed = rejected.content.decode("utf-8-sig").replace(",2,,2", ",2,天津,2").replace(",3,上海,x", ",3,上海,3")
    assert "<b>2</b> added" in reader.done(IMPORT, form, {"file": ("fixed.csv", fixed.encode())})

    book = reader.get("/dimension/export", name="city", format="xlsx", language="zh")
    assert book.content[:2] == b"PK" and 'filename="city.xlsx"' in book.headers["content-disposition"]
    assert "<b>3</b> unchanged" in reader.done(IMPORT, form, {"file": ("out.xlsx", book.content)})
    assert reader.get("/dimension/export", name="city").text.count("\n") == 4

    asked = reader.form(CLEAR, CLEAR, name="city")
    assert "All rows of city (3) go" in reader.get(CLEAR, name="city").text
    other = reader.send(CLEAR, asked | {"typed": "town"})
    assert other.status_code == 400 and "nothing was cleared" in errors(other.text)[""]
    assert "No rows yet" in reader.done(CLEAR, asked | {"typed": "city"})


def test_rows_come_by_pages_and_by_words(reader: Reader) -> None:
    made(reader)
    lines = "".join(f"c{n:03},Town {n} 100%_x,{n}\n" for n in range(120)) + "zz,镇!,\n"
    reader.done(
        IMPORT, reader.form(IMPORT, IMPORT, name="city"), {"file": ("x.csv", f"code,名称,people\n{lines}".encode())}
    )

    def codes(**given: str) -> list[str]:
        page = reader.get("/dimension", name="city", **given).text
        return re.findall(r"<tr><td>(\w+)</td>", page.split('id="history"')[0])

    assert codes() == [f"c{n:03}" for n in range(50)] and codes(page="3")[-1] == "zz"
    assert codes(q="TOWN 77") == ["c077"] and codes(q="镇!") == ["zz"]
    assert len(codes(q="100%_")) == 50 and codes(q="_ 5%") == [] and codes(q="' or 1=1 --") == []


def test_errors_of_a_definition_are_beside_their_fields(local: Reader) -> None:
    form = local.form(DEFINE, DEFINE) | NEW
    assert set(re.findall(r'<option value="(\w*)"', local.get(DEFINE).text)) >= {"", "crm"}
    assert '<option value="files"' not in local.get(DEFINE).text, "no dimension tables in folders"
    for wrong, field in (
        ({"name": "City"}, "name"), ({"table": ""}, "table"), ({"source": ""}, "source"),
        ({"c3.type": "money"}, "c3.type"), ({"c1.name": ""}, "c1.name"), ({"c3.name": "CODE"}, "columns"),
    ):  # fmt: skip
        answer = local.send(DEFINE, form | wrong)
        assert answer.status_code == 400 and errors(answer.text).keys() == {field}, (wrong, errors(answer.text))
    keyless = {k: v for k, v in form.items() if k != "c0.key"}
    assert "key" in local.send(DEFINE, keyless).text and local.send(DEFINE, keyless).status_code == 400
    more = local.send(DEFINE, form | {"what": "more"})
    assert more.status_code == 200 and filled(more.text, DEFINE)["c9.name"] == "" and 'value="people"' in more.text
    assert "还没有维表" in local.get("/dimensions", lang="zh").text


def test_a_definition_keeps_the_structure_of_its_table(local: Reader) -> None:
    made(local)
    form = local.form(DEFINE, DEFINE, name="city")
    stale = dict(form)
    assert "Towns" in local.done(DEFINE, form | {"label.en": "Towns"})
    assert local.send(DEFINE, stale | {"label.en": "x"}).status_code == 409
    now = local.form(DEFINE, DEFINE, name="city")
    other = local.send(DEFINE, now | {"c0.type": "text(99)"})
    assert other.status_code == 400 and "is there already" in errors(other.text)["columns"]
    assert 'href="/dimension?name=city"' in local.get("/dimensions", q="towns").text
    assert 'href="/dimension?name=city"' not in local.get("/dimensions", q="nothing").text


def test_odd_files_are_told_beside_the_field(local: Reader) -> None:
    made(local)
    form = local.form(IMPORT, IMPORT, name="city")
    for files, field, told in (
        (None, "file", "choose a file"),
        ({"file": ("", b"")}, "file", "choose a file"),
        ({"file": ("../../x<b>.csv", b"")}, "file", "is empty"),
        ({"file": ("a.csv", b"colour,code\n1,2\n")}, "file", "is no column"),
        ({"file": ("a.xlsx", b"PK no workbook")}, "sheet", "no workbook"),
    ):
        answer = local.send(IMPORT, form, files)
        assert answer.status_code == 400 and told in errors(answer.text)[field], errors(answer.text)
    answer = local.send(IMPORT, form | {"encoding": "klingon"}, {"file": ("a.csv", b"code\n1\n")})
    assert "unknown encoding" in errors(answer.text)["encoding"] and "/tmp" not in answer.text
    binary = b"code,\xe5\x90\x8d\xe7\xa7\xb0,people\n" + b"".join(b"%d,\r,\n" % n for n in range(5))
    assert local.send(IMPORT, form, {"file": ("a.csv", binary)}).status_code == 303


def test_uploads_are_for_our_own_pages_and_within_limits(local: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    made(local)
    form, file = local.form(IMPORT, IMPORT, name="city"), {"file": ("a.csv", "code,名称\n1,a\n".encode())}
    assert local.send(IMPORT, form, file, origin="http://evil.example").status_code == 403
    assert local.send(IMPORT, form | {"token": ""}, file).status_code == 403
    assert local.send(ROW, form, file).status_code == 403, "files only where they are asked for"
    kind = {"content-type": "multipart/form-data; boundary=x", "origin": "http://127.0.0.1:8602"}
    for body in (b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", b"nonsense"):
        assert local.client.post(IMPORT, content=body, headers=kind).status_code == 403, body
    monkeypatch.setattr("serving.studio.forms.MOST_UPLOAD", 100)
    assert local.send(IMPORT, form, {"file": ("a.csv", b"x" * 200)}).status_code == 403
    assert "No rows yet" in local.get("/dimension", name="city").text
    assert local.get("/dimension/rejected", result="x").status_code == 404


def test_a_large_file_comes_in_whole(local: Reader) -> None:
    made(local)
    data = "".join(f"{n},{'名' * 40},{n}\n" for n in range(20_000))
    file = io.BytesIO(f"code,名称,people\n{data}".encode()).getvalue()
    page = local.done(IMPORT, local.form(IMPORT, IMPORT, name="city"), {"file": ("big.csv", file)})
    assert "<b>20,000</b> added" in page
