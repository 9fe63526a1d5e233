"""The endpoint server as a real process, asked by real clients."""

import contextlib
import os
import signal
import socket
import struct
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.serving.conftest import KEY, MODEL
from tests.serving.packages import ROWS, naive, write_onnx, write_package


def _tensor(rows, **more):
    data = [[r["age"], ["Type A", "Type B", "类型C"].index(r["type"]) if r["type"] else -1, r["spend"]] for r in rows]
    return {"inputs": [{"name": "features", "shape": [len(rows), 3], "datatype": "FP32", "data": data}]} | more


def test_serves_an_onnx_model_like_its_source(publish, start, client):
    publish("1", 0.2)
    publish("2", 1.0, live=False)
    start()
    expected = [naive(row, 0.2) for row in ROWS]
    by_rows = client.post(f"/predict/{MODEL}", json={"rows": ROWS}).json()
    assert by_rows["version"] == "1" and by_rows["probabilities"] == pytest.approx(expected, abs=1e-6)
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    assert client.post(f"/predict/{MODEL}", json={"columns": columns}).json() == by_rows
    other = client.post(f"/predict/{MODEL}/versions/2", json={"rows": ROWS}).json()
    assert other["version"] == "2"
    assert other["probabilities"] == pytest.approx([naive(row, 1.0) for row in ROWS], abs=1e-6)
    tensor = client.post(f"/v2/models/{MODEL}/infer", json=_tensor(ROWS, id="7")).json()
    assert tensor["id"] == "7" and tensor["outputs"][0]["shape"] == [3]
    assert tensor["outputs"][0]["data"] == pytest.approx(expected, abs=1e-6)
    big = client.post(f"/predict/{MODEL}", json={"rows": ROWS * 5000}).json()  # answered in a thread
    assert big["probabilities"] == pytest.approx(expected * 5000, abs=1e-6)


def _raw(client, head):
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as connection:
        connection.sendall(head.encode())
        return connection.recv(4096)


