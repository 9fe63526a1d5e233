"""Tags, what a model wrote, standards and code tables on the pages."""

import re

import pytest

from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.narrate.narrate import KIND
from assets.catalog.standards.compliance import Compliance
from assets.catalog.standards.kept import keep
from assets.catalog.standards.model import Place, Standard, write
from assets.catalog.store.versions import Change
from assets.catalog.tags.kept import of_asset
from assets.catalog.tags.refresh import refresh
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOST, HOSTILE, ORDERS, SALES, SECRET, client

pytestmark = pytest.mark.anyio
PHONE = "pii:phone"


def tagged(studio: Studio) -> None:
    edges = (Edge(ORDERS, "mobile", SECRET, "pay"), Edge(SECRET, "pay", SALES, "day"))
    LineageStore(studio.settings.catalog).put([Stated("definition", SECRET, edges, {"sql": "x"})])
    refresh(studio.settings, studio.versions, Change("catalogue", "run"))


def fields(page: str, **given: str) -> dict[str, str]:
    form = re.search(r'<form method="post" action="/tags".*?</form>', page, re.S)
    assert form
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.group())) | given


async def test_a_tag_is_accepted_and_refused_on_the_page(studio: Studio) -> None:
    tagged(studio)
    async with client(studio) as browser:
        page = (await browser.get(f"/entry?key={ORDERS}")).text
        assert "phone number" in page and "it means cn_mobile" in page
        sent = fields(page, column="mobile", tag=PHONE, state="accepted")
        done = await browser.post("/tags", data=sent, headers={"origin": HOST})
        assert done.status_code == 303 and done.headers["location"].endswith("#tags")
        assert of_asset(studio.versions, ORDERS).tags.columns["mobile"][PHONE].who == "ann"
        old = await browser.post("/tags", data=sent | {"state": "refused"}, headers={"origin": HOST})
        assert old.status_code == 409
        foreign = await browser.post("/tags", data=sent, headers={"origin": "http://evil"})
        assert foreign.status_code == 403
        page = (await browser.get(f"/entry?key={ORDERS}&lang=zh")).text
        assert "已接受" in page and "电话号码" in page
        listed = (await browser.get(f"/?tag={PHONE}")).text
        assert ORDERS in listed


async def test_the_way_of_a_tag_names_nothing_private(studio: Studio) -> None:
    tagged(studio)
    path = of_asset(studio.versions, SALES).tags.columns["day"][PHONE].path
    assert path[1] == f"{SECRET}.pay"
    async with client(studio) as browser:
        page = (await browser.get(f"/entry?key={SALES}")).text
    assert "phone number" in page and "…" in page and SECRET not in page


async def test_what_a_model_wrote_is_marked_and_escaped(studio: Studio) -> None:
    said = {"en": HOSTILE, "zh": "", "columns": {"revenue": {"en": HOSTILE, "zh": ""}}, "model": "tiny-1",
            "at": "2026-01-02T03:04:05+00:00", "evidence": "x"}  # fmt: skip
    studio.versions.put(KIND, SALES, said, Change("model tiny-1", "x"))
    async with client(studio) as browser:
        page = (await browser.get(f"/entry?key={SALES}")).text
    assert "written by tiny-1, 2026-01-02 03:04" in page
    assert "<script>alert" not in page and page.count("&lt;script&gt;") >= 2


async def test_standards_and_code_tables_have_pages(studio: Studio) -> None:
    files = studio.settings.catalog_files
    places = (Place(asset=SALES, column="day"), Place(asset=SECRET, column="pay"))
    write(files / "standards", Standard(name="day_form", pattern="<b>", columns=places, status="approved"))
    (files / "codes").mkdir()
    (files / "codes" / "answers.yaml").write_text("name: answers\ncodes: [{code: J, en: agreed, zh: 是}]\n")
    keep(studio.versions, SALES, [Compliance("day_form", "day", 8, {"pattern": 2}, 2)])
    studio.shelf.outdated()
    async with client(studio) as browser:
        listed = (await browser.get("/?kind=standard")).text
        assert 'href="/standard?name=day_form"' in listed
        page = (await browser.get("/standard?name=day_form")).text
        assert "75.000%" in page and "pattern 2" in page and "&lt;b&gt;" in page and SECRET not in page
        assert "75.00%" in (await browser.get(f"/entry?key={SALES}")).text
        codes = (await browser.get("/codes?name=answers&lang=zh")).text
        assert "<code>J</code>" in codes and "是" in codes
        assert (await browser.get("/codes?name=nope")).status_code == 404
