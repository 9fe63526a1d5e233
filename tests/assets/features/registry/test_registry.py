"""Views in files, their versions, their lineage and users, drift, and the assets of online views."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest
from scipy.stats import ks_2samp

from assets.catalog.lineage.model import Edge, Point, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
from assets.catalog.store.versions import Versions
from assets.documents import read
from assets.features import coupon_pace, household_weekly
from assets.features.registry.drift import distance, drifts
from assets.features.registry.files import load_views, write
from assets.features.registry.lineage import record, stated, users
from assets.features.registry.model import KIND, Drift, FeatureView
from assets.features.registry.online import OnlineReader
from assets.features.registry.registry_defs import definitions, online_key
from core.errors import SourceError
from core.naming import Key, table_name
from core.settings import Settings, load
from resources.open import online, warehouse
from resources.ports import Warehouse
from tests.assets.features.registry.views import TRIPS, VIEWS

START = datetime(2026, 1, 1)


def test_the_projects_views_name_the_columns_that_their_tables_have() -> None:
    views = load_views(load({}, Path("nowhere")))
    tables = {"household_weekly": household_weekly.COLUMNS, "coupon_pace": coupon_pace.COLUMNS}
    assert {name: {(f.source, f.type, f.description) for f in view.features} for name, view in views.items()} == {
        name: {(c.name, c.type, c.description) for c in columns if c.nullable} for name, columns in tables.items()
    }


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ttl: 3d", "ttl: soon", "field ttl: 'soon' is no duration"),
        ("source: feature/taxi/trips", "source: model/taxi/trips", "field source: model/taxi/trips is no table"),
        ("source: feature/taxi/trips", "source: trips", "field source: asset key 'trips'"),
        ("type: bigint", "type: number", r"field features\.0\.type"),
        ("name: rating", "name: trips", "'trips' names two"),
        ("entity: driver", "entity: driver\nentities: x", "field entities: Extra"),
        ("name: trips", "name: other", "'other' is not the file's name"),
        ("timestamp: known_at", "timestamp: trips", "timestamp 'trips' is a key or feature too"),
        ("name: trips", "name: [", "cannot be read"),
    ],
)
def test_a_wrong_field_is_told_with_its_file(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = write(tmp_path, TRIPS)
    assert read(path, FeatureView) == TRIPS
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SourceError, match=told) as error:
        read(path, FeatureView)
    assert "trips.yaml" in str(error.value)


@pytest.mark.covers("RM-049")
def test_versions_are_kept_and_lineage_tells_who_uses_a_feature(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    versions, graph = Versions(url), LineageStore(url)
    assert len(record(versions, VIEWS.values())) == 2 and record(versions, VIEWS.values()) == []
    record(versions, [TRIPS.model_copy(update={"ttl": "4d"})])
    assert [v.number for v in versions.history(KIND, "trips")] == [1, 2]
    assert [v.key for v in versions.latest(KIND)] == ["trips"]
    graph.put(stated(VIEWS.values(), tmp_path))
    uses = (
        Edge(TRIPS.source, "mean_rating", "dataset/taxi/fares", "rating"),
        Edge("dataset/taxi/fares", "", "model/taxi/fare", ""),
        Edge("model/taxi/fare", "", "endpoint/taxi/fare", ""),
        Edge(TRIPS.source, "", "report/catalog/warehouse", ""),
    )
    graph.put([Stated("definition", "dataset/taxi/fares", uses, {"sql": "x"})])
    assert users(graph, TRIPS, "rating") == ["dataset/taxi/fares", "endpoint/taxi/fare", "model/taxi/fare"]
    assert users(graph, TRIPS, "trips") == []
    up = Lineage(graph).up(Point("feature_view:trips", "rating"))
    assert [str(r.point) for r in up.reached] == ["feature/taxi/trips.mean_rating"]


@pytest.mark.covers("RM-049")
def test_drift_is_told_for_the_feature_that_moved(store: Warehouse) -> None:
    rng = np.random.default_rng(3)
    hours = np.arange(24 * 60)
    frame = pl.DataFrame(
        {
            "driver": hours % 7,
            "known_at": [START + timedelta(hours=int(h)) for h in hours],
            "written_at": START,
            "trips": rng.integers(0, 50, len(hours)),
            "mean_rating": rng.normal(size=len(hours)) + np.where(hours >= 24 * 50, 2.0, 0.0),
        }
    )
    store.write(table_name(Key.parse(TRIPS.source)), frame)
    found = {m.feature: m for m in drifts(store, TRIPS, Drift(window="10d", reference="40d"))}
    assert {name: m.drifted for name, m in found.items()} == {"trips": False, "rating": True}
    assert (found["rating"].last, found["rating"].reference) == (240, 960)
    before, after = (frame["mean_rating"].to_numpy()[slice(*part)] for part in ((240, 1200), (1200, 1440)))
    assert found["rating"].ks == pytest.approx(ks_2samp(before, after).statistic)
    assert distance(pl.Series([None], dtype=pl.Float64), pl.Series([1.0])) == 0.0
    assert drifts(store, TRIPS, Drift(window="400d", reference="1d")) == []


@pytest.mark.covers("RM-049")
def test_an_online_view_is_an_asset_with_checks(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings(catalog_files=tmp_path / "files")
    write(tmp_path / "files" / "features", TRIPS.model_copy(update={"drift": Drift(features=("trips",))}))
    write(tmp_path / "files" / "features", VIEWS["zones"].model_copy(update={"online": False}))
    rows = [(d, START + timedelta(days=n), START, d + n, 1.0) for d in range(9) for n in range(90)]
    columns = ["driver", "known_at", "written_at", "trips", "mean_rating"]
    warehouse(settings).write(table_name(Key.parse(TRIPS.source)), pl.DataFrame(rows, schema=columns, orient="row"))
    made = definitions(settings)
    resources = {"warehouse": warehouse(settings), "online": online(settings)}
    versions = []
    for _ in range(2):
        result = dg.materialize(
            [*(made.assets or ()), *(made.asset_checks or ())],  # type: ignore[list-item]
            resources={k: dg.ResourceDefinition.hardcoded_resource(v) for k, v in resources.items()},
        )
        (event,) = result.asset_materializations_for_node(online_key(TRIPS).replace("/", "__"))
        versions.append(event.metadata["heddle/version"].value)
    assert event.metadata["entities"].value == 9 and versions[0] == versions[1]
    outcomes = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert outcomes == {"online_is_fresh": True, "features_do_not_drift": False}  # trips grow day by day
    now = (START + timedelta(days=90)).astimezone()
    assert OnlineReader(online(settings)).read(["trips:trips"], {"driver": [3]}, now)[0].values == [92]
