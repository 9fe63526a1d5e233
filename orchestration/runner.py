"""Runs what is out of date, wave by wave, in this process.

A wave holds what certainly has to run: assets never built and everything below them, and assets whose own inputs or
code changed. What lies further down waits for the next wave, because an input that comes out with the same content
version changes nothing. An asset that a blocking check refused runs again first, and nothing is built on it before.
"""

import getpass
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from assets.security.trace.trace_defs import USER
from core.errors import HeddleError
from core.pidfile import hold
from orchestration.staleness import Fingerprint, Gone, Partition, Stale, Staleness

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PROCESS = "heddle/process"
Listener = Callable[[dg.DagsterEvent, float], None]


@dataclass
class Outcome:
    """What a call of `update` did.

    Attributes:
        ran: asset partitions materialized, in order.
        failed: step keys that failed.
        runs: ids of the Dagster runs.
    """

    ran: list[tuple[dg.AssetKey, Partition]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


class Runner:
    """Runs selections of one set of definitions against one instance."""

    def __init__(
        self,
        definitions: dg.Definitions,
        instance: dg.DagsterInstance,
        fingerprints: Mapping[dg.AssetKey, Fingerprint],
        run_config: Mapping[str, Any] | None = None,
        gone: Gone = lambda keys: set(),
    ) -> None:
        self.job = definitions.resolve_implicit_global_asset_job_def()
        self.graph = definitions.resolve_asset_graph()
        self.instance = instance
        self.fingerprints = fingerprints
        self.gone = gone
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        self.run_config = quiet | dict(run_config or {})

    def plan(self, keys: set[dg.AssetKey] | None = None) -> list[Stale]:
        """What is out of date among `keys` (default: all), upstream first."""
        found = self._staleness().find()
        return [s for s in found if keys is None or s.key in keys]

    def update(self, keys: set[dg.AssetKey] | None, listener: Listener, waves: int = 20) -> Outcome:
        """Run until nothing among `keys` is out of date but what failed and what is made from it.

        Raises:
            HeddleError: assets are still out of date after `waves` waves, which means their versions never settle.
        """
        outcome = Outcome()
        blocked: set[dg.AssetKey] = set()  # failed in this call, and all below: another try would only repeat it
        for _ in range(waves):
            stale = [s for s in self.plan(keys) if s.key not in blocked]
            if not stale:
                return outcome
            wave = [(key, partition) for key, partition in self._wave(stale, keys) if key not in blocked]
            before = len(outcome.failed)
            self.run(wave, listener, outcome)
            if len(outcome.failed) > before:
                left = {s.key for s in self.plan(keys)} & {key for key, _ in wave}
                blocked |= left | self._below(left)
        names = ", ".join(sorted({s.key.to_user_string() for s in stale}))
        raise HeddleError(f"still out of date after {waves} waves: {names}", "make their data versions deterministic")

    def run(self, wanted: Sequence[tuple[dg.AssetKey, Partition]], listener: Listener, outcome: Outcome) -> None:
        """Run asset partitions: one Dagster run per unbroken range of partitions, all else with the last range."""
        plain = {key for key, partition in wanted if partition is None}
        partitioned = {key for key, partition in wanted if partition is not None}
        ranges = list(self._ranges({p for _, p in wanted if p is not None}, partitioned))
        before = len(outcome.failed)
        for first, last in ranges[:-1]:
            self._execute(partitioned, {RANGE_START: first, RANGE_END: last}, listener, outcome)
            if len(outcome.failed) > before:
                return
        tags = {RANGE_START: ranges[-1][0], RANGE_END: ranges[-1][1]} if ranges else {}
        self._execute(plain | partitioned, tags, listener, outcome)

    def _wave(self, stale: list[Stale], keys: set[dg.AssetKey] | None) -> list[tuple[dg.AssetKey, Partition]]:
        staleness = self._staleness()
        missing = {s.key for s in stale if not staleness.states[s.key]}
        certain = missing | self._below(missing)
        changed = {s.key for s in stale}
        # what is missing waits too for what only perhaps changes: that may yet come out otherwise, or be refused
        pending = (self._below(changed) - certain) | self._below(changed - certain)
        chosen = [(s.key, s.partition) for s in stale if s.key not in pending]
        if keys is not None:
            self._refuse_unfit({key for key, _ in chosen}, keys, staleness.unfit)
        have = {key for key, _ in chosen}
        for key in self.graph.toposorted_asset_keys:
            if key in certain - have - pending and (keys is None or key in keys):
                chosen += [(key, partition) for partition in staleness.partitions(key)]
        return chosen

    def _refuse_unfit(self, chosen: set[dg.AssetKey], keys: set[dg.AssetKey], unfit: Mapping[dg.AssetKey, str]) -> None:
        pairs = {(key, parent) for key in chosen for parent in self.graph.get(key).parent_keys & unfit.keys() - keys}
        if pairs:
            key, parent = (k.to_user_string() for k in min(pairs))
            reason = unfit[min(pairs)[1]]
            raise HeddleError(
                f"{key} would be built on {parent}, which is not fit for it: {reason}",
                f"run both: heddle run 'key:\"{parent}\"' 'key:\"{key}\"'",
            )

    def _staleness(self) -> Staleness:
        return Staleness(self.graph, self.instance, self.fingerprints, self.gone)

    def _below(self, keys: set[dg.AssetKey]) -> set[dg.AssetKey]:
        found: set[dg.AssetKey] = set()
        for key in self.graph.toposorted_asset_keys:
            if self.graph.get(key).parent_keys & (keys | found):
                found.add(key)
        return found

    def _ranges(self, wanted: set[str], keys: set[dg.AssetKey]) -> Iterator[tuple[str, str]]:
        if not wanted:
            return
        definition = self.graph.get(next(iter(keys))).partitions_def
        assert definition is not None
        run: list[str] = []
        for partition in definition.get_partition_keys(dynamic_partitions_store=self.instance):
            if partition in wanted:
                run.append(partition)
            elif run:
                yield run[0], run[-1]
                run = []
        if run:
            yield run[0], run[-1]

    def _made_together(self, keys: set[dg.AssetKey]) -> set[dg.AssetKey]:
        """The other assets of steps that make several and cannot make one alone."""
        return {key for chosen in keys for key in self.graph.get(chosen).execution_set_asset_keys}

    def _execute(self, keys: set[dg.AssetKey], tags: Mapping[str, str], listener: Listener, outcome: Outcome) -> None:
        run_id = str(uuid.uuid4())
        outcome.runs.append(run_id)

        def on_event(entry: dg.EventLogEntry) -> None:
            event = entry.dagster_event
            if event is None:
                return
            if event.is_step_materialization and event.asset_key is not None:
                outcome.ran.append((event.asset_key, event.partition))
            if event.is_step_failure and event.step_key is not None:
                outcome.failed.append(event.step_key)
            listener(event, entry.timestamp)

        self.instance.add_event_listener(run_id, on_event)
        before = len(outcome.failed)
        result = self.job.execute_in_process(
            run_config=self.run_config,
            instance=self.instance,
            asset_selection=sorted(keys | self._made_together(keys)),
            run_id=run_id,
            tags={**tags, PROCESS: str(os.getpid()), USER: getpass.getuser()},
            raise_on_error=False,
        )
        if not result.success and len(outcome.failed) == before:  # it failed outside of any step
            outcome.failed.append(f"run {run_id}")


@contextmanager
def only_runner(home: Path) -> Iterator[None]:
    """Hold the lock that lets one process at a time run assets in the foreground.

    Raises:
        HeddleError: another process holds it.
    """
    what, fix = "another heddle run is at work", "wait for it, or stop it; it leaves everything as it was"
    with hold(home / "run" / "runner.pid", HeddleError, what, fix):
        yield


def close_orphans(instance: dg.DagsterInstance) -> list[str]:
    """Mark foreground runs whose process is gone as failed; returns their ids. Call under `only_runner`."""
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    closed = []
    for run in instance.get_runs(filters=unfinished):
        if PROCESS in run.tags:  # the lock is ours, so no foreground run can be alive
            instance.report_run_failed(run, "The process running it was stopped.")
            closed.append(run.run_id)
    return closed
