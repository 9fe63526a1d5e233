"""The access page: what somebody sees of each table, without anything that is private to others."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from assets.catalog.lineage.model import Edge, Stated
from core.settings import Settings, load
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, SALES, SECRET, client

POLICY = """
people:
  ann: {roles: [analyst], projects: [refunds]}
rules:
  - id: paid
    who: ["role:analyst"]
    tables: [shop/orders]
    rows: "state = 'paid<b>'"
    columns: {"*": allow, mobile: {mask: partial, last: 4}, amount: deny}
  - id: audit
    who: ["project:refunds"]
    tables: [shop/orders]
    purposes: [audit]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    files, protection = tmp_path / "files", tmp_path / "protection"
    (protection / "access").mkdir(parents=True)
    (protection / "access" / "shop.yaml").write_text(POLICY)
    files.mkdir()
    (files / "teams.yaml").write_text("team:shop: [bob]\n")
    given = {"HOME": tmp_path / "home", "CATALOG_FILES": files, "PROTECTION": protection}
    return load({f"HEDDLE_{k}": str(v) for k, v in given.items()}, project=tmp_path)


def get(studio: Studio, **how: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with client(studio) as http:
            return await http.get("/access", **how)

    return asyncio.run(asked())


def shown(studio: Studio, **asked: str) -> str:
    answer = get(studio, params={"lang": "en", **asked})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_rows_columns_and_the_line_that_decided(studio: Studio) -> None:
    text = shown(studio, q="orders")
    assert "ann: 1 tables" in text and "sees some rows" in text and "state&#34; = &#39;paid&lt;b&gt;&#39;" in text
    assert '<a href="/entry?key=raw%2Fshop%2Forders">raw/shop/orders</a>' in text
    assert "<td>mobile<td>masked (partial)<td><code>paid: columns.mobile</code>" in text
    assert "<td>amount<td>hidden<td><code>paid: columns.amount</code>" in text
    assert "<td>state<td>as it is<td><code>paid: columns.*</code>" in text
    assert "<b>paid</b> <small>shop.yaml:5</small>" in text
    assert "holds for the purposes audit alone" in text
    everything = shown(studio, q="orders", purpose="audit")
    assert "sees everything" in everything and "audit: all columns" in everything


def test_for_roles_projects_and_other_people(studio: Studio) -> None:
    for asked, says in (
        ({"role": "analyst"}, "role:analyst: 1 tables"), ({"person": "bob"}, "bob: 1 tables"),
        ({"project": "refunds", "purpose": "audit"}, "project:refunds: 1 tables"),
    ):  # fmt: skip
        assert says in shown(studio, q="orders", **asked)
    assert "sees some rows" in shown(studio, q="orders", role="analyst")
    assert "sees nothing" in shown(studio, q="orders", person="bob")
    assert "sees everything" in shown(studio, q="orders", project="refunds", purpose="audit")
    text = shown(studio)
    assert all(f"<option>{word}</option>" in text for word in ("analyst", "refunds", "shop", "bob"))


def test_nothing_private_and_no_markup_of_the_address(studio: Studio, settings: Settings) -> None:
    (settings.protection / "access" / "private.yaml").write_text(
        f"rules:\n  - {{id: bobs, who: [bob], tables: [{SECRET}]}}\n"
    )
    (settings.protection / "access" / "wide.yaml").write_text(
        "rules:\n  - {id: wide, who: ['*'], tables: [shop/wide], columns: {c0: hash, '*': allow}}\n"
    )
    studio.lineage.put([Stated("definition", "s", (Edge(SECRET, "pay", SALES, "revenue"),), {"sql": "x"})])
    text = shown(studio, role=HOSTILE, q="", person=HOSTILE, purpose=HOSTILE)
    assert SECRET not in text and "salaries" not in text and "<script>alert" not in text
    assert SALES in text and "it is made from …, of which the policy shows nothing" in text
    assert "c999" not in text and "800 more columns" in text


def test_in_chinese_and_without_a_policy(studio: Studio, settings: Settings) -> None:
    text = shown(studio, lang="zh", q="orders")
    assert "访问权限" in text and "可见部分行" in text and "脱敏 (partial)" in text
    (settings.protection / "access" / "shop.yaml").unlink()
    assert "There is no access policy" in shown(studio) and "shop/orders" in shown(studio)


def test_a_policy_that_cannot_be_read_is_told(studio: Studio, settings: Settings) -> None:
    (settings.protection / "access" / "shop.yaml").write_text("rules: [{id: x, who: [a], tables: [b], rows: 'a ='}]")
    answer = get(studio)
    assert answer.status_code == 400 and "rule x, field rows" in answer.text
    assert get(studio, headers={"host": "evil.example"}).text == "Invalid host header"
