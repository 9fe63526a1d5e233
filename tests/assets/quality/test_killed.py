"""A killed mapping or imputation leaves the former files, tables and models whole, and the next run works."""

from pathlib import Path

import polars as pl
import pytest

from assets.quality.imputation_defs import CURRENT
from assets.quality.impute import store
from assets.quality.impute.model import fit
from assets.quality.impute.spec import Spec
from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import FieldMap, Mapping_
from core.naming import Key, TableName
from core.settings import Settings, load
from resources.open import objects, warehouse
from tests.assets.quality.impute.tables import emptied, shop
from tests.killed import killed

OLD = pl.DataFrame({"n": ["1", "2", "x"]})
SPEC = Spec(name="shop_orders", table="table/shop/orders", keep=("id",), order=("id",))
IN_STORES = """
from pathlib import Path
from resources.open import objects, warehouse
from core.settings import load
site, how = load(), sys.argv[1]
if how == "map":
    import resources.warehouse_duckdb as duck
    duck._replace = dying(duck._replace)
    from assets.quality.mapping.files import MappingFiles
    from assets.quality.mapping.warehouse import write
    mapping = MappingFiles(site.quality).read("m")
    write(warehouse(site), mapping, "table/shop/made", "table/shop/made_rejects", site.home)
elif how == "fill":
    import resources.warehouse_duckdb as duck
    duck._replace = dying(duck._replace)
    from assets.quality.impute import store
    from assets.quality.impute.warehouse import write
    from tests.assets.quality.test_killed import SPEC
    write(warehouse(site), SPEC, store.read(Path(sys.argv[2])), 10**9, site.home)
else:
    import dagster as dg
    from assets.quality.imputation_defs import definitions
    from resources.defs import build_resources
    source = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(["table", "shop", "orders"]))])
    parts = (source, definitions(site, [source]), dg.Definitions(resources=build_resources(site, None)))
    made = dg.Definitions.merge(*parts)
    key = dg.AssetKey(["model", "shop", "orders_imputation"])
    made.resolve_implicit_global_asset_job_def().execute_in_process(asset_selection=[key])
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    return load()


def mapping(site: Settings, source: str) -> None:
    number = FieldMap(target="k", sources=("n",), transform="cast", params={"to": "integer"}, status="accepted")
    MappingFiles(site.quality).merge(Mapping_(name="m", source=source, target="t", fields=(number,)))


def contents(*paths: Path) -> list[str]:
    return [path.read_text() for path in paths]


@pytest.mark.parametrize("at", [0, 2, 4])
def test_mapped_files(site: Settings, tmp_path: Path, at: int) -> None:
    OLD.write_csv(tmp_path / "old.csv")
    mapping(site, str(tmp_path / "old.csv"))
    made, rejects = tmp_path / "m.csv", tmp_path / "m.rejected.csv"
    made.write_text("former")
    rejects.write_text("former")
    assert killed(at, "map", "apply", "m")
    decided = at > 2  # from here on the new files are whole beside their places, and the next run takes them
    assert contents(made, rejects) == ["k\n1\n2\n" if decided else "former", "former"]
    assert not killed(99, "map", "apply", "m")
    assert contents(made, rejects) == ["k\n1\n2\n", "heddle_row,n,heddle_reasons\n2,x,k: is no integer\n"]
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {"old.csv", "m.csv", "m.rejected.csv"}


@pytest.mark.parametrize("at", [1, 4])
def test_filled_files_and_a_fitted_folder(site: Settings, tmp_path: Path, at: int) -> None:
    holes = emptied(shop(120), ["region"])
    holes.write_csv(tmp_path / "orders.csv")
    model, full, cells = tmp_path / "model", tmp_path / "full.csv", tmp_path / "full.cells.csv"
    assert killed(0, "impute", "fit", tmp_path / "orders.csv", "--column", "region", "--model", model)
    assert not model.exists()
    model.mkdir()
    store.writer(fit(holes, ["region"]))(model)
    full.write_text("former")
    cells.write_text("former")
    fill = ("impute", "fill", tmp_path / "orders.csv", "--model", model, "--output", full)
    assert killed(at, *fill)
    assert cells.read_text() == "former" and (full.read_text() == "former") is (at <= 3)
    assert not killed(99, *fill)
    assert pl.read_csv(full)["region"].null_count() == 0
    assert pl.read_csv(cells).height == holes["region"].null_count()


@pytest.mark.parametrize("at", [0, 1])
def test_mapped_tables(site: Settings, at: int) -> None:
    store_ = warehouse(site)
    store_.write(TableName("raw_shop", "old"), OLD)
    mapping(site, "raw/shop/old")
    former = pl.DataFrame({"k": [7]})
    for name in ("made", "made_rejects"):
        store_.write(TableName("table_shop", name), former)
    assert killed(at, "map", code=IN_STORES)
    for name in ("made", "made_rejects"):
        assert store_.query(f"select * from table_shop.{name}").equals(former)
    assert not killed(99, "map", code=IN_STORES)
    assert store_.query("select k from table_shop.made order by k")["k"].to_list() == [1, 2]
    assert store_.query("select n from table_shop.made_rejects").item() == "x"


def test_imputed_table_and_models(site: Settings, tmp_path: Path) -> None:
    from assets.quality.impute.spec import save

    holes = emptied(shop(120), ["region"])
    save(site.quality, SPEC)
    warehouse(site).write(TableName("table_shop", "orders"), holes)
    former = pl.DataFrame({"former": [1]})
    warehouse(site).write(TableName("table_shop", "orders_imputed"), former)
    key, kept = Key.parse(SPEC.model), store.writer(fit(holes, ["region"]))
    models = objects(site)
    models.write(key, "v1", kept)
    models.set_alias(key, CURRENT, "v1")
    assert killed(0, "fill", models.path(key, "v1"), code=IN_STORES)
    assert warehouse(site).query("select * from table_shop.orders_imputed").equals(former)
    assert killed(1, "fit", code=IN_STORES)  # after the version, before the alias
    assert models.alias(key, CURRENT) == "v1" and store.read(models.path(key, "v1")).filled == ["region"]
    assert not killed(99, "fill", models.path(key, "v1"), code=IN_STORES)
    filled = warehouse(site).query("select * from table_shop.orders_imputed")
    assert filled["region"].null_count() == 0 and filled["region_imputed"].sum() == holes["region"].null_count()
