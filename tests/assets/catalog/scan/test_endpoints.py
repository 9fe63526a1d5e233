"""Endpoints over loopback: what an OpenAPI document describes, what a URL answers, and servers that fail."""

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from assets.catalog.model import Base, TableKind
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from tests.fakes.serving import Handler, running

API = {
    "openapi": "3.1.0",
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {
                "summary": "One pet",
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}
                },
            },
        },
        "/pets": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {"201": {"description": "made"}},
            }
        },
    },
    "components": {
        "schemas": {
            "Pet": {
                "description": "An animal",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "description": "what it is called"},
                    "born": {"type": "string", "format": "date"},
                    "mother": {"$ref": "#/components/schemas/Pet"},
                    "tags": {"type": ["array", "null"]},
                },
            },
            "Loop": {"$ref": "#/components/schemas/Loop"},
            "Away": {"$ref": "file:///etc/passwd"},
        }
    },
}
RECORDS = {"data": [{"id": 1, "user": {"mail": "a@x.org"}}, {"id": 2, "user": {"mail": None}}]}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Answers(Handler):
        def do_GET(self) -> None:
            made = {"/openapi.json": API, "/rows": RECORDS, "/text": None}.get(self.path.partition("?")[0], 404)
            body = b"\x00nothing" if made is None else json.dumps(made).encode()
            self.say(404 if made == 404 else 200, body)

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Answers)) as made:
        yield f"http://127.0.0.1:{made.server_port}"


def test_openapi(server: str) -> None:
    first = scan(Source(name="api", url=f"openapi+{server}/openapi.json"))
    found = {t.table.path: t.table for t in first.tables}
    assert first.errors == () and set(found) == {"GET /pets/{id}", "POST /pets", "#Pet", "#Loop", "#Away"}
    assert {t.kind for t in found.values()} == {TableKind.ENDPOINT}
    one = {c.name: c for c in found["GET /pets/{id}"].columns}
    assert list(one) == ["path.id", "answer.name", "answer.born", "answer.mother", "answer.tags"]
    assert one["path.id"].base is Base.INTEGER and not one["path.id"].nullable
    assert one["answer.born"].base is Base.DATE and one["answer.tags"].base is Base.NESTED
    assert one["answer.name"].comment == "what it is called" and found["#Pet"].comment == "An animal"
    assert found["POST /pets"].columns[0].name == "body.name" and found["#Away"].columns == ()
    again = scan(Source(name="api", url=f"openapi+{server}/openapi.json"), previous=first)
    assert len(again.unchanged) == 5 and again.tables == ()


def test_records_of_an_answer(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "to/ken")
    found = scan(Source(name="api", url=f"{server}/rows?token=${{env:API_TOKEN}}"))
    (table,) = found.tables
    assert table.table.path == "GET /rows" and table.table.rows == 2
    assert table.profiles["user.mail"].nulls == 1 and table.profiles["id"].high == "2"
    assert "ken" not in found.url.partition("token=")[2].replace("${env:API_TOKEN}", "")


@pytest.mark.parametrize(("path", "message"), [("/gone", "404"), ("/text", "neither JSON")])
def test_an_endpoint_that_fails(server: str, path: str, message: str) -> None:
    found = scan(Source(name="api", url=f"{server}{path}"))
    assert found.tables == () and found.errors[0][0] == "" and message in found.errors[0][1]


def test_an_answer_that_is_too_large(server: str) -> None:
    found = scan(Source(name="api", url=f"{server}/openapi.json", max_bytes=100))
    assert "larger than max_bytes" in found.errors[0][1]
