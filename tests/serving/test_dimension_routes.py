"""Dimension tables over HTTP on real MariaDB and PostgreSQL: defined, created, rows, files, cleared."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.dimension_routes import dimension_routes

ONE = "/api/dimensions/city"
NEW = {
    "name": "city",
    "source": "crm",
    "table": "城市",
    "key": ["code"],
    "columns": [
        {"name": "code", "type": "text(12)", "label": {"zh": "编码"}},
        {"name": "name", "type": "text(40)", "label": {"zh": "名称"}, "required": True},
        {"name": "people", "type": "integer", "label": {"zh": "人口"}},
    ],
}


@pytest.fixture(params=["postgres_url", "mariadb_url"])
def client(request: pytest.FixtureRequest, tmp_path: Path, make_settings: Callable[..., Settings]) -> TestClient:
    (tmp_path / "files").mkdir()
    url = request.getfixturevalue(request.param)
    (tmp_path / "files" / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: '{url}'\n")
    settings = make_settings(catalog_files=tmp_path / "files")
    book = DimensionBook(settings, Versions(settings.catalog))
    return TestClient(Starlette(routes=dimension_routes(lambda: book, lambda request: "ann")))


def rows(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{ONE}/rows").json()["rows"]
    return found


def send(client: TestClient, data: bytes, **params: str) -> Any:
    kind = {"content-type": "application/octet-stream"}
    return client.post(f"{ONE}/import", content=data, params=params, headers=kind).json()


def test_a_dimension_from_definition_to_clearing(client: TestClient) -> None:
    made = client.post("/api/dimensions", json=NEW)
    assert made.status_code == 201 and "CREATE TABLE" in made.json()["ddl"][0]
    assert client.post("/api/dimensions", json=NEW).status_code == 409
    assert client.post(f"{ONE}/create", json={}).json() == {"created": "city"}

    row = {"code": "1", "name": "西安", "people": "5"}
    assert client.post(f"{ONE}/rows", json={"values": row}).json()["rows"] == 1
    version = rows(client)[0]["version"]
    edit = {"key": {"code": "1"}, "values": {"name": "长安"}, "version": version}
    assert client.put(f"{ONE}/rows", json=edit).json()["changed"] == 1
    stale = client.put(f"{ONE}/rows", json=edit)
    assert stale.status_code == 409 and "was changed meanwhile" in stale.json()["error"]
    assert client.put(f"{ONE}/rows", json={"key": {"code": "1"}, "values": {}}).status_code == 428
    wrong = client.post(f"{ONE}/rows", json={"values": row | {"code": "2", "people": "many"}})
    assert wrong.status_code == 400 and "column people" in wrong.json()["error"]

    bad = send(client, "编码,名称,人口\n2,北京,1\n3,,2\n".encode("gbk"), file="城市.csv")
    assert not bad["imported"] and bad["errors"] == [{"row": 3, "column": "name", "message": "is empty"}]
    done = send(client, "编码,名称,人口\n2,北京,1\n3,,2\n".encode("gbk"), file="城市.csv", skip_bad="1")
    assert (done["added"], done["rejected"], done["rows"]) == (1, 1, 2)
    book = client.get(f"{ONE}/export", params={"format": "xlsx", "language": "zh"}).content
    assert send(client, book, file="out.xlsx")["unchanged"] == 2

    from openpyxl import load_workbook

    assert [c.value for c in next(load_workbook(io.BytesIO(book)).active.rows)] == ["编码", "名称", "人口"]
    gone = client.request("DELETE", f"{ONE}/rows", json={"key": {"code": "2"}, "version": rows(client)[1]["version"]})
    assert gone.json()["removed"] == 1
    assert client.post(f"{ONE}/clear", json={"name": "yes"}).status_code == 400 and len(rows(client)) == 1
    assert client.post(f"{ONE}/clear", json={"name": "city"}).json()["removed"] == 1 and rows(client) == []
    actions = [c["action"] for c in client.get(f"{ONE}/log").json()["changes"]]
    assert actions[:3] == ["create", "add", "set"] and actions[-1] == "clear" and "refused import" in actions


def test_writes_of_other_sites_and_forms_are_refused(client: TestClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/api/dimensions", json=NEW, headers=headers).status_code == 403
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post(f"{ONE}/import", content=b"x", headers=form).status_code == 415
    assert client.get("/api/dimensions").json() == {"dimensions": []}
    assert client.get(f"{ONE}/rows").status_code == 404
