"""Batches of tables that are protected follow HEDDLE_MEMORY."""

from pathlib import Path

import polars as pl
import pytest

from assets.security.protect.sources import LEAST, of_file, of_warehouse
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse

ROWS = 6_000
FRAME = pl.DataFrame({"n": range(ROWS), "t": ["x" * 400] * ROWS})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_of_a_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    FRAME.write_csv(path) if ending == "csv" else FRAME.write_parquet(path)
    small, large = (list(of_file(path, memory)()) for memory in (2**20, 2**30))
    assert max(map(len, small)) <= LEAST and len(large) == 1
    assert pl.concat(small)["n"].cast(pl.Int64).to_list() == FRAME["n"].to_list()


def test_of_a_table(settings: Settings) -> None:
    store = warehouse(settings)
    store.write(TableName("raw_shop", "t"), FRAME)
    small, large = (list(of_warehouse(store, "raw/shop/t", memory)()) for memory in (2**20, 2**30))
    assert max(map(len, small)) < max(map(len, large)) and sum(map(len, small)) == ROWS
