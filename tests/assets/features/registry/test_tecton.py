"""Definitions for Tecton: the expected text, SQL that gives the right rows, and the real SDK where there is one."""

import ast
import os
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from assets.features.registry.model import Feature, FeatureView, JoinKey
from assets.features.registry.tecton_write import python, sql
from core.errors import SourceError
from tests.assets.features.registry.views import TRIPS, ZONES

PYTHON = os.environ.get("HEDDLE_TECTON_PYTHON", "")
GOLDEN = Path(__file__).with_name("tecton_golden.txt")
ODD = FeatureView(
    name="class",  # a word of Python
    entity="import",
    keys=(JoinKey(name="顾客 id", type="text"),),
    source="table/shop/odd",
    timestamp='at "x"',
    features=(Feature(name="it's {a} `b`", type="date", description='"""\n{x}\\'), Feature(name="ok", type="boolean")),
    description="多行\n文字",
    tags={"a'b": 'c"d'},
)
START = date(2024, 1, 1)


@pytest.mark.covers("OPS-043")
def test_the_text_is_the_golden_one() -> None:
    text = python([TRIPS, ZONES, ODD], START)
    ast.parse(text)
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_its_sql_gives_the_last_written_row_of_a_moment() -> None:
    before, after = sql(TRIPS)
    connection = duckdb.connect()
    connection.execute(
        "create table trips as select * from (values (1, timestamp '2024-01-01', timestamp '2024-01-02', 5, 0.5),"
        " (1, timestamp '2024-01-01', timestamp '2024-01-03', 6, 0.25), (2, timestamp '2024-01-01', null, 7, 0.75))"
        " as t(driver, known_at, written_at, trips, mean_rating)"
    )
    found = connection.execute(sqlglot.transpile(f"{before}trips{after}", "spark", "duckdb")[0] + " order by 1")
    assert [c[0] for c in found.description or ()] == ["driver", "known_at", "trips", "rating"]
    assert [(r[0], r[2], float(r[3])) for r in found.fetchall()] == [(1, 6, 0.25), (2, 7, 0.75)]


def test_what_tecton_would_refuse_is_refused_here() -> None:
    with pytest.raises(SourceError, match="trips is online"):
        python([TRIPS])
    other = ZONES.model_copy(update={"name": "more", "keys": ZONES.keys[:1]})
    with pytest.raises(SourceError, match="other keys in more than in zones"):
        python([ZONES, other], START)


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="HEDDLE_TECTON_PYTHON names no Python with Tecton's SDK")
def test_the_sdk_takes_it(tmp_path: Path) -> None:
    (tmp_path / "features.py").write_text(python([TRIPS, ZONES, ODD], START), encoding="utf-8")
    asked = "import features as f; print(f.view_class.name, f.view_trips.name, len(f.view_zones.entities))"
    env = os.environ | {"TECTON_SKIP_OBJECT_VALIDATION": "true"}  # which only a workspace can do
    told = subprocess.run([PYTHON, "-c", asked], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert told.stdout.split()[-3:] == ["class", "trips", "1"], told.stderr
