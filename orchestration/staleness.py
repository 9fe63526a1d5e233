"""Which assets are out of date, and why.

Dagster's own status stops looking at a partitioned input with 100 partitions or more and does not see files, so a
history of two years of weeks would silently count as fresh. This one compares content versions, partition by
partition, and the fingerprints of source files.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from assets.kit import SOURCE_VERSION, VERSION
from orchestration._compat import AssetGraph, latest_evaluation

Partition = str | None
PAGE = 1000


@dataclass(frozen=True)
class State:
    """One asset partition as last materialized."""

    id: int
    version: str
    code_version: str | None
    source_version: str | None
    run_id: str
    timestamp: float


@dataclass(frozen=True)
class Stale:
    """One asset partition that is out of date, with the reason in words."""

    key: dg.AssetKey
    partition: Partition
    reason: str


Fingerprint = Callable[[Partition], str | None]  # None: no file is left, so what was loaded stays
Gone = Callable[[set[dg.AssetKey]], set[dg.AssetKey]]  # of these, which


class Staleness:
    """The state of one graph in one instance; make a new one after each run.

    Args:
        fingerprints: for assets made from files, partition -> present fingerprint of those files.
        gone: tells which assets are not in their store, whatever was materialized: it was emptied, or is another one.
    """

    def __init__(
        self,
        graph: AssetGraph,
        instance: dg.DagsterInstance,
        fingerprints: Mapping[dg.AssetKey, Fingerprint],
        gone: Gone = lambda keys: set(),
    ) -> None:
        self._look_for = gone
        self.graph = graph
        self.instance = instance
        self.fingerprints = fingerprints

    @cached_property
    def states(self) -> dict[dg.AssetKey, dict[Partition, State]]:
        """The latest state of every asset partition that was ever materialized and is still in its store."""
        found = {key: self._latest(key) for key in self.graph.toposorted_asset_keys}
        gone = self._look_for({key for key, states in found.items() if states})
        return {key: {} if key in gone else states for key, states in found.items()}

    def find(self) -> list[Stale]:
        """All asset partitions that can be made here and are missing or out of date, upstream first."""
        made = [key for key in self.graph.toposorted_asset_keys if self.graph.get(key).is_executable]
        return [stale for key in made for stale in self._of(key)]

    def partitions(self, key: dg.AssetKey) -> Sequence[Partition]:
        """All partition keys of an asset; [None] when it has none."""
        definition = self.graph.get(key).partitions_def
        if definition is None:
            return [None]
        return list(definition.get_partition_keys(dynamic_partitions_store=self.instance))

    def _of(self, key: dg.AssetKey) -> Iterator[Stale]:
        for partition in self.partitions(key):
            reason = self._reason(key, partition)
            if reason:
                yield Stale(key, partition, reason)

    def _reason(self, key: dg.AssetKey, partition: Partition) -> str:
        state = self.states[key].get(partition)
        if state is None:
            return "not built yet"
        node = self.graph.get(key)
        if node.code_version and state.code_version != node.code_version:
            return "code changed"
        fingerprint = self.fingerprints.get(key)
        if fingerprint and fingerprint(partition) not in (state.source_version, None):
            return "source files changed"
        for parent in sorted(node.parent_keys):
            if self._changed(parent, partition, state.id):
                return f"{parent.to_user_string()} changed"
        return self.unfit.get(key, "") if state.id == max(s.id for s in self.states[key].values()) else ""

    @cached_property
    def unfit(self) -> dict[dg.AssetKey, str]:
        """Assets that nothing may be built on, with the reason: a blocking check failed, or a killed run left it out.

        A check counts when it looked at the last materialization. The asset runs again with its checks, so that
        what a check refused is neither forgotten nor built on by the next run.
        """
        return {key: reason for key, states in self.states.items() if states and (reason := self._unfit(key))}

    def _unfit(self, key: dg.AssetKey) -> str:
        newest = max(self.states[key].values(), key=lambda state: state.id)
        for check in sorted(self.graph.get(key).check_keys):
            if not self.graph.get(check).blocking:
                continue
            found = latest_evaluation(self.instance, check)
            outcome = found.evaluation if found else None
            if found is None or outcome is None or not _looked_at(newest, found.run_id, found.event):
                return f"check {check.name} has not looked at it"
            if not outcome.passed and outcome.severity == dg.AssetCheckSeverity.ERROR:
                return f"check {check.name} failed"
        return ""

    def _changed(self, parent: dg.AssetKey, partition: Partition, since: int) -> bool:
        """Whether a parent's content differs from what it was at event `since`.

        Equal partitioning maps partition to partition; otherwise every partition of the parent counts.
        """
        states = self.states[parent]
        if partition is not None and self.graph.get(parent).partitions_def is not None:
            states = {k: v for k, v in states.items() if k == partition}
        return any(
            state.id > since and self._version_before(parent, p, since) != state.version for p, state in states.items()
        )

    def _version_before(self, key: dg.AssetKey, partition: Partition, before: int) -> str | None:
        chosen = dg.AssetRecordsFilter(
            asset_key=key, before_storage_id=before, asset_partitions=[partition] if partition else None
        )
        records = self.instance.fetch_materializations(chosen, limit=1).records
        return _state(records[0]).version if records else None

    def _latest(self, key: dg.AssetKey) -> dict[Partition, State]:
        if self.graph.get(key).partitions_def is None:
            records = self.instance.fetch_materializations(key, limit=1).records
            return {None: _state(records[0])} if records else {}
        ids = self.instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        found: dict[Partition, State] = {}
        wanted = list(ids.values())
        for start in range(0, len(wanted), PAGE):
            chosen = dg.AssetRecordsFilter(asset_key=key, storage_ids=wanted[start : start + PAGE])
            for record in self.instance.fetch_materializations(chosen, limit=PAGE).records:
                found[record.partition_key] = _state(record)
        return found


def _looked_at(state: State, run_id: str, evaluation: dg.EventLogEntry | None) -> bool:
    return run_id == state.run_id or (evaluation is not None and evaluation.timestamp >= state.timestamp)


def _state(record: dg.EventLogRecord) -> State:
    event = record.asset_materialization
    assert event is not None
    tags = event.tags or {}

    def text(name: str) -> str | None:
        value = event.metadata.get(name)
        return str(value.value) if value is not None else None

    return State(
        id=record.storage_id,
        version=text(VERSION) or tags.get("dagster/data_version", ""),
        code_version=tags.get("dagster/code_version"),
        source_version=text(SOURCE_VERSION),
        run_id=record.event_log_entry.run_id,
        timestamp=record.event_log_entry.timestamp,
    )
