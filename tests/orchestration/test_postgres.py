"""The same graph with Dagster's storage, the warehouse and the vectors on PostgreSQL."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.naming import Key, TableName
from resources import open as ports
from tests.orchestration.conftest import Installation, install

TABLES = (
    TableName("raw_retail", "transactions"),
    TableName("table_retail", "baskets"),
    TableName("table_retail", "sales_daily"),
    TableName("table_retail", "coupon_funnel"),
    TableName("feature_retail", "household_weekly"),
)
DATASET = Key.parse("dataset/retail/coupon_propensity")


@pytest.fixture
def on_postgres(postgres_server: Callable[[str], str], retail_sample: Path, tmp_path: Path) -> Iterator[Installation]:
    from adbc_driver_postgresql import dbapi

    suffix = uuid.uuid4().hex[:8]
    names = [f"{use}_{suffix}" for use in ("instance", "warehouse", "vectors")]
    with dbapi.connect(postgres_server("postgres"), autocommit=True) as admin, admin.cursor() as cursor:
        for name in names:
            cursor.execute(f"create database {name}")
    urls = {f"HEDDLE_{name.split('_')[0].upper()}": postgres_server(name) for name in names}
    installation = install(tmp_path, retail_sample, **urls)
    yield installation
    installation.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_graph_on_postgresql(on_postgres: Installation, built: Installation) -> None:
    code, _, output = on_postgres.run()
    assert code == 0, output[-4000:]
    assert on_postgres.run()[1] == {}
    postgres, duckdb = on_postgres.settings, built.settings
    rows = {
        engine: [ports.warehouse(settings).info(table).rows for table in TABLES]
        for engine, settings in (("postgres", postgres), ("duckdb", duckdb))
    }
    assert rows["postgres"] == rows["duckdb"]
    assert not (postgres.home / "warehouse.duckdb").exists()
    assert not (postgres.home / "dagster" / "history").exists()
    data = [
        ports.objects(s).path(DATASET, ports.objects(s).alias(DATASET, "current") or "") for s in (postgres, duckdb)
    ]
    assert (data[0] / "data.parquet").read_bytes() == (data[1] / "data.parquet").read_bytes()
