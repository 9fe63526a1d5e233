"""A home in which the whole graph was built once, on the sample, by a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.settings import PROJECT, Settings, load


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """Folders and a port of one installation; `run` brings it up to date in a process that may be killed."""

    folder: Path
    retail: Path
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HEDDLE_HOME": str(self.folder / "home"),
            "HEDDLE_RETAIL": str(self.retail),
            "HEDDLE_HANDBOOK": str(self.folder / "handbook"),
            "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{self.port}",
        } | self.extra

    @property
    def settings(self) -> Settings:
        return load(self.environ, self.folder)

    def run(self, kill_in: str = "-", after: float = 0.0) -> tuple[int, dict[str, float], str]:
        """Run what is out of date; returns (exit code, seconds by step, output)."""
        times = self.folder / "times.json"
        times.unlink(missing_ok=True)
        child = subprocess.run(
            [sys.executable, "-m", "tests.fakes.killed_run", kill_in, str(after), str(times)],
            env={k: v for k, v in os.environ.items() if not k.startswith("HEDDLE_")} | self.environ,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=280,
        )
        seconds = json.loads(times.read_text()) if times.exists() else {}
        return child.returncode, seconds, child.stdout + child.stderr

    def stop(self) -> None:
        from assets.endpoints import server

        server.stop(self.settings)


def install(folder: Path, retail: Path, **extra: str) -> Installation:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT / "examples" / "handbook", folder / "handbook")
    for questions in (PROJECT / "examples").glob("handbook_questions*"):
        shutil.copy(questions, folder / questions.name)
    return Installation(folder, retail, extra=extra)


@pytest.fixture(scope="session")
def built(retail_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The whole graph, built once; tests may move it forward but leave it working."""
    installation = install(tmp_path_factory.mktemp("built"), retail_sample)
    code, seconds, output = installation.run()
    assert code == 0, output[-4000:]
    assert seconds, output[-4000:]
    yield installation
    installation.stop()
