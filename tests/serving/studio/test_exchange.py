"""Lineage taken from files through the studio's page."""

import json

import pytest

from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, SALES
from tests.serving.studio.forms import Reader, errors, filled

PAGE = "/lineage/import"
CSV = f"from,from_column,to,to_column\n{SALES},revenue,dashboard:board,total\n,x,y,z\n".encode()
EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2026-01-01T00:00:00Z",
    "run": {"runId": "01890000-0000-7000-8000-000000000000"},
    "job": {"namespace": "airflow", "name": "nightly"},
    "inputs": [{"namespace": "heddle", "name": SALES}],
    "outputs": [{"namespace": "bi", "name": HOSTILE}],
    "producer": "https://example.org",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
}


@pytest.fixture
def reader(studio: Studio) -> Reader:
    return Reader(studio)


def test_files_of_several_formats_become_edges(reader: Reader) -> None:
    form = reader.form(PAGE, PAGE)
    page = reader.done(PAGE, form, {"file": ("edges.csv", CSV)})
    assert "edges.csv" in page and "Edges: 1" in page and "line 3: `from` is empty" in page
    assert "board" in reader.get("/graph", view="lineage").text
    page = reader.done(PAGE, form | {"name": HOSTILE}, {"file": ("e.jsonl", json.dumps(EVENT).encode())})
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    graph = reader.get("/graph", view="lineage").text
    assert "board" in graph and "<script>alert" not in graph and "alert(1)" in graph
    again = reader.done(PAGE, form | {"name": "edges.csv"}, {"file": ("other.csv", f"from,to\n{SALES},x:y\n".encode())})
    assert "Edges: 1" in again and 'data-find="dashboard:board' not in reader.get("/graph").text, "replaced"


def test_what_cannot_be_read_is_told_beside_the_field(reader: Reader) -> None:
    form = reader.form(PAGE, PAGE)
    for file, told in (
        (None, "choose a file"),
        ({"file": ("a.bin", b"\xff\xfe\x00")}, "no UTF-8"),
        ({"file": ("a.txt", b"just words")}, "a.txt"),
    ):
        answer = reader.send(PAGE, form, file)
        assert answer.status_code == 400 and told in errors(answer.text)["file"] and "/tmp" not in answer.text
        assert filled(answer.text, PAGE)["format"] == "auto"
    nothing = reader.done(PAGE, form, {"file": ("a.csv", b"a,b\n1,2\n")})
    assert "nothing was written" in nothing and "`from` and `to` are needed" in nothing
    assert reader.send(PAGE, form, {"file": ("a.csv", CSV)}, origin="http://evil.example").status_code == 403
