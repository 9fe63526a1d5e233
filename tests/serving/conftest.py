"""A real server process over a temporary object store."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from core.naming import Key
from core.settings import Settings, variables
from resources.objects_file import FileObjects
from tests.serving.packages import write_package

KEY = Key("endpoint", "retail", "coupon_propensity")
MODEL = "retail_coupon_propensity"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server_settings(tmp_path: Path) -> Settings:
    from core.settings import load

    values = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{free_port()}"}
    return load(values, project=tmp_path)


@pytest.fixture
def objects(server_settings: Settings) -> FileObjects:
    return FileObjects.from_url(server_settings.objects)


@pytest.fixture
def publish(objects: FileObjects) -> Callable[..., None]:
    """publish("2", bias=1.0) writes a version; live=True also switches to it."""

    def write(version: str, bias: float = 0.0, live: bool = True, key: Key = KEY) -> None:
        objects.write(key, version, lambda folder: write_package(folder, version, bias))
        if live:
            objects.set_alias(key, "live", version)

    return write


@pytest.fixture
def start(server_settings: Settings, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `python -m serving.endpoint` and waits until it is live."""
    running: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        log = (tmp_path / "server.log").open("ab")
        child = subprocess.Popen(
            [sys.executable, "-m", "serving.endpoint"], env=os.environ | variables(server_settings), stderr=log
        )
        running.append(child)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and child.poll() is None:
            try:
                if httpx.get(server_settings.endpoints + "/v2/health/ready", timeout=5).json().get("problems") != {
                    "server": "loading"
                }:
                    return child
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError((tmp_path / "server.log").read_text())

    yield run
    for child in running:
        child.kill()
        child.wait()


@pytest.fixture
def client(server_settings: Settings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_settings.endpoints, timeout=10) as made:
        yield made
