"""Programs as child processes: no shell, lines as they come, a time limit, and an end for the whole process group."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import is_secret_name

GRACE = 5.0
POLL = 0.1
SHELL = "/bin/sh"
_NO_FORMAT = 8  # ENOEXEC: a script without a first line that names its interpreter


def quiet_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without its own settings and secrets, and with `extra` over it."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("HEDDLE_", "DAGSTER_")) and not is_secret_name(n)}
    return kept | {n: v for n, v in (extra or {}).items() if "\0" not in v and "=" not in n and "\0" not in n and n}


def run_program(
    arguments: Sequence[str],
    on_line: Callable[[str], None],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
    given: bytes = b"",
) -> int:
    """Runs a program to its end; its exit status (negative: ended by that signal).

    Args:
        on_line: called in this thread with each line of its output and error output.
        stopped: asked now and then; once true, the whole group of processes is ended (TERM, after 5 s KILL).
        given: its input.

    Raises:
        KettleError: it cannot be started, or it ran longer than `timeout` seconds, or it was stopped.
    """
    child = _started(list(arguments), folder, quiet_environment() if environment is None else dict(environment))
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(child, lines), daemon=True)
    reader.start()
    until = None if timeout is None else time.monotonic() + timeout
    try:
        _give(child, given)
        while True:
            try:
                line = lines.get(timeout=POLL)
            except queue.Empty:
                line = ""
            else:
                if line is None:
                    break
                on_line(line)
            if stopped():
                raise KettleError(f"{arguments[0]} was stopped", "")
            if until is not None and time.monotonic() > until:
                raise KettleError(f"{arguments[0]} ran longer than {timeout:g} s and was ended", "allow more time")
        return child.wait()
    finally:
        end_group(child)


def _started(arguments: list[str], folder: Path | None, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    def start(command: list[str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  # no shell; callers ask whether programs are allowed
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )

    try:
        try:
            return start(arguments)
        except OSError as error:
            if error.errno != _NO_FORMAT:
                raise
            return start([SHELL, *arguments])
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KettleError(f"cannot start {arguments[0]}: {reason}", "check the program and its rights") from error


def _give(child: "subprocess.Popen[bytes]", given: bytes) -> None:
    if child.stdin is None:
        return
    try:
        child.stdin.write(given)
        child.stdin.close()
    except BrokenPipeError:  # it did not want its input
        return


def _read(child: "subprocess.Popen[bytes]", lines: "queue.SimpleQueue[str | None]") -> None:
    if child.stdout is not None:
        for raw in child.stdout:
            lines.put(raw.decode("utf-8", "replace").rstrip("\r\n"))
    lines.put(None)


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """Ends a process and all that it started, and waits for it."""
    for sign, wait in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        try:
            os.killpg(child.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            continue
        if not _group_lives(child.pid):
            break
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None and not stream.closed:
            stream.close()


def _group_lives(group: int) -> bool:
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        time.sleep(0.02)
    return True
