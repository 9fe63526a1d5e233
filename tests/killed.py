"""Commands that end themselves by SIGKILL when they are about to rename for the n-th time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

_DYING = """
import os, signal, sys
left = int(sys.argv.pop(1))
def dying(function):
    def call(*given, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return function(*given, **named)
    return call
os.replace, os.rename = dying(os.replace), dying(os.rename)
"""
HEDDLE = "from orchestration.cli.main import main\nmain()\n"


def killed(at: int, *arguments: object, code: str = HEDDLE, folder: Path | None = None) -> bool:
    """Runs `heddle`, or other code, until just before rename number `at` (from 0); False where it ended before that."""
    line = [sys.executable, "-c", _DYING + code, str(at), *map(str, arguments)]
    path = str(Path(__file__).parents[1])
    done = subprocess.run(line, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0
