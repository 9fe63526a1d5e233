"""What a place where bundles run has to offer."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from orchestration.executors._compat import (
    CheckStepHealthResult,
    ExecuteStepArgs,
    StepHandler,
    StepHandlerContext,
)
from orchestration.executors.options import Options

COMMAND = ("-m", "orchestration.executors.worker")


@dataclass
class Bundle:
    """Steps that run in one worker.

    Attributes:
        worker: the place's own handle: a process, a Job's name, a Ray reference.
        launched: when, by `time.monotonic`.
        answered: when the place last said how the worker is.
        looked: when it was last asked.
        seen: whether an event of the worker was read.
    """

    id: str
    place: str
    keys: list[str]
    worker: Any = None
    launched: float = 0.0
    answered: float = 0.0
    looked: float = 0.0
    seen: bool = False
    started: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)

    def shown(self) -> str:
        """Its steps in words."""
        return self.keys[0] if len(self.keys) == 1 else f"{self.keys[0]} and {len(self.keys) - 1} more steps"


class BundleContext(StepHandlerContext):
    """A step handler's context for all steps of one bundle."""

    bundle: Bundle


class Place(StepHandler):
    """A step handler that takes many steps at once.

    `check_step_health` says that a bundle is unhealthy as soon as its worker has ended, however it ended; the reason
    tells how. It raises when the place cannot be asked now.
    """

    remote = False  # whether asking takes a request

    def __init__(self, options: Options) -> None:
        self.options = options

    @abstractmethod
    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Start the bundle's worker and set `bundle.worker`."""

    @abstractmethod
    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """How the worker is."""

    @abstractmethod
    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Stop the worker and wait until it has ended, at most `stop_seconds`."""

    def arguments(self, bundle: Bundle) -> list[str]:
        """The worker's command line after the interpreter."""
        return [*COMMAND, "--bundle", bundle.id, "--scratch", self.options.scratch, "--keep", self.options.keep]


def payload(args: ExecuteStepArgs) -> dict[str, str]:
    """The environment variable with the worker's arguments."""
    return {item["name"]: item["value"] for item in args.get_command_env()}


def starting(context: BundleContext, message: str, worker: tuple[str, ...] = ()) -> dg.DagsterEvent:
    """The event that a bundle's worker is being started, on its first step.

    Args:
        worker: how another process finds the worker again, when it outlives this one.
    """
    bundle = context.bundle
    described = {"heddle/bundle": bundle.id, "heddle/place": bundle.place, "heddle/steps": json.dumps(bundle.keys)}
    described |= {"heddle/worker": json.dumps(worker)} if worker else {}
    return dg.DagsterEvent.step_worker_starting(
        context.get_step_context(bundle.keys[0]),
        message=message,
        metadata={k: dg.MetadataValue.text(v) for k, v in described.items()},
    )


def bundle_of(event: dg.DagsterEvent) -> Bundle:
    """The bundle that a `starting` event speaks of; without a worker where that ended with its executor."""
    told = {k: str(v.value) for k, v in event.engine_event_data.metadata.items()}
    worker = tuple(json.loads(told["heddle/worker"])) if "heddle/worker" in told else None
    return Bundle(told["heddle/bundle"], told["heddle/place"], json.loads(told["heddle/steps"]), worker)
