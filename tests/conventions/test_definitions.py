"""What every asset, job and schedule must carry, and a snapshot of what there is."""

import json
from pathlib import Path

import dagster as dg
import pytest

from core.naming import Key
from core.settings import load
from orchestration.build import build_definitions

SNAPSHOT = Path(__file__).parent / "definitions.json"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(load({}, Path("nowhere")))


def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return sorted(definitions.resolve_all_asset_specs(), key=lambda s: s.key)


def test_every_asset_follows_the_conventions(definitions: dg.Definitions) -> None:
    for spec in specs(definitions):
        key = Key.parse(spec.key.to_user_string())
        assert spec.owners, spec.key
        assert spec.description and len(spec.description) > 20, spec.key
        assert spec.group_name and spec.group_name.startswith(f"{key.domain}_"), spec.key
        assert spec.kinds, spec.key
        assert spec.code_version, spec.key
        assert {"domain", "tier", "pii", "place"} <= set(spec.tags), spec.key
        assert spec.tags["place"] in ("light", "heavy", "gpu"), spec.key


def test_names_of_jobs_schedules_and_sensors(definitions: dg.Definitions) -> None:
    jobs = [j.name for j in definitions.resolve_all_job_defs() if not j.name.startswith("__")]
    schedules = [s.name for s in definitions.schedules or []]
    sensors = [s.name for s in definitions.sensors or []]
    assert jobs and schedules and sensors
    assert [n for n in [*jobs, *sensors] if n.count("__") != 1] == []
    assert [n for n in schedules if n.count("__") != 2] == []


def snapshot(definitions: dg.Definitions) -> dict[str, object]:
    graph = definitions.resolve_asset_graph()
    return {
        "assets": {
            spec.key.to_user_string(): {
                "deps": sorted(d.asset_key.to_user_string() for d in spec.deps),
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "partitioned": graph.get(spec.key).partitions_def is not None,
                "automated": spec.automation_condition is not None,
            }
            for spec in specs(definitions)
        },
        "checks": sorted(f"{c.asset_key.to_user_string()}:{c.name}" for c in graph.asset_check_keys),
        "jobs": sorted(j.name for j in definitions.resolve_all_job_defs() if not j.name.startswith("__")),
        "schedules": {s.name: s.cron_schedule for s in definitions.schedules or []},
        "sensors": sorted(s.name for s in definitions.sensors or []),
    }


def test_nothing_appears_or_vanishes_unnoticed(definitions: dg.Definitions) -> None:
    """To accept a change: HEDDLE-free environment, `python -m tests.conventions.accept`."""
    assert snapshot(definitions) == json.loads(SNAPSHOT.read_text(encoding="utf-8"))
