"""Values passed in memory between the steps of a bundle.

An output goes through memory when its I/O manager gives back what it was given (Dagster's pickling and in-memory
managers, or one with `hands_over = True`). If all its consumers are in the bundle and it is no asset, it is not
written by the manager: a journal keeps it until they have succeeded. Everything else is written as always.
"""

import copy
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from core.errors import HeddleError
from orchestration.executors._compat import (
    ExecutionPlan,
    ExecutionStep,
    InMemoryIOManager,
    PickledObjectFilesystemIOManager,
    StepOutputHandle,
)
from orchestration.executors.journal import Journal
from orchestration.executors.options import Keep

HANDOVER_TAG = "heddle/handover"  # op tag: `stored` writes and loads every output of the op through its I/O manager
Handle = tuple[str, str]
_SHARED = (str, int, float, bool, bytes, type(None))


@dataclass
class Route:
    """Where an output goes.

    Attributes:
        inside: consumers in the bundle that have not succeeded yet.
        written: whether the I/O manager has to write it.
    """

    inside: set[str] = field(default_factory=set)
    written: bool = False


class Handover:
    """The values of one bundle while it runs.

    Args:
        keep: `journal` writes each value to the journal when it is made, so that it outlives a killed process;
            `memory` only when a step that needs it did not succeed.
    """

    def __init__(self, plan: ExecutionPlan, job: dg.JobDefinition, run_id: str, journal: Journal, keep: Keep) -> None:
        self.routes = _routes(plan, job)
        self.run_id = run_id
        self.journal = journal
        self.keep = keep
        self.values: dict[Handle, Any] = {}

    def wrap(self, manager: dg.IOManager) -> dg.IOManager:
        """The manager with hand-over in front, where it is one that gives back what it was given."""
        stock = (PickledObjectFilesystemIOManager, InMemoryIOManager)
        if getattr(manager, "hands_over", isinstance(manager, stock)):
            return HandoverIOManager(manager, self)
        return manager

    def watch(self, events: Iterator[dg.DagsterEvent]) -> Iterator[dg.DagsterEvent]:
        """Pass events on; forget values whose consumers succeeded, and journal what is left at the end."""
        try:
            for event in events:
                if event.is_step_success and event.step_key:
                    self._consumed(event.step_key)
                elif event.is_step_up_for_retry and event.step_key:
                    self._changed(event.step_key)
                yield event
        finally:
            self._keep_rest()

    def store(self, handle: Handle, value: Any) -> bool:
        """Take a value over; says whether the I/O manager has to write it too."""
        route = self.routes.get(handle)
        if route is None or not route.inside:
            return True
        self.values[handle] = value
        if not route.written and self.keep == "journal":
            self._write(handle, value)
        return route.written

    def load(self, run_id: str, handle: Handle) -> Any:
        """A value of this bundle, or one that an earlier bundle or run left in the journal.

        Raises:
            KeyError: neither has it.
        """
        if run_id != self.run_id or handle not in self.values:
            return self.journal.read(run_id, handle)
        value = self.values[handle]
        shared = len(self.routes[handle].inside) > 1 and not _immutable(value)
        return copy.deepcopy(value) if shared else value

    def _consumed(self, step: str) -> None:
        for handle in [h for h, route in self.routes.items() if step in route.inside]:
            route = self.routes[handle]
            route.inside.discard(step)
            if not route.inside:
                self.values.pop(handle, None)
                if not route.written:
                    self.journal.drop(self.run_id, handle)

    def _changed(self, step: str) -> None:
        """The step failed and may have changed its inputs in place: it gets the journal's copies next time."""
        for handle in [h for h, route in self.routes.items() if step in route.inside and h in self.values]:
            if not _immutable(self.values[handle]) and self.journal.has(self.run_id, handle):
                del self.values[handle]

    def _keep_rest(self) -> None:
        for handle, value in self.values.items():
            if not self.routes[handle].written and not self.journal.has(self.run_id, handle):
                self._write(handle, value)

    def _write(self, handle: Handle, value: Any) -> None:
        try:
            self.journal.write(self.run_id, handle, value)
        except (
            pickle.PicklingError,
            TypeError,
            AttributeError,
        ) as error:  # what pickle raises for a generator, a lock…
            dg.get_dagster_logger().warning(
                f"Output {handle[1]} of {handle[0]} stays in memory alone, so that a re-execution has to select "
                f"{handle[0]} too: {error}"
            )


class HandoverIOManager(dg.IOManager):
    """An I/O manager behind a hand-over."""

    def __init__(self, manager: dg.IOManager, handover: Handover) -> None:
        self.manager = manager
        self.handover = handover

    def __getattr__(self, name: str) -> Any:
        return getattr(self.manager, name)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> Any:
        """Keep the value for the bundle, and write it where somebody else needs it."""
        if context.mapping_key is None and not self.handover.store((context.step_key, context.name), obj):
            context.add_output_metadata({"heddle/handover": self.handover.keep})
            return None
        return self.manager.handle_output(context, obj)

    def load_input(self, context: dg.InputContext) -> Any:
        """The value from memory, from the journal, or through the manager."""
        source = context.upstream_output
        if source is not None and source.mapping_key is None and not context.has_asset_partitions:
            try:
                return self.handover.load(source.run_id, (source.step_key, source.name))
            except KeyError:
                pass  # it was written
        try:
            return self.manager.load_input(context)
        except FileNotFoundError as error:
            if source is None or source.run_id == context.step_context.run_id:
                raise
            raise HeddleError(
                f"output {source.name} of {source.step_key} was only handed over in memory in run {source.run_id}",
                f"select {source.step_key} too, or give its op the tag {HANDOVER_TAG}=stored",
            ) from error


def _routes(plan: ExecutionPlan, job: dg.JobDefinition) -> dict[Handle, Route]:
    """How each output of the bundle's steps goes."""
    bundle = set(plan.step_keys_to_execute)
    routes: dict[Handle, Route] = {}
    for step in plan.steps:
        if step.key in bundle and (step.tags or {}).get(HANDOVER_TAG) != "stored":
            for output in step.step_outputs:
                if not output.is_dynamic and not output.properties.asset_check_key:
                    asset = output.properties.asset_key is not None
                    routes[(step.key, output.name)] = Route(written=asset)
    for step in plan.steps:
        for handle, own_manager in _sources(step, job):
            route = routes.get((handle.step_key, handle.output_name))
            if route is None:
                continue
            if step.key in bundle and isinstance(step, ExecutionStep) and not own_manager:
                route.inside.add(step.key)
            else:
                route.written = True
    return routes


def _sources(step: Any, job: dg.JobDefinition) -> Iterator[tuple[StepOutputHandle, bool]]:
    """The outputs a step reads, and whether it reads them with an input manager of its own."""
    for source in step.step_inputs:
        if isinstance(step, ExecutionStep):
            definition = job.get_node(step.node_handle).definition.input_def_named(source.name)
            for handle in source.get_step_output_handle_dependencies():
                yield handle, definition.input_manager_key is not None
        else:
            for handle in source.get_step_output_handle_deps_with_placeholders():
                yield handle, False


def _immutable(value: Any) -> bool:
    return isinstance(value, _SHARED) or type(value).__module__.partition(".")[0] in ("polars", "pyarrow")
