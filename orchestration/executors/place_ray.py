"""A bundle as a Ray task, which runs the worker as a process on one of the cluster's machines."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import dagster as dg

from orchestration.executors._compat import CheckStepHealthResult, StepHandlerContext
from orchestration.executors.place import BundleContext, Place, payload, starting

RESOURCES_TAG = "heddle/ray"  # op tag: JSON of Ray task options, such as {"num_cpus": 2, "num_gpus": 1}
TASK_OPTIONS = {"num_cpus", "num_gpus", "memory", "resources", "accelerator_type", "runtime_env", "scheduling_strategy"}


def _work(arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """On the cluster: run the worker; gives its exit code and the end of its output."""
    environment = dict(os.environ) | environment
    process = subprocess.Popen(  # noqa: S603 - the executor's own command
        [sys.executable, *arguments, "--parent", str(os.getpid())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed = process.communicate()[0]
    finally:
        if process.poll() is None:  # the task was cancelled
            process.terminate()
            process.wait()
    return process.returncode, printed.decode(errors="replace")[-2000:]


class RayPlace(Place):
    """Ray tasks. Config `ray`: `address` (default: a Ray of its own on this machine) and task options."""

    remote = True

    @property
    def name(self) -> str:
        """For messages."""
        return "ray"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Submit a task."""
        import json

        context = cast(BundleContext, step_handler_context)
        bundle = context.bundle
        ray = self._connected()
        tags = context.step_tags[bundle.keys[0]]
        given = {k: v for k, v in self.options.ray.items() if k in TASK_OPTIONS}
        wanted = given | json.loads(tags.get(RESOURCES_TAG, "{}"))
        if unknown := set(wanted) - TASK_OPTIONS:
            raise dg.DagsterInvalidDefinitionError(f"tag {RESOURCES_TAG} of {bundle.keys[0]}: unknown {unknown}")
        yield starting(context, f"Starting a Ray task for {bundle.shown()}.")
        kept = {k: v for k, v in os.environ.items() if k.startswith(("HEDDLE_", "DAGSTER_", "PG"))}
        kept |= {k: str(v) for k, v in self.options.ray.get("env", {}).items()} | payload(context.execute_step_args)
        task = ray.remote(max_retries=0, **wanted)(_work)  # a step is retried by its own policy
        bundle.worker = task.remote(self.arguments(bundle), kept)

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Whether the task still runs or waits for its turn."""
        ray = self._connected()
        reference = cast(BundleContext, step_handler_context).bundle.worker
        done, _ = ray.wait([reference], timeout=0, fetch_local=False)
        if not done:
            return CheckStepHealthResult.healthy()
        try:
            code, printed = ray.get(reference, timeout=30)
        except ray.exceptions.RayError as error:
            return CheckStepHealthResult.unhealthy(f"the Ray task failed: {type(error).__name__}: {error}")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return CheckStepHealthResult.unhealthy(f"the worker in the Ray task {how}" + (f":\n{printed}" if code else ""))

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Cancel the task; its worker ends with it."""
        ray = self._connected()
        reference = cast(BundleContext, step_handler_context).bundle.worker
        ray.cancel(reference, force=False)
        ray.wait([reference], timeout=self.options.stop_seconds, fetch_local=False)
        yield from ()

    def _connected(self) -> Any:
        import ray

        if not ray.is_initialized():
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            started = {k: v for k, v in self.options.ray.items() if k == "address"}
            ray.init(include_dashboard=False if not started else None, log_to_driver=False, **started)
        return ray
