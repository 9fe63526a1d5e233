"""Entries that start programs: scripts and gpg."""

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from tests.assets.kettle.jobs.entries.entry import Ran, fields, rows

ALLOWED = EngineSettings(allow_shell=True)


def test_programs_must_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(KettleError, match="not allowed here") as refused:
        Ran("SHELL", insertScript="Y", script=f"touch {tmp_path}/x")
    assert "HEDDLE_KETTLE_SHELL" in refused.value.fix and not (tmp_path / "x").exists()


def test_a_script_in_the_entry_gets_variables_and_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_LLM_KEY", "hidden")
    script = 'echo "$NAME|$1|$2|$HEDDLE_LLM_KEY|$PWD"\r\necho oops >&2\r\nexit 0'
    done = Ran(
        "SHELL",
        insertScript="Y",
        script=script,
        argument0="a b; ls",
        argument1="${NAME}",
        work_directory=tmp_path,
        set_logfile="Y",
        logfile=tmp_path / "shell",
        logext="log",
        settings=ALLOWED,
        variables={"NAME": "n"},
    )
    assert done.ok and f"n|a b; ls|n||{tmp_path}" in done.log and "oops" in done.log
    assert (tmp_path / "shell.log").read_text().splitlines() == [f"n|a b; ls|n||{tmp_path}", "oops"]
    assert done.result.files[0].type == "LOG"


def test_a_script_file_once_per_row_until_one_fails(tmp_path: Path) -> None:
    script = tmp_path / "each.sh"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/seen\n[ "$1" != b ] || exit 7\n')
    given = Result(rows=rows("v", ("a",), ("b",), ("c",)))
    options = {"filename": script, "exec_per_row": "Y", "arg_from_previous": "Y"}
    done = Ran("SHELL", result=given, settings=ALLOWED, **options)
    assert not done.ok and done.result.errors == 1 and done.result.exit_status == 7
    assert (tmp_path / "seen").read_text().split() == ["a", "b"]
    all_at_once = Ran("SHELL", result=given, settings=ALLOWED, filename=script, arg_from_previous="Y")
    assert all_at_once.ok and (tmp_path / "seen").read_text().split() == ["a", "b", "a"]


def test_a_stopped_job_ends_its_script(tmp_path: Path) -> None:
    from assets.kettle.files.read import read_job
    from assets.kettle.files.variables import Variables
    from assets.kettle.jobs.run import JobRun
    from assets.kettle.jobs.start import walk
    from tests.assets.kettle.jobs.test_walk import START, job

    script = {"insertScript": "Y", "script": f"touch {tmp_path}/started; sleep 300"}
    model = read_job(job([START, ("run", "SHELL", script)], [("START", "run", "")]))
    run = JobRun(model, Variables(), ALLOWED)

    def stop() -> None:
        while not (tmp_path / "started").exists():
            time.sleep(0.02)
        run.stopped = True

    threading.Thread(target=stop, daemon=True).start()
    since = time.monotonic()
    result = walk(run, Result())
    assert not result.ok and time.monotonic() - since < 30 and "was stopped" in result.log_text


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key ring with a key for `me`."""
    if shutil.which("gpg") is None:
        pytest.skip("needs gpg")
    home = tmp_path / "ring"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    make = [
        "gpg",
        "--batch",
        "--passphrase",
        "open",
        "--pinentry-mode",
        "loopback",
        "--quick-gen-key",
        "me@example.org",
    ]
    subprocess.run([*make, "default", "default", "never"], check=True, capture_output=True)
    return tmp_path


def test_pgp_there_and_back(ring: Path) -> None:
    (ring / "in").mkdir()
    (ring / "in/a.txt").write_text("secret text")
    line = {"source_filefolder": ring / "in", "destination_filefolder": ring / "enc", "wildcard": r".*\.txt"}
    make = {"create_destination_folder": "Y", "asciiMode": "Y"}
    encrypt = fields(line | {"action_type": "encrypt", "userid": "me@example.org"})
    with pytest.raises(KettleError, match="not allowed"):
        Ran("PGP_VERIFY_FILES", filename=ring / "in/a.txt")
    assert Ran("PGP_ENCRYPT_FILES", encrypt, settings=ALLOWED, **make).ok
    assert (ring / "enc/a.txt").read_text().startswith("-----BEGIN PGP MESSAGE")
    back = {"source_filefolder": ring / "enc", "destination_filefolder": ring / "out", "passphrase": "open"}
    done = Ran("PGP_DECRYPT_FILES", fields(back), settings=ALLOWED, add_result_filesname="Y", **make)
    assert done.ok and (ring / "out/a.txt").read_text() == "secret text" and done.result.lines.written == 1
    (ring / "out/plain.txt").write_text("not signed")
    with pytest.raises(KettleError, match="gpg:"):
        Ran("PGP_VERIFY_FILES", filename=ring / "out/plain.txt", settings=ALLOWED)
    subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)
