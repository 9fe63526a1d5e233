"""Lineage from and for other tools."""

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from openlineage.client import OpenLineageClient, event_v2
from openlineage.client.generated import column_lineage_dataset
from openlineage.client.serde import Serde

from assets.catalog.lineage.exchange import files, openlineage
from assets.catalog.lineage.exchange.receive import lineage_app
from assets.catalog.lineage.identity import key_of, name_of
from assets.catalog.lineage.model import Edge, Point, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
from core.errors import HeddleError

RAW, TABLE, STEP = "raw/shop/sales", "table/shop/mart", 'step:load, (2).ktr#Rechne "x"'
RUN = "0190a1b2-0000-7000-8000-000000000001"
EDGES = (
    Edge(RAW, "amount", TABLE, "revenue", detail="sum"),
    Edge(RAW, "größe 1", STEP, "a.b"),
    Edge(STEP, "a.b", TABLE, "size,(m)"),
    Edge(RAW, "", "model/shop/churn", ""),
    Edge(RAW, "day", TABLE, "", "filter"),
    Edge(RAW, "id", TABLE, "", "join"),
)
STATED = Stated("run", TABLE, EDGES, {"sql": "abc"}, RUN, "2026-01-05T10:00:00+00:00")


def edges(path: Path, form: str = "auto") -> set[Edge]:
    taken = files.read(path, form, path.name)
    assert not taken.problems
    return {e for s in taken.stated for e in s.edges}


def pairs(given: set[Edge] | tuple[Edge, ...]) -> set[tuple[str, str]]:
    return {(e.from_key, e.to_key) for e in given}


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.yml", "x.json", "om.jsonl"])
def test_what_is_written_can_be_read_again(name: str, tmp_path: Path) -> None:
    forms = {"x.csv": "csv", "x.jsonl": "openlineage", "om.jsonl": "openmetadata"}
    path = tmp_path / name
    files.write(path, forms.get(name, "datahub"), [STATED])
    found = edges(path)
    columns = {(e.from_key, e.from_column, e.to_key, e.to_column) for e in EDGES if e.from_column and e.to_column}
    assert {
        (e.from_key, e.from_column, e.to_key, e.to_column) for e in found if e.from_column and e.to_column
    } == columns
    assert pairs(found) == pairs(EDGES)
    if name in ("x.csv", "x.jsonl"):  # these tell filters and joins too
        assert {e.kind for e in found} == {"data", "filter", "join"}


def test_our_events_are_what_the_real_client_writes() -> None:
    found = list(openlineage.events([STATED]))
    assert [e["eventType"] for e in found] == ["START", "COMPLETE"] * 3
    ours = next(e for e in found if e["eventType"] == "COMPLETE" and e["outputs"][0]["name"] == TABLE)

    def field(key: str, column: str, **way: Any) -> Any:
        told = [column_lineage_dataset.Transformation(**way)]
        return column_lineage_dataset.InputField("heddle", key, column, told)

    facet = column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            "revenue": column_lineage_dataset.Fields([field(RAW, "amount", type="DIRECT", description="sum")]),
            "size,(m)": column_lineage_dataset.Fields([field(STEP, "a.b", type="DIRECT")]),
        },
        dataset=[
            field(RAW, "day", type="INDIRECT", subtype="FILTER"),
            field(RAW, "id", type="INDIRECT", subtype="JOIN"),
        ],
        producer=openlineage.PRODUCER,
    )
    theirs = event_v2.RunEvent(
        eventTime="2026-01-05T10:00:00+00:00",
        eventType=event_v2.RunState.COMPLETE,
        producer=openlineage.PRODUCER,
        run=event_v2.Run(RUN),
        job=event_v2.Job("heddle", TABLE),
        inputs=[event_v2.InputDataset("heddle", RAW), event_v2.InputDataset("heddle", STEP)],
        outputs=[event_v2.OutputDataset("heddle", TABLE, facets={"columnLineage": facet})],
    )
    client = json.loads(Serde.to_json(theirs))
    assert _bare(ours) == _bare(client)
    assert ours["schemaURL"] == client["schemaURL"]
    assert (
        ours["outputs"][0]["facets"]["columnLineage"]["_schemaURL"]
        == client["outputs"][0]["facets"]["columnLineage"]["_schemaURL"]
    )


