"""Everything a foreground command needs to run assets: definitions, instance, runner."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from assets.kit import OUTSIDE
from core.errors import HeddleError
from core.settings import Settings
from orchestration.build import build_definitions
from orchestration.fingerprints import fingerprints, gone, register_weeks
from orchestration.instance import open_instance
from orchestration.runner import Runner
from orchestration.staleness import Partition


@dataclass
class Session:
    """Definitions opened against their instance."""

    settings: Settings
    instance: dg.DagsterInstance
    runner: Runner

    def select(self, selection: Sequence[str]) -> set[dg.AssetKey]:
        """The asset keys that any of the selection strings picks.

        Raises:
            HeddleError: a selection is malformed or picks nothing.
        """
        found: set[dg.AssetKey] = set()
        for text in selection:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", dg.BetaWarning)  # group: in selections
                    keys = dg.AssetSelection.from_string(text).resolve(self.runner.graph)
            except Exception as error:  # Dagster raises its own parser's many types here
                raise HeddleError(f"selection {text!r} cannot be read: {error}", _SYNTAX) from None
            if not keys:
                raise HeddleError(f"selection {text!r} picks no asset", _SYNTAX)
            found |= set(keys)
        return found

    def forced(self, keys: set[dg.AssetKey] | None, partitions: Sequence[str]) -> list[tuple[dg.AssetKey, Partition]]:
        """The chosen assets with the given partitions (default: all of them)."""
        from orchestration.staleness import Staleness

        staleness = Staleness(self.runner.graph, self.instance, {})
        wanted: list[tuple[dg.AssetKey, Partition]] = []
        for key in self.runner.graph.toposorted_asset_keys:
            if keys is not None and key not in keys:
                continue
            known = staleness.partitions(key)
            unknown = set(partitions) - set(known) if known != [None] else set()
            if unknown:
                raise HeddleError(
                    f"{key.to_user_string()} has no partition {', '.join(sorted(unknown))}",
                    f"its partitions run from {known[0]} to {known[-1]}" if known else "it has none yet",
                )
            wanted += [(key, p) for p in known if p is None or not partitions or p in partitions]
        return wanted


_SYNTAX = 'for example key:"table/retail/*", group:retail_marts or +key:"model/retail/coupon_propensity"'


def open_session(settings: Settings, run_config: Mapping[str, Any] | None = None) -> Session:
    """Open the instance, build the definitions and register the weeks that the sources hold."""
    instance = open_instance(settings)
    definitions = build_definitions(settings)
    register_weeks(settings, instance)
    specs = definitions.resolve_all_asset_specs()
    outside = {s.key for s in specs if s.metadata.get("kettle/outside") or s.metadata.get(OUTSIDE)}
    lost = partial(gone, settings, outside=outside)
    runner = Runner(definitions, instance, fingerprints(settings), run_config, lost)
    return Session(settings, instance, runner)
