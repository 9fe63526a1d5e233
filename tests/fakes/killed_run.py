"""`heddle run` in a process that kills itself (SIGKILL) some seconds after a given step began.

Usage: python -m tests.fakes.killed_run STEP SECONDS [TIMES_FILE]
STEP "-" never kills; TIMES_FILE receives {step: seconds} as JSON.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import dagster as dg

from core.settings import load
from orchestration.runner import close_orphans, only_runner
from orchestration.session import open_session


def main(step: str, seconds: float, times_file: str | None = None) -> None:
    started: dict[str, float] = {}
    times: dict[str, float] = {}

    def listen(event: dg.DagsterEvent, at: float) -> None:
        key = event.step_key or ""
        if event.event_type == dg.DagsterEventType.STEP_START:
            started[key] = at
            if key == step:
                threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        elif event.is_step_success:
            times[key] = at - started[key]

    settings = load()
    with only_runner(settings.home):
        session = open_session(settings)
        close_orphans(session.instance)
        outcome = session.runner.update(None, listen)
    if times_file:
        Path(times_file).write_text(json.dumps(times))
    if outcome.failed:
        raise SystemExit(f"failed: {outcome.failed}")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:4])
