"""The raw tables as Dagster assets: one scan for many weeks, one version per week, nothing lost on failure."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.partitions import add_weeks
from assets.sources import retail_load
from assets.sources.retail_files import weeks
from assets.sources.retail_tables import TABLES
from core.errors import SourceError
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse as open_warehouse
from tests.assets.marts import drop_folder, land, materialize

KEY = dg.AssetKey(["raw", "retail", "transactions"])
NAMES = {t.name for t in TABLES}


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def latest(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """Week -> metadata of its newest materialization."""
    records = instance.fetch_materializations(KEY, limit=1000).records
    found: dict[str, dict[str, object]] = {}
    for record in reversed(records):
        assert record.asset_materialization is not None and record.partition_key is not None
        found[record.partition_key] = {k: v.value for k, v in record.asset_materialization.metadata.items()}
    return found


def test_all_tables_land_as_they_are(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[object] = []
    prepare = retail_load.prepare
    monkeypatch.setattr(retail_load, "prepare", lambda *args: loads.append(args) or prepare(*args))
    result = land(settings, instance)
    assert result.success and len(loads) == len(NAMES)  # 53 weeks are one load, not 53
    warehouse = open_warehouse(settings)
    for name in NAMES:
        source = pl.read_parquet(Path(settings.retail) / f"{name}.parquet")
        landed = warehouse.query(f"select * from raw_retail.{name}")
        if "week" in source.columns:
            first = date(2016, 12, 26)
            assert landed["week_start"].to_list() == [first + timedelta(weeks=w - 1) for w in landed["week"]]
            assert {d.weekday() for d in landed["week_start"].unique()} == {0}
            landed = landed.drop("week_start")
        assert landed.sort(landed.columns).equals(source.sort(source.columns)), name


def test_every_week_has_its_own_rows_and_version(settings: Settings, instance: dg.DagsterInstance) -> None:
    land(settings, instance)
    source = pl.read_parquet(Path(settings.retail) / "transactions.parquet")
    rows = {
        (date(2016, 12, 26) + timedelta(weeks=w - 1)).isoformat(): n for w, n in source["week"].value_counts().rows()
    }
    found = latest(instance)
    assert {week: m["dagster/partition_row_count"] for week, m in found.items()} == rows
    assert len({m["heddle/version"] for m in found.values()}) == len(rows)
    assert {m["dagster/row_count"] for m in found.values()} == {source.height}
    assert len(instance.fetch_materializations(KEY, limit=1000).records) == len(rows)
    schema = found["2017-01-02"]["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema) and all(c.description for c in schema.columns)
    assert [c.name for c in schema.columns][-2:] == ["transaction_timestamp", "week_start"]


def test_one_dropped_week_changes_that_week_alone(settings: Settings, instance: dg.DagsterInstance) -> None:
    land(settings, instance)
    before = latest(instance)
    week = "2017-03-06"
    source = pl.read_parquet(Path(settings.retail) / "transactions.parquet").filter(pl.col("week") == 11)
    source.head(7).write_csv(drop_folder(settings) / f"{week}.csv")
    materialize(settings, instance, week, week, only="transactions")
    after = latest(instance)
    changed = {w for w in before if before[w]["heddle/version"] != after[w]["heddle/version"]}
    assert changed == {week} and after[week]["dagster/partition_row_count"] == 7
    total = open_warehouse(settings).info(TableName("raw_retail", "transactions")).rows
    assert total == before[week]["dagster/row_count"] - source.height + 7


def test_a_new_week_is_one_new_partition(settings: Settings, instance: dg.DagsterInstance) -> None:
    land(settings, instance)
    source = pl.read_parquet(Path(settings.retail) / "transactions.parquet").filter(pl.col("week") == 53)
    new = source.with_columns(
        week=pl.lit(54), transaction_timestamp=pl.col("transaction_timestamp") + timedelta(days=7)
    )
    new.write_parquet(drop_folder(settings) / "2018-01-01.parquet")
    assert add_weeks(instance, weeks(settings)) == ["2018-01-01"]
    assert add_weeks(instance, weeks(settings)) == []
    materialize(settings, instance, "2018-01-01", "2018-01-01", only="transactions")
    assert latest(instance)["2018-01-01"]["dagster/partition_row_count"] == new.height


def test_a_failed_load_leaves_the_table_as_it_was(
    make_settings: Callable[..., Settings], instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    folder = tmp_path / "source"
    shutil.copytree(make_settings().retail, folder)
    settings = make_settings(retail=folder)
    land(settings, instance)
    warehouse = open_warehouse(settings)
    before = warehouse.query("select * from raw_retail.products order by product_id")
    pl.read_parquet(folder / "products.parquet").rename({"department": "dept"}).write_parquet(
        folder / "products.parquet"
    )
    first = instance.get_dynamic_partitions("retail_week")[0]
    result = materialize(settings, instance, first, first, only="products", fail=True)
    assert not result.success
    error = result.get_step_failure_events()[0].step_failure_data.error
    while error is not None and error.cls_name != SourceError.__name__:
        error = error.cause
    assert error is not None and "the unexpected column dept looks like it" in error.message
    assert warehouse.query("select * from raw_retail.products order by product_id").equals(before)


def test_postgresql_gets_the_same_rows_and_versions(
    make_settings: Callable[..., Settings], postgres_url: str, instance: dg.DagsterInstance
) -> None:
    here, there = make_settings(), make_settings(warehouse=postgres_url)
    results = [land(here, instance), land(there, dg.DagsterInstance.ephemeral())]
    versions = [
        {str(e.asset_key): e.materialization.tags["dagster/data_version"] for e in r.get_asset_materialization_events()}
        for r in results
    ]
    assert versions[0] == versions[1] and len(versions[0]) == len(NAMES)
    for name in NAMES:
        rows = [open_warehouse(s).query(f"select * from raw_retail.{name}") for s in (here, there)]
        assert rows[0].sort(rows[0].columns).equals(rows[1].sort(rows[1].columns)), name


def test_all_weeks_at_once_replace_a_table_of_other_columns_and_forgotten_weeks(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    warehouse = open_warehouse(settings)
    table = TableName("raw_retail", "transactions")
    warehouse.write(table, pl.DataFrame({"week_start": [date(2030, 1, 7)], "dropped_since": ["x"]}))
    assert land(settings, instance).success
    source = pl.read_parquet(Path(settings.retail) / "transactions.parquet")
    landed = warehouse.query("select * from raw_retail.transactions")
    assert landed.columns == [*source.columns, "week_start"] and landed.height == source.height
