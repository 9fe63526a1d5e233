"""The supervisor with small programs, and `heddle up` with the real ones."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from click.testing import CliRunner

from core.address import Address
from core.errors import EndpointError
from core.pidfile import hold
from core.settings import PROJECT, variables
from orchestration import supervisor as module
from orchestration.cli.main import main
from orchestration.supervisor import NO_ANSWER, Service, State, Supervisor
from tests.serving.conftest import free_port

# writes its pid and its child's to a file, ignores SIGTERM when told to, then sleeps
PARENT = """
import os, signal, subprocess, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "a") as out:
    out.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""


def _service(tmp_path: Path, name: str = "sleeper", kind: str = "meek", **more) -> Service:
    file = tmp_path / f"{name}.pids"
    command = (sys.executable, "-S", "-c", PARENT, str(file), kind)
    return Service(name, command, "here", lambda: "" if file.exists() else NO_ANSWER, **more)


def _pids(tmp_path: Path, name: str = "sleeper") -> list[int]:
    return [int(word) for word in (tmp_path / f"{name}.pids").read_text().split()]


def _gone(pids: list[int], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while any(psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE for p in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


async def _until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def test_restarts_what_crashes_and_ends_whole_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", 0.5)
    states = []

    async def scenario():
        services = [_service(tmp_path), _service(tmp_path, "mule", "stubborn")]
        supervisor = Supervisor(
            services, os.environ, tmp_path / "logs", lambda s: states.append((s.service.name, s.state))
        )
        running = asyncio.create_task(supervisor.run())
        await _until(lambda: [s.state for s in supervisor.statuses] == [State.HEALTHY] * 2)
        assert supervisor.statuses[0].memory() > 1_000_000
        first = _pids(tmp_path)
        os.kill(first[0], signal.SIGKILL)
        await _until(lambda: len(_pids(tmp_path)) == 4)
        assert _gone(first)  # its child too
        assert supervisor.statuses[0].restarts == 1 and supervisor.statuses[1].restarts == 0
        supervisor.stop()
        await running

    asyncio.run(scenario())
    assert _gone(_pids(tmp_path) + _pids(tmp_path, "mule"), 1)
    order = [state for name, state in states if name == "sleeper"]
    assert order[:4] == [State.STARTING, State.HEALTHY, State.CRASHED, State.STARTING] and order[-1] is State.STOPPED


def test_watches_an_instance_that_runs_already_and_leaves_it(tmp_path):
    other = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])

    async def scenario():
        service = _service(tmp_path, running=lambda: other.pid if other.poll() is None else None)
        supervisor = Supervisor([service], os.environ, tmp_path / "logs", lambda _: None)
        running = asyncio.create_task(supervisor.run())
        await _until(lambda: supervisor.statuses[0].pid == other.pid)
        assert not (tmp_path / "sleeper.pids").exists()
        supervisor.stop()
        await running

    try:
        asyncio.run(scenario())
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_children_die_with_a_supervisor_that_is_killed(tmp_path):
    script = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from tests.orchestration.test_up import _service; from orchestration.supervisor import Supervisor\n"
        "tmp = Path(sys.argv[1])\n"
        "asyncio.run(Supervisor([_service(tmp)], os.environ, tmp / 'logs', print).run())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=PROJECT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "sleeper.pids").exists() or not _pids(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    family = [p.pid for p in psutil.Process(process.pid).children(recursive=True)]
    assert set(_pids(tmp_path)) < set(family)
    process.kill()
    process.wait()
    assert _gone(family)  # the service, its own child, and the guardian


def test_a_busy_port_and_a_second_supervisor_are_refused(tmp_path, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        service = _service(tmp_path, listens=Address("127.0.0.1", port, "HEDDLE_UI_PORT"))
        with pytest.raises(EndpointError, match=str(port)) as caught:
            Supervisor([service], os.environ, tmp_path, lambda _: None).check_ports()
        assert "HEDDLE_UI_PORT" in caught.value.fix
        monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HEDDLE_TRACKING_PORT", str(port))
        for name in ("HEDDLE_UI_PORT", "HEDDLE_STUDIO_PORT", "HEDDLE_ENDPOINTS"):
            free = free_port()
            monkeypatch.setenv(name, f"http://127.0.0.1:{free}" if name == "HEDDLE_ENDPOINTS" else str(free))
        refused = CliRunner().invoke(main, ["up"])
        assert refused.exit_code == 2 and "MLflow UI" in refused.output and "HEDDLE_TRACKING_PORT" in refused.output
    with hold(tmp_path / "home" / "run" / "up.pid", EndpointError, "", ""):
        second = CliRunner().invoke(main, ["up"])
    assert second.exit_code == 2 and f"(pid {os.getpid()})" in second.output
    assert not (tmp_path / "home" / "logs").exists()  # nothing was started


@pytest.mark.slow
def test_everything_comes_up_and_ends(make_settings, tmp_path):
    ports = {name: free_port() for name in ("ui_port", "studio_port", "tracking_port")}
    settings = make_settings(endpoints=f"http://127.0.0.1:{free_port()}", **ports)
    output = tmp_path / "up.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from orchestration.cli.main import main; main()", "up"],
            env=os.environ | variables(settings),
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 120
        while output.read_text().count("  healthy") < 6:
            assert process.poll() is None and time.monotonic() < deadline, output.read_text()
            time.sleep(0.5)
        family = [p.pid for p in psutil.Process(process.pid).children(recursive=True)]
        query = "{locationStatusesOrError{... on WorkspaceLocationStatusEntries{entries{name loadStatus}}}}"
        web = f"http://127.0.0.1:{settings.ui_port}/graphql"
        loaded = httpx.post(web, json={"query": query}, timeout=30).json()["data"]["locationStatusesOrError"]["entries"]
        assert loaded == [{"name": "heddle", "loadStatus": "LOADED"}]
        assert httpx.get(f"http://127.0.0.1:{settings.tracking_port}/health", timeout=30).text == "OK"
        assert "Heddle" in httpx.get(f"http://127.0.0.1:{settings.studio_port}/", timeout=30).text
        assert httpx.get(f"{settings.endpoints}/v2/health/ready", timeout=30).json()["ready"] is True
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert _gone(family)
        assert output.read_text().count("  stopped") == 6
    finally:
        process.kill()
        process.wait()
