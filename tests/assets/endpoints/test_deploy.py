"""Deployments against a real server process: switching under load, rollback, failures and the asset's checks."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import dagster as dg
import httpx
import psutil
import pytest
from click.testing import CliRunner

from assets.endpoints import server
from assets.endpoints.defs import definitions
from assets.endpoints.deploy import deploy, rollback, smoke
from core.errors import EndpointError
from core.naming import Key
from core.pidfile import holder
from core.settings import load, variables
from resources.objects_file import FileObjects
from tests.serving.conftest import free_port
from tests.serving.packages import ROWS, naive, write_onnx, write_package

KEY = Key("endpoint", "retail", "coupon_propensity")
SOURCE = Key("model", "retail", "coupon_propensity")
MODEL = "retail_coupon_propensity"


@pytest.fixture
def settings(tmp_path):
    values = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{free_port()}"}
    made = load(values, project=tmp_path)
    yield made
    server.stop(made)


@pytest.fixture
def objects(settings):
    return FileObjects.from_url(settings.objects)


@pytest.fixture
def champion(objects):
    def name(version, bias=0.0):
        objects.write(SOURCE, version, lambda folder: write_package(folder, version, bias))
        objects.set_alias(SOURCE, "champion", version)

    return name


def _live(settings):
    answer = httpx.post(f"{settings.endpoints}/predict/{MODEL}", json={"rows": ROWS}, timeout=10).json()
    return answer["version"], answer["probabilities"]


@pytest.mark.covers("OPS-022")
def test_deploys_switches_and_rolls_back(settings, objects, champion):
    with pytest.raises(EndpointError, match="no champion"):
        deploy(settings, objects, KEY)
    champion("1", 0.0)
    first = deploy(settings, objects, KEY)
    assert first.server_started and first.previous is None and 0 < first.smoke.p50 <= first.smoke.p99
    with pytest.raises(EndpointError, match="no previous version"):
        rollback(settings, objects, KEY)
    champion("2", 1.0)
    second = deploy(settings, objects, KEY)
    assert (second.version, second.previous, second.server_started) == ("2", "1", False)
    version, found = _live(settings)
    assert version == "2" and found == pytest.approx([naive(r, 1.0) for r in ROWS], abs=1e-6)
    again = deploy(settings, objects, KEY)  # the same champion: nothing moves
    assert (again.version, again.previous) == ("2", "1")
    back = rollback(settings, objects, KEY)
    assert (back.version, back.previous) == ("1", "2") and _live(settings)[0] == "1"
    assert rollback(settings, objects, KEY).version == "2"


def test_a_version_that_fails_never_goes_live(settings, objects, champion, monkeypatch):
    champion("1", 0.0)
    deploy(settings, objects, KEY)
    champion("2", 1.0)
    write_onnx(objects.path(SOURCE, "2") / "model.onnx", -4.0)  # does not belong to its signature
    with pytest.raises(EndpointError, match="misses the expected probabilities"):
        deploy(settings, objects, KEY)
    assert objects.alias(KEY, "live") == "1" and _live(settings)[0] == "1"
    champion("3", 0.5)
    (objects.path(SOURCE, "3") / "signature.json").unlink()
    with pytest.raises(EndpointError, match=r"signature\.json is missing"):
        deploy(settings, objects, KEY)
    assert "3" not in objects.versions(KEY)
    champion("4", 0.5)
    monkeypatch.setattr("assets.endpoints.deploy._await_live", _fail)
    with pytest.raises(EndpointError, match="on purpose"):
        deploy(settings, objects, KEY)  # fails after the switch: undone
    assert objects.alias(KEY, "live") == "1" and objects.alias(KEY, "previous") is None
    assert _live(settings)[0] == "1"


def _fail(*_):
    raise EndpointError("on purpose")


def test_a_republished_version_is_refused(settings, objects, champion):
    champion("1", 0.0)
    deploy(settings, objects, KEY)
    write_package(objects.path(SOURCE, "1"), "1", 2.0)
    with pytest.raises(EndpointError, match="another content"):
        deploy(settings, objects, KEY)
    assert _live(settings)[1] == pytest.approx([naive(r, 0.0) for r in ROWS], abs=1e-6)


def test_a_port_held_by_another_program_is_named(settings, objects, champion, tmp_path):
    champion("1")
    port = int(settings.endpoints.rsplit(":", 1)[1])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen(0)  # accepts and says nothing
        with pytest.raises(EndpointError, match=f"port {port} is held by another program") as caught:
            deploy(settings, objects, KEY)
    assert "HEDDLE_ENDPOINTS" in caught.value.fix and objects.alias(KEY, "live") is None
    deploy(settings, objects, KEY)
    other_home = load(
        {"HEDDLE_HOME": str(tmp_path / "second"), "HEDDLE_ENDPOINTS": settings.endpoints}, project=tmp_path
    )
    with pytest.raises(EndpointError, match="another object store"):
        server.ensure(other_home)


@pytest.mark.covers("MLP-188")
def test_switching_under_load_loses_no_request(settings, objects, champion):
    biases = {"1": 0.0, "2": 1.0, "3": -1.0}
    expected = {v: pytest.approx([naive(r, b) for r in ROWS], abs=1e-5) for v, b in biases.items()}
    champion("1", biases["1"])
    deploy(settings, objects, KEY)
    done, seen, errors = threading.Event(), Counter(), []

    async def ask():
        async with httpx.AsyncClient(base_url=settings.endpoints, timeout=10) as client:
            while not done.is_set():
                answer = await client.post(f"/predict/{MODEL}", json={"rows": ROWS})
                body = answer.json()
                if answer.status_code != 200 or body["probabilities"] != expected[body["version"]]:
                    errors.append(answer.text)
                seen[body.get("version")] += 1

    async def crowd():
        await asyncio.gather(*(ask() for _ in range(4)))

    load_thread = threading.Thread(target=lambda: asyncio.run(crowd()))
    load_thread.start()
    process = holder(server.pid_path(settings))
    try:
        while seen["1"] < 20 and load_thread.is_alive():
            time.sleep(0.02)
        for version in ("2", "3"):
            champion(version, biases[version])
            deploy(settings, objects, KEY)
            time.sleep(0.2)
        for _ in range(3):
            assert rollback(settings, objects, KEY).version in biases
            time.sleep(0.1)
        assert holder(server.pid_path(settings)) == process
    finally:
        done.set()
        load_thread.join()
    assert not errors, errors[:3]
    assert set(seen) == set(biases) and sum(seen.values()) > 200, seen


def test_the_asset_and_its_checks(settings, objects, champion):
    champion("1", 0.3)
    upstream = dg.AssetSpec("/".join(SOURCE).split("/"))
    defs = definitions(settings)
    made = dg.Definitions.merge(
        defs, dg.Definitions(assets=[upstream], resources={"settings": settings, "objects": objects})
    )
    with dg.DagsterInstance.ephemeral() as instance:
        job = made.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance)
        checks = {c.check_name: c for c in result.get_asset_check_evaluations()}
        assert result.success and checks["answers"].passed and checks["latency"].metadata["p99 ms"].value > 0
        event = instance.get_latest_materialization_event(dg.AssetKey(list(KEY))).asset_materialization
        assert event.metadata["version"].value == "1" and event.metadata["previous version"].value == "none"
        curl = event.metadata["example"].value
        answer = json.loads(subprocess.run(["bash", "-c", curl], capture_output=True, check=True).stdout)
        assert answer["probabilities"] == pytest.approx([naive(ROWS[0], 0.3)], abs=1e-6)
        os.kill(holder(server.pid_path(settings)), signal.SIGKILL)
        only_checks = dg.AssetSelection.checks_for_assets(dg.AssetKey(list(KEY)))
        checked = made.resolve_job_def("__ASSET_JOB").get_subset(
            asset_check_selection=only_checks.resolve_checks(made.resolve_asset_graph()), asset_selection=set()
        )
        result = checked.execute_in_process(instance=instance)
        checks = {c.check_name: c for c in result.get_asset_check_evaluations()}
        assert result.success and not checks["answers"].passed and not checks["latency"].passed
        assert "no answer" in checks["answers"].description
    deploy(settings, objects, KEY)
    assert smoke(settings, objects, KEY).version == "1"


def test_the_server_keeps_the_former_state_when_a_deployment_is_killed(settings, objects, champion, tmp_path):
    champion("1", 0.0)
    deploy(settings, objects, KEY)
    champion("2", 1.0)
    script = (
        "import os, signal; from core.naming import Key; from core.settings import load\n"
        "from resources import open as ports; import assets.endpoints.deploy as d\n"
        "d._await_live = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from pathlib import Path\n"
        f"s = load(project=Path({str(tmp_path)!r}))\n"
        f"if {{when!r}} == 'before': d.smoke = d._await_live\n"
        f"d.deploy(s, ports.objects(s), Key('endpoint', 'retail', 'coupon_propensity'))\n"
    )
    for when, live in (("before", "1"), ("after", "2")):
        killed = subprocess.run(
            [sys.executable, "-c", script.replace("{when!r}", repr(when))], env=os.environ | variables(settings)
        )
        assert killed.returncode == -signal.SIGKILL
        assert objects.alias(KEY, "live") == live and _live(settings)[0] == live
        assert objects.alias(KEY, "previous") in (None, "1")
    done = deploy(settings, objects, KEY)
    assert (done.version, done.previous) == ("2", "1")


@pytest.mark.covers("MLP-188")
def test_the_command_line(settings, objects, champion, monkeypatch):
    from orchestration.cli.main import main
    from orchestration.instance import open_instance

    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)
    champion("1", 0.0)
    deploy(settings, objects, KEY)
    champion("2", 1.0)
    deploy(settings, objects, KEY)
    pid = holder(server.pid_path(settings))

    def call(*words):
        return CliRunner().invoke(main, ["serve", *words])

    status = call("status")
    assert status.exit_code == 0 and str(pid) in status.output and MODEL in status.output
    bad = call("rollback", "nothing")
    assert bad.exit_code == 2 and MODEL in bad.output
    done = call("rollback", MODEL)
    assert done.exit_code == 0, done.output
    assert _live(settings)[0] == "1"
    with open_instance(settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(list(KEY))).asset_materialization
    assert event.metadata["version"].value == "1" and event.metadata["previous version"].value == "2"
    process = psutil.Process(pid)
    assert str(pid) in call("stop").output and holder(server.pid_path(settings)) is None
    # this process started it, so it may be left for this process to reap
    assert not psutil.pid_exists(pid) or process.status() == psutil.STATUS_ZOMBIE
    assert "No endpoint server" in call("stop").output and call("status").exit_code == 2
