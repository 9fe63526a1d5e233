"""`heddle impute` over files."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.quality.impute.model import fit
from assets.quality.impute.warehouse import flagged
from core.errors import HeddleError
from core.naming import TableName
from core.settings import load
from orchestration.cli.main import main
from resources.open import warehouse
from tests.assets.quality.impute.tables import emptied, shop


def call(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["impute", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    emptied(shop(300), ["region", "noise"]).write_csv(tmp_path / "orders.csv")
    return tmp_path / "orders.csv"


def test_try_fit_and_fill(orders: Path) -> None:
    said = call("try", orders, "--keep", "id")
    assert "left as it is" in said and "hidden cells" in said
    assert sorted(p.name for p in orders.parent.iterdir()) == ["orders.csv"]
    call("fit", orders, "--keep", "id", "--model", orders.parent / "m")
    assert "exists already" in call("fit", orders, "--model", orders.parent / "m", code=2)
    out = orders.parent / "full.csv"
    assert "cells filled" in call("fill", orders, "--model", orders.parent / "m", "--output", out)
    full, cells = pl.read_csv(out), pl.read_csv(orders.parent / "full.cells.csv")
    assert full["region"].to_list() == shop(300)["region"].to_list()
    assert full["noise"].null_count() == pl.read_csv(orders)["noise"].null_count()
    assert set(cells["column"]) == {"region"}
    assert full.drop("region").equals(pl.read_csv(orders).drop("region"))


def test_mistakes(orders: Path, tmp_path: Path) -> None:
    assert "no column 'colour'" in call("try", orders, "--column", "colour", code=2)
    (tmp_path / "m").mkdir()
    assert "no imputation" in call("fill", orders, "--model", tmp_path / "m", "--output", tmp_path / "x.csv", code=2)
    assert not (tmp_path / "x.csv").exists()
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    assert "is no table" in call("try", tmp_path / "x.xlsx", code=2)
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "is empty" in call("try", tmp_path / "empty.csv", code=2)


def test_a_column_called_as_a_flag_is_not_written_over(orders: Path) -> None:
    frame = pl.read_csv(orders).with_columns(region_imputed=pl.lit("mine"))
    imputation = fit(frame, ["region"])
    with pytest.raises(HeddleError, match="region_imputed, which says"):
        flagged(frame, imputation)


def test_add_names_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path))
    assert "heddle run table/retail/households_imputed" in call("add", "table/retail/households", "--keep", "id")
    assert (tmp_path / "imputations" / "retail_households.yaml").is_file()
    assert "nowhere" in call("add", "nowhere/x/y", code=2)


def test_added_columns_are_those_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path))
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    warehouse(load()).write(TableName("table_shop", "orders"), shop(10))
    said = call("add", "table/shop/orders", "--keep", "ID", code=2)
    assert "no column 'ID'" in said and "did you mean id?" in said
    assert not (tmp_path / "imputations").exists()
    assert "not checked" not in call("add", "table/shop/orders", "--keep", "id", "--column", "region")
    assert "not checked: no table" in call("add", "table/shop/new", "--keep", "id")


def test_another_type_than_the_models_learned_is_told(orders: Path, tmp_path: Path) -> None:
    call("fit", orders, "--keep", "id", "--model", tmp_path / "m")
    other = pl.read_csv(orders).with_columns(price=pl.col("price").cast(pl.String) + " EUR")
    other.write_csv(tmp_path / "other.csv")
    said = call("fill", tmp_path / "other.csv", "--model", tmp_path / "m", "--output", tmp_path / "x.csv", code=2)
    assert "'price'" in said and "learned" in said and not (tmp_path / "x.csv").exists()


def test_what_cannot_be_written_leaves_nothing_behind(orders: Path, tmp_path: Path) -> None:
    before = orders.read_bytes()
    assert "are one file" in call("fill", orders, "--output", orders, code=2)
    link = tmp_path / "link.csv"
    link.symlink_to(orders)
    assert "are one file" in call("fill", orders, "--output", link, code=2)
    there = tmp_path / "taken"
    there.write_text("a file")
    assert "cannot be written" in call("fill", orders, "--output", there / "x.csv", code=2)
    assert "cannot be written" in call("fit", orders, "--model", there / "m", code=2)
    assert orders.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.csv", "orders.csv", "taken"]
