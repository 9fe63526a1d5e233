"""A bundle in a process of its own on this machine."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, cast

import dagster as dg

from orchestration.executors._compat import CheckStepHealthResult, StepHandlerContext
from orchestration.executors.place import BundleContext, Place, payload, starting

TAIL = 2000  # characters of its output that explain a worker's end


class Process:
    """A worker process and what it printed outside of steps."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.popen = subprocess.Popen(  # noqa: S603 - the executor's own command
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the executor alone, which stops its workers
        )

    def ended(self) -> str | None:
        """How the process ended, with the end of its output; None while it runs."""
        code = self.popen.poll()
        if code is None:
            return None
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self.output.seek(0)
        printed = self.output.read().decode(errors="replace").strip()[-TAIL:] if code > 0 else ""
        return f"worker process {self.popen.pid} {how}" + (f":\n{printed}" if printed else "")

    def stop(self, seconds: float) -> None:
        """Interrupt the process, kill it after `seconds`."""
        if self.popen.poll() is None:
            self.popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)  # what its steps have started
        self.popen.wait()


class WorkerPlace(Place):
    """Worker processes, which end with the executor's process."""

    @property
    def name(self) -> str:
        """For messages."""
        return "worker"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Start a process."""
        context = cast(BundleContext, step_handler_context)
        bundle = context.bundle
        yield starting(context, f"Starting a worker process for {bundle.shown()}.")
        command = [sys.executable, *self.arguments(bundle), "--parent", str(os.getpid())]
        bundle.worker = Process(command, dict(os.environ) | payload(context.execute_step_args))

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Whether the process still runs."""
        ended = cast(BundleContext, step_handler_context).bundle.worker.ended()
        return CheckStepHealthResult.unhealthy(ended) if ended else CheckStepHealthResult.healthy()

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Stop the process and everything it started."""
        cast(BundleContext, step_handler_context).bundle.worker.stop(self.options.stop_seconds)
        yield from ()
