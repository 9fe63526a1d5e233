"""The studio serves metrics and dimensions as JSON, to its own host only."""

from starlette.testclient import TestClient

from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.studio.app import build
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOST

METRIC = {"name": "sales", "calibre": "实收金额", "label": {"zh": "销售额"}, "owner": "team:shop"}


def test_a_metric_is_made_and_found_in_the_name_of_who_runs_the_studio(settings: Settings, versions: Versions) -> None:
    client = TestClient(build(Studio(settings, versions, "ann")), base_url=HOST)
    assert client.post("/api/metrics", json=METRIC, headers={"origin": HOST}).status_code == 201
    assert client.get("/api/metrics", params={"q": "销售额"}).json()["metrics"][0]["name"] == "sales"
    assert client.get("/api/metrics/sales/history").json()["versions"][0]["author"] == "ann"
    assert client.get("/api/dimensions").json() == {"dimensions": []}
    assert client.get("/api/metrics", headers={"host": "evil.example"}).status_code == 400
    refused = client.post("/api/metrics", json=METRIC, headers={"origin": "http://evil.example"})
    assert refused.status_code == 403
