"""The endpoint server's process as seen from outside: is it there, start it, stop it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from assets.endpoints.client import EndpointClient
from core.address import address
from core.errors import EndpointError
from core.hashing import digest
from core.pidfile import holder
from core.settings import PROJECT, Settings, variables

SERVER = "heddle-endpoint"  # the name that GET /v2 answers with
START_SECONDS = 30.0
STOP_SECONDS = 15.0
_PROBE_SECONDS = 3.0


def pid_path(settings: Settings) -> Path:
    """The file that the running server holds."""
    return settings.home / "run" / "endpoint.pid"


def log_path(settings: Settings) -> Path:
    """Where a server started in the background writes."""
    return settings.home / "logs" / "endpoint.log"


def answers(settings: Settings) -> bool:
    """Whether the server of these settings answers at its address.

    Raises:
        EndpointError: something else answers there.
    """
    where = address(settings.endpoints, "HEDDLE_ENDPOINTS")
    try:
        with EndpointClient(settings.endpoints, _PROBE_SECONDS) as client:
            about = client.about()
    except EndpointError as error:
        if where.held() is None:
            return False
        raise EndpointError(f"port {where.port} is held by another program: {error.what}", where.advice) from error
    if not isinstance(about, dict) or about.get("name") != SERVER:
        raise EndpointError(f"port {where.port} is held by another program, which answers /v2", where.advice)
    if about.get("repository") != digest([settings.objects]):
        raise EndpointError(
            f"the endpoint server at {settings.endpoints} serves another object store than {settings.objects}",
            where.advice,
        )
    return True


def ensure(settings: Settings) -> bool:
    """Start the server in the background unless it answers; returns whether it was started. Waits until it answers.

    Raises:
        EndpointError: the port is held by another program, or the server does not come up.
    """
    if answers(settings):
        return False
    log = log_path(settings)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "serving.endpoint"],
            env=os.environ | variables(settings),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # it outlives this process and its terminal
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = child.poll() is not None
        if (holder(pid_path(settings)) is not None or ended) and _quietly(settings):
            return True  # this one, or another that was started at the same moment
        if ended:
            break
        time.sleep(0.05)
    child.kill()
    child.wait()
    raise EndpointError(f"the endpoint server does not come up at {settings.endpoints}: {_tail(log)}", f"see {log}")


def stop(settings: Settings) -> int | None:
    """Stop the server gracefully; returns its pid, or None when none runs.

    Raises:
        EndpointError: it does not end.
    """
    pid = holder(pid_path(settings))
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # ended, if not yet reaped
            if time.monotonic() > deadline:
                raise EndpointError(f"the endpoint server (pid {pid}) does not stop", f"kill {pid}")
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        pass
    return pid


def _quietly(settings: Settings) -> bool:
    try:
        return answers(settings)
    except EndpointError:  # it listens but does not answer yet; the deadline decides
        return False


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " | ".join(lines[-3:])
