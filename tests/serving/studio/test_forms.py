"""What people write in the studio: kept as versions of theirs, only from our own pages, never over another's words."""

import asyncio
import re

import httpx
import pytest
import yaml

from assets.catalog.card import card
from assets.catalog.record import pending, record
from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOST, HOSTILE, SALES, client, columns, scanned

OURS = {"Origin": HOST}


def post(studio: Studio, path: str, headers: dict[str, str] = OURS, **fields: str) -> httpx.Response:
    async def send() -> httpx.Response:
        async with client(studio) as opened:
            return await opened.post(path, data={"token": studio.token} | fields, headers=headers)

    return asyncio.run(send())


def fields(studio: Studio, path: str, **parameters: str) -> dict[str, str]:
    """The hidden fields of the last form but one of a page, as a browser would send them."""

    async def ask() -> str:
        async with client(studio) as opened:
            return (await opened.get(path, params=parameters)).text

    form = next(f for f in re.findall(r"<form method=\"post\".*?</form>", asyncio.run(ask()), re.S) if "version" in f)
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_words_become_a_version_of_the_writer(studio: Studio, versions: Versions) -> None:
    sent = fields(studio, "/entry", key=SALES)
    answer = post(studio, "/entry", **sent, description=HOSTILE, owners="ann， team:x", tags="core, core")
    assert answer.status_code == 303 and answer.headers["location"].startswith("/entry?")
    found = card(versions, SALES)
    assert (found.written, found.owners, "core" in found.tags) == (HOSTILE, ("ann", "team:x"), True)
    assert found.history[-1].change.author == "ann"
    again = post(studio, "/entry", **sent, description="mine", owners="", tags="")
    assert again.status_code == 409 and card(versions, SALES).written == HOSTILE
    now = fields(studio, "/entry", key=SALES)
    assert post(studio, "/entry", **now, description="", owners="", tags="").status_code == 303
    assert card(versions, SALES).owners == ("team:shop",) and "core" not in card(versions, SALES).tags


def test_columns_are_described_and_corrected(studio: Studio, versions: Versions) -> None:
    sent = fields(studio, "/column", key="shop/orders", name="state")
    assert post(studio, "/column", **sent, what="text", text="Where it stands.").status_code == 303
    sent = fields(studio, "/column", key="shop/orders", name="state")
    assert post(studio, "/column", **sent, what="meaning", type="nonsense").status_code == 400
    assert post(studio, "/column", **sent, what="meaning", type="category").status_code == 303
    line = next(x for x in card(versions, "shop/orders").lines if x.column.name == "state")
    assert line.text == "Where it stands." and line.meaning is not None
    assert (line.meaning.type, line.meaning.by) == ("category", "user")
    record(versions, scanned())  # the next scan keeps both
    assert next(x for x in card(versions, "shop/orders").lines if x.column.name == "state") == line


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "https://127.0.0.1:8602"}],
)
def test_forms_of_other_pages_are_refused(studio: Studio, versions: Versions, headers: dict[str, str]) -> None:
    sent = fields(studio, "/entry", key=SALES)
    assert post(studio, "/entry", headers, **sent, description="x", owners="", tags="").status_code == 403
    assert card(versions, SALES).written == ""


def test_malformed_forms_are_refused(studio: Studio) -> None:
    sent = fields(studio, "/entry", key=SALES)
    assert post(studio, "/entry", **sent | {"token": "x"}, description="x").status_code == 403
    assert post(studio, "/entry", **sent, description="x" * 30_000).status_code == 400
    assert post(studio, "/entry", **sent, description="x" * 1_100_000).status_code == 403
    assert post(studio, "/entry", **sent | {"version": "x"}, description="x").status_code == 400
    assert post(studio, "/entry", OURS | {"Content-Type": "text/plain"}, **sent).status_code == 403
    assert post(studio, "/graph").status_code == 405


def test_nobody_locks_themselves_out(studio: Studio, versions: Versions) -> None:
    sent = fields(studio, "/entry", key=SALES)
    assert post(studio, "/entry", **sent, description="", owners="bob", tags="private").status_code == 400
    assert post(studio, "/entry", **sent, description="", owners="ann", tags="private").status_code == 303
    assert "private" in card(versions, SALES).tags


def test_breaking_changes_are_accepted_as_they_were_shown(studio: Studio, versions: Versions) -> None:
    scan = scanned()
    less = scan.tables[0].table.model_copy(update={"columns": columns("id", "amount", "mobile")})
    changed = (scan.tables[0].model_copy(update={"table": less}), *scan.tables[1:])
    record(versions, scan.model_copy(update={"tables": changed}))
    assert pending(versions, "shop/orders")
    assert post(studio, "/accept", key="shop/orders", shown="0").status_code == 400

    async def ask() -> str:
        async with client(studio) as opened:
            return (await opened.get("/entry", params={"key": "shop/orders"})).text

    page = asyncio.run(ask())
    assert "column removed" in page and SALES in page  # what it hits
    shown = re.findall(r'name="shown" value="(\w+)"', page)[0]
    assert post(studio, "/accept", key="shop/orders", shown=shown).status_code == 303
    assert not pending(versions, "shop/orders")


def test_relations_are_decided_and_remembered(studio: Studio, settings: Settings) -> None:
    sent = {"child": "shop/orders.state", "parent": "shop/wide.c1"}
    assert post(studio, "/relation", **sent | {"parent": "shop/none.x"}, state="accepted").status_code == 400
    for state in ("accepted", "refused"):
        assert post(studio, "/relation", **sent, state=state, back="shop/orders").status_code == 303
        kept = yaml.safe_load((settings.catalog_files / "relations.yaml").read_text(encoding="utf-8"))["relations"]
        assert [(d["state"], d["by"]) for d in kept] == [(state, "ann")]
