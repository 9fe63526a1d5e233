"""Metric records over HTTP: created, read, edited under their version, deleted; writes of other sites refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from assets.catalog.metrics.book import MetricBook
from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.metric_routes import metric_routes

NEW = {
    "name": "private_units",
    "label": {"zh": "自有品牌销量"},
    "calibre": "Units sold of the own brand.",
    "measure": {"model": "basket_lines", "agg": "sum", "expr": "quantity"},
    "filter": "brand = 'Private'",
    "owner": "team:shop",
}
ONE = "/api/metrics/private_units"


@pytest.fixture
def client(tmp_path: Path, make_settings: Callable[..., Settings]) -> TestClient:
    (tmp_path / "files").mkdir()
    settings = make_settings(catalog_files=tmp_path / "files")
    book = MetricBook(settings, Versions(settings.catalog))
    return TestClient(Starlette(routes=metric_routes(lambda: book, lambda request: "ann")))


def put(client: TestClient, body: dict[str, Any], version: object) -> Any:
    return client.put(ONE, json=body, headers={"if-match": f'"{version}"'})


@pytest.mark.covers("MLP-040", "RPT-006", "RM-015")
def test_create_edit_search_sql_lineage_and_delete(client: TestClient) -> None:
    made = client.post("/api/metrics", json=NEW)
    assert (made.status_code, made.headers["etag"], made.json()["kind"]) == (201, '"1"', "atomic")
    assert client.post("/api/metrics", json=NEW).status_code == 409, "it is there"
    assert client.get("/api/metrics", params={"q": "自有品牌"}).json()["metrics"][0]["name"] == "private_units"
    assert client.get("/api/metrics", params={"status": "active"}).json() == {"metrics": []}

    changed = put(client, NEW | {"status": "active", "dimensions": ["department"]}, 1)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = put(client, NEW, 1)
    assert stale.status_code == 409 and "at version 2, not 1" in stale.json()["error"]
    assert client.get("/api/metrics", params={"status": "active"}).json()["metrics"][0]["owner"] == "team:shop"

    sql = client.get(f"{ONE}/sql", params={"by": "department", "grain": "month"}).json()["sql"]
    assert "basket_lines" in sql and "'Private'" in sql and "department" in sql.lower()
    columns = client.get(f"{ONE}/lineage").json()["columns"]
    assert {"asset": "table/retail/basket_lines", "column": "quantity", "how": "value"} in columns

    assert client.delete(ONE).status_code == 428
    assert client.delete(ONE, headers={"if-match": "1"}).status_code == 409
    assert client.delete(ONE, headers={"if-match": '"2"'}).json() == {"removed": "private_units"}
    assert client.get(ONE).status_code == 404
    versions = client.get(f"{ONE}/history").json()["versions"]
    assert sorted((v["number"], v["author"]) for v in versions) == [(1, "ann"), (2, "ann"), (3, "ann")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_writes_of_other_sites_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    import json

    sent = {"content-type": "application/json"} | headers
    assert client.post("/api/metrics", content=json.dumps(NEW), headers=sent).status_code == status
    assert client.get("/api/metrics").json() == {"metrics": []}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"calibre": " "}, "field calibre"),
        ({"name": "../x"}, "field name"),
        ({"colour": "red"}, "field colour"),
        ({"filter": "brnd = 1"}, "did you mean brand"),
    ],
)
def test_what_is_wrong_is_told_by_field(client: TestClient, body: dict[str, Any], told: str) -> None:
    answer = client.post("/api/metrics", json=NEW | body)
    assert answer.status_code == 400 and told in answer.json()["error"]


def test_a_body_that_is_no_json_or_too_large_is_refused(client: TestClient) -> None:
    kind = {"content-type": "application/json"}
    assert client.post("/api/metrics", content=b"{", headers=kind).status_code == 400
    deep = client.post("/api/metrics", content=b"[" * 50_000, headers=kind)
    assert deep.status_code == 400 and "nested too deeply" in deep.text
    assert client.post("/api/metrics", content=b" " * (9 * 2**20), headers=kind).status_code == 413
