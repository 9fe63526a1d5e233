"""Puts a model version behind HTTP: beside the live one, smoke-checked, then switched; and back again."""

import fcntl
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.endpoints import server
from assets.endpoints.client import EndpointClient
from core.errors import EndpointError
from core.hashing import digest, file_digest
from core.naming import Key, model_name
from core.settings import Settings
from core.signature import Signature
from resources.ports import Objects

LIVE, PREVIOUS, CHAMPION = "live", "previous", "champion"
FILES = ("model.onnx", "signature.json")
KEEP = 5  # versions kept on disk beside those an alias names
SMOKE_CALLS = 100
SWITCH_SECONDS = 10.0


@dataclass(frozen=True)
class Smoke:
    """What asking a version showed: the largest miss of an expected probability, and seconds per one-row request."""

    version: str
    worst: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Deployment:
    """The outcome of a deployment or rollback."""

    model: str
    version: str
    previous: str | None
    url: str
    content: str  # digest of the package's files
    smoke: Smoke
    example: dict[str, Any]
    server_started: bool


def deploy(settings: Settings, objects: Objects, key: Key) -> Deployment:
    """Serve the champion of model/<domain>/<noun> at endpoint/<domain>/<noun>.

    The package is copied, the server started if nothing answers, the version asked for the examples of its
    signature beside the live one, then the aliases are switched and the live answer is checked.

    Raises:
        EndpointError: there is no champion, the port is taken, or the version does not answer as it should; the
            former version is live then.
    """
    source = Key("model", key.domain, key.noun)
    version = objects.alias(source, CHAMPION)
    if version is None:
        raise EndpointError(f"{source} has no champion", f"materialize {source} until its check passes")
    with _exclusive(settings, key):
        folder = _publish(objects, source, key, version)
        started = server.ensure(settings)
        smoke(settings, objects, key, version)
        former = objects.alias(key, LIVE)
        if former == version:
            former = objects.alias(key, PREVIOUS)
        return _switch(settings, objects, key, version, former, _content(folder), started)


def rollback(settings: Settings, objects: Objects, key: Key) -> Deployment:
    """Make the previous version live again, and the live one the previous.

    Raises:
        EndpointError: there is no previous version, or it does not answer as it should; nothing changes then.
    """
    with _exclusive(settings, key):
        live, previous = objects.alias(key, LIVE), objects.alias(key, PREVIOUS)
        if previous is None or previous == live:
            raise EndpointError(f"{key} has no previous version", "deploy a second version first")
        started = server.ensure(settings)
        smoke(settings, objects, key, previous)
        content = _content(objects.path(key, previous))
        return _switch(settings, objects, key, previous, live, content, started)


def smoke(settings: Settings, objects: Objects, key: Key, version: str | None = None) -> Smoke:
    """Ask a version (default: whatever is live) for the examples of its signature, and time one-row requests.

    Raises:
        EndpointError: it does not answer, or misses an expected probability by more than its tolerance.
    """
    model = model_name(key)
    with EndpointClient(settings.endpoints) as client:
        expected_version = version or objects.alias(key, LIVE)
        if expected_version is None:
            raise EndpointError(f"{key} has no live version", f"materialize {key}")
        signature = read_signature(objects.path(key, expected_version))
        rows = list(signature.examples)
        answer, _ = client.predict(model, rows, version)
        if answer["version"] != expected_version:
            raise EndpointError(
                f"{model} answers with version {answer['version']}, not {expected_version}", f"see {_log(settings)}"
            )
        found = answer["probabilities"]
        worst = max(abs(a - b) for a, b in zip(found, signature.expected, strict=True))
        if not worst <= signature.tolerance:
            raise EndpointError(
                f"{model} version {expected_version} misses an expected probability by {worst:.3g} "
                f"(allowed {signature.tolerance:.3g})",
                "materialize the model again",
            )
        seconds = [client.predict(model, [rows[n % len(rows)]], version)[1] for n in range(SMOKE_CALLS)]
    cuts = statistics.quantiles(seconds, n=100)
    return Smoke(expected_version, worst, cuts[49], cuts[98])


def read_signature(folder: Path) -> Signature:
    """The signature of a published version; the server has checked it when it loaded the version."""
    try:
        return Signature.model_validate_json((folder / "signature.json").read_bytes())
    except (OSError, ValueError) as error:
        raise EndpointError(f"{folder / 'signature.json'} cannot be read: {error}", "deploy it again") from error


def _publish(objects: Objects, source: Key, key: Key, version: str) -> Path:
    package = objects.path(source, version)

    def build(folder: Path) -> None:
        for name in FILES:
            if not (package / name).is_file():
                raise EndpointError(f"{package / name} is missing", f"materialize {source} again")
            shutil.copyfile(package / name, folder / name)

    folder = objects.write(key, version, build)
    if _content(folder) != _content(package):
        raise EndpointError(
            f"{key} already has a version {version} with another content, at {folder}",
            "register the model again under a new version number",
        )
    return folder


def _switch(
    settings: Settings, objects: Objects, key: Key, version: str, former: str | None, content: str, started: bool
) -> Deployment:
    """Point live at the version and previous at the former; undo both when the server does not follow."""
    before = {name: objects.alias(key, name) for name in (LIVE, PREVIOUS)}
    try:
        # `live` moves last: killed in between, the former version is still live, and is its own previous
        if former is not None:
            objects.set_alias(key, PREVIOUS, former)
        objects.set_alias(key, LIVE, version)
        seen = _await_live(settings, objects, key, version)
    except BaseException:
        for name, value in before.items():
            if value is None:
                objects.drop_alias(key, name)
            else:
                objects.set_alias(key, name, value)
        raise
    objects.prune(key, KEEP)
    example = dict(read_signature(objects.path(key, version)).examples[0])
    url = f"{settings.endpoints}/predict/{model_name(key)}"
    return Deployment(model_name(key), version, former, url, content, seen, example, started)


def _await_live(settings: Settings, objects: Objects, key: Key, version: str) -> Smoke:
    deadline = time.monotonic() + SWITCH_SECONDS
    while True:
        try:
            return smoke(settings, objects, key)
        except EndpointError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _content(folder: Path) -> str:
    return digest(file_digest(folder / name) for name in FILES)


def _log(settings: Settings) -> Path:
    return server.log_path(settings)


@contextmanager
def _exclusive(settings: Settings, key: Key) -> Iterator[None]:
    """One deployment of an endpoint at a time on this machine; a second waits."""
    path = settings.home / "run" / f"deploy-{model_name(key)}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
