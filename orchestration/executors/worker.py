"""Runs one bundle: Dagster's own step worker for many steps, with values handed over in memory.

`python -m orchestration.executors.worker --bundle ID --scratch FOLDER --keep journal|memory`, and Dagster's
ExecuteStepArgs in DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS, as for `dagster api execute_step`.
"""

import argparse
import base64
import ctypes
import os
import signal
import sys
import zlib
from functools import partial
from typing import Any

import dagster as dg

from orchestration.executors._compat import (
    EngineEventData,
    ExecuteStepArgs,
    ExecutionPlan,
    capture_interrupts,
    step_worker_events,
    use_in_step_worker,
)
from orchestration.executors.handover import Handover
from orchestration.executors.journal import Journal
from orchestration.executors.options import Keep

ARGUMENTS = "DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS"
ENDED = "heddle/bundle_ended"  # metadata of the event a worker writes last
PR_SET_PDEATHSIG = 1
NOTHING_RAN = 3  # exit code: the definitions or resources of the bundle could not be made


def prepare(run_id: str, scratch: str, keep: Keep, plan: ExecutionPlan, job: dg.JobDefinition) -> tuple[Any, Any]:
    """What a plan's I/O managers are wrapped with, and what watches its events."""
    handover = Handover(plan, job, run_id, Journal(scratch), keep)
    return handover.wrap, handover.watch


def main() -> None:
    """Run the bundle; exits with 0 when every event of it is in the event log, failed steps included."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--keep", choices=("journal", "memory"), default="journal")
    parser.add_argument("--parent", type=int, default=0, help="pid whose end ends this process")
    options = parser.parse_args()
    if options.parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != options.parent:
            raise SystemExit("the process that started this worker is gone")
    text = zlib.decompress(base64.b64decode(os.environ.pop(ARGUMENTS).encode())).decode()
    args = dg.deserialize_value(text, ExecuteStepArgs)
    if args.instance_ref is None:
        raise SystemExit("the instance is in the memory of another process: use one on disk or a server")
    use_in_step_worker(partial(prepare, args.run_id, options.scratch, options.keep))
    with capture_interrupts(), dg.DagsterInstance.from_ref(args.instance_ref) as instance:
        raise SystemExit(_run(args, instance, options.bundle))


def _run(args: ExecuteStepArgs, instance: dg.DagsterInstance, bundle: str) -> int:
    run = instance.get_run_by_id(args.run_id)
    if run is None:
        raise SystemExit(f"run {args.run_id} is not in the instance at {instance.root_directory}: is it the same one?")
    try:
        for _ in step_worker_events(args, instance, run):
            pass  # the event log has it
    except Exception as error:  # resources or definitions that cannot be made; the whole traceback is in the event log
        sys.stderr.write("\ncaused by ".join(_causes(error)) + "\n")
        return NOTHING_RAN
    ended = EngineEventData(metadata={ENDED: dg.MetadataValue.text(bundle)})
    instance.report_engine_event(f"Bundle {bundle} ended.", run, ended)
    return 0


def _causes(error: BaseException | None) -> list[str]:
    """An error and what caused it, each in one line."""
    found = []
    while error is not None:
        found.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return found


if __name__ == "__main__":
    main()
