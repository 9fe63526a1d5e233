"""Every page of the studio, over a catalogue with hostile names, private entries and much of everything."""

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from assets.catalog.edit import Edit, edit
from assets.catalog.store.versions import Versions
from assets.catalog.uses import used
from core.settings import Settings
from serving.studio.app import HEADERS
from serving.studio.studio import Studio
from serving.studio.texts import texts
from tests.serving.studio.conftest import HOSTILE, ORDERS, SALES, SECRET, client

PLACES = {"orders": "shop/orders", "wide": "shop/wide", "odd": f"shop/{HOSTILE}"}


def get(studio: Studio, path: str, **parameters: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with client(studio) as opened:
            return await opened.get(path, params=parameters or None)

    return run(ask())


def run(coroutine: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    return asyncio.run(coroutine)


PAGES: list[tuple[str, dict[str, str]]] = [
    ("/", {}),
    ("/", {"q": "sales"}),
    ("/", {"q": HOSTILE, "kind": HOSTILE, "page": "9" * 50}),
    ("/entry", {"key": SALES}),
    ("/entry", {"key": PLACES["orders"]}),
    ("/entry", {"key": PLACES["wide"], "columns": "3"}),
    ("/entry", {"key": PLACES["odd"]}),
    ("/column", {"key": PLACES["orders"], "name": "state"}),
    ("/column", {"key": PLACES["odd"], "name": HOSTILE}),
    ("/graph", {"view": "lineage"}),
    ("/graph", {"view": "all", "level": "column", "q": "shop"}),
    ("/graph", {"view": "relations"}),
    ("/graph", {"view": "lineage", "node": ORDERS, "column": "amount", "direction": "impact"}),
    ("/graph", {"view": "lineage", "node": SALES, "direction": "both", "rows": "1", "level": "column"}),
]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("path", "parameters"), PAGES)
def test_every_page_is_shown_safely(studio: Studio, path: str, parameters: dict[str, str], lang: str) -> None:
    answer = get(studio, path, **parameters, lang=lang)
    assert answer.status_code == 200, answer.text
    assert f'<html lang="{lang}">' in answer.text
    assert HEADERS.items() <= dict(answer.headers).items() | {(k, answer.headers[k]) for k in HEADERS}
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>alert" not in answer.text and " style=" not in answer.text and "onclick" not in answer.text
    assert not re.findall(r"(?:src|href)=\"(?!/|#)[^\"]", answer.text)  # nothing from elsewhere
    assert SECRET not in answer.text


def test_the_list_is_sorted_narrowed_down_and_searched_with_reasons(studio: Studio) -> None:
    whole = get(studio, "/").text
    assert whole.index(SALES) < whole.index("shop/wide")  # what has no score comes last
    assert "shop/wide" not in get(studio, "/", kind="table", owner="team:shop").text
    found = get(studio, "/", q="sales").text
    assert SALES in found and 'class="reasons"' in found
    assert ORDERS in get(studio, "/", q="订单", lang="zh").text


def test_reasons_are_in_the_language_of_the_page(studio: Studio) -> None:
    found = get(studio, "/", q="sales revenue 近30天", lang="zh").text
    for text in ("“sales”见于名称", "“revenue”见于列 revenue", "“近30天”：最近修改于"):
        assert text in found
    assert "in the name" not in found and "in the name" in get(studio, "/", q="sales", lang="en").text
    page = get(studio, "/entry", key=SALES, lang="zh").text
    for text in ("近30天使用 0 次", "个下游资产", "2 项检查中 1 项通过", "天前生成", "每次运行 2.0 秒"):
        assert text in page
    assert "uses in 30 days" not in page and "uses in 30 days" in get(studio, "/entry", key=SALES, lang="en").text


def test_the_search_sees_what_was_written_since(studio: Studio, versions: Versions) -> None:
    assert 'class="entries"' not in get(studio, "/", q="zebra").text
    edit(versions, "asset", SALES, Edit(description="Zebra crossings."), "bob")
    studio.shelf.outdated()
    assert SALES in get(studio, "/", q="zebra").text
    assert len(studio.shelf.listing().rows) == 4  # sales, orders, wide and the odd one; each once


def test_an_entry_shows_all_that_is_known_with_its_evidence(studio: Studio) -> None:
    page = get(studio, "/entry", key=SALES).text
    for text in (
        "Sales by day.",
        "asset key",
        "team:shop",
        "unique_sales_day",
        "2 columns",
        "1 of 2 checks passed",
        ORDERS,
    ):
        assert text in page
    orders = get(studio, "/entry", key="shop/orders").text
    for text in (
        "mobile number",
        "97%",
        "all values are mobile numbers",
        "withheld",
        '<rect class="bar"',
        "shop/wide.c1",
    ):
        assert text in orders
    assert "&lt;script&gt;" in orders and SECRET not in orders  # of a top value


def test_looks_are_counted(studio: Studio, versions: Versions) -> None:
    for _ in range(3):
        get(studio, "/entry", key=SALES)
    studio._later.shutdown()
    assert used(versions, "asset") == {SALES: 3}


def test_differences_of_versions_are_shown(studio: Studio, versions: Versions) -> None:
    edit(versions, "asset", SALES, Edit(description="Revenue by day."), "bob")
    page = get(studio, "/entry", key=SALES, kind="asset", one="1", other="2").text
    assert "Sales by day. -&gt; Revenue by day." in page and "bob" in page
    assert get(studio, "/entry", key=SALES, one="1", other="99").status_code == 400


def test_a_thousand_columns_come_a_hundred_at_a_time(studio: Studio) -> None:
    page = get(studio, "/entry", key="shop/wide", columns="10").text
    assert ">c999<" in page and ">c1<" not in page
    assert ">c777<" in get(studio, "/entry", key="shop/wide", find="c777").text


@pytest.mark.parametrize("path", ["/entry", "/column"])
def test_what_is_missing_names_what_may_be_meant(studio: Studio, path: str) -> None:
    answer = get(studio, path, key="table/shop/sale", name="x")
    assert answer.status_code == 404 and SALES in answer.text
    assert get(studio, "/nothing").status_code == 404 and get(studio, path).status_code == 404
    assert get(studio, "/graph", view="lineage", node="nope").status_code == 404


def test_private_entries_are_for_their_owners_alone(settings: Settings, versions: Versions) -> None:
    for who, sees in (("ann", False), ("bob", True)):
        studio = Studio(settings, versions, who)
        assert (get(studio, "/entry", key=SECRET).status_code == 200) is sees
        assert (get(studio, "/graph", view="lineage", node=SECRET).status_code == 200) is sees
        pages = [
            get(studio, "/", q="salary").text, get(studio, "/").text, get(studio, "/entry", key=ORDERS).text,
            get(studio, "/graph", view="lineage").text, get(studio, "/entry", key="table/shop/salarie").text,
            get(studio, "/graph", view="lineage", node=ORDERS, column="amount", direction="impact").text,
        ]  # fmt: skip
        assert [SECRET in page for page in pages] == [sees] * len(pages)


def test_impact_marks_what_breaks_and_what_lies_behind(studio: Studio) -> None:
    page = get(studio, "/graph", view="lineage", node=ORDERS, column="amount", direction="impact").text
    marks = dict(re.findall(r'class="box k-\S+ (\w*)"[^>]*data-find="([^" ]+)', page))
    assert {v: k for k, v in marks.items()} == {ORDERS: "start", SALES: "breaks", "answer:4f0c": "behind"}
    other = get(studio, "/graph", view="lineage", node=ORDERS, column="state", direction="impact", rows="1").text
    assert "abc123" in other  # the evidence of the edge


def test_boxes_open_by_links_alone(studio: Studio) -> None:
    closed = get(studio, "/graph", view="lineage").text
    toggle = re.findall(r'class="toggle" href="([^"]+)" aria-label="[^"]*' + SALES, closed)[0].replace("&amp;", "&")
    assert ">revenue<" not in closed and ">revenue<" in get(studio, toggle).text


def test_another_name_of_this_host_gets_nothing(studio: Studio) -> None:
    async def ask() -> httpx.Response:
        async with client(studio, "http://evil.example:8602") as opened:
            return await opened.get("/")

    assert run(ask()).status_code == 400


def test_the_language_is_kept(studio: Studio) -> None:
    async def ask() -> httpx.Response:
        async with client(studio) as opened:
            await opened.get("/", params={"lang": "zh"})
            return await opened.get("/")

    assert "数据目录" in run(ask()).text
    assert all(en and zh for en, zh in texts().values())