def _bare(value: Any) -> Any:
    """Without what is empty, and without addresses of schemas."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if v not in ({}, [], None) and k.lower() != "_schemaurl"}
    return [_bare(v) for v in value] if isinstance(value, list) else value


def test_names_of_other_tools() -> None:
    assert key_of("postgres://db:5432", "shop.raw_retail.products") == "raw/retail/products"
    assert key_of("s3://bucket", "in/a.csv") == "dataset:s3://bucket/in/a.csv"
    assert key_of(*name_of("dataset:postgres://db:5432/shop.public.x")) == "dataset:postgres://db:5432/shop.public.x"


def test_events_of_other_tools_are_taken_and_bad_ones_told(tmp_path: Path) -> None:
    good = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-05T10:00:00Z",
        "producer": "https://github.com/apache/airflow",
        "run": {"runId": RUN},
        "job": {"namespace": "airflow", "name": "load"},
        "inputs": [{"namespace": "pg", "name": "db.raw_retail.products"}],
        "outputs": [{"namespace": "pg", "name": "db.public.copy"}],
    }
    lines = [good, good | {"eventType": "FAIL"}, {"eventTime": "x"}, good | {"outputs": "none"}]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\nnot json\n", encoding="utf-8")
    taken = files.read(path, "auto", "events")
    assert [s.edges for s in taken.stated] == [(Edge("raw/retail/products", "", "dataset:pg/db.public.copy", ""),)]
    assert taken.stated[0].evidence == {"event": "events, line 1", "producer": "https://github.com/apache/airflow"}
    assert [p.split(":")[0] for p in taken.problems] == ["line 3", "line 4", "line 5"]


def test_rows_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "edges.csv"
    text = "Source;Source column;Target;Target column;type\nA;x;B;y;\n;x;B;y;\nA;x;;;\nA;x;B;y;magic\nA;d;B;;filter\n"
    path.write_text("\ufeff" + text, encoding="utf-8")
    taken = files.read(path, "auto", "finance")
    assert taken.stated[0].edges == (Edge("A", "x", "B", "y"), Edge("A", "d", "B", "", "filter"))
    assert [p.split(" ", 2)[1] for p in taken.problems] == ["3:", "4:", "5:"]
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert "the columns `from` and `to` are needed" in files.read(path, "auto", "x").problems[0]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.yml", "version: 1\nlineage:\n- entity: {name: a}\n  upstream: []\n", "entry 1: there is no 'platform'"),
        ("x.yml", "a: [", "it cannot be read"),
        ("x.yml", "lineage: 3", "no list `lineage`"),
        ("x.json", '[{"aspectName": "upstreamLineage", "entityUrn": "urn:x"}]', "is no URN"),
        ("x.json", '{"edge": {"fromEntity": {"type": "table"}, "toEntity": {}}}', "no fullyQualifiedName"),
        ("x.json", '{"edge": {"fromEntity": 3}}', "it is no addLineage request"),
    ],
)
def test_bad_files_are_told(name: str, text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    taken = files.read(path, "auto", name)
    assert problem in taken.problems[0] and not taken.stated


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.yaml"])
def test_what_is_nested_too_deeply_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("[" * 50_000)
    for form in ("openlineage", "datahub", "openmetadata"):
        try:
            problems = files.read(path, form, name).problems
        except HeddleError as refused:
            problems = [str(refused)]
        assert problems
    assert post("sqlite:///unused", b"[" * 50_000)[0] == 400


def test_files_of_no_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HeddleError, match="no UTF-8 text"):
        files.read(path, "auto", "x")
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(HeddleError, match="cannot be told"):
        files.read(path, "auto", "x")


def post(url: str, body: bytes, path: str = "/api/v1/lineage", method: str = "POST") -> tuple[int, dict[str, Any]]:
    """One request to the app."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(lineage_app(url)({"type": "http", "path": path, "method": method}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_the_receiver_takes_events_and_refuses_others(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    complete = [e for e in openlineage.events([STATED]) if e["eventType"] == "COMPLETE"]
    assert post(url, json.dumps(complete[0]).encode())[0] == 201
    assert post(url, json.dumps(complete).encode())[0] == 201
    below = Lineage(LineageStore(url)).impact(Point(RAW, "amount"))
    assert {str(r.point) for r in below.reached} == {f"{TABLE}.revenue", "model/shop/churn"}
    assert post(url, b"{")[0] == 400
    code, told = post(url, b'{"job": 3}')
    assert code == 400 and "job" in told["errors"][0]
    assert post(url, b"", method="GET")[0] == 405
    assert post(url, b"", path="/")[0] == 404


def test_the_real_client_posts_to_the_receiver(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    LineageStore(url)
    server = uvicorn.Server(
        uvicorn.Config(lineage_app(url), host="127.0.0.1", port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        client = OpenLineageClient(url=f"http://127.0.0.1:{port}")
        run, job = event_v2.Run(RUN), event_v2.Job("airflow", "load")
        field = column_lineage_dataset.InputField("heddle", RAW, "amount")
        facet = column_lineage_dataset.ColumnLineageDatasetFacet({"revenue": column_lineage_dataset.Fields([field])})
        output = event_v2.OutputDataset("heddle", TABLE, facets={"columnLineage": facet})
        told = {"eventTime": "2026-01-05T10:00:00Z", "run": run, "job": job, "producer": "https://example.com/airflow"}
        client.emit(event_v2.RunEvent(eventType=event_v2.RunState.START, **told))
        client.emit(event_v2.RunEvent(eventType=event_v2.RunState.COMPLETE, outputs=[output], **told))
    finally:
        server.should_exit = True
        thread.join(5)
    stated = list(LineageStore(url).stated("import"))
    assert [(s.name, s.run) for s in stated] == [("openlineage:airflow/load", RUN)]
    assert stated[0].edges == (Edge(RAW, "amount", TABLE, "revenue"),)
