"""Metric records in the studio: made, found, edited under their version, deleted after confirmation."""

import shutil
from pathlib import Path

import pytest

from core.settings import Settings
from serving.studio.studio import Studio
from tests.assets.catalog.metrics.test_book import lines as lines
from tests.serving.studio.conftest import HOSTILE
from tests.serving.studio.forms import Reader, errors, filled

NEW = {
    "name": "private_units",
    "label.en": "Own-brand units",
    "label.zh": "自有品牌销量",
    "calibre": "Units sold of the own brand.",
    "measure.model": "basket_lines",
    "measure.agg": "sum",
    "measure.expr": "quantity",
    "filter": "brand = 'Private'",
    "dimensions": "department, brand",
    "owner": "team:shop",
    "status": "active",
}
EDIT, DELETE = "/metric/edit", "/metric/delete"


@pytest.fixture
def reader(studio: Studio) -> Reader:
    return Reader(studio)


@pytest.mark.covers("MLP-040", "RM-015")
def test_a_metric_from_the_form_to_its_deletion(reader: Reader, studio: Studio) -> None:
    assert "There are no metric records yet" in reader.get("/metrics").text
    page = reader.done(EDIT, reader.form(EDIT, EDIT) | NEW)
    for text in ("private_units", "自有品牌销量", "Units sold", "basket_lines", "SELECT", "table/retail/basket_lines"):
        assert text in page
    assert errors(reader.send(EDIT, reader.form(EDIT, EDIT) | NEW).text) == {
        "name": "there is one of this name already"
    }

    share = {"name": "private_share", "calibre": "Share.", "kind": "derived", "expression": "private_units / units"}
    reader.done(EDIT, reader.form(EDIT, EDIT) | share)
    for given, found in (
        ({"q": "自有品牌"}, {"private_units"}), ({"status": "draft"}, {"private_share"}),
        ({"kind": "derived"}, {"private_share"}), ({"dimension": "brand"}, {"private_units"}),
        ({"owner": "team:shop"}, {"private_units"}), ({}, {"private_units", "private_share"}),
    ):  # fmt: skip
        listed = reader.get("/metrics", **given).text
        assert {n for n in ("private_units", "private_share") if f'href="/metric?name={n}"' in listed} == found, given
    assert "见于" in reader.get("/metrics", q="自有品牌", lang="zh").text
    reader.get("/metrics", lang="en")

    first = reader.form(EDIT, EDIT, name="private_units")
    reader.done(EDIT, first | {"calibre": "Sold units."})
    stale = reader.send(EDIT, first | {"calibre": "Mine."})
    assert stale.status_code == 409 and "Somebody else changed it" in errors(stale.text)[""]
    assert filled(stale.text, EDIT)["calibre"] == "Mine.", "what was typed is not lost"
    page = reader.get("/metric", name="private_units").text
    assert "<del>Units sold of the own brand.</del> → <ins>Sold units.</ins>" in page

    used = reader.send(DELETE, reader.form(DELETE, DELETE, name="private_units"))
    assert used.status_code == 400 and "private_share is made of it" in errors(used.text)[""]
    reader.done(DELETE, reader.form(DELETE, DELETE, name="private_share"))
    asked = reader.form(DELETE, DELETE, name="private_units")
    assert reader.send(DELETE, asked | {"version": "1"}).status_code == 409
    assert "There are no metric records yet" in reader.done(DELETE, asked)
    assert reader.get("/metric", name="private_units").status_code == 404
    assert [v.document is None for v in studio.metrics.history("private_units")].count(True) == 1


@pytest.mark.parametrize(
    ("wrong", "field", "told"),
    [
        ({"name": "Über x"}, "name", "form of a name"),
        ({"calibre": " "}, "calibre", "is empty"),
        ({"measure.model": ""}, "measure.model", "is empty"),
        ({"measure.expr": "quantity +"}, "measure.expr", "no SQL expression"),
        ({"measure.expr": "qantity"}, "measure.expr", "did you mean quantity"),
        ({"measure.model": "basket_line"}, "measure.model", "did you mean basket_lines"),
        ({"measure": "sales"}, "measure", "a measure of its own"),
        ({"filter": "brnd = 1"}, "filter", "did you mean brand"),
        ({"filter": "1) or {{ x }} --"}, "filter", "braces"),
        ({"dimensions": HOSTILE}, "dimensions", "is not known"),
        ({"expression": "sales"}, "expression", "an atomic metric has a measure"),
    ],
)
def test_each_error_is_beside_its_field(reader: Reader, wrong: dict[str, str], field: str, told: str) -> None:
    answer = reader.send(EDIT, reader.form(EDIT, EDIT) | NEW | wrong)
    assert answer.status_code == 400 and "<script>alert" not in answer.text
    assert told in errors(answer.text)[field]
    assert filled(answer.text, EDIT)[field] == wrong[field].strip()
    assert "还没有指标" in reader.get("/metrics", lang="zh").text


def test_hostile_words_are_shown_as_words(reader: Reader) -> None:
    words = {"calibre": HOSTILE, "label.zh": HOSTILE, "owner": HOSTILE}
    page = reader.done(EDIT, reader.form(EDIT, EDIT) | NEW | words)
    for shown in (page, reader.get("/metrics").text, reader.get("/metrics", q="<script>", owner=HOSTILE).text):
        assert "&lt;script&gt;" in shown and "<script>alert" not in shown
    assert filled(reader.get(EDIT, name="private_units").text, EDIT)["calibre"] == HOSTILE


def test_forms_of_other_pages_are_refused(reader: Reader) -> None:
    sent = reader.form(EDIT, EDIT) | NEW
    assert reader.send(EDIT, sent, origin="http://evil.example").status_code == 403
    assert reader.send(EDIT, sent | {"token": "x"}).status_code == 403
    assert reader.send(EDIT, sent, host="evil.example").status_code == 400
    assert "There are no metric records yet" in reader.get("/metrics").text


def test_the_warehouse_is_asked_for_values(settings: Settings, studio: Studio, lines: Path) -> None:
    import duckdb

    reader = Reader(studio)
    reader.done(EDIT, reader.form(EDIT, EDIT) | NEW)
    assert reader.get("/metric", name="private_units", values="1").status_code == 200, (
        "no warehouse is told, not raised"
    )
    path = Path(settings.warehouse.removeprefix("duckdb:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    shutil.copy(lines, path)
    with duckdb.connect(str(lines), read_only=True) as db:
        by_hand = "select sum(quantity) from table_retail.basket_lines where brand = 'Private'"
        expected = db.execute(by_hand).fetchone()
    page = reader.get("/metric", name="private_units", values="1", grain="").text
    assert expected and f'<td class="num">{int(expected[0]):,}</td>' in page
    assert 'class="num">private_units</th>' in page
    by_month = reader.get("/metric", name="private_units", values="1", grain="month").text
    assert by_month.count("<td>20") > page.count("<td>20"), "one line a month"