BAD_TENSORS = {
    "no inputs": ({}, "inputs"),
    "two inputs": ({"inputs": [{}, {}]}, "inputs"),
    "wrong name": ({"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}, "name"),
    "wrong type": ({"inputs": [{"name": "features", "shape": [1, 3], "datatype": "INT64", "data": [1]}]}, "datatype"),
    "wrong width": ({"inputs": [{"name": "features", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}, "columns"),
    "flat shape": ({"inputs": [{"name": "features", "shape": [3], "datatype": "FP32", "data": [1, 2, 3]}]}, "shape"),
    "negative": ({"inputs": [{"name": "features", "shape": [-1, 3], "datatype": "FP32", "data": [1]}]}, "shape"),
    "few values": ({"inputs": [{"name": "features", "shape": [2, 3], "datatype": "FP32", "data": [1]}]}, "data"),
    "text": ({"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, "2", 3]}]}, "data[1]"),
    "truth": ({"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, True, 3]}]}, "data[1]"),
    "ragged": ({"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [[1], [2, 3]]}]}, "row"),
    "huge": ({"inputs": [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, 1e39, 3]}]}, "float32"),
    "vast shape": (
        {"inputs": [{"name": "features", "shape": [2**62, 3], "datatype": "FP32", "data": [1, 2, 3]}]},
        "data",
    ),
    "bad id": (_tensor(ROWS[:1], id=5), "id"),
    "bad output": (_tensor(ROWS[:1], outputs=[{"name": "label"}]), "outputs"),
    "unknown field": (_tensor(ROWS[:1], input=1), "input"),
}
GOOD = ROWS[0]
BAD_ROWS = {
    "neither": ({}, "rows"),
    "both": ({"rows": [GOOD], "columns": {}}, "rows"),
    "list": ([GOOD], "rows"),
    "empty": ({"rows": []}, "rows"),
    "not an object": ({"rows": [3]}, "row 0"),
    "missing": ({"rows": [GOOD, {"age": 1, "type": None}]}, "row 1 lacks the column 'spend'"),
    "misspelt": ({"rows": [GOOD | {"agee": 1}]}, "did you mean 'age'"),
    "text for number": ({"rows": [GOOD | {"age": "30"}]}, "row 0, column 'age'"),
    "truth for number": ({"rows": [GOOD | {"age": True}]}, "row 0, column 'age'"),
    "number for text": ({"rows": [GOOD | {"type": 1.5}]}, "row 0, column 'type'"),
    "list for number": ({"rows": [GOOD | {"spend": [1]}]}, "column 'spend'"),
    "beyond float32": ({"rows": [GOOD, GOOD | {"spend": 10**40}]}, "row 1, column 'spend'"),
    "uneven": ({"columns": {"age": [1], "type": ["Type A", None], "spend": [1]}}, "'type' has 2"),
    "no values": ({"columns": {"age": [], "type": [], "spend": []}}, "'age'"),
    "missing value": ({"rows": [GOOD, GOOD | {"age": None}]}, "row(s) 1"),
}
RAW = {
    "nothing": b"",
    "not json": b"{",
    "not a number": b'{"rows": [{"age": NaN, "type": null, "spend": 1}]}',
    "not utf-8": b'{"rows": [{"age": 1, "type": "\xff\xfe", "spend": 1}]}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "half a surrogate": b'{"rows": [{"age": 1, "type": "\\ud800", "spend": 1}]}',
}


@pytest.mark.covers("MLP-169", "OPS-050")
def test_refuses_bad_input_naming_the_field_and_goes_on(publish, start, client):
    publish("1")
    server = start()
    for path, cases in ((f"/v2/models/{MODEL}/infer", BAD_TENSORS), (f"/predict/{MODEL}", BAD_ROWS)):
        for name, (body, word) in cases.items():
            answer = client.post(path, json=body)
            status = 422 if path.startswith("/predict") and name != "missing value" else 400
            assert answer.status_code == status and word in answer.json()["error"], (name, answer.text)
        for name, content in RAW.items():
            assert client.post(path, content=content).status_code == 400, name
    for path in ("/predict/none", "/v2/models/none/infer", f"/predict/{MODEL}/versions/9", "/x", "/predict/a/b/c/d/e"):
        answer = client.post(path, json={"rows": [GOOD]})
        assert answer.status_code == 404 and (MODEL in answer.text or "/v2/models" in answer.text), path
    for name in ("..", "../..", ".", "../../../../etc/passwd"):  # a client library would tidy these away
        for path in (f"/v2/models/{MODEL}/versions/{name}/ready", f"/v2/models/{name}", f"/predict/{name}"):
            assert _raw(client, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 404"), path
    for name in ("%2e%2e", "..%2F..%2Fetc", "aliases", ".hidden", "a" * 5000, "%00", "1%0A", "\u0661"):
        answer = client.get(f"/v2/models/{MODEL}/versions/{name}/ready")
        assert answer.status_code == 404, name
        assert client.get(f"/v2/models/{name}").status_code == 404, name
    gzip = {"content-encoding": "gzip"}
    assert client.post(f"/predict/{MODEL}", content=b"x", headers=gzip).status_code == 415
    assert client.delete(f"/predict/{MODEL}").status_code == 404
    unknown = client.post(f"/predict/{MODEL}", json={"rows": [GOOD | {"type": "Type Z"}]}).json()
    assert unknown["probabilities"] == pytest.approx([naive(GOOD | {"type": "Type Z"}, 0.0)], abs=1e-6)
    assert unknown["unknown_categories"] == {"type": 1}
    metrics = client.get("/metrics").text
    assert f'unknown_categories_total{{input="type",model="{MODEL}",version="1"}} 1.0' in metrics
    assert 'heddle_endpoint_errors_total{status="400"}' in metrics and "process_resident_memory_bytes" in metrics
    assert f'heddle_endpoint_requests_total{{model="{MODEL}",version="1"}} 1.0' in metrics
    assert server.poll() is None


def test_refuses_a_body_that_is_too_large_before_reading_it(publish, start, client):
    publish("1")
    start()
    head = f"POST /predict/{MODEL} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert _raw(client, head).startswith(b"HTTP/1.1 413")

    def endless():
        for _ in range(40):
            yield b" " * 1024 * 1024

    with contextlib.suppress(httpx.WriteError):  # refused while the client was still sending
        assert client.post(f"/predict/{MODEL}", content=endless()).status_code == 413
    assert client.get("/v2/health/live").status_code == 200


def test_binary_tensors(publish, start, client):
    publish("1")
    start()
    matrix = np.array([[30, 1, 120.5], [61.5, 2, 0]], dtype="<f4")
    head = (
        b'{"inputs":[{"name":"features","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}}],'
        b'"outputs":[{"name":"probability","parameters":{"binary_data":true}}]}'
    )
    headers = {"inference-header-content-length": str(len(head))}
    answer = client.post(f"/v2/models/{MODEL}/infer", content=head + matrix.tobytes(), headers=headers)
    raw = answer.content[int(answer.headers["inference-header-content-length"]) :]
    assert struct.unpack("<2f", raw) == pytest.approx([naive(row, 0.0) for row in ROWS[:2]], abs=1e-6)
    for content, length in ((head + b"xx", len(head)), (head + matrix.tobytes(), 9999), (head + matrix.tobytes(), -1)):
        bad = client.post(
            f"/v2/models/{MODEL}/infer", content=content, headers={"inference-header-content-length": str(length)}
        )
        assert bad.status_code == 400


def test_the_triton_client_works(publish, start, server_settings):
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    publish("1")
    publish("2", 1.0, live=False)
    start()
    client = triton.InferenceServerClient(server_settings.endpoints.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "2") and not client.is_model_ready(MODEL, "9")
    assert client.get_server_metadata()["name"] == "heddle-endpoint"
    described = client.get_model_metadata(MODEL)
    assert described["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 3]}]
    states = {e["version"]: e["state"] for e in client.get_model_repository_index()}
    assert states == {"1": "READY", "2": "UNAVAILABLE"}
    matrix = np.array([[30, 1, 120.5], [61.5, 2, 0], [18, -1, 900]], dtype=np.float32)
    for binary in (True, False):
        tensor = triton.InferInput("features", list(matrix.shape), "FP32")
        tensor.set_data_from_numpy(matrix, binary_data=binary)
        wanted = triton.InferRequestedOutput("probability", binary_data=binary)
        for version, bias in (("", 0.0), ("2", 1.0)):
            result = client.infer(MODEL, [tensor], model_version=version, outputs=[wanted], request_id="a1")
            assert result.as_numpy("probability") == pytest.approx([naive(row, bias) for row in ROWS], abs=1e-6)
            assert result.get_response()["model_version"] == (version or "1")
    default = client.infer(MODEL, [tensor])
    assert default.as_numpy("probability").shape == (3,)
    with pytest.raises(InferenceServerException, match="retail_coupon_propensity"):
        client.infer("nothing", [tensor])
    client.close()


@pytest.mark.covers("MLP-169", "OPS-050")
def test_conforms_to_the_protocol_description(publish, start, client):
    import jsonschema
    import yaml

    folder = os.environ.get("OIP_SPEC")
    if not folder:
        pytest.skip("OIP_SPEC names no folder with open_inference_rest.yaml")
    api = yaml.safe_load((Path(folder) / "open_inference_rest.yaml").read_text(encoding="utf-8"))
    publish("1")
    start()

    def check(answer, status: int, operation: dict) -> None:
        assert answer.status_code == status
        content = operation["responses"][str(status)].get("content")
        if content:
            schema = content["application/json"]["schema"] | {"components": api["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json())

    for path, item in api["paths"].items():
        url = path.replace("${MODEL_NAME}", MODEL).replace("${MODEL_VERSION}", "1").replace("{", "").replace("}", "")
        if "get" in item:
            check(client.get(url), 200, item["get"])
        if "post" in item:
            check(client.post(url, json=_tensor(ROWS)), 200, item["post"])
            check(client.post(url, json={"inputs": []}), 400, item["post"])


def test_broken_packages_report_and_the_others_go_on(publish, start, client, objects):
    from core.naming import Key

    publish("1")
    publish("1", key=Key("endpoint", "retail", "other"))
    breakages = {
        "truncated": lambda f: (f / "model.onnx").write_bytes((f / "model.onnx").read_bytes()[:-40]),
        "garbage": lambda f: (f / "model.onnx").write_bytes(b"\x00garbage"),
        "nosignature": lambda f: (f / "signature.json").unlink(),
        "badsignature": lambda f: (f / "signature.json").write_text('{"model": 1}'),
        "nomodel": lambda f: (f / "model.onnx").unlink(),
        "liar": lambda f: write_onnx(f / "model.onnx", -3.0),
    }
    for version, break_it in breakages.items():
        folder = objects.write(KEY, version, lambda f, v=version: write_package(f, v, 0.5))
        break_it(folder)
    start()
    for version in breakages:
        answer = client.post(f"/predict/{MODEL}/versions/{version}", json={"rows": ROWS})
        assert answer.status_code == 503 and f"/{version}" in answer.json()["error"], answer.text
        ready = client.get(f"/v2/models/{MODEL}/versions/{version}/ready")
        assert ready.status_code == 503 and ready.json()["ready"] is False
        objects.set_alias(KEY, "live", version)  # a broken switch: the former version goes on
        for _ in range(3):
            assert client.post(f"/predict/{MODEL}", json={"rows": ROWS}).json()["version"] == "1"
    index = client.post("/v2/repository/index").json()
    assert any("cannot go live" in e["reason"] for e in index if e["name"] == MODEL)
    assert client.post("/predict/retail_other", json={"rows": ROWS}).status_code == 200
    page = client.get("/", headers={"accept-language": "zh-CN"}).text
    assert "在线版本" in page and "cannot go live" in page


def test_not_ready_without_a_live_version_and_stops_gracefully(publish, start, client, objects):
    publish("1", live=False)
    server = start()
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2/health/ready").status_code == 503
    refused = client.post(f"/predict/{MODEL}", json={"rows": ROWS})
    assert refused.status_code == 503 and "endpoint/retail/coupon_propensity" in refused.json()["error"]
    objects.set_alias(KEY, "live", "1")
    assert client.post(f"/predict/{MODEL}", json={"rows": ROWS}).status_code == 200
    assert client.get("/v2/health/ready").json()["ready"] is True
    objects.drop_alias(KEY, "live")
    assert client.post(f"/predict/{MODEL}", json={"rows": ROWS}).status_code == 503
    server.send_signal(signal.SIGTERM)
    assert server.wait(15) in (0, -signal.SIGTERM)
