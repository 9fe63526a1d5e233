"""Drives one run: starts bundles, reads their events, settles what became of their steps."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.executors import bundles
from orchestration.executors._compat import (
    ActiveExecution,
    EngineEventData,
    ExecuteStepArgs,
    ExecutionPlan,
    ExecutionStep,
    PlanOrchestrationContext,
    SerializableErrorInfo,
    StepDelegatingExecutor,
    StepOutputHandle,
)
from orchestration.executors.place import Bundle, BundleContext, bundle_of
from orchestration.executors.tasks import tasks_of
from orchestration.executors.worker import ENDED

if TYPE_CHECKING:
    from orchestration.executors.bundling import Places

IDLE_SECONDS = 1.0  # longest pause between two reads of the event log
INLINE_SECONDS = 0.2  # how long steps of this process run before the other bundles get a look


class Orchestration:
    """The state of one run under the bundling executor.

    A step is pending, then vended by Dagster's `ActiveExecution` when it may run, then in a bundle (as member of a
    growing bundle even earlier), then finished.
    """

    def __init__(
        self,
        executor: StepDelegatingExecutor,
        places: "Places",
        context: PlanOrchestrationContext,
        plan: ExecutionPlan,
        active: ActiveExecution,
    ) -> None:
        self.executor = executor
        self.options = places.options
        self.places = places
        self.context = context
        self.plan = plan
        self.active = active
        self.ready: set[str] = set()
        self.vended: set[str] = set()
        self.done: set[str] = set()
        self.outputs: set[StepOutputHandle] = set()
        self.running: dict[str, Bundle] = {}
        self.members: dict[str, Bundle] = {}  # steps of running bundles that have not finished
        self.failed = False
        self.inline: dict[str, Iterator[dg.DagsterEvent]] = {}
        self.seen: set[int] = set()

    def events(self) -> Iterator[dg.DagsterEvent]:
        """Run everything; gives the events of the run as they come in."""
        pause = 0.0
        try:
            if self.context.resume_from_failure:
                yield from self._resume()
            while not self.active.is_complete or self.running:
                if self.active.check_for_interrupts():
                    yield from self._interrupted()
                    return
                ended = self._ended()  # before reading: what an ended worker wrote is then all there
                count = 0
                for event in self.executor._pop_events(self.context.instance, self.context.run_id, self.seen):
                    yield event
                    self._take(event)
                    count += 1
                for bundle, reason in ended:
                    self._settle(bundle, reason)
                self._skip_and_abandon()
                self._vend()
                moved = self._launch() or bool(count) or bool(ended)
                moved = self._run_inline() or moved
                pause = self.options.poll_seconds if moved else min(pause * 1.5, IDLE_SECONDS)
                if not self.inline and (self.running or not self.active.is_complete):
                    time.sleep(max(pause, 0.01))
        except BaseException:
            self._stop_all()
            raise

    def _take(self, event: dg.DagsterEvent) -> None:
        """Bring the state up to date with one event of the log."""
        step = event.step_key
        if event.event_type == dg.DagsterEventType.ENGINE_EVENT and ENDED in event.engine_event_data.metadata:
            self._over(str(event.engine_event_data.metadata[ENDED].value))
        if step is None or event.is_step_skipped:
            return
        bundle = self.members.get(step)
        if bundle is not None:
            _note_progress(bundle, event)
            if event.is_step_up_for_retry:  # the worker tries again by itself
                self.active.retry_state.mark_attempt(step)
                return
        if event.is_successful_output:
            self.outputs.add(event.step_output_data.step_output_handle)
        ends = event.is_step_success or event.is_step_failure or event.is_step_up_for_retry
        if ends and step not in self.vended:
            return  # of a worker that was given up
        self.active.handle_event(event)
        if ends:
            self._finish(step, event)

    def _finish(self, step: str, event: dg.DagsterEvent) -> None:
        self.vended.discard(step)
        if event.is_step_success:
            self.done.add(step)
        self.failed = self.failed or event.is_step_failure
        if bundle := self.members.pop(step, None):
            bundle.finished.add(step)
        self._skip_and_abandon()
        self._vend()  # the next event may be of a step that this one made ready

    def _vend(self) -> None:
        for step in self.active.get_steps_to_execute():
            self.vended.add(step.key)
            if step.key not in self.members:
                self.ready.add(step.key)

    def _skip_and_abandon(self) -> None:
        """As `plan_events_iterator`, silent about steps of a running bundle, whose worker says it itself."""
        while skipped := self.active.get_steps_to_skip():
            for step in skipped:
                if step.key not in self.members:
                    dg.DagsterEvent.step_skipped_event(self.context.for_step(step))
                self.active.mark_skipped(step.key)
        while abandoned := self.active.get_steps_to_abandon():
            for step in abandoned:
                if step.key not in self.members:
                    self.context.for_step(step).log.error(f"What {step.key} needs failed. Not executing.")
                self.active.mark_abandoned(step.key)

    def _launch(self) -> bool:
        slots = self.options.max_concurrent - len(self.running)
        if not self.ready or slots <= 0:
            return False
        tasks = tasks_of(self.context, self.plan, self.options)
        waiting = self.plan.get_executable_step_deps().keys() - self.vended - self.done
        pending = {key for key in waiting if key not in self.members and self._inputs_there(key)}
        for keys in list(bundles.plan(tasks, self.ready, pending, self.done, slots)):
            self._start(Bundle(uuid.uuid4().hex[:8], tasks[keys[0]].place, keys))
        return True

    def _inputs_there(self, key: str) -> bool:
        """Whether every output that finished steps owe this step was made; an optional one may be missing."""
        step = self.plan.get_step_by_key(key)
        if not isinstance(step, ExecutionStep):
            return False
        handles = [h for source in step.step_inputs for h in source.get_step_output_handle_dependencies()]
        return all(h in self.outputs for h in handles if h.step_key in self.done)

    def _start(self, bundle: Bundle) -> None:
        self.ready -= set(bundle.keys)
        bundle.launched = bundle.answered = bundle.looked = time.monotonic()
        self.running[bundle.id] = bundle
        self.members |= dict.fromkeys(bundle.keys, bundle)
        try:
            if bundle.place == "process":
                from orchestration.executors.place_process import bundle_events

                args = self._context_of(bundle).execute_step_args
                self.inline[bundle.id] = bundle_events(self.context, args, self.options)
            else:
                list(self.places.launch_step(self._context_of(bundle)))
        except Exception as error:  # any client's refusal fails the steps, not the run's other bundles
            self._settle(bundle, f"its {bundle.place} worker could not be started: {_words(error)}")

    def _run_inline(self) -> bool:
        """Run steps of this process for a moment."""
        for key, iterator in list(self.inline.items())[:1]:
            until = time.monotonic() + INLINE_SECONDS
            while time.monotonic() < until:
                if next(iterator, None) is None:
                    del self.inline[key]
                    break
            return True
        return False

    def _ended(self) -> list[tuple[Bundle, str]]:
        """Bundles whose worker is no more, with the reason."""
        found = []
        for bundle in list(self.running.values()):
            if bundle.place == "process":
                if bundle.id not in self.inline:
                    found.append((bundle, "it ended without running its steps; see the events before"))
                continue
            reason = self._look(bundle)
            if reason:
                found.append((bundle, reason))
        return found

    def _look(self, bundle: Bundle) -> str:
        place, now = self.places.of(bundle), time.monotonic()
        if place.remote and now - bundle.looked < self.options.look_seconds:
            return ""
        bundle.looked = now
        try:
            health = place.check_step_health(self._context_of(bundle))
        except Exception as error:  # whatever the client raises: asked again until it counts as lost
            if now - bundle.answered < self.options.lost_seconds:
                return ""
            self._stop(bundle)
            return f"its {bundle.place} worker could not be asked for {now - bundle.answered:.0f} s: {_words(error)}"
        bundle.answered = now
        if health.is_healthy:
            return ""
        return health.unhealthy_reason or "its worker is gone"

    def _settle(self, bundle: Bundle, reason: str) -> None:
        """A worker ended: what it was at fails or is tried again, what it did not get to is ready again."""
        if self.running.pop(bundle.id, None) is None:
            return
        self.members = {key: other for key, other in self.members.items() if other is not bundle}
        left = [key for key in bundle.keys if key in self.vended]
        broken = [key for key in left if key in bundle.started]
        if not broken and not bundle.finished:
            broken = left
        for key in left:
            if key not in broken:
                self.ready.add(key)
        for key in broken:
            self._free_pool_slot(key)
            step = self.context.for_step(self.plan.get_executable_step_by_key(key))
            error = SerializableErrorInfo(f"Step {key} failed: {reason}\n", [], None)
            self.executor.log_failure_or_retry_event_after_error(step, error, self.active.get_known_state())

    def _over(self, bundle_id: str) -> None:
        """A worker says that it ran everything it could."""
        bundle = self.running.get(bundle_id)
        if bundle is not None and bundle.place != "process" and self.places.of(bundle).remote:
            self._settle(bundle, "its worker ended without running it")

    def _free_pool_slot(self, key: str) -> None:
        storage = self.context.instance.event_log_storage
        if storage.supports_global_concurrency_limits:
            storage.free_concurrency_slot_for_step(self.context.run_id, key)

    def _interrupted(self) -> Iterator[dg.DagsterEvent]:
        self.active.mark_interrupted()
        instance = self.context.instance
        if instance.run_will_resume(self.context.run_id):
            self._note("The run will be resumed; its remote bundles go on.")
            return
        self._note("Executor received termination signal, forwarding to its bundles.")
        self._stop_all()
        yield from self.executor._pop_events(instance, self.context.run_id, self.seen)

    def _stop_all(self) -> None:
        if self.running:
            with ThreadPoolExecutor(min(8, len(self.running))) as pool:  # each may need its whole grace period
                list(pool.map(self._stop, list(self.running.values())))

    def _stop(self, bundle: Bundle) -> None:
        if bundle.worker is None:
            return
        try:
            list(self.places.terminate_step(self._context_of(bundle)))
        except Exception as error:  # the cluster may be away; the run's end must not depend on it
            self._note(f"The {bundle.place} worker of {bundle.shown()} could not be stopped: {_words(error)}")
        for key in bundle.keys:
            if key in self.vended:
                self._free_pool_slot(key)

    def _resume(self) -> Iterator[dg.DagsterEvent]:
        """Take over from a run worker that died: Kubernetes Jobs go on, what else was in flight runs again."""
        prior = list(self.executor._pop_events(self.context.instance, self.context.run_id, self.seen))
        yield from prior
        adopted: dict[str, Bundle] = {}
        self._vend()
        for event in prior:
            if event.event_type == dg.DagsterEventType.STEP_WORKER_STARTING:
                bundle = bundle_of(event)
                adopted[bundle.id] = bundle
                self.members |= dict.fromkeys(bundle.keys, bundle)
                self.ready -= set(bundle.keys)
            if event.event_type != dg.DagsterEventType.ENGINE_EVENT:  # ends of bundles: their steps' events say it
                self._take(event)
        now = time.monotonic()
        for bundle in adopted.values():
            mine = [key for key, other in self.members.items() if other is bundle and key in self.vended]
            if mine and bundle.worker is not None:
                bundle.launched = bundle.answered = now
                self.running[bundle.id] = bundle
            else:
                self.ready |= set(mine)
                self.members = {key: other for key, other in self.members.items() if other is not bundle}
        again = ", ".join(sorted(self.ready)) or "nothing"
        self._note(f"Resuming: {len(self.running)} bundles go on; runs again or next: {again}.")

    def _note(self, message: str) -> None:
        dg.DagsterEvent.engine_event(self.context, message, EngineEventData())

    def _context_of(self, bundle: Bundle) -> BundleContext:
        job: Any = self.context.reconstructable_job
        instance = self.context.instance
        context = BundleContext(
            instance=instance,
            plan_context=self.context,
            steps=[self.plan.get_executable_step_by_key(key) for key in bundle.keys],
            execute_step_args=ExecuteStepArgs(
                job_origin=job.get_python_origin(),
                run_id=self.context.run_id,
                step_keys_to_execute=bundle.keys,
                instance_ref=instance.get_ref(),
                retry_mode=self.executor.retries,  # the worker retries by itself, with its values in memory
                known_state=self.active.get_known_state(),
                should_verify_step=bundle.place == "k8s",  # a cluster may start a Job's pod twice
            ),
            dagster_run=self.context.dagster_run,
        )
        context.bundle = bundle
        return context


def _note_progress(bundle: Bundle, event: dg.DagsterEvent) -> None:
    bundle.seen = bundle.seen or event.event_type != dg.DagsterEventType.STEP_WORKER_STARTING
    if event.step_key and (event.is_step_start or event.event_type == dg.DagsterEventType.STEP_RESTARTED):
        bundle.started.add(event.step_key)


def _words(error: Exception) -> str:
    with suppress(Exception):
        reason = getattr(error, "reason", "") or ""
        body = getattr(error, "body", "") or ""
        if status := getattr(error, "status", None):
            return f"{type(error).__name__} {status} {reason} {body}"[:1000]
    return f"{type(error).__name__}: {error}"[:1000]
