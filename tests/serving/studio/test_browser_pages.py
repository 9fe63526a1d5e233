"""Metrics, dimension tables, live sources and lineage files in Chromium, by hand."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from assets.catalog.metrics.model import MetricRecord
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, ORDERS, SALES
from tests.serving.studio.test_browser import address as address
from tests.serving.studio.test_browser import page as page
from tests.serving.studio.test_dimensions import connected

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium (apt-get install chromium)"),
]


def fill(page: Any, **values: str) -> None:
    for name, value in values.items():
        field = page.locator(f'[name="{name.replace("__", ".")}"]')
        field.select_option(value) if field.evaluate("e => e.tagName") == "SELECT" else field.fill(value)


def test_a_metric_is_made_found_and_deleted(address: str, page: Any, tmp_path: Path) -> None:
    page.goto(f"{address}/metrics")
    page.get_by_role("link", name="New metric").click()
    fill(page, name="own_units", label__zh="自有品牌销量", calibre=HOSTILE, measure__model="basket_line",
         measure__expr="quantity", filter="brand = 'Private'", dimensions="department, brand",
         owner="team:shop")  # fmt: skip
    page.get_by_role("button", name="Save").click()
    beside = page.locator('label:has([name="measure.model"]) .error')
    assert "did you mean basket_lines" in beside.inner_text()
    page.screenshot(path=tmp_path / "metric_wrong.png", full_page=True)
    fill(page, measure__model="basket_lines", status="active")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="own_units").wait_for()
    assert HOSTILE in page.locator("main").inner_text() and "basket_lines" in page.locator("pre.sql").inner_text()
    page.screenshot(path=tmp_path / "metric.png", full_page=True)
    page.goto(f"{address}/metrics?lang=zh&q=自有品牌")
    assert page.locator(".reasons li").first.inner_text().count("见于") == 1
    page.screenshot(path=tmp_path / "metrics_zh.png")
    page.get_by_role("link", name="own_units").click()
    page.get_by_role("link", name="删除").click()
    page.screenshot(path=tmp_path / "metric_delete.png")
    page.get_by_role("button", name="删除").click()
    page.get_by_text("还没有指标").wait_for()


@pytest.mark.covers("MLP-041", "RM-016")
def test_a_dimension_table_from_its_definition_to_clearing(
    address: str, page: Any, studio: Studio, postgres_url: str, tmp_path: Path
) -> None:
    connected(studio, postgres_url)
    page.goto(f"{address}/dimension/define")
    fill(page, name="city", source="crm", table="dim_city", label__en="Cities", label__zh="城市",
         description="中国城市",
         c0__name="code", c0__type="text(12)", c0__label__zh="编码", c1__name="name", c1__type="text(40)",
         c1__label__zh="名称", c2__name="people", c2__type="a lot")  # fmt: skip
    page.locator('[name="c0.key"]').check()
    page.locator('[name="c1.required"]').check()
    page.locator("main .primary").click()
    assert "no type" in page.locator('td:has([name="c2.type"]) .error').inner_text()
    page.screenshot(path=tmp_path / "define_wrong.png", full_page=True)
    fill(page, c2__type="integer")
    page.locator("main .primary").click()
    assert "CREATE TABLE" in page.locator("pre.sql").first.inner_text()
    page.screenshot(path=tmp_path / "define_review.png", full_page=True)
    page.get_by_role("button", name="Create the table").click()

    file = tmp_path / "城市.csv"
    file.write_bytes("编码,名称,people\nbj,北京,21\nsh,,24\nxa,西安,x\n".encode("gbk"))
    page.get_by_role("link", name="Import").click()
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Import").click()
    assert page.locator(".errors tbody tr").count() == 2
    page.screenshot(path=tmp_path / "import_refused.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them").click()
    bad = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == "city.rejected.csv" and bad.count("\n") == 3
    page.set_input_files("[name=file]", file)
    page.locator("[name=skip_bad]").check()
    page.get_by_role("button", name="Import").click()
    assert "1 added" in page.locator("#result").inner_text()
    page.get_by_role("link", name="To the rows").click()
    page.get_by_role("link", name="New row").click()
    fill(page, v__code="<b>", v__name=HOSTILE, v__people="1")
    page.get_by_role("button", name="Save").click()
    page.screenshot(path=tmp_path / "rows.png", full_page=True)
    assert page.locator(".rows tbody tr").count() == 2 and HOSTILE in page.locator(".rows").inner_text()

    edit = page.locator(".rows tbody tr", has_text="bj").get_by_role("link", name="Edit").get_attribute("href")
    page.goto(address + edit)
    studio.dimensions.change("city", {"code": "bj"}, {"people": "22"}, None, "bob")  # meanwhile
    fill(page, v__people="23")
    page.get_by_role("button", name="Save").click()
    assert "now: 22" in page.locator("form.stack").inner_text()
    page.screenshot(path=tmp_path / "row_conflict.png", full_page=True)
    page.get_by_role("link", name="Load it as it is now").click()
    fill(page, v__people="23")
    page.get_by_role("button", name="Save").click()
    assert "23" in page.locator(".rows tbody tr", has_text="bj").inner_text()
    page.fill("main [name=q]", "北京")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".rows tbody tr").count() == 1
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("link", name="Clear").click()
    page.fill("[name=typed]", "city")
    page.screenshot(path=tmp_path / "clear.png")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("No rows yet").wait_for()
    page.goto(f"{address}/dimensions?lang=zh")
    page.screenshot(path=tmp_path / "dimensions_zh.png")


@pytest.mark.covers("RM-012")
def test_a_column_is_added_to_a_live_table(
    address: str, page: Any, studio: Studio, postgres_url: str, tmp_path: Path
) -> None:
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg2:"))
    with engine.begin() as db:
        db.execute(text("create table album (id integer primary key, title varchar(80) not null)"))
        db.execute(text("comment on table album is '专辑'"))
    connected(studio, postgres_url)
    page.goto(f"{address}/sources")
    page.screenshot(path=tmp_path / "sources.png")
    page.get_by_role("link", name="crm").click()
    page.screenshot(path=tmp_path / "source.png")
    page.get_by_role("link", name="album").click()
    page.get_by_role("button", name="Refresh").click()
    page.get_by_role("link", name="Add a column").click()
    fill(page, column="label", type="varchr(20)")
    page.get_by_role("button", name="Show the SQL").click()
    assert "no type" in page.locator('label:has([name="type"]) .error').inner_text()
    page.screenshot(path=tmp_path / "add_wrong.png")
    fill(page, type="varchar(20)", comment="厂牌")
    page.get_by_role("button", name="Show the SQL").click()
    page.screenshot(path=tmp_path / "add_review.png")
    page.get_by_role("button", name="Run it").click()
    page.locator("th", has_text="label").wait_for()
    page.screenshot(path=tmp_path / "remote.png", full_page=True)
    page.locator("tr", has_text="label").get_by_role("link", name="Drop").click()
    page.screenshot(path=tmp_path / "drop_review.png")
    page.get_by_role("button", name="Run it").click()
    assert page.locator("#log tbody tr").count() == 2
    with engine.connect() as db:
        sql = "select column_name from information_schema.columns where table_name = 'album' order by 1"
        assert [row[0] for row in db.execute(text(sql))] == ["id", "title"]
    engine.dispose()


def test_lineage_comes_from_a_file(address: str, page: Any, tmp_path: Path) -> None:
    file = tmp_path / "boards.csv"
    file.write_text(
        f"from,from_column,to,to_column\n{SALES},revenue,dashboard:经营看板,total\n,x,y,z\n", encoding="utf-8"
    )
    page.goto(f"{address}/graph?view=lineage")
    page.get_by_role("link", name="Import lineage").click()
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Import").click()
    assert "line 3" in page.locator("#result").inner_text()
    page.screenshot(path=tmp_path / "lineage_import.png", full_page=True)
    page.get_by_role("link", name="Whole graph").click()
    page.wait_for_selector("[data-ready]")
    assert page.locator(".box.k-dashboard").count() == 1
    page.screenshot(path=tmp_path / "lineage_imported.png")


def test_who_comes_back_after_a_conflict_sees_what_the_other_wrote(address: str, studio: Studio, page: Any) -> None:
    """Their own words are not put back into a form that carries the other's version: a second Save would bury it."""
    metric = {"name": "paid", "calibre": "What was paid.", "kind": "derived", "expression": "units"}
    studio.metrics.put(MetricRecord.model_validate(metric), "ann", 0, "created")
    places = (
        (f"/entry?key={ORDERS}", "[name=description]", "main #edit button.primary"),
        (f"/column?key={ORDERS}&name=amount", "[name=text]", "main [name=what][value=text]"),
        ("/metric/edit?name=paid", "[name=calibre]", "main button.primary"),
    )
    other = page.context.browser.new_page()
    for where, field, button in places:
        page.goto(address + where)
        other.goto(address + where)
        for opened, said in ((other, "theirs"), (page, "mine")):
            opened.fill(f"main {field}", said)
            opened.locator(button).click()
            opened.wait_for_load_state()
        assert "omebody" in page.locator("main").inner_text()
        page.go_back()
        assert page.locator(f"main {field}").input_value() == "theirs"
        page.locator(button).click()
        page.goto(address + where)
        assert page.locator(f"main {field}").input_value() == "theirs"
