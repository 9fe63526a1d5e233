"""The services of `heddle up`: what to run, where it listens, and how to tell that it is well."""

import http.client
import json
import socket
import sys
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from assets.endpoints import server
from core.address import Address, address
from core.pidfile import holder
from core.settings import PROJECT, Settings
from orchestration.supervisor import NO_ANSWER, Service

LOCATION = "heddle"
MODULE = "orchestration.definitions"
PROBE_SECONDS = 5.0
HOST = "127.0.0.1"
DAEMONS = "{instance{daemonHealth{allDaemonStatuses{daemonType required healthy}}}}"
LOCATIONS = (
    "{workspaceOrError{... on Workspace{locationEntries{name locationOrLoadError{... on PythonError{message}}}}}}"
)


def services(settings: Settings, folder: Path) -> list[Service]:
    """All services. `folder` gets the workspace file and the code server's socket; its path must be short."""
    workspace, sock = folder / "workspace.yaml", folder / "code.sock"
    content = {"load_from": [{"grpc_server": {"socket": str(sock), "location_name": LOCATION}}]}
    workspace.write_text(yaml.safe_dump(content), encoding="utf-8")
    web = f"http://{HOST}:{settings.ui_port}"
    found = [
        # One process loads the definitions for both the web UI and the daemon.
        Service(
            "code server",
            _python("dagster", *_code_server(sock)),
            "definitions",
            lambda: _definitions_problem(sock, web),
        ),
        Service(
            "web UI",
            _python("dagster_webserver", "-h", HOST, "-p", str(settings.ui_port), "-w", str(workspace)),
            web,
            lambda: _silent(f"{web}/server_info"),
            after="code server",
            listens=Address(HOST, settings.ui_port, "HEDDLE_UI_PORT"),
        ),
        Service(
            "daemon",
            _python("dagster._daemon", "run", "-w", str(workspace)),
            "schedules and sensors",
            lambda: _daemon_problem(web),
            after="code server",
        ),
        Service(
            "endpoints",
            _python("serving.endpoint"),
            settings.endpoints,
            lambda: _silent(f"{settings.endpoints}/v2/health/live"),
            listens=address(settings.endpoints, "HEDDLE_ENDPOINTS"),
            running=lambda: holder(server.pid_path(settings)),
        ),
        _studio(settings),
    ]
    if not settings.tracking.startswith("http"):  # a tracking server has a UI of its own
        found.append(_mlflow(settings))
    return found


def _studio(settings: Settings) -> Service:
    url = f"http://{HOST}:{settings.studio_port}"
    return Service(
        "studio",
        _python("serving.studio.server"),
        url,
        lambda: _silent(f"{url}/health"),
        listens=Address(HOST, settings.studio_port, "HEDDLE_STUDIO_PORT"),
    )


def _mlflow(settings: Settings) -> Service:
    url = f"http://{HOST}:{settings.tracking_port}"
    command = ("server", "--host", HOST, "--port", str(settings.tracking_port), "--workers", "1")
    quiet = ("--uvicorn-opts", "--log-level warning")  # else every look at its health is a line in the log
    return Service(
        "MLflow UI",
        _python("mlflow", *command, *quiet),
        url,
        lambda: _silent(f"{url}/health"),
        listens=Address(HOST, settings.tracking_port, "HEDDLE_TRACKING_PORT"),
        # in the environment, since a URL may hold a password and everybody can read a command line
        environment={
            "MLFLOW_BACKEND_STORE_URI": settings.tracking,
            "MLFLOW_ARTIFACTS_DESTINATION": str(settings.home / "mlflow-artifacts"),
        },
    )


def _code_server(sock: Path) -> tuple[str, ...]:
    """`dagster api grpc` would be a process less, but it cannot load the definitions again."""
    place = ("-m", MODULE, "-d", str(PROJECT), "--location-name", LOCATION)
    return ("code-server", "start", "--socket", str(sock), *place, "--use-python-environment-entry-point")


def _python(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *words)


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _fetch(url: str, body: dict[str, Any] | None = None) -> bytes | None:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:  # noqa: S310
            content: bytes = response.read()
    except (OSError, http.client.HTTPException):  # the second: something that does not speak HTTP answers
        return None
    return content


def _silent(url: str) -> str:
    return NO_ANSWER if _fetch(url) is None else ""


def _definitions_problem(sock: Path, web: str) -> str:
    """Whether the code server listens and, once the web UI can tell, has loaded the definitions."""
    if not _connects(sock):
        return NO_ANSWER
    answer = _fetch(f"{web}/graphql", {"query": LOCATIONS})
    if answer is None:
        return ""
    for entry in json.loads(answer)["data"]["workspaceOrError"].get("locationEntries", []):
        message = (entry["locationOrLoadError"] or {}).get("message", "")
        if message:
            return f"definitions do not load: {message.strip().splitlines()[0][:200]}"
    return ""


def _daemon_problem(web: str) -> str:
    """Whether every required daemon has sent its heartbeat, as the web UI tells."""
    answer = _fetch(f"{web}/graphql", {"query": DAEMONS})
    if answer is None:
        return NO_ANSWER
    statuses = json.loads(answer)["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    missing = [s["daemonType"] for s in statuses if s["required"] and not s["healthy"]]
    return NO_ANSWER if missing else ""
