"""Carte, against a server that runs what it gets with the native engine."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.external.carte import Carte, CarteRun
from assets.kettle.external.carte_xml import Status, decoded
from assets.kettle.external.request import ExternalError, Request
from assets.kettle.external.start import run_external
from assets.kettle.files.write import write
from assets.kettle.model import Parameter
from tests.assets.kettle.flow import Flow, grid
from tests.assets.kettle.jobs.test_walk import START, job
from tests.fakes.carte import FakeCarte, carte


@pytest.fixture
def server() -> Iterator[FakeCarte]:
    with carte() as found:
        yield found


def flow(folder: Path, name: str = "flow") -> Path:
    """Rows with the value of a parameter into a file whose name is another."""
    model = Flow([Parameter("TEXT", "none"), Parameter("TARGET", "x")])
    model.step("in", "DataGrid", grid({"n": "Integer"}, [(1,), (2,), (3,)]))
    fields = [("fields", [("field", [("name", "text"), ("variable", "${TEXT}"), ("type", "String")])])]
    model.step("get", "GetVariable", fields)
    out = [("file", [("name", f"{folder}/${{TARGET}}"), ("extention", "txt")]), ("separator", ";")]
    columns = [("fields", [("field", [("name", "n"), ("type", "Integer")]), ("field", [("name", "text")])])]
    model.step("out", "TextFileOutput", [*out, *columns], header="N").hop("in", "get", "out")
    path = folder / f"{name}.ktr"
    write(model.model, path)
    return path


def ask(path: Path, **more: Any) -> Request:
    return Request(path, password="secret", **more)


def test_a_run_gives_rows_figures_and_log(server: FakeCarte, tmp_path: Path) -> None:
    lines: list[str] = []
    request = ask(flow(tmp_path), parameters={"TEXT": "<a & b>", "TARGET": "one"}, on_line=lines.append)
    result = run_external(server.url, request).checked(request.path)
    assert (tmp_path / "one.txt").read_text().split() == ["1;<a", "&", "b>", "2;<a", "&", "b>", "3;<a", "&", "b>"]
    assert result.steps["out"].output == 3 and result.lines.written == 9 and result.errors == 0
    assert any("out.0 - Finished processing (I=0, O=3" in line for line in lines) and result.log_text
    assert server.runs == {}, "the server has forgotten the run"
    assert server.asked[:2] == ["addTrans", "startTrans"] and server.asked[-1] == "removeTrans"


def test_a_failed_run_tells_the_step_and_why(server: FakeCarte, tmp_path: Path) -> None:
    model = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("stop", "Abort", message="enough")
    path = tmp_path / "bad.ktr"
    write(model.hop("in", "stop").model, path)
    outcome = run_external(server.url, ask(path))
    assert not outcome.result.ok and outcome.result.errors == 1
    with pytest.raises(ExternalError, match=r"bad.ktr failed: step 'stop'.*Finished \(with errors\)"):
        outcome.checked(path)


def test_jobs_run_too(server: FakeCarte, tmp_path: Path) -> None:
    path, target = tmp_path / "make.kjb", tmp_path / "made.txt"
    job([START, ("make", "CREATE_FILE", {"filename": str(target)})], [("START", "make", "")], path)
    result = run_external(server.url, ask(path)).checked(path)
    assert target.exists() and "Starting entry [make]" in result.log_text and result.ok
    assert server.asked[:2] == ["addJob", "startJob"]


def state_of(run: CarteRun, text: str) -> Status:
    """Waits for a state."""
    until = time.monotonic() + 10
    while (now := run.state()).text != text:
        assert time.monotonic() < until, now.text
        time.sleep(0.02)
    return now


@pytest.mark.covers("DATA-037")
def test_two_runs_of_one_transformation_start_pause_and_stop_apart(server: FakeCarte, tmp_path: Path) -> None:
    path = flow(tmp_path)
    with Carte(server.url, "secret") as client:
        one, two = (client.add(ask(path, parameters={"TEXT": text, "TARGET": text}), "flow") for text in ("one", "two"))
        assert one.id != two.id and one.state().text == two.state().text == "Waiting"
        one.pause()
        one.start()
        two.start()
        finished = state_of(two, "Finished")
        assert finished.ok and finished.steps["out"].output == 3 and (tmp_path / "two.txt").exists()
        assert one.state().text == "Paused" and not (tmp_path / "one.txt").exists()
        one.pause()
        assert state_of(one, "Finished").ok and (tmp_path / "one.txt").read_text().startswith("1;one")
        third = client.add(ask(path, parameters={"TEXT": "three", "TARGET": "three"}), "flow")
        third.pause()
        third.start()
        third.stop()
        assert not state_of(third, "Stopped").ok and not (tmp_path / "three.txt").exists()


@pytest.mark.covers("DATA-037")
def test_runs_at_the_same_time_keep_their_own_logs(server: FakeCarte, tmp_path: Path) -> None:
    path, logs = flow(tmp_path), {}
    errors = tmp_path / "missing.ktr"
    model = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("halt", "Abort", message="only mine")
    write(model.hop("in", "halt").model, errors)

    def go(key: str, file: Path) -> None:
        logs[key] = run_external(server.url, ask(file, parameters={"TARGET": key})).result.log_text

    threads = [threading.Thread(target=go, args=pair) for pair in (("a", path), ("b", path), ("c", errors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "only mine" in logs["c"] and "only mine" not in logs["a"] + logs["b"]
    assert all(logs[key].count("out.0 - Finished processing") == 1 for key in "ab")


def test_faults_are_told_without_the_password(server: FakeCarte, tmp_path: Path) -> None:
    request = ask(flow(tmp_path))
    server.faults.broken = 2  # a server error now and then is asked again
    assert run_external(server.url, request).result.ok
    server.faults.wrong_id = True
    with pytest.raises(ExternalError, match="speaks of run another"):
        run_external(server.url, request)
    server.faults.wrong_id = False
    server.faults.refuse = True
    with pytest.raises(ExternalError, match="refuses the login") as refused:
        run_external(server.url, request)
    assert "secret" not in str(refused.value) + repr(request)
    server.faults.refuse = False
    with Carte(server.url, "secret", seconds=0.2) as client:
        run = client.add(request, "flow")
        server.faults.lost = True
        with pytest.raises(ExternalError, match="could not be found"):
            run.state()
        server.faults.lost, server.faults.hang = False, 0.5
        with pytest.raises(ExternalError, match="cannot be reached"):
            client.add(request, "flow")


def test_a_stopped_or_too_long_run_is_stopped_there(server: FakeCarte, tmp_path: Path) -> None:
    request = ask(flow(tmp_path), timeout=0.3, parameters={"TARGET": "late"})
    started = server.add

    def paused(body: bytes, *, job: bool) -> Any:
        run = started(body, job=job)
        run.going.clear()
        return run

    server.add = paused  # type: ignore[method-assign]
    with pytest.raises(ExternalError, match=r"ran longer than 0\.3 s"):
        run_external(server.url, request)
    assert "stopTrans" in server.asked and not (tmp_path / "late.txt").exists()
    with pytest.raises(ExternalError, match="was stopped"):
        run_external(server.url, ask(request.path, stopped=lambda: True))


def test_a_log_that_is_none_is_told() -> None:
    assert decoded("") == ""
    with pytest.raises(ExternalError, match="cannot be unpacked"):
        decoded("<![CDATA[bm8=]]>")
