"""Endpoint requests per second, latency and CPU per request, against `mlflow models serve` on the same ONNX model.

Both servers run as children of this process, one after the other, under the same client: raw kept-alive sockets on
asyncio, one row of named columns per request. Prints a table and the ratios.

    python benchmarks/endpoint.py [--seconds 5] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from core.naming import Key
from core.settings import load, variables
from resources.objects_file import FileObjects

FEATURES, TREES, ROWS = 30, 200, 4000
CLIENTS = (1, 16)
KEY = Key("endpoint", "retail", "coupon_propensity")
NAMES = [f"f{n}" for n in range(FEATURES)]


def build(folder: Path) -> tuple[Path, list[float], float]:
    """Train a LightGBM classifier of realistic size, convert it, and return (model.onnx, one row, its probability)."""
    import lightgbm
    import onnx
    from onnx import TensorProto, helper
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    rng = np.random.default_rng(7)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=ROWS) > 1).astype(int)
    booster = lightgbm.train({"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1},
                             lightgbm.Dataset(x, y), TREES)  # fmt: skip
    model = convert_lightgbm(booster, initial_types=[("features", FloatTensorType([None, FEATURES]))], zipmap=False)
    graph = model.graph
    scores = graph.output[1].name  # [rows, 2]
    graph.initializer.append(helper.make_tensor("positive_class", TensorProto.INT64, [], [1]))
    graph.node.append(helper.make_node("Gather", [scores, "positive_class"], ["probability"], axis=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None]))
    onnx.save(model, folder / "model.onnx")
    row = [float(v) for v in x[0]]
    return folder / "model.onnx", row, float(booster.predict(x[:1])[0])


def publish(model: Path, row: list[float], expected: float, objects: FileObjects) -> None:
    """Make it the live version of an object store."""

    def write(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(model.read_bytes())
        signature = {
            "model": "retail_coupon_propensity",
            "version": "1",
            "inputs": [{"name": name, "kind": "number"} for name in NAMES],
            "examples": [dict(zip(NAMES, row, strict=True))],
            "expected": [expected],
        }
        (folder / "signature.json").write_text(json.dumps(signature))

    objects.write(KEY, "1", write)
    objects.set_alias(KEY, "live", "1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def child(command: list[str], environment: dict[str, str], url: str, log: Path) -> Iterator[psutil.Process]:
    """Run a server until its url answers; end its whole process group afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=2):
                    break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command} does not come up:\n{log.read_text()[-3000:]}") from error
                time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and its children so far."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(p.cpu_times()[:2]) for p in family)


def memory(process: psutil.Process) -> float:
    """Resident MB of a process and its children."""
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 2**20


async def _client(port: int, request: bytes, until: float, times: list[float]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b""
    while time.perf_counter() < until:
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {head!r} {await reader.read(2000)!r}")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        times.append(time.perf_counter() - start)
    writer.close()
    return body


def measure(process: psutil.Process, port: int, path: str, body: bytes, clients: int, seconds: float) -> dict:
    """Load a server; returns its numbers and its last answer."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body

    async def crowd(length: float) -> tuple[list[float], list[bytes]]:
        times: list[float] = []
        until = time.perf_counter() + length
        return times, await asyncio.gather(*(_client(port, request, until, times) for _ in range(clients)))

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(crowd(min(1.0, seconds)))  # warm up
        before, start = cpu(process), time.perf_counter()
        times, answers = runner.run(crowd(seconds))
        wall, used = time.perf_counter() - start, cpu(process) - before
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return {
        "clients": clients,
        "requests per second": len(times) / wall,
        "p50 ms": p50,
        "p99 ms": p99,
        "CPU ms per request": used / len(times) * 1000,
        "MB": memory(process),
        "answer": json.loads(answers[0]),
    }


def ours(folder: Path, model: Path, row: list[float], expected: float, seconds: float) -> list[dict]:
    """The endpoint server's numbers."""
    port = free_port()
    given = {"HEDDLE_HOME": str(folder / "home"), "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{port}"}
    settings = load(given, project=folder)
    publish(model, row, expected, FileObjects.from_url(settings.objects))
    body = json.dumps({"rows": [dict(zip(NAMES, row, strict=True))]}).encode()
    url = f"{settings.endpoints}/v2/models/retail_coupon_propensity/ready"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HEDDLE_")} | variables(settings)
    with child([sys.executable, "-m", "serving.endpoint"], environment, url, folder / "ours.log") as process:
        path = "/predict/retail_coupon_propensity"
        found = [measure(process, port, path, body, clients, seconds) for clients in CLIENTS]
    for numbers in found:
        numbers["answer"] = numbers["answer"]["probabilities"][0]
    return found


def peer(folder: Path, model: Path, row: list[float], seconds: float) -> list[dict]:
    """The numbers of `mlflow models serve --env-manager local`, with its default number of workers."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow.onnx
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    signature = ModelSignature(Schema([ColSpec("float", name) for name in NAMES]))
    mlflow.onnx.save_model(onnx.load(model), folder / "mlflow", signature=signature, pip_requirements=[])
    port = free_port()
    body = json.dumps({"dataframe_split": {"columns": NAMES, "data": [row]}}).encode()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "mlflow"), "-p", str(port)]
    command += ["--env-manager", "local", "-h", "127.0.0.1"]
    # the server is started by name: let it find the one beside this interpreter
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with child(command, environment, f"http://127.0.0.1:{port}/ping", folder / "mlflow.log") as process:
        found = [measure(process, port, "/invocations", body, clients, seconds) for clients in CLIENTS]
    for numbers in found:
        numbers["answer"] = _first_number(numbers["answer"]["predictions"])
    return found


def _first_number(answer: object) -> float:
    while isinstance(answer, dict | list):
        answer = next(iter(answer.values())) if isinstance(answer, dict) else answer[0]
    return float(answer)  # type: ignore[arg-type]


def main() -> None:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load per measurement")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, row, expected = build(folder)
        results = {
            "heddle": ours(folder, model, row, expected, options.seconds),
            "mlflow models serve": peer(folder, model, row, options.seconds),
        }
    for numbers in results["heddle"] + results["mlflow models serve"]:
        if abs(numbers["answer"] - expected) > 1e-4:
            raise SystemExit(f"a server answers {numbers['answer']}, the model says {expected}")
    columns = ("clients", "requests per second", "p50 ms", "p99 ms", "CPU ms per request", "MB")
    print(f"{'server':22}" + "".join(f"{c:>22}" for c in columns))
    for server, rows in results.items():
        for numbers in rows:
            print(f"{server:22}" + "".join(f"{numbers[c]:22.3f}" for c in columns))
    for mine, theirs in zip(results["heddle"], results["mlflow models serve"], strict=True):
        ratio = mine["requests per second"] / theirs["requests per second"]
        saved = theirs["CPU ms per request"] / mine["CPU ms per request"]
        print(f"{mine['clients']} client(s): {ratio:.1f}x the requests, 1/{saved:.1f} of the CPU per request")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
