"""A Kettle step feeds a feature, a dataset, a model and an endpoint: one graph, and a change goes all the way."""

import os
import shutil
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from assets.kit import VERSION
from core.settings import PROJECT, load
from orchestration.build import build_definitions
from orchestration.staleness import Staleness

FILE = "coupon_use.ktr"
WAY = (
    "table/retail/coupon_use",
    "feature/retail/coupon_pace",
    "dataset/retail/coupon_propensity",
    "model/retail/coupon_propensity",
    "endpoint/retail/coupon_propensity",
)


def key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


@pytest.mark.covers("DATA-057")
def test_from_the_step_to_the_endpoint_is_one_path() -> None:
    definitions = build_definitions(load({}, Path("nowhere")))
    graph = definitions.resolve_asset_graph()
    for parent, child in pairwise(WAY):
        assert key(parent) in graph.get(key(child)).parent_keys, (parent, child)
    made = definitions.get_assets_def(key(WAY[0])).node_def
    assert isinstance(made, dg.GraphDefinition) and made.name == "kettle__coupon_use"
    steps = {node.name for node in made.nodes}
    assert {"read_redemptions", "look_up_campaign", "write"} <= steps


@pytest.mark.covers("DATA-057")
def test_a_change_of_the_file_makes_all_below_stale_step_by_step(tmp_path: Path) -> None:
    """With materializations as a whole run leaves them; no model is trained."""
    folder = tmp_path / "kettle"
    shutil.copytree(PROJECT / "examples" / "kettle", folder)
    settings = load({"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_KETTLE_FILES": str(folder)}, tmp_path)
    instance = dg.DagsterInstance.ephemeral()

    def staleness() -> Staleness:
        return Staleness(build_definitions(settings).resolve_asset_graph(), instance, {})

    def made(name: str, version: str) -> None:
        code = staleness().graph.get(key(name)).code_version or ""
        event = dg.AssetMaterialization(key(name), metadata={VERSION: version}, tags={"dagster/code_version": code})
        instance.report_runless_asset_event(event)

    def reasons() -> dict[str, str]:
        found = {s.key.to_user_string(): s.reason for s in staleness().find()}
        return {name: found[name] for name in WAY if name in found and not found[name].startswith("check ")}

    for name in WAY:
        made(name, "1")
    os.utime(folder / FILE)
    assert reasons() == {}  # the content counts, not the time
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace("<text>0</text>", "<text>1</text>"), encoding="utf-8")
    assert reasons() == {WAY[0]: "code changed"}
    for name, below in pairwise(WAY):
        made(name, "2")
        assert reasons() == {below: f"{name} changed"}
    made(WAY[-1], "2")
    assert reasons() == {}
