"""A former version comes back: its words by a button, its structure by DDL that PostgreSQL runs."""

import re

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from assets.catalog.edit import Edit, edit
from assets.catalog.observe import observe
from assets.catalog.record import current
from assets.catalog.scan.sources import Source
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.main import main
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOST, client

pytestmark = pytest.mark.anyio
KEY = "bank/public.accounts"


@pytest.mark.covers("DATA-017")
async def test_words_and_structure_of_a_version_come_back(
    settings: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("home", "catalog", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))
    versions, source = Versions(settings.catalog), Source(name="bank", url=postgres_url, include=("public.accounts",))
    engine = create_engine(postgres_url)

    def run(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        observe(settings, versions, source, whole=True)

    run("create table accounts (id bigint primary key, owner varchar(40) not null, opened date)")
    edit(versions, "table", KEY, Edit(description="Former words.", tags=["core"]), "ann")
    first = current(versions, KEY)
    edit(versions, "table", KEY, Edit(description="Later words.", untag=["core"]), "bob")
    run("alter table accounts drop column opened", "alter table accounts add column note text")
    studio = Studio(settings, versions, "ann")
    async with client(studio) as browser:
        page = (await browser.get(f"/entry?key={KEY}&ddl=2")).text
        shown = re.findall(r'<pre class="sql"><code>(.*?)</code>', page, re.S)
        form = re.search(r'action="/restore" class="inline" autocomplete="off">(.*?)</form>', page, re.S)
        assert form and len(shown) == 2
        sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.group(1))) | {"number": "2"}
        done = await browser.post("/restore", data=sent, headers={"origin": HOST})
        assert done.status_code == 303
        again = await browser.post("/restore", data=sent, headers={"origin": HOST})
        assert again.status_code == 409  # made of a version that is no more
        assert "has no version 99" in (await browser.get(f"/entry?key={KEY}&ddl=99")).text
    found = current(versions, KEY)
    assert found and (found.description, found.tags) == ("Former words.", ("core",))
    assert versions.history("table", KEY)[-1].change.cause == "restored version 2"
    printed = CliRunner().invoke(main, ["catalog", "restore", KEY, "2", "--ddl-only"]).output
    run(*(line.rstrip(";") for line in printed.splitlines() if line and not line.startswith("--")))
    now = current(versions, KEY)
    assert now and first
    assert {(c.name, c.type, c.nullable) for c in now.table.columns} == {
        (c.name, c.type, c.nullable) for c in first.table.columns
    }
    engine.dispose()
