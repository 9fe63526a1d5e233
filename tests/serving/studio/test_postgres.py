"""The studio over a catalogue in PostgreSQL."""

from pathlib import Path

from assets.catalog.edit import Edit, edit
from assets.catalog.lineage.store import LineageStore
from assets.catalog.store.versions import Versions
from core.settings import load
from serving.studio.studio import Studio
from tests.serving.studio.conftest import ORDERS, SALES, seeded
from tests.serving.studio.test_pages import get


def test_the_pages_are_the_same(postgres_url: str, tmp_path: Path) -> None:
    url = postgres_url
    environ = {"HEDDLE_HOME": str(tmp_path), "HEDDLE_CATALOG": url, "HEDDLE_CATALOG_FILES": str(tmp_path)}
    settings = load(environ, project=tmp_path)
    versions = seeded(Versions(url), LineageStore(url))
    studio = Studio(settings, versions, "ann")
    assert SALES in get(studio, "/").text and SALES in get(studio, "/graph", view="all").text
    edit(versions, "asset", SALES, Edit(description="Zebra crossings."), "bob")
    studio.shelf.outdated()
    assert SALES in get(studio, "/", q="zebra").text and "Zebra" in get(studio, "/entry", key=SALES).text
    impact = get(studio, "/graph", view="lineage", node=ORDERS, column="amount", direction="impact").text
    assert 'class="box k-table breaks"' in impact
    studio._later.shutdown()
