"""Feast repositories: ours is taken by the real Feast, and those of others are read without running them."""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from assets.features.registry.feast_read import read_repo
from assets.features.registry.feast_write import python, write_repo
from assets.features.registry.model import FeatureView
from core.errors import SourceError
from core.naming import Key, table_name
from resources.warehouse_duckdb import DuckdbWarehouse
from tests.assets.features.registry.views import TRIPS, ZONES

PYTHON = os.environ.get("HEDDLE_FEAST_PYTHON", "")
START = datetime(2026, 1, 1)
# as Feast's own quick start has it, with what it adds left out
QUICK_START = """
from datetime import timedelta
import os; os.system("touch was_run")
from feast import Entity, FeatureView, FeatureService, Field, FileSource, PushSource, ValueType
from feast.types import Float32, Float64, Int64

driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
driver_stats_source = FileSource(
    name="driver_hourly_stats_source",
    path="data/driver_stats.parquet",
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
)
driver_stats_fv = FeatureView(
    name="driver_hourly_stats",
    entities=[driver],
    ttl=timedelta(days=1),
    schema=[
        Field(name="conv_rate", dtype=Float32),
        Field(name="acc_rate", dtype=Float32),
        Field(name="avg_daily_trips", dtype=Int64, description="Average daily trips"),
    ],
    online=True,
    source=driver_stats_source,
    tags={"team": "driver_performance"},
)
driver_activity_v1 = FeatureService(name="driver_activity_v1", features=[driver_stats_fv])
"""


def repo(folder: Path, definitions: str) -> Path:
    (folder / "feature_store.yaml").write_text("project: demo\nprovider: local\n", encoding="utf-8")
    (folder / "example.py").write_text(definitions, encoding="utf-8")
    return folder


def warehouse(folder: Path) -> DuckdbWarehouse:
    made = DuckdbWarehouse(folder / "w.duckdb", "1GB")
    rows = [(d, START + timedelta(hours=h), START, d * 10 + h, d / 7) for d in range(5) for h in range(4)]
    columns = ["driver", "known_at", "written_at", "trips", "mean_rating"]
    made.write(table_name(Key.parse(TRIPS.source)), pl.DataFrame(rows, schema=columns, orient="row"))
    return made


def test_a_repository_is_read_and_never_run(tmp_path: Path) -> None:
    (view,) = read_repo(repo(tmp_path, QUICK_START), {"driver_hourly_stats_source": "table/rides/driver_stats"})
    assert view == FeatureView.model_validate(
        {
            "name": "driver_hourly_stats",
            "entity": "driver",
            "keys": [{"name": "driver_id"}],
            "source": "table/rides/driver_stats",
            "timestamp": "event_timestamp",
            "created": "created",
            "ttl": "1d",
            "online": True,
            "tags": {"team": "driver_performance"},
            "features": [
                {"name": "conv_rate", "type": "double"},
                {"name": "acc_rate", "type": "double"},
                {"name": "avg_daily_trips", "type": "bigint", "description": "Average daily trips"},
            ],
        }
    )
    assert not Path("was_run").exists() and not (tmp_path / "was_run").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name="conv_rate"', "name=NAMES[0]", r"example.py line 19: .*name `NAMES\[0\]` of Field"),
        ("dtype=Float32", "dtype=Array(Float32)", r"example.py line 19: .*type `Array\(Float32\)`"),
        ("entities=[driver]", "entities=[driver, driver]", "with 2 entities"),
        ("entities=[driver]", "entities=[shop]", "`shop`, which is no Entity"),
        ("timedelta(days=1)", "load_ttl()", r"ttl `load_ttl\(\)`"),
        ("FeatureService(name", "OnDemandFeatureView(name", "cannot take over OnDemandFeatureView"),
        ("schema=[", "schema=make(), x=[", r"schema `make\(\)`: write a list"),
        ("driver = Entity(", "driver = = Entity(", "is no Python"),
        ("driver = Entity(", "x = " + "-" * 50_000 + "1\ndriver = Entity(", "is no Python"),
        ("driver = Entity(", "\0driver = Entity(", "is no Python"),
        ('name="conv_rate"', "name=" + "-" * 900 + "1", "name `.{1,90}` of Field"),
        ("timedelta(days=1)", "timedelta(days=10**30)", "ttl `"),
        ("timedelta(days=1)", f"timedelta(days={10**30})", "ttl `"),
        ('name="driver_hourly_stats",', "", "FeatureView without name"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in QUICK_START
    with pytest.raises(SourceError, match=told):
        read_repo(repo(tmp_path, QUICK_START.replace(old, new, 1)), {})


def test_an_export_is_read_back_as_it_was(tmp_path: Path) -> None:
    odd = TRIPS.model_copy(update={"description": "a \"quoted\" 'one'\n", "tags": {"团队": "数据"}, "ttl": "72h"})
    files = write_repo(tmp_path / "repo", [odd], warehouse(tmp_path))
    compile(files[1].read_text(encoding="utf-8"), "features.py", "exec")
    (back,) = read_repo(tmp_path / "repo", {"trips": odd.source})
    renamed = tuple(f.model_copy(update={"column": ""}) for f in odd.features)  # the copied table has their names
    assert back == odd.model_copy(update={"ttl": "3d", "features": renamed})
    with pytest.raises(SourceError, match="zones has 2 join keys"):
        python([ZONES])


ASK = """
import sys, datetime, pandas
from feast import FeatureStore
store = FeatureStore(sys.argv[1])
store.materialize(datetime.datetime(2025, 1, 1), datetime.datetime(2026, 6, 1))
frame = pandas.DataFrame({"driver": [1, 4], "event_timestamp": pandas.to_datetime(["2026-01-01 02:30"] * 2, utc=True)})
found = store.get_historical_features(frame, ["trips:trips", "trips:rating"]).to_df()
print(found.sort_values("driver")["trips"].tolist())
print([v.name for v in store.list_feature_views()])
"""


@pytest.mark.slow
@pytest.mark.covers("OPS-042")
@pytest.mark.skipif(not PYTHON, reason="set HEDDLE_FEAST_PYTHON to the Python of an environment with feast installed")
def test_the_real_feast_applies_an_export_and_gives_its_values(tmp_path: Path) -> None:
    write_repo(tmp_path / "repo", [TRIPS], warehouse(tmp_path))
    for command in ([str(Path(PYTHON).parent / "feast"), "apply"], [PYTHON, "-c", ASK, "."]):
        run = subprocess.run(command, cwd=tmp_path / "repo", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-2:] == ["[12, 42]", "['trips']"]
