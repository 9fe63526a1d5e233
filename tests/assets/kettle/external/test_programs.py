"""pan, kitchen and hop-run, with scripts in their place that print what the real ones print."""

import os
import time
from pathlib import Path

import pytest

from assets.kettle.errors import KettleError
from assets.kettle.external.hop_run import listed
from assets.kettle.external.process import run_program
from assets.kettle.external.request import ExternalError, Request
from assets.kettle.external.start import run_external

LOG = """\
2026/11/20 14:10:04 - flow - Dispatching started for transformation [flow]
2026/11/20 14:10:04 - in.0 - Finished processing (I=0, O=0, R=0, W=7, U=0, E=0)
2026/11/20 14:10:04 - a - b.0 - Finished processing (I=4, O=4, R=7, W=7, U=4, E=0)
2026/11/20 14:10:04 - a - b.1 - Finished processing (I=1, O=0, R=3, W=3, U=0, E=0)
"""
FAILED = """\
2026/11/20 14:10:04 - out.0 - ERROR (version 9.3.0.0-428, build 9.3 from 2022/04/12 04.56.25 by buildguy) : No room
2026/11/20 14:10:04 - out.0 - Finished processing (I=0, O=2, R=3, W=2, U=0, E=1)
"""


def engine(folder: Path, name: str, log: str, status: int = 0) -> Path:
    """A script that notes its arguments one a line, prints a log and ends with a status."""
    script = folder / name
    (folder / "log.txt").write_text(log)
    script.write_text(
        f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {folder}/arguments.txt\nenv > {folder}/environment.txt\n"
        f'cat "$KETTLE_HOME/.kettle/kettle.properties" > {folder}/properties.txt 2>/dev/null\n'
        f"cat {folder}/log.txt\nexit {status}\n"
    )
    script.chmod(0o755)
    return folder


def test_pan_gets_arguments_one_by_one_and_its_log_gives_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDDLE_ALERTS", "https://example.org/secret-path")
    monkeypatch.setenv("SOME_PASSWORD", "hidden")
    folder = engine(tmp_path, "pan.sh", LOG)
    request = Request(
        tmp_path / "flow.ktr", {"DAY": "1; rm -rf $HOME `x` 'y'"}, {"PLACE": "a=b\\c é"}, level="Detailed"
    )
    result = run_external(f"pan://{folder}", request).checked(request.path)
    arguments = (folder / "arguments.txt").read_text().splitlines()
    assert arguments == [f"-file={tmp_path}/flow.ktr", "-level=Detailed", "-param:DAY=1; rm -rf $HOME `x` 'y'"]
    assert (folder / "properties.txt").read_text().endswith("PLACE=a=b\\\\c \\u00e9\n")
    assert result.steps["in"].written == 7
    both = result.steps["a - b"]
    assert (both.read, both.written, both.input, both.output, both.updated) == (10, 10, 5, 4, 4)
    environment = (folder / "environment.txt").read_text()
    assert "secret-path" not in environment and "hidden" not in environment


def test_kitchen_runs_jobs_and_statuses_are_put_into_words(tmp_path: Path) -> None:
    folder = engine(tmp_path, "kitchen.sh", LOG + FAILED, 1)
    outcome = run_external(f"pan://{folder}", Request(tmp_path / "main.kjb"))
    assert not outcome.result.ok and outcome.result.errors == 1 and outcome.result.exit_status == 1
    assert outcome.problems == ["step 'out': No room", "kitchen.sh ended with 1: errors occurred during processing"]
    engine(tmp_path, "pan.sh", "", 7)
    request = Request(tmp_path / "flow.ktr")
    with pytest.raises(ExternalError, match=r"flow.ktr failed: pan.sh ended with 7: the file could not be loaded"):
        run_external(f"pan://{folder}", request).checked(request.path)


def test_hop_run_gets_project_and_parameters(tmp_path: Path) -> None:
    folder = engine(tmp_path, "hop-run.sh", LOG)
    request = Request(tmp_path / "flow.hpl", {"A": "1,2", "B": "x"}, {"V": "w"})
    assert run_external(f"hop-run://{folder}?project=shop&runconfig=remote", request).result.ok
    arguments = (folder / "arguments.txt").read_text().splitlines()
    assert arguments == [
        *("--file", f"{tmp_path}/flow.hpl", "--level", "Basic", "--runconfig", "remote", "--project", "shop"),
        *("--parameters", "A=1,2;B=x", "--parameters-separator", ";", "--system-properties", "V=w"),
    ]
    assert listed("--parameters", {"A": "1", "B": "2"}) == ["--parameters", "A=1,B=2"] and listed("-p", {}) == []
    with pytest.raises(ExternalError, match="unknown option"):
        run_external(f"hop-run://{folder}?projcet=shop", request)


def test_what_cannot_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExternalError, match=r"there is no .*pan\.sh"):
        run_external(f"pan://{tmp_path}", Request(Path("flow.ktr")))
    with pytest.raises(ExternalError, match=r"pan does not run flow\.hpl"):
        run_external(f"pan://{tmp_path}", Request(Path("flow.hpl")))
    with pytest.raises(ExternalError, match="spoon is no engine"):
        run_external("spoon:///opt", Request(Path("flow.ktr")))
    with pytest.raises(KettleError, match=r"cannot start .*: Permission denied"):
        (tmp_path / "plain").write_text("x")
        run_program([str(tmp_path / "plain")], print)


def alive(pid: int) -> bool:
    """Whether a process is there and no mere entry of one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", ["timeout", "stop"])
def test_the_whole_group_of_processes_is_ended(tmp_path: Path, how: str) -> None:
    script = tmp_path / "pan.sh"
    script.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {tmp_path}/child\nwait\n")
    script.chmod(0o755)
    child = tmp_path / "child"
    request = Request(
        tmp_path / "flow.ktr",
        timeout=0.5 if how == "timeout" else None,
        stopped=lambda: how == "stop" and child.exists() and child.read_text() != "",
    )
    with pytest.raises(KettleError, match="ran longer than" if how == "timeout" else "was stopped"):
        run_external(f"pan://{tmp_path}", request)
    pid, until = int(child.read_text()), time.monotonic() + 5
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_script_without_a_first_line_runs_by_the_shell_and_its_input_is_given(tmp_path: Path) -> None:
    script, lines = tmp_path / "plain", list[str]()
    script.write_text('read word\necho "$word $1"\nexit 3\n')
    script.chmod(0o755)
    assert run_program([str(script), "you"], lines.append, given=b"hello\n", environment=dict(os.environ)) == 3
    assert lines == ["hello you"]
