"""Unsure pairs and their records are read again from every warehouse, under hostile names."""

from pathlib import Path

import polars as pl
import pytest

from assets.quality.linkage.model import Golden, Source
from assets.quality.linkage.review import Record, row, unsure
from assets.quality.linkage.run import run
from core.naming import TableName
from resources.open import adapter
from resources.ports import Warehouse

ID = 'i"d; --'
NAMES = ["anna archer", "boris baxter", "clara cole", "Anna Archer", "boris baxxter", "klara cole"]


@pytest.fixture(params=["duckdb", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    url = f"duckdb:///{tmp_path}/w.duckdb" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    found: Warehouse = adapter("warehouse", url).from_url(url, "1GB")
    return found


@pytest.mark.parametrize("ids", [[1, 2, 3, 4, 5, 6], ["1", "x' or 1=1 --", "$1", "四", "", " "]])
def test_pairs_are_read_as_they_were_written(store: Warehouse, ids: list[object], tmp_path: Path) -> None:
    source = Source(table="raw/odd/people", id=ID, rename={"full": "name"})
    golden = Golden(kind="golden", asset="table/odd/people", sources=(source,), compare={"name": None, "phone": None})
    assert unsure(golden.model_copy(update={"asset": "table/odd/never"}), store) is None
    frame = pl.DataFrame({ID: ids, "full": NAMES, "phone": ["1", "2", "3"] * 2})
    store.write(TableName("raw_odd", "people"), frame)
    found = run(golden, tmp_path / "people.yaml", store, "1GB", tmp_path)
    pairs = unsure(golden, store)
    assert pairs is not None and len(pairs) == found.unsure.height > 0
    assert [p.rank for p in pairs] == list(range(1, len(pairs) + 1))
    for record in (r for p in pairs for r in (p.left, p.right)):
        read = row(source, record.id, store)
        assert read["full"].to_list() == [NAMES[[str(i) for i in ids].index(record.id)]]
    assert row(source, Record("raw/odd/people", "gone").id, store).is_empty()
