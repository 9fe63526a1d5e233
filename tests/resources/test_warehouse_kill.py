"""A load that is killed leaves the table as it was, and running it again gives what an undisturbed one gives."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from core.naming import TableName
from core.settings import load
from resources.open import warehouse as open_warehouse

TABLE = TableName("raw_test", "t")
ROWS = 6_000_000
LOAD = """
import json, sys
from pathlib import Path
from core.naming import TableName
from core.settings import load
from resources.open import warehouse
settings = load(json.loads(sys.argv[1]), Path("/"))
opened = warehouse(settings)
print("loading", flush=True)
opened.load_parquet(TableName("raw_test", "t"), [Path(sys.argv[2])], "select a, a * 2 as b from source")
print("loaded", flush=True)
"""


@pytest.mark.parametrize("engine", ["duckdb", "postgresql"])
def test_kill_9_while_loading(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    variables = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_MEMORY": "500MB"}
    if engine == "postgresql":
        variables["HEDDLE_WAREHOUSE"] = request.getfixturevalue("postgres_url")
    warehouse = open_warehouse(load(variables, tmp_path))
    warehouse.replace(TABLE, "select cast(1 as bigint) as a, cast(42 as bigint) as b")
    file = tmp_path / "big.parquet"
    pl.select(a=pl.int_range(ROWS)).write_parquet(file)
    command = [sys.executable, "-c", LOAD, json.dumps(variables), str(file)]
    killed = 0
    for delay in (0.1, 0.3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None and process.stdout.readline() == "loading\n"
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            finished = "loaded" in process.stdout.read()
        if not finished:
            killed += 1
            assert warehouse.query("select a, b from raw_test.t").rows() == [(1, 42)]
    assert killed > 0
    subprocess.run(command, check=True, capture_output=True)
    found = warehouse.query("select count(*) as n, cast(sum(b) as double precision) as s from raw_test.t").row(0)
    assert found == (ROWS, float(ROWS * (ROWS - 1)))
