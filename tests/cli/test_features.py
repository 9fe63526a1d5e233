"""`heddle features` as it is typed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.features.registry.files import write
from core.naming import Key, table_name
from orchestration.cli.main import main
from resources.warehouse_duckdb import DuckdbWarehouse
from tests.assets.features.registry.views import TRIPS

NOW = datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_CATALOG_FILES", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    write(tmp_path / "features", TRIPS)
    rows = [(d, NOW - timedelta(hours=h), NOW, d * 100 + h, 0.5) for d in range(4) for h in (1, 9)]
    columns = ["driver", "known_at", "written_at", "trips", "mean_rating"]
    warehouse = DuckdbWarehouse(tmp_path / "home" / "warehouse.duckdb", "1GB")
    warehouse.write(table_name(Key.parse(TRIPS.source)), pl.DataFrame(rows, schema=columns, orient="row"))
    return tmp_path


def told(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["features", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_from_definition_to_value(project: Path) -> None:
    assert "feature/taxi/trips" in told("list")
    shown = told("show", "trips")
    assert "rating" in shown and "version 1" in shown
    assert "never pushed" in told("fresh", status=1)
    assert "trips: 4 rows written (all entities), 4 entities online" in told("push")
    assert "fresh" in told("fresh")
    found = told("get", "trips:trips", "--key", "driver=3", "--key", "driver=8")
    assert "301" in found and "NOT_FOUND" in found
    assert '"values":[301]' in told("get", "trips:trips", "--key", "driver=3", "--json")
    asked = pl.DataFrame({"driver": [2, 2], "day": [NOW, NOW - timedelta(hours=5)]})
    asked.write_parquet(project / "asked.parquet")
    told("join", str(project / "asked.parquet"), "-f", "trips:trips", "--at", "day", "-o", str(project / "out.parquet"))
    assert pl.read_parquet(project / "out.parquet")["trips"].to_list() == [201, 209]
    assert "features.py" in told("feast-export", str(project / "feast"))
    (project / "features" / "trips.yaml").unlink()
    assert "2 features" in told("feast-import", str(project / "feast"), "--source", "trips=feature/taxi/trips")
    assert "trips already" in told("feast-import", str(project / "feast"), status=2)


def test_mistakes_are_told(project: Path) -> None:
    assert "no feature view 'x'" in told("show", "x", status=2)
    assert "is not online" in told("get", "trips", "--key", "driver=1", status=2)
    told("push")
    assert "is no number" in told("get", "trips", "--key", "driver=a", status=2)
